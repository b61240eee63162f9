"""One stand-in for each kind of platform, in this process, under a clock that only the test moves; and a venue's share of the exchange."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import httpx
import sqlite_utils

from gateway.shell.database import open_database
from gateway.trading.base import ItemKind, OutboxItem, PhaseEvent, Platform, Pulled
from gateway.trading.folder import FolderPlatform
from gateway.trading.outbox import Outbox
from gateway.trading.province import ProvincePlatform
from gateway.trading.province_fields import Borders
from gateway.trading.rest import RestPlatform
from gateway.trading.sync import PlatformSync
from simulation.platform.app import app_of
from simulation.platform.behaviour import Away, Behaviour, Wrong
from simulation.platform.book import Book
from simulation.platform.faces import PROVINCE_CLIENT
from simulation.platform.folder_face import DropFolder
from simulation.platform.stand_in import StandIn
from simulation.platform.webhook import Webhook
from venue_model.ids import RoomId
from venue_model.lots import Lot
from venue_model.moments import Now, S

TOKEN = "contract-token"
ROOMS = {room: RoomId(room) for room in ("o1", "e1", "o2", "e2")}


@dataclass
class Clock:
    """Time, as the test says; `skew_s`: how far the venue's clock is ahead of the platform's."""

    utc_ns: int
    skew_s: int = 0

    def pass_s(self, seconds: float) -> None:
        self.utc_ns += int(seconds * S)

    def platforms(self) -> int:
        return self.utc_ns

    def venues(self) -> int:
        return self.utc_ns + self.skew_s * S


class Stand(Protocol):
    """A platform of one kind that can be made to misbehave.  What a kind cannot do wrong is `can`'s affair."""

    can: frozenset[Away | Wrong]

    def connect(self) -> Platform: ...
    def put_lot(self, lot: Lot, credit_codes: dict[str, str] | None = None) -> None: ...
    def announce(self, event: PhaseEvent) -> None: ...
    def behave(self, fault: Away | Wrong | None = None, *, slow_s: float = 0.0, page: int = 100) -> None: ...
    def received(self) -> list[str]: ...
    def newest(self) -> dict[str, Lot]: ...


class OverHttp:
    """The stand-in's application without sockets."""

    can = frozenset({*Away, *Wrong})

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.clock = clock
        self.book = Book(folder / "platform.json", durable=False)
        self.stand_in = StandIn(self.book, TOKEN, Webhook(TOKEN), clock_utc_ns=clock.platforms)
        self.app = app_of(self.stand_in)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(app=self.app, raise_app_exceptions=False))

    def put_lot(self, lot: Lot, credit_codes: dict[str, str] | None = None) -> None:
        self.book.put_lot(lot, credit_codes)

    def announce(self, event: PhaseEvent) -> None:
        self.book.add_event(event)

    def behave(self, fault: Away | Wrong | None = None, *, slow_s: float = 0.0, page: int = 100) -> None:
        away, wrong = (fault if isinstance(fault, Away) else None), (fault if isinstance(fault, Wrong) else None)
        self.stand_in.behaviour = Behaviour(slow_s=slow_s, away=away, wrong=wrong, page=page)

    def received(self) -> list[str]:
        return [item.key for item in self.book.received()]

    def newest(self) -> dict[str, Lot]:
        return {lot.id: lot for lot in self.book.lots()}


class RestStand(OverHttp):
    def connect(self) -> Platform:
        return RestPlatform("http://127.0.0.1", TOKEN, self.client(), clock_utc_ns=self.clock.venues)


class ProvinceStand(OverHttp):
    def connect(self) -> Platform:
        borders = Borders(ROOMS, b"pseudonyms")
        return ProvincePlatform("http://127.0.0.1", PROVINCE_CLIENT, TOKEN, borders, self.client(), clock_utc_ns=self.clock.venues)


class FolderStand:
    """A folder.  Away: the share is not mounted; malformed: rubbish beside; replay: the newest file once more."""

    can = frozenset({Away.DROP, Wrong.MALFORMED, Wrong.REPLAY})

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.clock = clock
        self.book = Book(folder / "platform.json", durable=False)
        self.centre = DropFolder(folder / "exchange")
        self._mounted = folder / "exchange"
        self._away = folder / "not mounted"
        self._told = 0

    def connect(self) -> Platform:
        return FolderPlatform(self._mounted, ROOMS, settle_s=0, clock_utc_ns=self.clock.venues)

    def put_lot(self, lot: Lot, credit_codes: dict[str, str] | None = None) -> None:
        self.book.put_lot(lot, credit_codes)
        self._tell()

    def announce(self, event: PhaseEvent) -> None:
        self.book.add_event(event)
        self._tell()

    def _tell(self) -> None:
        """What could not be dropped while the share was away is dropped later, as a person would."""
        if self._mounted.exists():
            page = self.book.page(f"{self.book.start().partition('.')[0]}.{self._told}", 10_000)
            for change in page.changes:
                self.centre.drop(change)
            self._told += len(page.changes)

    def behave(self, fault: Away | Wrong | None = None, *, slow_s: float = 0.0, page: int = 100) -> None:
        if fault is Away.DROP and self._mounted.exists():
            self._mounted.rename(self._away)
        if fault is not Away.DROP and self._away.exists():
            self._away.rename(self._mounted)
        self._tell()
        if fault is Wrong.MALFORMED:
            self.centre.drop_bytes("rubbish.csv", b"\xff\xfe rubbish")
        if fault is Wrong.REPLAY:
            self.centre.drop_again()

    def received(self) -> list[str]:
        return self.centre.received_keys()

    def newest(self) -> dict[str, Lot]:
        return {lot.id: lot for lot in self.book.lots()}


