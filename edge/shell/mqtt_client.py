"""paho-mqtt as a board uses it: a socket that notices a dead peer, a handshake that leaves nothing open when it fails."""

import socket
import ssl
from typing import Any

from paho.mqtt.client import Client

from venue_model.session import CONNECT_TIMEOUT_S, UNANSWERED_MS


class BoardClient(Client):
    """paho, but a TLS handshake that fails closes its socket."""

    def _ssl_wrap_socket(self, tcp_sock: Any) -> ssl.SSLSocket:
        assert self._ssl_context is not None, "asked for with TLS only"
        sock = self._ssl_context.wrap_socket(tcp_sock, do_handshake_on_connect=False)
        sock.settimeout(CONNECT_TIMEOUT_S)
        try:
            sock.do_handshake()
        except BaseException:
            sock.close()
            raise
        return sock


def set_up_tcp(sock: Any) -> None:
    """Send at once, and give up on bytes that nobody acknowledges."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else Nagle and delayed acknowledgement wait 40 ms for each other
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNANSWERED_MS)
