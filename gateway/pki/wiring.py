"""How a gateway's configuration becomes TLS: for its broker, for its own link to it, for the web server."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from gateway.broker.credentials import GATEWAY, Certified, Credentials, Login
from gateway.broker.supervisor import Broker
from gateway.config import GatewayConfig, is_loopback
from gateway.pki.desk import PkiDesk, open_desk
from gateway.pki.own import SERVER
from gateway.pki.plain_http import PlainHttp
from gateway.shell.coordinator import Coordinator
from venue_model.ids import BoardId
from venue_model.venue import Venue
from venue_model.wire import Status

log = logging.getLogger(__name__)
ANY_ADDRESS = frozenset({"0.0.0.0", "::"})


@dataclass(slots=True)
class Secured:
    """What the parts of a gateway show to each other.  `desk` None: nothing here is reached from other machines, and nothing speaks TLS."""

    config: GatewayConfig
    desk: PkiDesk | None
    guests: Credentials | PkiDesk  # whose logins the boards get
    web_files: tuple[Path, Path] | None  # certificate chain and key towards browsers
    _plain: PlainHttp | None = None
    _looking: asyncio.Task[None] | None = None

    @property
    def certified(self) -> Credentials | Certified:
        """Whom the broker lets in."""
        return self.guests.certified if isinstance(self.guests, PkiDesk) else self.guests

    @property
    def login(self) -> Login:
        """The gateway's own, at its broker."""
        return self.guests.login(GATEWAY) if isinstance(self.guests, Credentials) else Login(GATEWAY, "")

    @property
    def link_tls(self) -> Callable[[], ssl.SSLContext] | None:
        """What the gateway's link shows each time it connects."""
        guests = self.guests
        return (lambda: guests.own.context(GATEWAY)) if isinstance(guests, PkiDesk) else None

    @property
    def scheme(self) -> str:
        """Of the web server's address."""
        return "https" if self.web_files else "http"

    @property
    def web(self) -> dict[str, Any]:
        """uvicorn's arguments."""
        if self.web_files is None:
            return {}
        certificate, key = self.web_files
        return {"ssl_certfile": str(certificate), "ssl_keyfile": str(key)}

    def connect(self, coordinator: Coordinator, broker: Broker, web: uvicorn.Config) -> None:
        """Let boards, broker and web server hear of certificates; shut out boards that the venue no longer has."""
        desk = self.desk
        if desk is None:
            return
        agents = coordinator.agents

        def gone(board: BoardId) -> None:
            """A board that was cut off says nothing more, not even its last will."""
            if board in coordinator.venue.boards:
                agents.send(board, "status", Status(on=False, session=agents[board].session, why="revoked"), retain=True)

        async def own_renewed() -> None:
            if web.ssl is not None and self.web_files is not None:
                web.ssl.load_cert_chain(*self.web_files)  # for whoever connects from now on
            await broker.reload()

        desk.note = coordinator.journal.note
        desk.send = lambda board, message: agents.send(board, "certificate", message, retain=False)
        desk.gone, desk.own_renewed = gone, own_renewed
        if isinstance(self.guests, PkiDesk):
            desk.reload, desk.cut = broker.reload, broker.cut
            coordinator.renewal = desk.hear

    async def start(self, https_port: int) -> None:
        """Begin to look after the gateway's own certificates, and to send plain HTTP away.  OSError when that port is taken."""
        if self.desk is None:
            return
        self._looking = asyncio.create_task(self.desk.look_after_own(), name="own certificates")
        if self.web_files is not None and self.config.tls.http_port:
            self._plain = await PlainHttp(self.config.host, self.config.tls.http_port, https_port, self.desk.authority_pem).start()

    async def close(self) -> None:
        """End both."""
        if self._plain is not None:
            await self._plain.close()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        if self.desk is not None:
            await self.desk.close()


def secure(config: GatewayConfig, folder: Path, data: Path, venue: Venue) -> Secured:
    """Make or read the certificates that `config` asks for.  Raises PkiError and CredentialsError.

    `folder` is what relative paths of the configuration start from, `data` the gateway's data folder.
    """
    desk = None
    if config.broker_tls or config.web_tls:
        desk = open_desk(data / "keys" / "pki", data / "boards", str(venue.id), _hosts(config))
        for board in desk.register.boards:
            if board not in venue.boards and desk.register.revoke(issued.serial for issued in desk.register.live(board)):
                log.warning("board %s is no longer in the venue file: its certificates are revoked", board)
    guests = desk if desk is not None and config.broker_tls else Credentials(data / "broker-logins.json")
    files = None
    if desk is not None and config.web_tls:
        tls = config.tls
        server = desk.own.path(SERVER)
        files = (folder / tls.certificate, folder / tls.key) if tls.certificate else (server, server)
    return Secured(config, desk, guests, files)


def _hosts(config: GatewayConfig) -> list[str]:
    """By what names this machine is reached, as far as it can know them."""
    listens = [host for host in (config.host, config.broker.host) if host not in ANY_ADDRESS and not is_loopback(host)]
    return [*config.tls.hosts, *listens, socket.gethostname()]