STANDS: dict[str, type[RestStand] | type[ProvinceStand] | type[FolderStand]] = {
    "rest": RestStand, "province": ProvinceStand, "folder": FolderStand,
}  # fmt: skip


def content(lot: Lot) -> Lot:
    """What every kind of platform can tell of a lot: some have codes of their own, and a folder counts its versions itself."""
    people = tuple(sorted(lot.people, key=lambda person: person.person))  # a roster has no order
    return replace(lot, version=0, lot_code="", further_codes=(), people=people)


class PowerCut(BaseException):
    """The gateway's machine stops here."""


class Cutting:
    """A platform whose venue loses power at a chosen moment: after the platform took a push, or after it gave a page."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.after_push = self.after_pull = False

    async def pull_lots(self, cursor: str) -> Pulled:
        pulled = await self.platform.pull_lots(cursor)
        if self.after_pull:
            raise PowerCut
        return pulled

    async def push(self, items: Sequence[OutboxItem]) -> None:
        await self.platform.push(items)
        if self.after_push:
            raise PowerCut

    async def close(self) -> None:
        await self.platform.close()


class Venue:
    """A gateway's share: database, outbox, sync.  Effects are rows of the same database, written in the same transaction."""

    def __init__(self, file: Path, stand: Stand, clock: Clock) -> None:
        self.stand, self.clock, self.file = stand, clock, file
        self.db = self._open()
        self.db.execute("CREATE TABLE IF NOT EXISTS effect (id INTEGER PRIMARY KEY, what TEXT, ref TEXT, version INTEGER, lot_json TEXT)")
        self.cut_in_page = False
        self.start()

    def _open(self) -> sqlite_utils.Database:
        db = open_database(self.file)
        db.execute("PRAGMA synchronous=OFF")  # power is cut at chosen places only
        return db

    def start(self) -> None:
        self.platform = Cutting(self.stand.connect())
        self.outbox = Outbox(self.db, rand=lambda: 0.0)
        self.sync = PlatformSync(
            self.platform, self.outbox, self._take_lots, self._take_event, lambda: Now(self.clock.utc_ns, self.clock.venues())
        )

    async def restart(self) -> None:
        """The machine comes back over the database as it was."""
        await self.platform.close()
        self.db.close()
        self.db = self._open()
        self.cut_in_page = False
        self.start()

    def _take_lots(self, lots: tuple[Lot, ...]) -> None:
        for lot in lots:
            self.db.execute(
                "INSERT INTO effect (what, ref, version, lot_json) VALUES ('lot', ?, ?, ?)", (lot.id, lot.version, repr(content(lot)))
            )
        if self.cut_in_page:
            raise PowerCut

    def _take_event(self, event: PhaseEvent) -> None:
        self.db.execute("INSERT INTO effect (what, ref) VALUES ('event', ?)", (event.id,))

    def put(self, lot: Lot, *keys: str) -> None:
        for key in keys:
            body = {"project": lot.project, "lot": lot.id, "utc_ns": self.clock.utc_ns}
            self.outbox.put(ItemKind.SCENE, key, body, self.clock.utc_ns)

    async def round(self) -> None:
        """A pull and as many pushes as go."""
        try:
            await self.sync.pull_once()
            while await self.sync.drain_once():
                pass
        except PowerCut:
            await self.restart()

    async def rounds(self, seconds: int, step_s: int = 15) -> None:
        for _ in range(0, seconds, step_s):
            await self.round()
            self.clock.pass_s(step_s)

    def events(self) -> list[str]:
        return [row[0] for row in self.db.execute("SELECT ref FROM effect WHERE what = 'event' ORDER BY id")]

    def lots(self) -> list[tuple[str, int]]:
        return [(row[0], row[1]) for row in self.db.execute("SELECT ref, version FROM effect WHERE what = 'lot' ORDER BY id")]

    def stands_as(self) -> dict[str, str]:
        """Each lot as it was told last."""
        return {row[0]: row[1] for row in self.db.execute("SELECT ref, lot_json FROM effect WHERE what = 'lot' ORDER BY id")}

    def dead(self) -> list[str]:
        return [letter.item.key for letter in self.outbox.dead()]

    async def close(self) -> None:
        await self.platform.close()
        self.db.close()


def body_of(db: sqlite_utils.Database, key: str) -> Any:
    """What the outbox keeps of an item."""
    return json.loads(db.execute("SELECT body_json FROM outbox WHERE key = ?", (key,)).fetchone()[0])
