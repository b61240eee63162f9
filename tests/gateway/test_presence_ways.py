"""One person's way through the day, the list for a fire, and who is left at a lot's end."""

from dataclasses import replace
from typing import Any

from day_case import lot
from hypothesis import given
from hypothesis import strategies as st
from presence_case import VENUE, WAYS, at, emptied, line, refused, sighting, through, walked

from gateway.core.presence.doors import Asks, Memo, asks, has_entered, last_move, told
from gateway.core.presence.fire import Fire, FireLine, Safe, last_fire, roll
from gateway.core.presence.leaving import LockerLine, leaving, phones, still_inside
from gateway.core.presence.muster import muster
from gateway.core.presence.state import Presence, seen
from gateway.core.presence.trajectory import trajectory
from gateway.core.presence.ways import Ways
from gateway.core.presence.whereabouts import everybody
from venue_model.door_policy import Pass
from venue_model.groups import Role
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, LotId, PersonKey
from venue_model.moments import S
from venue_model.tools.files import example, read_venue
from venue_model.venue import AntiPassback
from venue_model.wire import ComponentReport, DoorReport

EXP = PersonKey("exp-1")


def way(*told: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(s.kind, s.door, s.origin, s.to) for s in trajectory(walked(*told), EXP, WAYS)]


# a person's way


