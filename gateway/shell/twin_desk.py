"""Twins of all devices, doors and boards, out of what the other desks know, and a small table of since when."""

import hashlib
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from gateway.core.clearing import Domain
from gateway.core.day import Refusal
from gateway.core.priority import in_force
from gateway.core.twin.drift import Finding, find
from gateway.core.twin.flapping import Flap, Health, is_calm, released, restored, seen
from gateway.core.twin.twin import BOARD, DOOR, Desired, Reported, Twin
from gateway.shell.agents import AgentBook
from gateway.shell.scene_desk import SceneDesk
from gateway.shell.store import Store
from gateway.shell.warden import Warden
from venue_model import signing
from venue_model.commissioning import commission, encode_commission
from venue_model.ids import BoardId, DeviceId, DoorId
from venue_model.moments import Now, S
from venue_model.venue import Name, Venue
from venue_model.wire import APPLIED, FAULT, OVERRIDDEN, DeviceReport, Meta, Want
from venue_model.wire import Reported as ReportedMessage

LOOK_NS = 1 * S  # twins are compared and what has changed is stored so often: seconds are what people read
PRESSED_NS = 60 * S  # no run of ours lasts longer without somebody holding it
SLICE = 100  # so many at a time, 5 ms: a press on a thousand devices must not wait for its own record
CODE = "flapping"


