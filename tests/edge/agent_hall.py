"""A small venue for tests of the agent: one opening room, an intake with lockers, a wing and an evaluation room on one board."""

from collections.abc import Iterable
from dataclasses import replace

from edge.core.agent import step
from edge.core.effects import AnswerReader, Effect, SetLine
from edge.core.events import DesiredArrived, Event, LinesHealth, PolicyArrived, SessionBegan, Started, Woken
from edge.core.journal import Record
from edge.core.report import reported
from edge.core.site import Site, input_lines, output_lines, site_of
from edge.core.state import State, restored, slices
from edge.drivers.protocols import CardRead, LineChanged
from venue_model import signing
from venue_model.commissioning import Commission, DeviceRecord, DoorRecord
from venue_model.door_policy import Approval, Approved, ComponentPolicy, Elsewhere, Pass, PolicyBody
from venue_model.groups import ALWAYS_SEPARATED, Role
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, LotId, PersonKey, RoomId, VenueId
from venue_model.moments import MS, Now, S
from venue_model.passes import card_digest, key_digest
from venue_model.profiles import DoorMode
from venue_model.signed import approval_bytes
from venue_model.venue import DeviceKind, Name, Side
from venue_model.wire import Desired, DoorReport, Reported, Want
from venue_model.zones import Zone

NOON_NS = 1_800_000_000 * S
SALT = "5a" * 16
POLICY_KEY = b"\x11" * 32
WITNESS_KEY, SUPERVISOR_KEY, SECOND_WITNESS_KEY = b"\x21" * 32, b"\x22" * 32, b"\x23" * 32
PHONE_KEY = b"\x31" * 32
BIDDER, EXPERT, AGENT, SUPERVISOR = b"\x0b\x0b", b"\x0e\x0e", b"\x0a\x0a", b"\x05\x05"
SECOND_EXPERT, STAFF, THREATENED = b"\x0e\x02", b"\x07\x07", b"\xdd\xdd"
CARDS = {
    BIDDER: ("bidder-1", Role.BID), EXPERT: ("expert-1", Role.EXP), AGENT: ("agent-1", Role.AGT), SUPERVISOR: ("sup-1", Role.SUP),
    SECOND_EXPERT: ("expert-2", Role.EXP), STAFF: ("staff-1", Role.STF), THREATENED: ("expert-1", Role.EXP),
}  # fmt: skip
LOT = LotId("lot-1")


def _name(text: str) -> Name:
    return Name(text, text)


def _door(id: str, outside: str | None, inside: str | None, *, fire_release: bool = True) -> DoorRecord:
    return DoorRecord(
        DoorId(id), _name(id), ComponentId(outside) if outside else None, ComponentId(inside) if inside else None,
        DeviceId(f"{id}.strike"), DeviceId(f"{id}.contact"), DeviceId(f"{id}.exit"), fire_release, 5, 30,
    )  # fmt: skip


def _device(id: str, kind: DeviceKind, room: str, door: str | None = None, side: Side = Side.OUTSIDE) -> DeviceRecord:
    component = ComponentId(room) if room != "hall" else None
    return DeviceRecord(DeviceId(id), kind, RoomId(room), component, _name(id), DoorId(door) if door else None, side)


DOORS = (_door("o1-door", None, "o1"), _door("gate", "intake", "wing"), _door("e1-door", "wing", "e1"))
DEVICES = (
    _device("o1-reader", DeviceKind.READER, "hall", "o1-door"),
    _device("o1-qr", DeviceKind.QR_CAMERA, "hall", "o1-door"),
    _device("o1-kiosk", DeviceKind.KIOSK, "hall", "o1-door"),
    _device("gate-reader", DeviceKind.READER, "intake", "gate"),
    _device("e1-reader", DeviceKind.READER, "wing", "e1-door"),
    _device("e1-kiosk", DeviceKind.KIOSK, "wing", "e1-door"),
    _device("e1-exit-reader", DeviceKind.READER, "e1", "e1-door", Side.INSIDE),
    _device("locker-reader", DeviceKind.READER, "intake"),
    _device("locker-1", DeviceKind.LOCKER, "intake"),
    _device("locker-2", DeviceKind.LOCKER, "intake"),
    _device("o1-sign", DeviceKind.SIGN, "o1"),
    _device("o1-light", DeviceKind.LIGHT, "o1"),
    _device("o1-net", DeviceKind.NETWORK, "o1"),
    _device("o1-cam", DeviceKind.CAMERA, "o1"),
    _device("fire", DeviceKind.FIRE_INPUT, "hall"),
)
COMMISSION = Commission(
    VenueId("hall"), BoardId("front"), _name("front"), signing.public_key_of(POLICY_KEY).hex(),
    {
        "w1": ("witness", signing.public_key_of(WITNESS_KEY).hex()),
        "w2": ("witness", signing.public_key_of(SECOND_WITNESS_KEY).hex()),
        "s1": ("supervisor", signing.public_key_of(SUPERVISOR_KEY).hex()),
    },
    tuple(sorted(tuple(sorted(both)) for both in ALWAYS_SEPARATED)),  # type: ignore[misc]
    {ComponentId("o1"): (Zone.OPENING,), ComponentId("intake"): (Zone.INTAKE,), ComponentId("wing"): (Zone.CORRIDOR,),
     ComponentId("e1"): (Zone.EVALUATION,)},
    DOORS, DEVICES, 300,
)  # fmt: skip
SITE = site_of(COMMISSION)
LINES = frozenset((*output_lines(COMMISSION), *input_lines(COMMISSION)))


