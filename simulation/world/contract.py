"""What people (`simulation.crowd`) and law checkers (`simulation.checkers`) may ask of the simulated house, and what they owe it.

Everything runs on one thread in virtual time.  Nobody sleeps: an actor does something now and asks `world.after` to be called
again.  Randomness comes only from `world.stream(name)`; iterate over dicts, lists and tuples, never over sets of strings.

The crowd is everybody, staff included: staff actors press the scenes.  `simulation.crowd.populate(house, lots, world, faults)` puts
its people into the house and schedules them.  `simulation.checkers.ALL` is a tuple of callables `(house) -> Checker`.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from edge.core.state import State
from gateway.core.day import LotState, Refusal
from gateway.core.scene_run import Run
from gateway.shell.coordinator import Coordinator
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, LotId, PersonKey, RoomId
from venue_model.lots import Lot
from venue_model.venue import Side, Venue
from venue_model.wire import Want


class See(StrEnum):
    """Kinds of `Seen`, each with its fields.  Ids are plain text; `person` is "" for nobody in particular."""

    MOVED = "moved"  # person, role (or ""), lot, from, to ("" outside the house), door, how ("pull", "bar" … as LEAF; "" no lock),
    # force (True: broken open, or without power): the truth, whatever anybody believes
    LEAF = "leaf"  # door, open, by (person), how: "pull", "bar", "cut" (no power), "force", "glass"; "closer" when it shuts
    STRIKE = "strike"  # door, released: what the board drives its output to
    POWER = "power"  # door, cut: fire contact or broken glass took the lock's supply away, or gave it back
    READ = "read"  # device, door, person, what: "card", "qr"
    ANSWER = "answer"  # device, door, granted: what the reader showed
    LINE = "line"  # board, seq, line (kind), body, lot, utc_ns: on a board's disk, committed
    TAKEN = "taken"  # agent ("" is the gateway itself), line (kind), body, lot, project, utc_ns, seq: in the gateway's database, committed
    HELD = "held"  # board, component, term, epoch, mode, groups, seal: a board took this policy as law
    LEASE = "lease"  # board, components, until_ns (the world's): a board's leases were given or renewed
    SIGNED = "signed"  # component, term, epoch, mode, groups, seal: the gateway has begun to sign this
    SCREEN = "screen"  # device, lines, colour: what a sign or kiosk shows
    CHALLENGE = "challenge"  # device, text: the code on a kiosk
    LIGHT = "light"  # device, on
    LOCKER = "locker"  # device, open, phone
    FOOTAGE = "footage"  # camera, project, lot, from_ns, to_ns (the world's): this was truly recorded
    QUEUE = "queue"  # place (door or reader), person, act: "joins", "passes", "gives up": who stands and waits
    FIRE = "fire"  # board, active
    MESSAGE = "message"  # topic, payload, retain, sender: left a client.  Only kept when a checker asks for this kind
    CRASH = "crash"  # part: "agent", "gateway", "broker"; id
    START = "start"  # part, id
    RESTORED = "restored"  # marked: the gateway's database was put back from a backup, with its mark or without
    PLATFORM = "platform"  # act: "lots", "event", "away", "back"; lot
    PRESSED = "pressed"  # lot, scene, by, result: "run" or the refusal's code
    FAULT = "fault"  # fault (name), at (device, link, board …), on: a disturbance begins, ends, or (on None) happens once
    CALM = "calm"  # all faults are over: from now on every room must come to its plan


@dataclass(slots=True)
class Seen:
    """One event of the trace.  `number` counts from 1."""

    number: int
    time_ns: int  # since the start of the run
    kind: See
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Violation:
    """A law that did not hold."""

    law: str  # "Apart", "Out", "Never more", "Nothing lost", "I3" …
    text: str  # what was seen, in a sentence
    time_ns: int


class Checker(Protocol):
    """One law, one file.  `kinds` says which events it wants; an empty tuple means all but MESSAGE."""

    law: str
    kinds: tuple[See, ...]

    def on(self, seen: Seen, house: "House") -> Sequence[Violation]:
        """After an event of its kinds."""

    def at_end(self, house: "House") -> Sequence[Violation]:
        """After the calm: everything has had its time to arrive."""


class World(Protocol):
    """Virtual time.  Times are nanoseconds since the start of the run."""

    @property
    def span_ns(self) -> int:
        """How long the run lasts until the calm."""

    @property
    def now_ns(self) -> int: ...

    @property
    def utc_ns(self) -> int:
        """The true UTC, which no machine knows exactly."""

    def at(self, time_ns: int, action: Callable[[], None]) -> None:
        """Do something at a time; now when it is past."""

    def after(self, delay_ns: int, action: Callable[[], None]) -> None:
        """Do something later."""

    def stream(self, name: str) -> random.Random:
        """The random stream of one purpose, the same object each time."""


class Faults(Protocol):
    """What is drawn for this run.  People faults are read by the crowd: `lost`, `tailgate` … (`faults.PEOPLE`)."""

    def rate(self, name: str) -> float:
        """How hard: 0.0 off, up to 1.0.  All are 0.0 once the calm has begun."""

    def chance(self, name: str) -> bool:
        """Draw from the fault's own stream: true in `rate` of the tries."""


@dataclass(slots=True)
class Body:
    """Somebody in the house.  `role` None: a stranger, or a visitor without a part in any lot."""

    person: PersonKey
    role: Role | None
    lot: LotId | None
    room: RoomId


@dataclass(slots=True)
class Holding:
    """What a checker may look at of one board, alive or not."""

    board: BoardId
    alive: bool
    state: State | None  # the agent's own state; None while it is down
    strikes: Mapping[DoorId, bool] = field(default_factory=dict)


