"""How long does a card wait for its door?  From the driver's event to the relay's command, beside what this disk costs alone."""

import secrets
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Self

from edge.core.events import PolicyArrived, SessionBegan
from edge.core.site import input_lines, output_lines
from edge.drivers.protocols import CardRead, DeviceError, DeviceHealth, Emit, LineChanged
from edge.shell.disk import Disk, Key, Line
from edge.shell.hardware import Hardware
from edge.shell.run import EdgeAgent
from venue_model.commissioning import Commission, DeviceRecord, DoorRecord
from venue_model.door_policy import ComponentPolicy, Pass, PolicyBody
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, LotId, PersonKey, RoomId, VenueId
from venue_model.passes import card_digest
from venue_model.profiles import DoorMode
from venue_model.venue import AntiPassback, DeviceKind, Name, Side
from venue_model.zones import Zone

WARM_UP = 20
DOOR, _ROOM, _SALT = DoorId("d1"), ComponentId("o1"), "5a" * 16


def measure(n: int = 500, entries: int = 500, folder: Path | None = None, *, rules: bool = False) -> dict[str, float]:
    """p50 and p99, in milliseconds, of `n` reads against a policy of `entries` passes; with `rules`, at a door that has them all.

    `path_…`: from the CardRead event to the strike's command through the running agent, journal fsync included.
    `added_…`: of that, what was not the commit of this very read.
    `floor_…`: one row committed with fsync to the same disk, taken between the reads.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place, _Floor(Path(place) / "floor.db") as floor:
        samples = _samples(Path(place), n, entries, floor, rules=rules)
    figures = {"n": float(n), "entries": float(entries)}
    for name, values in zip(("path", "added", "floor"), zip(*samples, strict=True), strict=True):
        figures[f"{name}_p50_ms"] = statistics.median(values)
        figures[f"{name}_p99_ms"] = statistics.quantiles(values, n=100)[98]
    return figures


def _samples(folder: Path, n: int, entries: int, floor: "_Floor", *, rules: bool) -> list[tuple[float, float, float]]:
    """(path, added, floor) in milliseconds, one for each read after the warm-up."""
    lines, commission = _Lines(), bench_commission(rules=rules)
    names = frozenset((*output_lines(commission), *input_lines(commission)))
    disk = _TimedDisk(folder / "agent.db")
    agent = EdgeAgent(commission, "", disk, Hardware(lines={"io": (lines, names)}), lambda *_: NoLink())
    agent.start()
    cards = [secrets.token_bytes(8) for _ in range(entries)]
    agent.post(SessionBegan(1))
    agent.post(PolicyArrived(bench_policy(cards, rules=rules)))
    samples = []
    try:
        for number in range(n + WARM_UP):
            lines.moved.clear()
            began_ns = time.perf_counter_ns()
            agent.post(CardRead("r1", cards[number % entries], 64, time.monotonic_ns()))
            if not lines.moved.wait(10):
                raise DeviceError("the strike was not released within 10 s; look at the log")
            path_ns = lines.at_ns - began_ns
            samples.append((path_ns / 1e6, (path_ns - disk.took_ns) / 1e6, floor.commit_ms()))
            lines.pass_through()
    finally:
        agent.stop()
    return samples[WARM_UP:]


class _TimedDisk(Disk):
    """The agent's disk, with a watch."""

    took_ns = 0

    def commit(self, lines: Sequence[Line], state: Mapping[Key, object]) -> None:
        began_ns = time.perf_counter_ns()
        super().commit(lines, state)
        self.took_ns = time.perf_counter_ns() - began_ns