def site_with(**rules: dict[str, object]) -> Site:
    """The same venue with rules at some doors, `e1_door={"two_person": True}`, and the times for them as commissioned."""
    changed = {id.replace("_", "-"): rule for id, rule in rules.items()}
    return site_of(replace(COMMISSION, doors=tuple(replace(door, **changed.get(door.id, {})) for door in DOORS)))  # type: ignore[arg-type]


def entry_of(card: bytes, **conditions: object) -> Pass:
    person, group = CARDS[card]
    entry = Pass(card_digest(bytes.fromhex(SALT), card), PersonKey(person), group, LOT, 0, 2**62)
    return replace(entry, **conditions)  # type: ignore[arg-type]


def phone_entry(**conditions: object) -> Pass:
    digest = key_digest(bytes.fromhex(SALT), signing.public_key_of(PHONE_KEY))
    return replace(Pass(digest, PersonKey("bidder-1"), Role.BID, LOT, 0, 2**62), **conditions)  # type: ignore[arg-type]


def admit(component: str, epoch: int, groups: Iterable[Role], *passes: Pass, mode: DoorMode = DoorMode.OPENING, term: int = 1,
          approved: tuple[Approved, ...] = ()) -> ComponentPolicy:  # fmt: skip
    return ComponentPolicy(ComponentId(component), term, epoch, mode, tuple(groups), False, passes, approved)


def clear(component: str, epoch: int, *, seal: bool = False, term: int = 1, passes: tuple[Pass, ...] = (),
          approved: tuple[Approved, ...] = ()) -> ComponentPolicy:  # fmt: skip
    return ComponentPolicy(ComponentId(component), term, epoch, DoorMode.CLEAR, (), seal, passes, approved)


def approve(component: str, act: str, epoch: int, *signers: tuple[str, bytes], term: int = 1) -> Approved:
    """An act signed by the given approvers; a witness and a supervisor when none is named."""
    message = approval_bytes(COMMISSION.venue, ComponentId(component), term, act, epoch)
    chosen = signers or (("w1", WITNESS_KEY), ("s1", SUPERVISOR_KEY))
    return Approved(act, epoch, tuple(Approval(who, signing.sign(key, message).hex()) for who, key in chosen))


def body(*components: ComponentPolicy, session: int = 1, renewal: int = 1, elsewhere: tuple[Elsewhere, ...] = ()) -> PolicyBody:
    return PolicyBody(COMMISSION.venue, COMMISSION.agent, session, renewal, NOON_NS, 60, SALT, components, elsewhere)


class Hall:
    """The core, a clock, and everything that came of it."""

    def __init__(self, state: State | None = None) -> None:
        self.state = state or restored(SITE, {})
        self.now = Now(1_000 * S, NOON_NS)
        self.effects: list[Effect] = []
        self.renewal = 0
        self.tell(Started())
        self.tell(LinesHealth(LINES, True, "up", frozenset({"locker-1.closed", "locker-2.closed"})))
        self.tell(SessionBegan(1))
        self.later(2)
        self.effects.clear()

    def tell(self, event: Event) -> list[Effect]:
        self.state, effects = step(self.state, event, self.now)
        self.effects += effects
        return effects

    def later(self, seconds: float) -> list[Effect]:
        passed_ns = int(seconds * 1_000) * MS
        self.now = replace(self.now, mono_ns=self.now.mono_ns + passed_ns, utc_ns=self.now.utc_ns + passed_ns)
        return self.tell(Woken())

    def policy(self, *components: ComponentPolicy, elsewhere: tuple[Elsewhere, ...] = ()) -> list[Effect]:
        self.renewal += 1
        return self.tell(PolicyArrived(body(*components, session=self.state.session or 0, renewal=self.renewal, elsewhere=elsewhere)))

    def card(self, reader: str, card: bytes) -> list[Effect]:
        return self.tell(CardRead(reader, card, 32, self.now.mono_ns))

    def line(self, name: str, active: bool) -> list[Effect]:
        return self.tell(LineChanged(name, active, self.now.mono_ns))

    def pass_through(self, door: str) -> None:
        """The leaf opens, and closes behind the person."""
        self.line(f"{door}.contact", True)
        self.later(1)
        self.line(f"{door}.contact", False)
        self.later(1)

    def desired(self, generation: int, wants: dict[str, Want], epoch: int = 1, run: str = "run-1") -> list[Effect]:
        devices = {DeviceId(device): want for device, want in wants.items()}
        return self.tell(DesiredArrived(Desired(epoch, generation, run, NOON_NS, devices)))  # type: ignore[arg-type]

    def restart(self) -> "Hall":
        """Power off and on: only what is on disk is left, and every line is inactive."""
        return Hall(restored(self.state.site, slices(self.state)))

    def records(self, kind: str) -> list[dict[str, object]]:
        return [dict(effect.body) for effect in self.effects if isinstance(effect, Record) and effect.kind == kind]

    def refusal(self) -> object:
        """By which rule somebody was turned away last."""
        return self.records("refusal")[-1]["rule"]

    def alarms(self) -> list[object]:
        return [record["code"] for record in self.records("alarm")]

    def strike(self, door: str) -> bool:
        """What the strike was last told."""
        words = [e.active for e in self.effects if isinstance(e, SetLine) and e.line == f"{door}.strike"]
        return words[-1] if words else False

    def answers(self) -> list[bool]:
        return [effect.granted for effect in self.effects if isinstance(effect, AnswerReader)]

    def report(self) -> Reported:
        return reported(self.state, self.now)

    def door(self, door: str) -> DoorReport:
        return self.report().doors[DoorId(door)]

    def net(self, door: str, component: str) -> int:
        return self.door(door).components[ComponentId(component)].net
