"""A broker that knows everybody by certificate, boards that hold theirs, and people who hold somebody else's."""

import asyncio
import datetime
import shutil
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from broker_case import TOPICS, Bare, until

from edge.shell.identity import Identity
from edge.shell.mqtt import AgentLink
from gateway.broker.credentials import GATEWAY, Login
from gateway.broker.supervisor import Broker, Kind
from gateway.pki.desk import PkiDesk, open_desk
from gateway.pki.store import utc_now
from gateway.shell.mqtt import GatewayLink
from venue_model.ids import BoardId
from venue_model.moments import Now
from venue_model.wire import Renewal, WireError, decode, encode

NOW = Now(0, 1_800_000_000_000_000_000)


class Hall:
    """A gateway's side: broker, link and certificates; what was journaled, what was heard."""

    def __init__(self, folder: Path, broker: Broker, desk: PkiDesk) -> None:
        self.folder, self.broker, self.desk = folder, broker, desk
        self.got: list[tuple[str, bytes]] = []
        self.notes: list[tuple[str, dict[str, Any]]] = []
        self.gone: list[str] = []
        self.link = GatewayLink(
            broker.host, broker.port, Login(GATEWAY, ""), TOPICS, epoch=7, on_message=self._received, on_connection=lambda up: None,
            tls=lambda: desk.own.context(GATEWAY),
        )  # fmt: skip
        desk.note = lambda kind, body, now: self.notes.append((kind, body))
        desk.send = lambda board, message: self.link.publish(TOPICS.agent(board, "certificate"), encode(message), retain=False)
        desk.reload, desk.cut, desk.gone = broker.reload, broker.cut, self.gone.append

    def _received(self, topic: str, payload: bytes) -> None:
        self.got.append((topic, payload))
        parsed = TOPICS.parse_agent(topic)
        if parsed is not None and parsed[1] == "renewal":
            try:
                self.desk.hear(parsed[0], decode(Renewal, payload), NOW)
            except WireError:
                pass  # the coordinator's to tell

    def heard(self, board: str, leaf: str) -> list[bytes]:
        return [payload for topic, payload in self.got if topic == TOPICS.agent(board, leaf)]


@asynccontextmanager
async def certified(folder: Path, kind: Kind, boards: Sequence[str] = ("a1", "b1"), clock: Any = utc_now) -> AsyncIterator[Hall]:
    desk = open_desk(folder / "keys", folder / "boards", "hall", ["127.0.0.1"], clock)
    for board in boards:
        desk.commission(BoardId(board))
    broker = Broker(folder / "broker", TOPICS, desk.certified, kind=kind)
    await broker.start()
    hall = Hall(folder, broker, desk)
    try:
        hall.link.start()
        await until(lambda: hall.link.up, "the gateway's link")
        yield hall
    finally:
        await desk.close()
        await hall.link.close()
        await broker.close()


class Board:
    """One board with its disk: `issued` is the commissioning folder as it was copied, `kept` what it fetched since."""

    def __init__(self, hall: Hall, name: str = "a1", *, disk: Path | None = None, utc_ns: int | None = None) -> None:
        self.hall, self.name = hall, name
        self.disk = disk or hall.folder / f"disk-{name}"
        if not (self.disk / "issued").exists():
            shutil.copytree(hall.desk.folder(BoardId(name)), self.disk / "issued")
        self.got: list[tuple[str, bytes]] = []
        self.ups: list[bool] = []
        self.sessions = 0
        self.identity = Identity(self.disk / "issued", self.disk / "identity.pem", BoardId(name), lambda: now(utc_ns))
        self.link = AgentLink(
            hall.broker.host, hall.broker.port, BoardId(name), "", TOPICS, identity=self.identity, next_session=self._next,
            on_message=lambda topic, payload: self.got.append((topic, payload)), on_connection=self.ups.append,
        )  # fmt: skip

    async def __aenter__(self) -> Self:
        self.link.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.link.close)

    async def settle(self) -> None:
        """Until it is connected with a key of its own, and the broker knows that nothing else of it counts."""
        name, desk = BoardId(self.name), self.hall.desk
        await until(lambda: not self.identity.first and self.link.up, "a certificate for a key of the board's own")
        await until(lambda: len(desk.register.live(name)) == 1 and desk.settled, "the end of its first certificate")

    def copy(self, to: Path) -> Path:
        """What a thief takes away."""
        return Path(shutil.copytree(self.disk, to))

    def _next(self) -> int:
        self.sessions += 1
        return self.sessions


def now(utc_ns: int | None) -> Now:
    """A clock that is set, or one that says what it likes and knows it."""
    return Now(time.monotonic_ns(), time.time_ns(), 1_000_000) if utc_ns is None else Now(time.monotonic_ns(), utc_ns, 16_000_000_000)


def shown(authority: Path, *chain: Path) -> ssl.SSLContext:
    """TLS with whatever key and certificate is in a file, or none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(authority)
    for path in chain:
        context.load_cert_chain(path)
    return context


def rogue(hall: Hall, identity: Path | None, client_id: str, user: str = "a1") -> Bare:
    """Somebody with the certificate in a file who shows a client id and a user name as he likes."""
    chain = () if identity is None else (identity,)
    return Bare(hall.broker.port, user, "", client_id, tls=shown(hall.desk.own.authority_path, *chain))


def days(count: float) -> datetime.timedelta:
    return datetime.timedelta(days=count)
