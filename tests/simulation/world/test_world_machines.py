"""Machines that die: at any line of their programs, with full cards, wrong clocks and old databases; and what comes of it."""

import pytest
from world_case import AGENT, L1, a_house, arrive, badge, enter, later, lines, press, seen

from simulation.world import calm
from simulation.world.board import Cut
from simulation.world.contract import See
from simulation.world.house import House
from venue_model.ids import BoardId, DoorId
from venue_model.lots import Phase
from venue_model.moments import S
from venue_model.venue import Side

OPENING = BoardId("opening")


def prepared() -> House:
    house = a_house()
    press(house, "opening_preparation")
    arrive(house, AGENT, "hall")
    return house


def test_a_program_that_dies_starts_again_with_what_it_had_written() -> None:
    house = prepared()
    assert enter(house, AGENT, "o1-door")
    host = house.boards[OPENING]
    held = host.agent.state.held  # type: ignore[union-attr]
    host.kill()
    assert host.agent is None and not host.metal.outputs.get("o1-door.strike")
    later(house, 15)
    assert host.lives == 2
    assert host.agent is not None and host.agent.state.held["o1"].policy.order == held["o1"].policy.order  # type: ignore[index]
    assert list(calm.unfinished(house)) == []


@pytest.mark.parametrize("when", ["before-commit", "after-commit", "mid-act"])
def test_wherever_power_goes_no_strike_moves_without_its_record(when: Cut) -> None:
    house = prepared()
    later(house, 5)
    host = house.boards[OPENING]
    host.cut_power(when)
    badge(house, AGENT, "o1-door")
    granted = lines(house, "opening", "grant")
    assert bool(granted) == (when != "before-commit")
    assert not house.pull(DoorId("o1-door"), Side.OUTSIDE)
    assert [s.fields["part"] for s in seen(house, See.CRASH)] == ["agent"]
    later(house, 40)
    assert host.lives == 2 and host.clock.now().mono_ns < house.world.now_ns - 10 * S, "a machine without power counts from zero"
    assert ("unseen" in [alarm["code"] for alarm in lines(house, "opening", "alarm")]) == bool(granted)
    assert enter(house, AGENT, "o1-door")


def test_a_full_card_ends_entry_and_is_told_once_there_is_room() -> None:
    house = prepared()
    host = house.boards[OPENING]
    pages = host.sql.execute("PRAGMA page_count").fetchone()[0]
    host.sql.execute(f"PRAGMA max_page_count={pages}")
    for _ in range(12):  # what is left of the last page
        badge(house, AGENT, "o1-door")
        later(house, 8)
    assert not house.pull(DoorId("o1-door"), Side.OUTSIDE)
    host.sql.execute("PRAGMA max_page_count=1073741823")
    later(house, 10)
    assert "RECORD" in [refusal["rule"] for refusal in lines(house, "opening", "refusal")]
    assert enter(house, AGENT, "o1-door")


def test_a_gateway_that_dies_between_commit_and_message_goes_on_where_it_was() -> None:
    for publications in range(8):
        house = a_house(seed=publications)
        house.gateway.cut_power(publications)
        house.press_scene(L1, "opening_preparation")
        later(house, 60)
        assert house.coordinator is not None
        state = house.lot_state(L1)
        assert state is not None and state.phase is Phase.PREPARATION
        assert list(calm.unfinished(house)) == [], publications
        assert [s.fields["part"] for s in seen(house, See.CRASH)] == ["gateway"]


@pytest.mark.parametrize("marked", [True, False])
def test_a_gateway_that_wakes_up_in_an_old_copy_begins_above_the_doors(marked: bool) -> None:
    house = a_house()
    copy = house.gateway.back_up()
    press(house, "opening_preparation", "check_in")
    order = house.boards[OPENING].agent.state.held["o1"].policy.order  # type: ignore[union-attr, index]
    house.gateway.restore(copy, marked=marked)
    later(house, 120)
    again = house.boards[OPENING].agent.state.held["o1"].policy  # type: ignore[union-attr, index]
    assert again.order > order and again.seal and not again.groups


def test_a_wrong_clock_neither_shortens_nor_lengthens_a_lease() -> None:
    house = prepared()
    host = house.boards[OPENING]
    host.clock.step(400 * 86_400 * S)
    later(house, 120)
    assert enter(house, AGENT, "o1-door")
    house.broker.block(host.client, up=True, down=True)
    host.clock.step(-800 * 86_400 * S)
    later(house, 70)
    badge(house, AGENT, "o1-door")
    assert lines(house, "opening", "refusal")[-1]["rule"] == "LEASE"


def test_a_fault_of_the_products_own_is_told_and_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    house = prepared()
    monkeypatch.setattr(house.coordinator, "message", lambda *_: 1 // 0)
    enter(house, AGENT, "o1-door")
    assert house.violations and house.violations[0].law == "Sound"
    assert "ZeroDivisionError" in house.violations[0].text


def test_the_calm_names_what_has_not_come_to_its_plan() -> None:
    house = prepared()
    later(house, 40)
    assert list(calm.unfinished(house)) == []
    house.broker.block(house.boards[OPENING].client, up=True, down=True)
    press(house, "check_in")
    later(house, 60)
    assert any("opening" in text for text in calm.unfinished(house))


def test_the_platform_hears_everything_once_it_is_back() -> None:
    house = prepared()
    house.platform.away = True
    assert enter(house, AGENT, "o1-door")
    later(house, 300)
    assert not any(key.startswith("arrival") for key in house.platform.told)
    house.platform.away = False
    later(house, 90)
    assert any(key.startswith("arrival") for key in house.platform.told)
