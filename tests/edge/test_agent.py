"""What holds after any sequence of events: never more than the last signed policy, out is always possible, epochs only grow."""

from dataclasses import dataclass, field

from agent_hall import (
    AGENT,
    BIDDER,
    COMMISSION,
    EXPERT,
    LINES,
    PHONE_KEY,
    SUPERVISOR,
    Hall,
    admit,
    approve,
    body,
    clear,
    entry_of,
    phone_entry,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.door import GRACE_NS
from edge.core.effects import Effect, SetLine
from edge.core.events import DiskHealth, LineFailed, LinesHealth, NonceDrawn, Noted, PolicyArrived, PulseArrived, SessionBegan, Stopping
from edge.core.journal import Record
from edge.core.policy import Accepted, accept
from edge.drivers.protocols import DeviceHealth, QrRead
from venue_model.door_policy import ComponentPolicy, PolicyBody
from venue_model.groups import ALWAYS_SEPARATED, Role, pair
from venue_model.ids import ComponentId, DoorId
from venue_model.moments import S
from venue_model.passes import make_badge
from venue_model.profiles import DoorMode

READERS = ("o1-reader", "gate-reader", "e1-reader", "e1-exit-reader", "locker-reader", "no-such-reader")
DOOR_IDS = ("o1-door", "gate", "e1-door")
CARDS = (BIDDER, EXPERT, AGENT, SUPERVISOR, b"\x66")
ENTRIES = (entry_of(BIDDER), entry_of(EXPERT, once=True), entry_of(AGENT), entry_of(SUPERVISOR), phone_entry())


@st.composite
def policies(draw: st.DrawFn) -> ComponentPolicy:
    component = draw(st.sampled_from(["o1", "intake", "wing", "e1", "strange"]))
    epoch, term = draw(st.integers(1, 8)), draw(st.integers(1, 2))
    acts = draw(st.lists(st.tuples(st.sampled_from(["open", "release"]), st.integers(1, 8)), max_size=1))
    approved = tuple(approve(component, act, at, term=term) for act, at in acts)
    if draw(st.booleans()):
        return clear(component, epoch, seal=draw(st.booleans()), term=term, passes=ENTRIES, approved=approved)
    groups = draw(st.lists(st.sampled_from([Role.BID, Role.EXP, Role.AGT, Role.OWN]), unique=True, min_size=1, max_size=2))
    return admit(component, epoch, groups, *ENTRIES, term=term, approved=approved)


MOVES = st.one_of(
    st.tuples(st.just("policy"), policies(), st.integers(0, 2)),
    st.tuples(st.just("card"), st.sampled_from(READERS), st.sampled_from(CARDS)),
    st.tuples(st.just("card"), st.sampled_from(READERS), st.sampled_from(CARDS)),
    st.tuples(st.just("contact"), st.sampled_from(DOOR_IDS), st.booleans()),
    st.tuples(st.just("contact"), st.sampled_from(DOOR_IDS), st.booleans()),
    st.tuples(st.just("exit"), st.sampled_from(DOOR_IDS), st.booleans()),
    st.tuples(st.just("fire"), st.just(""), st.booleans()),
    st.tuples(st.just("later"), st.just(""), st.sampled_from([0.1, 0.5, 2.0, 5.0, 31.0, 61.0])),
    st.tuples(st.just("board"), st.just(""), st.booleans()),
    st.tuples(st.just("disk"), st.just(""), st.booleans()),
    st.tuples(st.just("failed"), st.sampled_from(DOOR_IDS), st.just(True)),
    st.tuples(st.just("session"), st.just(""), st.integers(1, 4)),
    st.tuples(st.just("pulse"), st.sampled_from(DOOR_IDS), st.integers(1, 3)),
    st.tuples(st.just("phone"), st.just(""), st.sampled_from(["aaaa", "bbbb"])),
    st.tuples(st.just("restart"), st.just(""), st.just(True)),
    st.tuples(st.just("stop"), st.just(""), st.just(True)),
)


@dataclass
class Day:
    """Plays moves to the core, and knows independently what was signed and who is leaving."""

    hall: Hall = field(default_factory=Hall)
    accepted: dict[str, ComponentPolicy] = field(default_factory=dict)
    lease_ns: dict[str, int] = field(default_factory=dict)
    orders: dict[str, tuple[int, int]] = field(default_factory=dict)
    pressed: dict[str, int] = field(default_factory=dict)  # door → since when somebody leaves by its button

    def play(self, move: tuple[str, object, object]) -> list[Effect]:
        what, where, value = move
        hall = self.hall
        match what:
            case "policy":
                return self.policy(where, value)  # type: ignore[arg-type]
            case "card":
                return hall.card(str(where), value)  # type: ignore[arg-type]
            case "contact":
                return hall.line(f"{where}.contact", bool(value))
            case "exit":
                return hall.line(f"{where}.exit", bool(value))
            case "fire":
                return hall.line("fire", bool(value))
            case "later":
                return hall.later(float(value))  # type: ignore[arg-type]
            case "board":
                return hall.tell(LinesHealth(LINES, bool(value), "up or down"))
            case "disk":
                return hall.tell(DiskHealth(bool(value), "full"))
            case "failed":
                return hall.tell(LineFailed(f"{where}.strike", "relay gone"))
            case "session":
                return hall.tell(SessionBegan(int(value)))  # type: ignore[call-overload]
            case "pulse":
                return hall.tell(PulseArrived(f"p{value}", DoorId(str(where)), hall.now.utc_ns, 5_000))
            case "phone":
                hall.tell(NonceDrawn(DoorId("o1-door"), str(value)))
                return hall.tell(QrRead("o1-qr", make_badge(DoorId("o1-door"), "aaaa", PHONE_KEY), hall.now.mono_ns))
            case "restart":
                self.hall = hall.restart()
                self.lease_ns.clear()
                return list(self.hall.effects)
            case _:
                return hall.tell(Stopping())

    def policy(self, offered: ComponentPolicy, stale: int) -> list[Effect]:
        hall = self.hall
        hall.renewal += 1
        signed: PolicyBody = body(offered, session=(hall.state.session or 0) - (stale == 2), renewal=max(0, hall.renewal - stale))
        fits = signed.session == hall.state.session and signed.renewal > hall.state.renewal
        verdict = accept(hall.state.held.get(offered.component), offered, signed.salt, COMMISSION)
        if fits and isinstance(verdict, Accepted):
            self.accepted[offered.component] = offered
            self.lease_ns[offered.component] = hall.now.mono_ns + 60 * S
        return hall.tell(PolicyArrived(signed))


@settings(max_examples=120, deadline=None)
@given(st.lists(MOVES, max_size=40))
def test_never_more_than_the_last_signed_policy(moves: list[tuple[str, object, object]]) -> None:
    day = Day()
    day.play(("policy", admit("o1", 1, [Role.BID], *ENTRIES), 0))
    for move in moves:
        for effect in day.play(move):
            if not isinstance(effect, Record) or effect.kind != "grant" or effect.body["direction"] != "in":
                continue
            component = next(d.inside for d in day.hall.state.site.doors.values() if d.id == effect.body["door"])
            assert component is not None
            signed = day.accepted[component]
            assert day.hall.now.mono_ns < day.lease_ns[component], "a grant without a lease"
            assert not signed.seal, "a grant into a sealed room"
            assert signed.groups, "a grant into a room that is CLEAR"
            assert not day.hall.state.fire, "a grant in a fire"
            if effect.body["how"] == "pulse":
                assert not any(pair(Role.STF, group) in ALWAYS_SEPARATED for group in signed.groups)
            else:
                assert effect.body["group"] in signed.groups, "a grant to a group that is not admitted"


@settings(max_examples=120, deadline=None)
@given(st.lists(MOVES, max_size=40), st.sampled_from(DOOR_IDS))
def test_out_is_always_possible(moves: list[tuple[str, object, object]], door: str) -> None:
    day = Day()
    for move in moves:
        day.play(move)
    effects = day.hall.line(f"{door}.exit", True)
    words = [e for e in effects if isinstance(e, SetLine) and e.line == f"{door}.strike"]
    assert words, "the exit button was pressed and the strike was not told"
    assert words[-1] == SetLine(f"{door}.strike", True, life_safety=True)


@settings(max_examples=120, deadline=None)
@given(st.lists(MOVES, max_size=40))
def test_no_door_is_secured_while_somebody_leaves_by_it(moves: list[tuple[str, object, object]]) -> None:
    """From a press until the leaf has opened and closed again, or the time to pull it is over, and while the button is held."""
    day = Day()
    leaving: dict[str, int] = {}  # door → until
    opened: set[str] = set()
    held: set[str] = set()
    for move in moves:
        effects = day.play(move)
        now_ns = day.hall.now.mono_ns
        what, where, value = move
        if what in ("board", "restart"):  # the board has secured the outputs by itself
            leaving.clear()
            opened.clear()
            held.clear()
            continue
        if what == "exit" and value:
            leaving[str(where)] = now_ns + 5 * S
            opened.discard(str(where))
            held.add(str(where))
        if what == "exit" and not value:
            held.discard(str(where))
        if what == "contact" and value:
            opened.add(str(where))
        if what == "contact" and not value and where in opened:
            leaving.pop(str(where), None)
        for effect in effects:
            if isinstance(effect, SetLine) and not effect.active and effect.line.endswith(".strike"):
                door = effect.line.removesuffix(".strike")
                assert door not in held, "secured while the button is pressed"
                assert now_ns >= leaving.get(door, 0), "secured while somebody leaves"


@settings(max_examples=120, deadline=None)
@given(st.lists(MOVES, max_size=40))
def test_epochs_and_counts_hold(moves: list[tuple[str, object, object]]) -> None:
    """Epochs never go back, also over restarts; a settled door has nothing under way; nobody is counted out of thin air."""
    day = Day()
    for move in moves:
        day.play(move)
        for component, held in day.hall.state.held.items():
            assert held.policy.order >= day.orders.get(component, (0, 0))
            day.orders[component] = held.policy.order
        report = day.hall.report()
        for id, door in day.hall.state.doors.items():
            record = day.hall.state.site.doors[id]
            if any(part.settled for part in report.doors[id].components.values()):
                assert not door.ledger.pending
                assert not door.open
                assert not report.doors[id].released
            if record.outside is not None and record.inside is not None and not door.ledger.suspect:
                net = door.ledger.net
                assert net.get(record.inside, 0) + net.get(record.outside, 0) == 0


def test_a_grant_is_only_ever_taken_back_for_a_reason_and_its_grace_is_kept() -> None:
    hall = Hall()
    hall.policy(admit("o1", 2, [Role.BID], *ENTRIES))
    hall.card("o1-reader", BIDDER)
    hall.policy(admit("o1", 2, [Role.BID], *ENTRIES), admit("wing", 2, [Role.EXP], *ENTRIES))
    assert hall.strike("o1-door")
    hall.policy(admit("o1", 2, [Role.BID], entry_of(AGENT)))
    assert not hall.strike("o1-door")
    assert hall.state.doors[DoorId("o1-door")].ledger.pending[0].until_ns == hall.now.mono_ns
    assert GRACE_NS == S // 2


def test_a_pulse_that_came_late_or_for_a_strange_door_opens_nothing() -> None:
    hall = Hall()
    hall.policy(admit("o1", 2, [Role.BID], *ENTRIES))
    for age_ms, ttl_ms in ((6_000, 5_000), (11_000, 60_000), (-20_000, 5_000)):
        hall.tell(PulseArrived("p", DoorId("o1-door"), hall.now.utc_ns - age_ms * 1_000_000, ttl_ms))
    hall.tell(PulseArrived("q", DoorId("nowhere"), hall.now.utc_ns, 5_000))
    assert hall.alarms() == ["pulse"] * 4
    assert not hall.strike("o1-door")
    hall.tell(PulseArrived("r", DoorId("o1-door"), hall.now.utc_ns, 5_000))
    assert hall.strike("o1-door")
    assert hall.restart().state.pulses.keys() == {"r"}


def test_staff_are_not_pulsed_in_among_people_they_must_not_meet_or_past_clear_seal_and_lease() -> None:
    hall = Hall()
    for policy, rule in (
        (clear("o1", 2), "CLEAR"),
        (admit("o1", 3, [], mode=DoorMode.EVALUATION), "CLEAR"),
        (clear("o1", 4, seal=True), "I8"),
    ):
        hall.policy(policy)
        hall.tell(PulseArrived(rule, DoorId("o1-door"), hall.now.utc_ns, 5_000))
        assert hall.records("refusal")[-1]["rule"] == rule
    hall.later(60)
    hall.tell(PulseArrived("x", DoorId("o1-door"), hall.now.utc_ns, 5_000))
    assert hall.records("refusal")[-1]["rule"] == "LEASE"


def test_health_is_a_line_when_it_changes() -> None:
    hall = Hall()
    for ok in (False, False, True):
        hall.tell(DeviceHealth("o1-reader", ok, "online" if ok else "offline", "wire", 0))
    assert [record["ok"] for record in hall.records("device")] == [False, True]
    assert hall.report().devices["o1-reader"].online  # type: ignore[index]


def test_what_the_recorder_notes_is_a_line_with_its_lot() -> None:
    hall = Hall()
    assert hall.tell(Noted("segment", {"segment": "p1/a.mp4"}, None)) == [Record("segment", {"segment": "p1/a.mp4"}, None)]


def test_a_bar_from_entering_again_is_per_room() -> None:
    hall = Hall()
    hall.policy(admit("e1", 2, [Role.EXP], entry_of(EXPERT, once=True)), admit("wing", 2, [Role.EXP], entry_of(EXPERT, once=True)))
    hall.card("gate-reader", EXPERT)
    hall.pass_through("gate")
    hall.card("e1-reader", EXPERT)
    assert hall.strike("e1-door")
    assert ComponentId("wing") in hall.state.entered
