"""TOML text → Venue, or every problem at once, each with file, place and remedy.

A venue file says what exists.  How things are attached (pins, ports, addresses) is wiring, kept per site, so that one venue runs on
real hardware and on virtual hardware unchanged.
"""

import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from venue_model.ids import ID_PATTERN, BoardId, DeviceId, DoorId, RoomId, VenueId
from venue_model.profiles import Profile
from venue_model.venue import AntiPassback, Approver, Board, Device, DeviceKind, Door, Lock, Name, OnFail, Room, Side, Venue
from venue_model.zones import Serves, Zone

_STRICT = ConfigDict(extra="forbid")


@with_config(_STRICT)
@dataclass(frozen=True)
class _VenueTable:
    id: str
    name: Name
    profile: str
    entry_window_s: int = 300
    lease_s: int = 60
    prepare_before_s: int = 3600
    companion_s: int = 10
    antipassback_s: int = 300
    curfew: str = ""
    walk_s: int = 2
    linger_s: int = 600


@with_config(_STRICT)
@dataclass(frozen=True)
class _RoomTable:
    id: str
    zone: Zone
    name: Name
    number: str = ""
    outdoor: bool = False
    serves: Serves = Serves.NOBODY
    limit: int | None = None


@with_config(_STRICT)
@dataclass(frozen=True)
class _DoorTable:
    id: str
    name: Name
    outside: str
    inside: str
    lock: Lock
    board: str | None = None
    escape: bool = True
    fire_release: bool = True
    pull_s: int = 5
    held_s: int = 30
    antipassback: AntiPassback = AntiPassback.NONE
    two_person: bool = False


@with_config(_STRICT)
@dataclass(frozen=True)
class _BoardTable:
    id: str
    name: Name
    room: str


@with_config(_STRICT)
@dataclass(frozen=True)
class _DeviceTable:
    id: str
    kind: DeviceKind
    name: Name
    room: str | None = None  # a reader, QR camera or kiosk at a door stands where the door's side is
    board: str | None = None  # … and hangs on the door's board
    door: str | None = None
    side: Side = Side.OUTSIDE
    required: bool | None = None
    on_fail: OnFail | None = None


@with_config(_STRICT)
@dataclass(frozen=True)
class _ApproverTable:
    id: str
    role: str
    public_key: str


@with_config(_STRICT)
@dataclass(frozen=True)
class _File:
    schema: int
    venue: _VenueTable
    room: list[_RoomTable]
    door: list[_DoorTable] = field(default_factory=list)
    board: list[_BoardTable] = field(default_factory=list)
    device: list[_DeviceTable] = field(default_factory=list)
    approver: list[_ApproverTable] = field(default_factory=list)
    sight: list[tuple[str, str]] = field(default_factory=list)
    interlock: list[tuple[str, str]] = field(default_factory=list)