class Note(Protocol):
    """`JournalDesk.note`."""

    def __call__(self, kind: str, body: dict[str, Any], now: Now, *, lot: str | None = None, project: str | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class _Since:
    """One aspect of a twin, as it is and since when."""

    value: str
    utc_ns: int
    generation: int = 0
    run: str = ""
    by: str = ""


class TwinDesk:
    """One venue's twins.  A twin's id is the device's; of doors and boards with "door:" or "board:" before it."""

    def __init__(
        self, venue: Venue, store: Store, agents: AgentBook, scenes: SceneDesk, warden: Warden, note: Note,
        changed: Callable[[str], None], policy_key: bytes,
    ) -> None:  # fmt: skip
        self.venue = venue
        self.store = store
        self.agents = agents
        self.scenes = scenes
        self.warden = warden
        self.note = note
        self.changed = changed
        public = signing.public_key_of(policy_key).hex()
        self.records = {board: encode_commission(commission(venue, board, public)) for board in venue.boards}
        self.record_digests = {board: hashlib.sha256(record).hexdigest() for board, record in self.records.items()}
        self.metas: dict[BoardId, Meta] = {}
        self._ids = [*venue.devices, *(door_id(d.id) for d in venue.doors.values() if d.board), *map(board_id, venue.boards)]
        self._kinds = {id: self._parts(id) for id in self._ids}  # kind, plain name, board
        self._of_board: dict[BoardId, list[str]] = {board: [] for board in venue.boards}
        for id, (_, _, board) in self._kinds.items():
            self._of_board[board].append(id)
        self._gateway_moves = [id for id, (kind, _, _) in self._kinds.items() if kind in (BOARD, DOOR)]
        self._since: dict[tuple[str, str], _Since] = {
            (id, aspect): _Since(*rest)
            for id, aspect, *rest in store.sql.execute("SELECT id, aspect, value, since_utc_ns, generation, run, by FROM twin_since")
        }
        self._flaps: dict[str, Flap] = {}
        self._in_quarantine: dict[str, int] = dict(store.sql.execute("SELECT id, since_utc_ns FROM quarantine").fetchall())
        self._touched: set[str] = set(self._ids)  # to be compared at the next look
        self._fresh: dict[tuple[str, str], _Since] = {}  # found otherwise, and not stored yet
        self._wants: object = None  # the wants that were compared last; it is never changed, only replaced …
        self._numbers: dict[str, object] = {}  # … and so are a board's number and a door's domain
        self._look_ns: int | None = None

    # what is heard

    def meta(self, board: BoardId, meta: Meta) -> None:
        """A board says what it runs."""
        self.metas[board] = meta
        self.changed(board_id(board))

    def status(self, board: BoardId, now: Now) -> None:
        """A board has come or gone."""
        self._heard(board_id(board), Health.OK if self.agents[board].online else Health.OFFLINE, now)
        self._touched.update(self._of_board[board])

    def reported(self, board: BoardId, before: ReportedMessage | None, after: ReportedMessage, now: Now) -> None:
        """A board says how its devices are."""
        known = before.devices if before else {}
        for device, report in after.devices.items():
            old = known.get(device)
            if old is not None and (old.code, old.online) == (report.code, report.online) and device in self._flaps:
                continue
            own = self.venue.devices.get(device)
            if own is None or own.board != board:
                continue
            self._touched.add(device)
            if (health := _health(report)) is not None:
                self._heard(device, health, now)
        self._touched.update(door_id(door) for door in after.doors if door_id(door) in self._kinds)

    def _heard(self, id: str, health: Health, now: Now) -> None:
        before = self._flaps.get(id)
        if before is None:
            since = self._in_quarantine.get(id)
            before = Flap() if since is None else restored(since, now.mono_ns)
        after = self._flaps[id] = seen(before, health, now.mono_ns, now.utc_ns)
        if after.quarantined_utc_ns is not None and not before.quarantined:
            self._in_quarantine[id] = after.quarantined_utc_ns
            with self.store.transaction():
                self.store.sql.execute("INSERT OR REPLACE INTO quarantine VALUES (?, ?)", (id, now.utc_ns))
                self.note("quarantine", {**self._place(id), "on": True, "by": ""}, now)
                detail = "it comes and goes; not counted on until a person releases it or it is calm for an hour"
                self.note("alarm", {**self._place(id), "code": CODE, "level": "warning", "detail": detail}, now)
            self.changed(id)

    def _place(self, id: str) -> dict[str, str]:
        return {"agent": id.removeprefix(f"{BOARD}:")} if id.startswith(f"{BOARD}:") else {"device": id}

    # quarantine

    @property
    def quarantined(self) -> Container[str]:
        """Whom nobody counts on."""
        return self._in_quarantine.keys()

    def release(self, id: str, by: str, now: Now) -> Refusal | None:
        """A person trusts a device again."""
        if id not in self._kinds:
            return Refusal("unknown-twin", Name(f"没有设备 {id}", f"there is no device, door or board {id}"))
        if id not in self._in_quarantine:
            return Refusal("not-quarantined", Name(f"{id} 未被隔离", f"{id} is not in quarantine"))
        self._release(id, by, now)
        return None

    def _release(self, id: str, by: str, now: Now) -> None:
        del self._in_quarantine[id]
        self._flaps[id] = released(self._flaps.get(id, Flap()))
        with self.store.transaction():
            self.store.sql.execute("DELETE FROM quarantine WHERE id = ?", (id,))
            self.note("quarantine", {**self._place(id), "on": False, "by": by}, now)
            self.note("alarm_clear", {**self._place(id), "code": CODE}, now)
        self.changed(id)

    # time

    def tick(self, now: Now) -> None:
        """Call as often as one likes: once a second it looks around, and each time it compares a few and stores when all are done."""
        if self._look_ns is None or now.mono_ns - self._look_ns >= LOOK_NS:
            self._look_ns = now.mono_ns
            for id in [id for id in self._in_quarantine if id in self._flaps and is_calm(self._flaps[id], now.mono_ns)]:
                self._release(id, "", now)
            self._look()
        if self._touched:
            askers = self._askers(now)
            for id in [self._touched.pop() for _ in range(min(SLICE, len(self._touched)))]:
                self._fresh |= {(id, aspect): since for aspect, since in self._aspects(id, askers, now) if self._is_news(id, aspect, since)}
        if self._fresh and not self._touched:
            self._store()

    def _store(self) -> None:
        fresh, self._fresh = self._fresh, {}
        self._since |= fresh
        with self.store.transaction():
            self.store.sql.executemany(
                "INSERT OR REPLACE INTO twin_since VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(*key, s.value, s.utc_ns, s.generation, s.run, s.by) for key, s in fresh.items()],
            )
        for id in dict.fromkeys(id for id, _ in sorted(fresh)):
            self.changed(id)

    def _is_news(self, id: str, aspect: str, since: _Since) -> bool:
        known = self._since.get((id, aspect))
        return known is None or known.value != since.value

    def _look(self) -> None:
        """What the gateway itself wants otherwise than at the last look."""
        if self.scenes.wants is not self._wants:
            self._wants = self.scenes.wants
            self._touched.update(self.venue.devices)
        for id in self._gateway_moves:
            kind, name, board = self._kinds[id]
            number: object = self.agents[board].generation if kind == BOARD else self._domain(DoorId(name))
            if self._numbers.get(id) is not number:
                self._numbers[id] = number
                self._touched.add(id)

    def _domain(self, door: DoorId) -> Domain | None:
        component = self.venue.component_of.get(self.venue.doors[door].inside)
        return self.warden.domains[component] if component is not None else None

    def _aspects(self, id: str, askers: Mapping[str, tuple[str, str]], now: Now) -> Iterable[tuple[str, _Since]]:
        twin = self.twin(id, now)
        if twin.online is not None:
            yield "online", _Since(str(twin.online), now.utc_ns)
        if twin.desired is not None:
            yield "desired", _Since(twin.desired.value, now.utc_ns, self.agents[twin.board].generation, *self._asked_by(id, askers))
        if twin.reported is not None:
            yield "reported", _Since(_told_value(twin.reported), now.utc_ns)

    def _askers(self, now: Now) -> dict[str, tuple[str, str]]:
        """Member of a run → the newest run that asked something of it just now, and who pressed."""
        pressed = [lot for lot, state in self.scenes.day.items() if now.utc_ns - state.phase_utc_ns <= PRESSED_NS]
        newest = (self.scenes.latest(lot) for lot in pressed)
        ended = [run for run in newest if run is not None and run.ended_utc_ns is not None and now.utc_ns - run.ended_utc_ns <= 2 * LOOK_NS]
        runs = sorted([*self.scenes.open.values(), *ended], key=lambda run: run.began_utc_ns)
        return {row.id: (run.id, run.by) for run in runs for row in run.rows}

    def _asked_by(self, id: str, askers: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
        """By which run, and by whom: a person who has taken the device in hand goes before the run."""
        claim = in_force(self.scenes.orders.claims.get(DeviceId(id), ()))
        return ("", claim.by) if claim is not None else askers.get(self._kinds[id][1], ("", ""))

    # looks

    def twins(self, now: Now) -> list[tuple[Twin, Finding | None]]:
        """All, with what is wrong with each."""
        return [(twin, find(twin, now.utc_ns)) for twin in (self.twin(id, now) for id in self._ids)]

    def known(self, id: str) -> bool:
        """Is there such a twin?"""
        return id in self._kinds

    def twin(self, id: str, now: Now) -> Twin:
        """One of them."""
        kind, name, board = self._kinds[id]
        twin = self._board(BoardId(name)) if kind == BOARD else self._door(DoorId(name)) if kind == DOOR else self._device(DeviceId(name))
        agent = self.agents[board]
        online = self._stood(id, "online", str(twin.online), now)
        since_ns = agent.since_utc_ns if agent.since_utc_ns and (kind in (BOARD, DOOR) or not agent.online) else online.utc_ns
        if (asked := twin.desired) is not None:
            stood = self._stood(id, "desired", asked.value, now)
            generation = stood.generation if stood.generation and kind not in (BOARD, DOOR) else asked.generation
            twin = replace(twin, desired=Desired(asked.value, generation, stood.utc_ns, stood.run, stood.by))
        if (told := twin.reported) is not None:
            twin = replace(twin, reported=replace(told, since_utc_ns=self._stood(id, "reported", _told_value(told), now).utc_ns))
        return replace(twin, online_utc_ns=since_ns, quarantined_utc_ns=self._in_quarantine.get(id))

    def _stood(self, id: str, aspect: str, value: str, now: Now) -> _Since:
        """Since when it is so; since now, when it was otherwise a second ago."""
        known = self._since.get((id, aspect))
        return known if known is not None and known.value == value else _Since(value, now.utc_ns)

    def _parts(self, id: str) -> tuple[str, str, BoardId]:
        """What kind of twin, its plain name, and its board."""
        if id.startswith(f"{BOARD}:"):
            name = id.removeprefix(f"{BOARD}:")
            return BOARD, name, BoardId(name)
        if id.startswith(f"{DOOR}:"):
            door = self.venue.doors[DoorId(id.removeprefix(f"{DOOR}:"))]
            assert door.board is not None, "only doors with a board have a twin"
            return DOOR, door.id, door.board
        device = self.venue.devices[DeviceId(id)]
        return device.kind, device.id, device.board

    def _held(self, board: BoardId) -> int:
        reported = self.agents[board].reported
        return reported.generation if reported is not None and reported.epoch == self.scenes.epoch else 0

    def _device(self, id: DeviceId) -> Twin:
        device = self.venue.devices[id]
        agent = self.agents[device.board]
        report = agent.reported.devices.get(id) if agent.reported else None
        want = self.scenes.wants.get(id)
        told = None
        if report is not None:
            told = Reported(_told_words(report), report.code, 0, report.text, str(report.state.get("source", "")))
        desired = Desired(_want_words(want), agent.generation, 0) if want is not None else None
        online = None if report is None else agent.online and report.online
        held = self._held(device.board)
        return Twin(id, device.kind, device.name, device.room, device.board, online, 0, agent.online, held, desired, told)

    def _door(self, id: DoorId) -> Twin:
        door = self.venue.doors[id]
        assert door.board is not None, "only doors with a board have a twin"
        agent = self.agents[door.board]
        report = agent.reported.doors.get(id) if agent.reported else None
        desired, held, domain = None, 0, self._domain(id)
        if domain is not None:
            words = " ".join([domain.mode, *domain.groups, *(["sealed"] if domain.seal else [])])
            desired = Desired(words, domain.epoch, 0)
            has = report.components.get(domain.component) if report else None
            held = has.epoch if has is not None and has.term == domain.term else 0
        told = Reported(report.position, FAULT if report.refused else APPLIED, 0, report.refused) if report else None
        online = None if report is None else agent.online
        return Twin(door_id(id), DOOR, door.name, door.inside, door.board, online, 0, agent.online, held, desired, told)

    def _board(self, id: BoardId) -> Twin:
        board, agent = self.venue.boards[id], self.agents[id]
        meta = self.metas.get(id)
        other = meta is not None and meta.commissioned != self.record_digests[id]
        told = Reported(meta.version, APPLIED, 0) if meta else None
        online = agent.online if agent.session else None
        desired = Desired(f"#{agent.generation}", agent.generation, 0)
        return Twin(
            board_id(id), BOARD, board.name, board.room, id, online, 0, agent.online, self._held(id), desired, told,
            record="configuration" if other else "",
        )  # fmt: skip


def door_id(door: str) -> str:
    """A door's twin."""
    return f"{DOOR}:{door}"


def board_id(board: str) -> str:
    """A board's twin."""
    return f"{BOARD}:{board}"


def _health(report: DeviceReport) -> Health | None:
    """None: it is on its way, or has refused an order; that says nothing about its health."""
    if not report.online:
        return Health.OFFLINE
    if report.code == FAULT:
        return Health.FAULT
    return Health.OK if report.code in (APPLIED, OVERRIDDEN) else None


def _told_value(told: Reported) -> str:
    return f"{told.code} {told.value} {told.text}"


def _want_words(want: Want) -> str:
    if want.record is not None:
        return f"rec {want.record.project}/{want.record.lot}"
    if want.on is not None:
        return "on" if want.on else "off"
    return " | ".join(want.lines) if want.lines is not None else "idle"


def _told_words(report: DeviceReport) -> str:
    """What the board says of a device's own state; most say only whether they are as wanted."""
    return " ".join(f"{name}={value}" for name, value in sorted(report.state.items()) if name != "source")
