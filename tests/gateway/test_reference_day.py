"""22 lots in one day at the reference venue: 16 opening rooms in two waves, every committee in a room of its own at once."""

from dataclasses import replace

from day_case import OPENING_NS, PEOPLE, SALT

from gateway.core.access import wanted_access
from gateway.core.day import Day, LotState, may_press
from gateway.core.plan import plan_scene
from venue_model.groups import separated_pairs
from venue_model.ids import LotId, ProjectId, RunId
from venue_model.lots import Lot, Phase
from venue_model.moments import S
from venue_model.scenes import Scene
from venue_model.tools.files import example, read_venue
from venue_model.zones import Zone

VENUE = read_venue(example("hunan_2016"))
OPENING = [room.id for room in VENUE.rooms_of(Zone.OPENING)]
EVALUATION = [room.id for room in VENUE.rooms_of(Zone.EVALUATION)]
MORNING = ("opening_preparation", "check_in", "opening", "opening_end", "intake")


def lots() -> dict[LotId, LotState]:
    found = {}
    for n in range(22):
        wave, room = divmod(n, len(OPENING))
        people = tuple(replace(p, person=f"{p.person}-{n}", card=f"{n:04x}{i:04x}") for i, p in enumerate(PEOPLE))  # type: ignore[arg-type]
        booked = Lot(
            LotId(f"L{n}"), ProjectId(f"P{n}"), f"工程{n}", "一标段", OPENING[room], EVALUATION[n], OPENING_NS + wave * 7_200 * S,
            bidders=3, people=people,
        )  # fmt: skip
        found[booked.id] = LotState(booked, Phase.BOOKED, 0, Phase.BOOKED)
    return found


def press(day: Day, lot: LotId, scene: str) -> Day:
    found = may_press(VENUE, day, lot, scene)
    assert isinstance(found, Scene), found
    after = plan_scene(VENUE, day, lot, found, RunId("r"), OPENING_NS).after
    moved = replace(after[lot], door_phase=after[lot].phase)
    return {**after, lot: moved}


def test_22_lots_fit_into_one_day() -> None:
    day: Day = lots()
    for wave in (range(16), range(16, 22)):
        for scene in MORNING:
            for n in wave:
                day = press(day, LotId(f"L{n}"), scene)
    for n in range(22):
        day = press(day, LotId(f"L{n}"), "evaluation")
    assert {state.phase for state in day.values()} == {Phase.EVALUATION}
    access = wanted_access(VENUE, day, {}, SALT)
    assert sum(wish.seal for wish in access.values()) == 22
    assert not any(wish.conflict for wish in access.values())
    assert not any(separated_pairs(wish.groups, VENUE.profile.separated) for wish in access.values())
    for n in range(22):
        day = press(press(day, LotId(f"L{n}"), "report_signed"), LotId(f"L{n}"), "close")
    assert {state.phase for state in day.values()} == {Phase.CLOSED}


def test_the_17th_lot_waits_for_a_free_opening_room() -> None:
    day: Day = lots()
    for n in range(16):
        day = press(day, LotId(f"L{n}"), "opening_preparation")
    refused = may_press(VENUE, day, LotId("L16"), "opening_preparation")
    assert not isinstance(refused, Scene)
    assert (refused.code, "L0" in refused.why.en) == ("room-taken", True)
