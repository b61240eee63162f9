"""paho-mqtt on an asyncio loop, with its socket calls batched.

paho asks the kernel for one byte, then for the length, then for the rest of each packet, and writes each packet alone.
`BatchedSocket` reads all that there is at once, takes messages and acknowledgements out of it (`mqtt_packets`), serves paho the rest, and
gathers the writes of one turn of the loop.  It hangs on one private method of paho; where a later paho no longer calls it, the client
gets its plain socket and `Bridge` serves that just as well, only slower.  Over TLS it is the same, only that the kernel's buffer is
empty when TLS says so and not when a read came back short: a broker puts each packet into a record of its own.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client

from gateway.broker.frames import FrameError
from gateway.shell.mqtt_packets import PacketCutter

READ_BYTES = 65_536
UNSENT_LIMIT = 1_048_576  # then paho keeps its packets until the peer reads again
MISC_S = 1.0  # paho checks keepalive and lost pings when asked to


class BatchedSocket:
    """A non-blocking socket as paho sees it, with a read-ahead and a gathered write."""

    def __init__(self, raw: socket.socket) -> None:
        self._raw = raw
        self._tls = isinstance(raw, ssl.SSLSocket)
        self._read = memoryview(b"")
        self._dry = False  # the last read emptied the kernel's buffer: asking again before the loop says so is wasted
        self._unsent = bytearray()
        self.cutter: PacketCutter | None = None  # set before the first byte is read, or never
        self._ended: OSError | None = None  # what the cutter met, for paho to find behind what it has not read yet

    def take_packets(self) -> None:
        """Read all that there is and let the cutter take its packets; the rest waits for `recv`."""
        assert self.cutter is not None, "there is nobody to take them"
        while not self._dry and self._ended is None:
            try:
                data = self._receive_records() if self._tls else self._receive()
                if not data:
                    raise ConnectionResetError("the broker has closed the connection")
                others, answers = self.cutter.cut(data)
            except BlockingIOError:
                self._dry = True
            except (OSError, FrameError) as error:
                self._ended = ConnectionResetError(*error.args)
            else:
                self._unsent += answers
                self._read = memoryview(bytes(self._read) + others) if others else self._read

    def write(self, packet: bytes) -> int:
        """Take a whole packet for the next `flush`, and tell how many bytes wait for it.  There is no limit: the caller keeps a window."""
        self._unsent += packet
        return len(self._unsent)

    @property
    def unsent(self) -> bool:
        """True while something waits for `flush`."""
        return len(self._unsent) > 0

    @property
    def unread(self) -> bool:
        """True while something waits here that the loop knows nothing of."""
        return len(self._read) > 0 or self._ended is not None

    def wake(self) -> None:
        """The loop says that there is something to read."""
        self._dry = False

    def recv(self, size: int) -> bytes:
        """At most `size` bytes; BlockingIOError when there are none now."""
        if not self._read:
            if self._ended is not None:
                raise self._ended
            if self._dry or self.cutter is not None:
                raise BlockingIOError
            self._read = memoryview(self._receive_records() if self._tls else self._receive())
        head = bytes(self._read[:size])
        self._read = self._read[size:]
        return head

    def _receive(self) -> bytes:
        data = self._raw.recv(READ_BYTES)
        self._dry = len(data) < READ_BYTES
        return data

    def _receive_records(self) -> bytes:
        records = bytearray()
        while len(records) < READ_BYTES:
            try:
                record = self._raw.recv(READ_BYTES)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                self._dry = True
                if not records:
                    raise BlockingIOError from None
                break
            if not record:
                break  # the end; without records before it, an empty read says so
            records += record
        return bytes(records)

    def send(self, data: bytes | bytearray) -> int:
        """Take all of `data` for the next `flush`; BlockingIOError when too much waits already."""
        if len(self._unsent) > UNSENT_LIMIT:
            raise BlockingIOError
        self._unsent += data
        return len(data)

    def flush(self) -> bool:
        """Hand to the kernel what it takes.  True when nothing is left.  A broken connection shows itself to the reader."""
        while self._unsent:
            try:
                sent = self._raw.send(self._unsent)
            except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
                return False
            except OSError:
                self._unsent.clear()
                break
            del self._unsent[:sent]
        return True

    def close(self) -> None:
        """Send what can be sent, such as the DISCONNECT, and close."""
        self.flush()
        self._raw.close()

    def fileno(self) -> int:
        return self._raw.fileno()

    def setblocking(self, flag: bool) -> None:
        self._raw.setblocking(flag)

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self._raw.setsockopt(level, option, value)


class BatchingClient(Client):
    """A paho client over a `BatchedSocket`."""

    def _create_socket(self) -> Any:
        return BatchedSocket(super()._create_socket())  # type: ignore[arg-type]


class Bridge:
    """Lets this asyncio loop read and write for a client whose `connect` has returned.  Ends itself with the connection."""

    def __init__(self, client: Client, on_read: Callable[[], None] = lambda: None) -> None:
        """`on_read` is told when all that the loop had to read has been handed on."""
        sock = client.socket()
        assert sock is not None, "the bridge is built right after connect()"
        self._loop = asyncio.get_running_loop()
        self._client = client
        self._sock = sock
        self._on_read = on_read
        self._batched = sock if isinstance(sock, BatchedSocket) else None
        self._fd = sock.fileno()
        self._open = True
        self._write_due = False
        self._waits_for_writable = False
        client.on_socket_register_write = lambda *_: self.write_soon()
        client.on_socket_close = lambda *_: self._stop_watching()
        self._loop.add_reader(self._fd, self._on_readable)
        self._misc = self._loop.call_later(MISC_S, self._on_misc)
        self.write_soon()

    @property
    def blocked(self) -> bool:
        """True while the peer takes nothing more."""
        return self._waits_for_writable

    def write_soon(self) -> None:
        """Write everything that this turn of the loop produces, at its end."""
        if not self._write_due:
            self._write_due = True
            self._loop.call_soon(self.write_now)

    def write_now(self) -> None:
        """Write what there is; the rest when the peer takes it."""
        self._write_due = False
        if not self._open:
            return
        if self._client.want_write():
            self._client.loop_write()
        if self._client.socket() is None:  # a DISCONNECT went out, or the connection is broken
            return
        flushed = self._batched is None or self._batched.flush()
        blocked = not flushed or self._client.want_write()
        if blocked and not self._waits_for_writable:
            self._loop.add_writer(self._fd, self.write_now)
        elif not blocked and self._waits_for_writable:
            self._loop.remove_writer(self._fd)
        self._waits_for_writable = blocked

    def abort(self) -> None:
        """Let go of a peer that does not even take a DISCONNECT."""
        self._stop_watching()
        self._sock.close()

    def _on_readable(self) -> None:
        if self._batched is None:
            self._client.loop_read()
        else:
            self._batched.wake()
            if self._batched.cutter is None:
                self._client.loop_read()
            else:
                self._batched.take_packets()
            # paho stops after some packets; what it left in our buffer would wait until the peer speaks again.
            while self._open and self._batched.unread:
                self._client.loop_read()
            if self._batched.unsent:
                self.write_soon()
        self._on_read()

    def _on_misc(self) -> None:
        self._misc = self._loop.call_later(MISC_S, self._on_misc)
        self._client.loop_misc()

    def _stop_watching(self) -> None:
        if self._open:
            self._open = False
            self._misc.cancel()
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
