"""What holds after any sequence of events: never more than the last signed policy, out is always possible, epochs only grow."""

from dataclasses import fields, replace

from agent_day import DOOR_IDS, ENTRIES, MOVES, SITES, Day, Move
from agent_hall import (
    AGENT,
    BIDDER,
    EXPERT,
    Hall,
    admit,
    clear,
    entry_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.core.door import GRACE_NS
from edge.core.effects import SetLine
from edge.core.events import Noted, PulseArrived
from edge.core.journal import Record
from edge.core.report import _OF_DEVICES, _device, basis, reported
from edge.core.site import Site
from edge.drivers.protocols import DeviceHealth
from venue_model.groups import ALWAYS_SEPARATED, Role, pair
from venue_model.ids import ComponentId, DoorId
from venue_model.moments import S
from venue_model.profiles import DoorMode


@settings(max_examples=120, deadline=None)
@given(SITES, st.lists(MOVES, max_size=40))
def test_never_more_than_the_last_signed_policy(site: Site, moves: list[Move]) -> None:
    day = Day.at(site)
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
@given(SITES, st.lists(MOVES, max_size=40), st.sampled_from(DOOR_IDS))
def test_out_is_always_possible(site: Site, moves: list[Move], door: str) -> None:
    day = Day.at(site)
    for move in moves:
        day.play(move)
    effects = day.hall.line(f"{door}.exit", True)
    words = [e for e in effects if isinstance(e, SetLine) and e.line == f"{door}.strike"]
    assert words, "the exit button was pressed and the strike was not told"
    assert words[-1] == SetLine(f"{door}.strike", True, life_safety=True)


@settings(max_examples=120, deadline=None)
@given(SITES, st.lists(MOVES, max_size=40))
def test_no_door_is_secured_while_somebody_leaves_by_it(site: Site, moves: list[Move]) -> None:
    """From a press until the leaf has opened and closed again, or the time to pull it is over, and while the button is held."""
    day = Day.at(site)
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
@given(SITES, st.lists(MOVES, max_size=40))
def test_epochs_and_counts_hold(site: Site, moves: list[Move]) -> None:
    """Epochs never go back, also over restarts; a settled door has nothing under way; nobody is forgotten."""
    day = Day.at(site)
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
                # A restart counts who may have passed on both sides, and an admission to one answers for it: more than nobody, never less.
                assert net.get(record.inside, 0) + net.get(record.outside, 0) >= 0, "a domain is believed emptier than it is"


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
    hall.tell(PulseArrived("s", DoorId("o1-door"), hall.now.utc_ns, 5_000, held_ns=8 * S))  # the board stood still meanwhile
    hall.tell(PulseArrived("q", DoorId("nowhere"), hall.now.utc_ns, 5_000))
    assert hall.alarms() == ["pulse"] * 5
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


def test_whatever_a_report_reads_counts_as_a_change_of_it() -> None:
    hall = Hall()
    hall.policy(admit("o1", 2, [Role.BID], entry_of(BIDDER)))
    read: set[str] = set()

    class Spy:
        def __getattr__(self, name: str) -> object:
            read.add(name)
            return getattr(hall.state, name)

    assert reported(Spy(), hall.now) == hall.report()  # type: ignore[arg-type]
    spied = replace(hall.state, scene=replace(hall.state.scene))
    read.clear()
    for device in hall.state.site.devices.values():
        _device(Spy(), device)  # type: ignore[arg-type]
    assert read <= set(_OF_DEVICES), "devices are reported anew when one of these is another object"
    assert reported(spied, hall.now, (hall.state, hall.report())) == hall.report()
    reported(Spy(), hall.now)  # type: ignore[arg-type]
    told = {name for name in read if name in {field.name for field in fields(hall.state)}}
    assert len(told) > 5
    for name in told - {"leases"}:
        other = replace(hall.state, **{name: object()})  # type: ignore[arg-type]
        assert basis(other, hall.now) != basis(hall.state, hall.now), f"{name} shows in reports"
    before = basis(hall.state, hall.now)
    hall.later(30)
    assert basis(hall.state, hall.now) == before, "a lease that lasts is no news"
    hall.later(31)
    assert basis(hall.state, hall.now) != before