def test_a_way_is_each_door_in_order_with_the_time_in_the_room() -> None:
    steps = trajectory(
        walked(through(60, "gate", "exp-1"), through(0, "intake-door", "exp-1"), refused(80, "e2-door", "exp-1"),
               through(90, "e1-door", "exp-1"), through(4000, "e1-door", "exp-1", "out")), EXP, WAYS,
    )  # fmt: skip
    assert [(s.kind, s.door, s.stay_ns and s.stay_ns // S) for s in steps] == [
        ("passage", "intake-door", 60), ("passage", "gate", 30), ("refusal", "e2-door", None), ("passage", "e1-door", 3910),
        ("passage", "e1-door", None),
    ]  # fmt: skip
    assert (steps[0].origin, steps[0].to, steps[-1].origin, steps[-1].to) == ("street", "intake", "e1", "wing")
    assert steps[2].rule == "I2"
    assert [s.ref and s.ref.agent for s in steps[:3]] == ["gatehouse", "gatehouse", "evaluation"]


def test_the_one_nameless_exit_that_can_have_been_theirs_stands_in_the_way_and_says_so() -> None:
    told = (through(0, "e1-door", "exp-1"), through(100, "e1-door", None, "out"), through(200, "gate", "exp-1", "out"))
    assert way(*told) == [("passage", "e1-door", "wing", "e1"), ("unseen", "e1-door", "e1", "wing"), ("passage", "gate", "wing", "intake")]
    first, unseen, _ = trajectory(walked(*told), EXP, WAYS)
    assert (first.stay_ns, unseen.utc_ns, unseen.certain) == (100 * S, at(100), True)


def test_of_several_nameless_exits_nobody_knows_which() -> None:
    told = (
        through(0, "e1-door", "exp-1"), through(100, "e1-door", None, "out"), through(101, "e1-door", None, "out"),
        through(200, "gate", "exp-1", "out"),
    )  # fmt: skip
    first, unseen, _ = trajectory(walked(*told), EXP, WAYS)
    assert (first.stay_ns, unseen.door, unseen.certain, unseen.ref) == (None, "", False, None)


def test_a_refusal_between_does_not_hide_that_nobody_saw_them_leave() -> None:
    told = (through(0, "e1-door", "exp-1"), refused(150, "e2-door", "exp-1"), through(200, "gate", "exp-1", "out"))
    assert [step[0] for step in way(*told)] == ["passage", "refusal", "unseen", "passage"]


# doors of several boards tell each other


def entry(person: str = "exp-1", **of_pass: Any) -> Pass:
    return Pass("d", PersonKey(person), Role.EXP, LotId("L1"), 0, 2**62, **of_pass)


WING, E1 = ComponentId("wing"), ComponentId("e1")


def test_a_domain_whose_doors_hang_on_one_board_asks_nothing() -> None:
    assert asks(VENUE, BoardId("evaluation"), E1) == Asks()
    assert asks(VENUE, BoardId("gatehouse"), WING) == Asks(spent=True), "the corridor has doors of two boards"
    assert asks(VENUE, BoardId("evaluation"), ComponentId("intake")) == Asks()


def test_a_pass_that_went_in_by_another_boards_door_is_spent_until_it_is_authorised_anew() -> None:
    presence = walked(through(60, "gate", "exp-1"))
    [spent] = told(presence, [entry(once=True, authorised_utc_ns=at(0))], WING, Asks(spent=True))
    [anew] = told(presence, [entry(once=True, authorised_utc_ns=at(90))], WING, Asks(spent=True))
    [free] = told(presence, [entry(authorised_utc_ns=at(0))], WING, Asks(spent=True))
    assert (spent.spent, anew.spent, free.spent) == (True, False, False)


PASSAGES = st.tuples(
    st.sampled_from(["gate", "e1-door", "e2-door"]), st.sampled_from(["exp-1", "exp-2", None]), st.sampled_from(["in", "out"])
)  # fmt: skip


@given(st.lists(PASSAGES | st.sampled_from([WING, E1]) | st.just("authorised anew"), max_size=12))
def test_what_a_board_is_told_after_each_event_is_what_it_would_be_told_afresh(events: list[Any]) -> None:
    presence, memo, wanted = Presence(), Memo(), Asks(frozenset({WING, E1}), spent=True)
    passes = [entry(once=True, authorised_utc_ns=at(0)), replace(entry("exp-2", once=True), digest="d2")]
    for number, event in enumerate(events, 1):
        if event == "authorised anew":
            passes[0] = replace(passes[0], authorised_utc_ns=at(60 * number))
        else:
            happened = emptied(60 * number, event) if isinstance(event, str) else through(60 * number, *event)
            presence = seen(presence, sighting(happened), WAYS)
        assert told(presence, passes, WING, wanted, memo) == told(presence, passes, WING, wanted)


def test_the_passage_that_authorises_does_not_spend_the_pass() -> None:
    assert not has_entered(walked(through(60, "gate", "exp-1")), EXP, WING, at(60))


def test_a_door_hears_where_a_pass_was_last_seen_to_go() -> None:
    among = frozenset({WING, E1})
    assert last_move(walked(), EXP, among) == (None, 0)
    assert last_move(walked(through(60, "gate", "exp-1")), EXP, among) == (WING, at(60))
    assert last_move(walked(through(60, "gate", "exp-1"), through(90, "gate", "exp-1", "out")), EXP, among) == (None, at(90))


def test_a_nameless_exit_takes_no_pass_out_and_a_door_elsewhere_does_once() -> None:
    inside = (through(60, "gate", "exp-1"), through(70, "wing-exit", None, "out"))
    assert last_move(walked(*inside), EXP, frozenset({WING})) == (WING, at(60))
    assert last_move(walked(*inside, emptied(80, "wing")), EXP, frozenset({WING})) == (None, at(80))
    elsewhere = (*inside, through(100, "o1-door", "exp-1"), through(200, "o1-door", "exp-1", "out"))
    assert last_move(walked(*elsewhere), EXP, frozenset({WING})) == (None, at(100)), "and what follows changes no policy"


def test_only_a_door_with_anti_passback_asks_for_moves_and_an_area_door_also_for_the_area() -> None:
    def with_rule(door: str, rule: AntiPassback) -> Asks:
        doors = {**VENUE.doors, DoorId(door): replace(VENUE.doors[DoorId(door)], antipassback=rule)}
        venue = replace(VENUE, doors=doors)
        return asks(venue, doors[DoorId(door)].board or BoardId(""), venue.component_of[doors[DoorId(door)].inside])

    assert with_rule("gate", AntiPassback.HARD).moves == {WING}
    assert with_rule("e1-door", AntiPassback.HARD).moves == frozenset(), "its board sees every door of the room"
    assert with_rule("e1-door", AntiPassback.AREA).moves == {WING, E1}, "the corridor before it has doors of other boards"


def test_a_limit_is_told_and_what_other_boards_let_in_where_there_are_some() -> None:
    rooms = {r.id: replace(r, limit=5) for r in VENUE.rooms.values()}
    venue = replace(VENUE, rooms=rooms)
    assert asks(venue, BoardId("gatehouse"), WING) == Asks(spent=True, limit=5, others=True)
    assert asks(venue, BoardId("evaluation"), E1) == Asks(limit=5)


# fire


def alarm(seconds: float, active: bool, device: str = "evaluation-fire", agent: str = "evaluation") -> FireLine:
    return FireLine(at(seconds), agent, round(seconds) + 1, device, active)


def test_a_fire_lasts_from_the_first_contact_to_the_last() -> None:
    lines = [alarm(10, True), alarm(12, True, "front-fire", "front"), alarm(50, False), alarm(60, False, "front-fire", "front")]
    assert last_fire(lines) == Fire(at(10), at(60), ("evaluation-fire", "front-fire"))
    assert last_fire(lines[:3]) == Fire(at(10), None, ("evaluation-fire", "front-fire"))
    assert last_fire([*lines, alarm(900, True)]) == Fire(at(900), None, ("evaluation-fire",))
    assert last_fire([]) is None


@given(st.permutations([alarm(10, True), alarm(12, True, "front-fire", "front"), alarm(50, False), alarm(50, False)]))
def test_a_fire_is_the_same_in_whatever_order_it_is_told(lines: list[FireLine]) -> None:
    assert last_fire(lines) == Fire(at(10), None, ("evaluation-fire", "front-fire"))


def test_after_a_fire_the_list_says_who_was_inside_and_has_not_been_seen_outside() -> None:
    presence = walked(
        through(0, "e1-door", "exp-1"), through(1, "e1-door", "exp-2"), through(2, "o1-door", "bid-1"), through(3, "o1-door", "bid-2"),
        through(50, "o1-door", "bid-2", "out"), through(110, "o1-door", "bid-1", "out"), through(111, "e1-door", None, "out"),
        line("muster", 130, 1, "", "exp-2", outside=True), through(150, "o2-door", "agt-1"),
    )  # fmt: skip
    found = {a.was.person: a.safe for a in roll(presence, Fire(at(100), None, ()))}
    assert found == {"exp-1": Safe.NOT_YET, "exp-2": Safe.STAFF, "bid-1": Safe.DOOR, "agt-1": Safe.NOT_YET}
    assert "bid-2" not in found, "left before"


def test_the_missing_come_first_on_the_list() -> None:
    presence = walked(through(0, "e1-door", "exp-1"), through(1, "e1-door", "exp-2"), line("muster", 130, 1, "", "exp-1", outside=True))
    assert [a.was.person for a in roll(presence, Fire(at(100), None, ()))] == ["exp-2", "exp-1"]


def test_a_count_of_nobody_does_not_take_anybody_off_the_list_of_a_fire() -> None:
    presence = walked(through(0, "e1-door", "exp-1"), through(1, "e2-door", "exp-2"), emptied(50, "e2"), emptied(150, "e1"))
    assert {a.was.person: a.safe for a in roll(presence, Fire(at(100), None, ()))} == {"exp-1": Safe.NOT_YET}, "exp-2 was gone before"


def test_after_the_fire_people_come_back_and_are_not_missing() -> None:
    presence = walked(
        through(0, "e1-door", "exp-1"), through(1, "e1-door", "exp-2"), through(110, "wing-exit", "exp-1", "out"),
        through(300, "gate", "exp-1"), through(301, "gate", "exp-9"), through(302, "gate", "exp-2"),
    )  # fmt: skip
    found = {a.was.person: a.safe for a in roll(presence, Fire(at(100), at(200), ()))}
    assert found == {"exp-1": Safe.DOOR, "exp-2": Safe.DOOR}, "exp-9 came after the fire"
    assert {a.was.person: a.safe for a in roll(presence, Fire(at(100), at(400), ()))}["exp-1"] is Safe.NOT_YET, "went back in"


# the muster list


def report(net: int, suspect: bool = False) -> DoorReport:
    return DoorReport("closed", False, False, {E1: ComponentReport(1, 1, net, True)}, 60, suspect=suspect)


def test_the_list_has_names_counts_and_what_makes_them_doubtful() -> None:
    known = everybody(walked(through(0, "e1-door", "exp-1"), through(9, "e1-door", None, "out"), through(10, "e1-door", "exp-2")))
    away = frozenset({BoardId("opening")})
    rows = {row.component: row for row in muster(VENUE, known, {DoorId("e1-door"): report(2, suspect=True)}, away)}
    assert [(w.person, w.sure) for w in rows[E1].people] == [("exp-2", "inside"), ("exp-1", "unknown")]
    assert (rows[E1].net, rows[E1].suspect, rows[E1].silent) == (2, ("e1-door",), ())
    assert rows[ComponentId("o1")].silent == ("o1-door",)
    assert rows.keys() == VENUE.components.keys()


# a lot's end


def locker(seconds: float, act: str, person: str = "exp-1", name: str = "locker-1") -> LockerLine:
    return LockerLine(at(seconds), "gatehouse", round(seconds), DeviceId(name), act, PersonKey(person), LotId("L1"))


OF_THREE_LOCKERS = [
    locker(1, "assigned"), locker(2, "bound"), locker(3, "assigned", "exp-2", "locker-2"), locker(9, "bound", "exp-3", "locker-3"),
    locker(99, "returned", "exp-3", "locker-3"),
]  # fmt: skip


@given(st.permutations(OF_THREE_LOCKERS))
def test_a_phone_is_in_the_locker_that_was_closed_on_it_last(lines: list[LockerLine]) -> None:
    assert {name: held.person for name, held in phones(lines).items()} == {"locker-1": "exp-1"}


def test_at_the_end_the_warning_names_the_committee_counts_the_others_and_the_lockers() -> None:
    came = (("e1-door", "exp-1"), ("e1-door", "exp-2"), ("o1-door", "bid-1"), ("e2-door", "exp-9"))
    known = everybody(walked(*(through(n, door, person) for n, (door, person) in enumerate(came))))
    found = leaving(lot(), known, phones([locker(2, "bound")]))
    assert [w.person for w in found.inside] == ["exp-1", "exp-2", "bid-1"], "exp-9 is of another lot"
    words = still_inside(found)
    assert words is not None
    assert words.en == "perhaps still inside: 2 of the committee (exp-1, exp-2), 1 others; phones in 1 lockers (locker-1)"
    assert "评标委员会 2 人(exp-1, exp-2)" in words.zh and "locker-1" in words.zh


def test_an_empty_house_warns_of_nothing() -> None:
    assert still_inside(leaving(lot(), everybody(walked()), {})) is None


def test_the_ways_of_the_reference_venue_are_found_for_all_its_doors() -> None:
    venue = read_venue(example("hunan_2016"))
    ways = Ways(venue)
    doors = list(venue.doors.values())
    assert all(ways.apart((a.id, str(a.inside)), (doors[0].id, str(doors[0].inside))) is not None for a in doors)