class _Floor:
    """What any program pays for one durable row."""

    def __init__(self, path: Path) -> None:
        self._sql = sqlite3.connect(path, isolation_level=None)
        self._sql.execute("PRAGMA journal_mode=WAL")
        self._sql.execute("PRAGMA synchronous=FULL")
        self._sql.execute("CREATE TABLE line (seq INTEGER PRIMARY KEY, body TEXT)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sql.close()

    def commit_ms(self) -> float:
        began_ns = time.perf_counter_ns()
        self._sql.execute("INSERT INTO line (body) VALUES (?)", ("x" * 300,))
        return (time.perf_counter_ns() - began_ns) / 1e6


class _Lines:
    """A relay that notes when it was told, and a leaf that a person pulls at once."""

    def __init__(self) -> None:
        self.moved = Event()
        self.secured = Event()
        self.at_ns = 0
        self._emit: Emit = lambda _: None

    def start(self, emit: Emit) -> None:
        self._emit = emit
        emit(DeviceHealth("io", True, "online", "bench", time.monotonic_ns()))

    def stop(self) -> None: ...

    def set(self, output: str, active: bool) -> None:
        self.at_ns = time.perf_counter_ns()
        (self.moved if active else self.secured).set()

    def read(self, input_line: str) -> bool:
        raise DeviceError(f"{input_line}: the bench has no levels")

    def pass_through(self) -> None:
        """The leaf opens and closes; returns when the strike is secured again."""
        self.secured.clear()
        for is_open in (True, False):
            self._emit(LineChanged(f"{DOOR}.contact", is_open, time.monotonic_ns()))
        if not self.secured.wait(10):
            raise DeviceError("the strike was not secured within 10 s; look at the log")


class NoLink:
    """A broker that is away: the door decides alone."""

    session = 1

    def start(self) -> None: ...

    def publish(self, topic: str, payload: bytes, *, retain: bool) -> None: ...

    def announce(self) -> None: ...

    def close(self) -> None: ...


def bench_commission(*, rules: bool = False) -> Commission:
    """A board with one door from the hall into an opening room, and the reader outside it.

    With `rules`, the door has anti-passback, the two-person rule, and a partner that must be shut.
    """
    name, partner = Name("", ""), DoorId("d2")
    door = DoorRecord(
        DOOR, name, None, _ROOM, DeviceId("d1.strike"), DeviceId("d1.contact"), DeviceId("d1.exit"), True, 5, 30
    )  # fmt: skip
    doors: tuple[DoorRecord, ...] = (door,)
    if rules:
        strike, contact, button = (DeviceId(f"{partner}.{use}") for use in ("strike", "contact", "exit"))
        doors = (
            replace(door, antipassback=AntiPassback.AREA, two_person=True, interlock=(partner,)),
            DoorRecord(partner, name, None, _ROOM, strike, contact, button, True, 5, 30, interlock=(DOOR,)),
        )
    reader = DeviceRecord(DeviceId("r1"), DeviceKind.READER, RoomId("hall"), None, name, DOOR, Side.OUTSIDE)
    return Commission(VenueId("bench"), BoardId("bench"), name, "00" * 32, {}, (), {_ROOM: (Zone.OPENING,)}, doors, (reader,), 300)


def bench_policy(cards: list[bytes], *, rules: bool = False) -> PolicyBody:
    """Admits every one of these cards for an hour.

    With `rules`, every pass carries what a pass can carry, and is good again after each entry: the gateway has seen its holder
    elsewhere since.  Others are in the room already, and it has a limit.
    """
    salt = bytes.fromhex(_SALT)
    passes = tuple(
        Pass(card_digest(salt, card), PersonKey(f"p{number}"), Role.BID, LotId("lot"), 0, 2**62) for number, card in enumerate(cards)
    )
    open_to_bidders = ComponentPolicy(_ROOM, 1, 1, DoorMode.OPENING, (Role.BID,), False, passes)
    if rules:
        now_ns = time.time_ns()
        carried = tuple(replace(p, window=True, authorised_utc_ns=now_ns, seen_utc_ns=2**62) for p in passes)
        open_to_bidders = replace(open_to_bidders, passes=carried, limit=1_000_000, others=1)
    return PolicyBody(VenueId("bench"), BoardId("bench"), 1, 1, time.time_ns(), 3_600, _SALT, (open_to_bidders,))