_ADAPTER = TypeAdapter(_File)
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a venue file."""

    source: str  # the file
    place: str  # e.g. `door "z6-2-in"`
    fault: str  # what is wrong
    remedy: str  # what to do

    def __str__(self) -> str:
        return f"{self.source}: {self.place}: {self.fault}; {self.remedy}"


class VenueError(ValueError):
    """A venue file cannot be used.  `problems` holds every fault that was found; the text has one a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def load_venue(text: str, source: str, find_profile: Callable[[str], Profile | None], check_ways_out: bool = True) -> Venue:
    """Build a venue from TOML `text`.  `source` names the file in errors; `find_profile` looks a profile up by its id.

    Without `check_ways_out` a venue is built that might hold people in: for the prover alone, which tells why.

    Raises VenueError with all problems at once; nothing is built from a file that has one.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise VenueError([Problem(source, "file", f"not TOML: {error}", "mend the line")]) from None
    try:
        tables = _ADAPTER.validate_python(raw)
    except ValidationError as error:
        raise VenueError(_shape_problem(source, raw, found) for found in error.errors(include_url=False)) from None
    reader = _Reader(tables, source)
    profile = find_profile(tables.venue.profile)
    if profile is None:
        shipped = "classic, agent-out, zero-contact, dispersed or remote"
        reader.fault("venue.profile", f"there is no profile {tables.venue.profile!r}", f"use {shipped}")
    venue = reader.read(profile, check_ways_out)
    if reader.problems or venue is None:
        raise VenueError(reader.problems)
    return venue


def _shape_problem(source: str, raw: dict[str, Any], found: Any) -> Problem:
    """A pydantic error told in the words of the file: tables by their id, not by their index."""
    loc = list(found["loc"])
    place = str(loc[0]) if loc else "file"
    if len(loc) >= 2 and isinstance(loc[1], int):
        table = raw.get(str(loc[0]), [])
        entry = table[loc[1]] if isinstance(table, list) and loc[1] < len(table) else {}
        name = entry.get("id") if isinstance(entry, dict) else None
        place = f'{loc[0]} "{name}"' if name else f"{loc[0]}[{loc[1]}]"
        loc = loc[2:]
    else:
        loc = loc[1:]
    where = ".".join(str(part) for part in loc)
    place = f"{place}: {where}" if where else place
    remedies = {
        "missing": "add it",
        "unexpected_keyword_argument": "remove it, or mend its spelling",
        "enum": f"write one of {found.get('ctx', {}).get('expected', 'the listed words')}",
    }
    return Problem(source, place, str(found["msg"]), remedies.get(found["type"], "mend the value"))


class _Reader:
    """Collects problems while it turns tables into values."""

    def __init__(self, tables: _File, source: str) -> None:
        self.tables = tables
        self.source = source
        self.problems: list[Problem] = []

    def fault(self, place: str, fault: str, remedy: str) -> None:
        self.problems.append(Problem(self.source, place, fault, remedy))

    def read(self, profile: Profile | None, check_ways_out: bool) -> Venue | None:
        tables = self.tables
        v = tables.venue
        if tables.schema != 1:
            self.fault("schema", f"version {tables.schema} is not known", "write schema = 1")
        self._ids("room", tables.room)
        self._ids("door", tables.door)
        self._ids("board", tables.board)
        self._ids("device", tables.device)
        self._ids("approver", tables.approver)
        rooms = {RoomId(r.id): self._room(r) for r in tables.room}
        boards = {}
        for b in tables.board:
            if self._known(f'board "{b.id}"', "room", b.room, rooms, "rooms"):
                boards[BoardId(b.id)] = Board(BoardId(b.id), b.name, RoomId(b.room))
        doors = {DoorId(d.id): door for d in tables.door if (door := self._door(d, rooms, boards))}
        devices = {DeviceId(d.id): device for d in tables.device if (device := self._device(d, rooms, boards, doors))}
        for one, other in tables.sight:
            for room in (one, other):
                self._known(f"sight [{one}, {other}]", "room", room, rooms, "rooms")
        for pair in tables.interlock:
            self._interlock(pair, doors)
        if v.curfew and not _CLOCK.fullmatch(v.curfew):
            self.fault("venue.curfew", f"{v.curfew!r} is no time of day", 'write it as "21:00"')
        approvers = []
        for a in tables.approver:
            if len(a.public_key) != 64 or any(c not in "0123456789abcdef" for c in a.public_key):
                self.fault(f'approver "{a.id}"', "public_key is not an Ed25519 key", "write 64 lower-case hex digits")
            approvers.append(Approver(a.id, a.role, a.public_key))
        if check_ways_out:
            self._reachable(rooms)
        if self.problems or profile is None:
            return None
        return Venue(
            VenueId(v.id), v.name, profile, rooms, doors, boards, devices,
            tuple((RoomId(a), RoomId(b)) for a, b in tables.sight), tuple(approvers),
            v.entry_window_s, v.lease_s, v.prepare_before_s, tuple((DoorId(a), DoorId(b)) for a, b in tables.interlock),
            v.companion_s, v.antipassback_s, v.curfew, v.walk_s, v.linger_s, self.source,
        )  # fmt: skip

    def _ids(self, table: str, entries: Iterable[Any]) -> None:
        seen = set()
        for entry in entries:
            if not ID_PATTERN.fullmatch(entry.id):
                self.fault(f'{table} "{entry.id}"', "the id has characters that topics and paths cannot carry", "use A-Z a-z 0-9 . _ -")
            if entry.id in seen:
                self.fault(f'{table} "{entry.id}"', "the id is used twice", "rename one of them")
            seen.add(entry.id)

    def _known(self, place: str, what: str, name: str, known: dict[Any, Any], plural: str) -> bool:
        if name in known:
            return True
        listed = ", ".join(list(known)[:12]) + (" …" if len(known) > 12 else "")
        self.fault(place, f'{what} "{name}" is not defined', f"{plural} of this venue: {listed or 'none'}")
        return False

    def _room(self, r: _RoomTable) -> Room:
        place = f'room "{r.id}"'
        if r.outdoor and r.zone is not Zone.PUBLIC:
            self.fault(place, f"it is outdoor, and of zone {r.zone}", "the open air is of zone Z0")
        if r.serves and r.zone is not Zone.INQUIRY:
            self.fault(place, f'serves = "{r.serves}" in zone {r.zone}', "only inquiry rooms (Z7) serve a side; remove it")
        if r.limit is not None and r.limit < 1:
            self.fault(place, f"limit = {r.limit} lets nobody in", "use 1 or more, or remove it")
        return Room(RoomId(r.id), r.zone, r.name, r.number, r.outdoor, r.serves, r.limit)

    def _interlock(self, pair: tuple[str, str], doors: dict[DoorId, Door]) -> None:
        place = f"interlock [{pair[0]}, {pair[1]}]"
        known = [self._known(place, "door", id, doors, "doors") for id in pair]
        if not all(known):
            return
        one, other = (doors[DoorId(id)] for id in pair)
        if one is other:
            self.fault(place, "a door cannot wait for itself", "name two doors")
        elif None in (one.board, other.board):
            self.fault(place, "a door without a lock cannot wait for another", "name two locked doors")
        elif one.board != other.board:
            # Between two boards the pair would hold only while both reach each other.
            self.fault(place, f'board "{one.board}" has one door and "{other.board}" the other', "give both doors to one board")

    def _door(self, d: _DoorTable, rooms: dict[RoomId, Room], boards: dict[BoardId, Board]) -> Door | None:
        place = f'door "{d.id}"'
        known = [self._known(place, side, room, rooms, "rooms") for side, room in (("outside", d.outside), ("inside", d.inside))]
        ok = all(known)
        if d.outside == d.inside:
            self.fault(place, "both sides are the same room", "name the room on each side")
            ok = False
        if d.lock is Lock.NONE:
            if d.board is not None:
                self.fault(place, f'it has no lock but names board "{d.board}"', "remove the board, or give it a lock")
        elif d.board is None:
            self.fault(place, "it has a lock but no board", "name the one board that controls it")
            ok = False
        else:
            ok &= self._known(place, "board", d.board, boards, "boards")
        if not 1 <= d.pull_s <= 60:
            self.fault(place, f"pull_s = {d.pull_s} is out of range", "use 1 to 60 seconds")
        if not ok:
            return None
        board = BoardId(d.board) if d.board else None
        return Door(
            DoorId(d.id), d.name, RoomId(d.outside), RoomId(d.inside), d.lock, board, d.escape, d.fire_release, d.pull_s, d.held_s,
            d.antipassback, d.two_person,
        )  # fmt: skip

    def _device(
        self, d: _DeviceTable, rooms: dict[RoomId, Room], boards: dict[BoardId, Board], doors: dict[DoorId, Door]
    ) -> Device | None:
        place = f'device "{d.id}"'
        room, board = d.room, d.board
        if d.door is not None:
            if not self._known(place, "door", d.door, doors, "doors"):
                return None
            door = doors[DoorId(d.door)]
            if door.board is None:
                self.fault(place, f'door "{d.door}" has no lock to open', "put the device at a locked door")
                return None
            if board is not None and board != door.board:
                self.fault(place, f'board "{board}" is not the board of door "{d.door}"', f'use "{door.board}"')
            board = board or door.board
            room = room or (door.outside if d.side is Side.OUTSIDE else door.inside)
        if room is None or board is None:
            missing = "room" if room is None else "board"
            self.fault(place, f"it has no {missing}", f"add {missing} = …, or door = … if it stands at a door")
            return None
        if not all([self._known(place, "room", room, rooms, "rooms"), self._known(place, "board", board, boards, "boards")]):
            return None
        return Device(
            DeviceId(d.id), d.kind, RoomId(room), BoardId(board), d.name, DoorId(d.door) if d.door else None, d.side, d.required,
            d.on_fail,
        )  # fmt: skip

    def _reachable(self, rooms: dict[RoomId, Room]) -> None:
        """Every room has a door; every room that people can be in lets them out by an escape door (I11)."""
        lets_out: dict[str, set[str]] = {room: set() for room in rooms}
        for d in self.tables.door:
            if d.outside in lets_out and d.inside in lets_out:
                lets_out[d.outside].add(d.inside)
                lets_out[d.inside].add(d.outside)
                if not d.escape and d.lock is not Lock.NONE:
                    lets_out[d.inside].discard(d.outside)
        safe = {room for room, r in rooms.items() if r.zone is Zone.PUBLIC}
        if not safe:
            self.fault("room", "no room of zone Z0 leads into the open", "add the public hall or the street as a room of zone Z0")
            return
        found = set(safe)
        while True:
            more = {room for room in rooms if room not in found and lets_out[room] & found}
            if not more:
                break
            found |= more
        for room in rooms:
            if room not in found:
                self.fault(f'room "{room}"', "nobody can get out of it to a public area", "add an escape door (escape = true)")