class House(Protocol):
    """The venue as people meet it with their hands, and as checkers see it with all walls of glass."""

    @property
    def venue(self) -> Venue: ...

    @property
    def world(self) -> World: ...

    @property
    def faults(self) -> Faults: ...

    @property
    def people(self) -> Mapping[PersonKey, Body]:
        """Everybody who is in the house now."""

    @property
    def calm(self) -> bool:
        """True once all faults are over."""

    # where people are

    def arrive(self, person: PersonKey, room: RoomId, role: Role | None = None, lot: LotId | None = None) -> None:
        """Somebody comes into being in an open room (street, hall).  Emits MOVED."""

    def leave(self, person: PersonKey) -> None:
        """Somebody in an open room goes home."""

    def room_of(self, person: PersonKey) -> RoomId: ...

    def walk(self, person: PersonKey, door: DoorId) -> bool:
        """Through a leaf that stands open (or a passage without a lock) to its other side; False when it is shut."""

    def queue(self, place: str, person: PersonKey, act: str) -> None:
        """Somebody joins a queue before a door or reader, passes, or gives up.  Emits QUEUE: only people know who waits."""

    # doors

    def pull(self, door: DoorId, side: Side, by: PersonKey = PersonKey("")) -> bool:
        """Try the leaf from a side: it opens when the bolt is drawn, the lock has no power (fail-safe), or it is open already.
        It falls shut by itself some seconds after it was last opened or walked through."""

    def press_exit(self, door: DoorId, by: PersonKey = PersonKey("")) -> bool:
        """Push the bar on the inside: it draws the latch by hand, whatever coil and programs do, and the leaf opens."""

    def prop(self, door: DoorId, propped: bool) -> bool:
        """Wedge an open leaf, or take the wedge away."""

    def force(self, door: DoorId, by: PersonKey = PersonKey("")) -> None:
        """A crowbar: the leaf opens past a bolt that holds."""

    def break_glass(self, door: DoorId, by: PersonKey = PersonKey("")) -> None:
        """The green box cuts the lock's power for a minute, and the leaf opens."""

    def is_open(self, door: DoorId) -> bool: ...

    def others_at(self, door: DoorId) -> tuple[PersonKey, ...]:
        """Who stands on either side: people wait until somebody else is through, unless they tailgate."""

    # readers, kiosks, lockers

    def present_card(self, device: DeviceId, card: str, by: PersonKey = PersonKey("")) -> None:
        """Hold a card (hex) to a reader."""

    def make_badge(self, door: DoorId, key: bytes) -> str | None:
        """Scan the challenge on the door's kiosk and answer it with a phone's private key; None while no challenge is shown."""

    def show_qr(self, device: DeviceId, text: str, by: PersonKey = PersonKey("")) -> None:
        """Hold a phone, or a photograph of one, before a door's QR camera."""

    def reader_of(self, door: DoorId, side: Side = Side.OUTSIDE) -> DeviceId | None: ...

    def qr_of(self, door: DoorId) -> DeviceId | None: ...

    def reader_answer(self, device: DeviceId) -> tuple[bool, int] | None:
        """(granted, when) of the last answer that the reader showed; None when it never showed one."""

    def kiosk_text(self, device: DeviceId) -> tuple[str, ...]:
        """What a kiosk or sign shows."""

    def open_lockers(self, room: RoomId) -> tuple[DeviceId, ...]:
        """The lockers of a room whose doors stand open."""

    def has_phone(self, locker: DeviceId) -> bool: ...

    def put_phone(self, locker: DeviceId) -> bool:
        """Lay a phone in and push the door shut; False when it is shut or taken."""

    def take_phone(self, locker: DeviceId) -> bool:
        """Take the phone out and push the door shut."""

    # staff, at the dashboard

    @property
    def lots(self) -> Mapping[LotId, Lot]:
        """The lots as the platform knows them now."""

    def lot_state(self, lot: LotId) -> LotState | None:
        """The lot as the gateway has it; None when it does not know it, or is down."""

    def press_scene(self, lot: LotId, scene: str, by: str = "staff", approvers: int = 2) -> Run | Refusal | None:
        """Press a scene with the words of so many approvers; None while the gateway is down."""

    def approve(self, component: ComponentId, act: str, approvers: int = 2) -> bool:
        """So many people's word for an act that a domain waits for (`warden.acts`): lift its seal, admit a separated group, a sweep that
        found nobody.  False when refused or the gateway is down."""

    def authorise(self, lot: LotId, person: PersonKey, by: str = "staff") -> bool:
        """Open a person's entry window anew."""

    def pulse(self, door: DoorId, by: str = "staff") -> bool:
        """Open one door once; True when the gateway has sent it."""

    # life safety

    def fire(self, board: BoardId, active: bool) -> None:
        """The fire contact of a board: cuts the power of its fail-safe locks in hardware, and tells the board."""

    # glass walls

    @property
    def coordinator(self) -> Coordinator | None:
        """The real gateway; None while it is down."""

    def holding(self, board: BoardId) -> Holding: ...

    def wanted(self, device: DeviceId) -> Want | None:
        """What the gateway wants of a device now."""

    def footage(self, project: str) -> Sequence[tuple[DeviceId, LotId, int, int]]:
        """(camera, lot, from, to) that was truly recorded for a project, in the world's time."""

    def clock_offset_ns(self, machine: str) -> int:
        """By how much a board's (or "gateway"'s) UTC is wrong at this moment."""

    def was_cut(self, door: DoorId, within_ns: int) -> bool:
        """True when the door's lock was without power, forced or wedged at some moment of the last `within_ns`."""
