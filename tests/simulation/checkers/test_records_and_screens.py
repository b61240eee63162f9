"""The laws about what is written, filmed and shown: each is fed a trace that breaks it, and one that does not."""

import json
import sqlite3
from types import SimpleNamespace
from typing import Any

from glass_house import EXP, LOT, START_UTC_NS, GlassHouse, judge, line, taken, with_lot

from gateway.core.day import LotState
from simulation.checkers.acknowledged import Acknowledged
from simulation.checkers.displays import Displays
from simulation.checkers.i9_names import NamesHidden
from simulation.checkers.i10_recording import Recorded
from simulation.checkers.nothing_lost import NothingLost
from simulation.checkers.one_scene import OneScene
from simulation.world.contract import See
from venue_model.ids import DeviceId
from venue_model.lots import Phase
from venue_model.moments import S
from venue_model.wire import Want

WRITTEN = [line(second, "opening", "refusal", {}, seq=second) for second in (1, 2, 3)]


def journal(*rows: tuple[int, str], holes: str = "") -> GlassHouse:
    """A gateway whose journal holds these lines of the board `opening`."""
    stored: list[dict[str, Any]] = [
        {"agent": "opening", "seq": seq, "utc_ns": START_UTC_NS + seq * S, "kind": kind, "body": {}} for seq, kind in rows
    ]
    if holes:
        told = {"code": "journal-hole", "agent": "opening", "detail": holes}
        stored.append({"agent": "", "seq": 1, "utc_ns": 0, "kind": "alarm", "body": told})
    return GlassHouse(coordinator=SimpleNamespace(store=SimpleNamespace(journal=lambda limit: stored)))


def test_a_line_that_never_arrives_is_told_unless_its_hole_is() -> None:
    assert judge(NothingLost, WRITTEN, journal((1, "refusal"), (2, "refusal"), (3, "refusal"))) == []
    [text] = judge(NothingLost, WRITTEN, journal((1, "refusal"), (3, "refusal")))
    assert text.startswith("line 2 of opening")
    assert judge(NothingLost, WRITTEN, journal((1, "refusal"), (3, "refusal"), holes="lines 2 to 2 of journal x never arrived")) == []


def test_a_line_that_is_stored_twice_or_out_of_nowhere_is_told() -> None:
    [text] = judge(NothingLost, WRITTEN[:1], journal((1, "refusal"), (1, "refusal")))
    assert "more than once" in text
    [text] = judge(NothingLost, [], journal((1, "refusal")))
    assert "never wrote it" in text


ROOT = "bidhall/v1/county-hall"


def acknowledgement(through: int) -> tuple[float, See, dict[str, Any]]:
    payload = json.dumps({"id": "a", "kind": "ack", "body": {"journal": "j", "through": through}}, separators=(",", ":")).encode()
    return 5, See.MESSAGE, {"topic": f"{ROOT}/agent/opening/command", "payload": payload, "retain": False, "sender": "gateway"}


def test_an_acknowledgement_of_what_is_not_on_disk_is_told() -> None:
    with sqlite3.connect(":memory:", isolation_level=None) as sql:
        store = SimpleNamespace(sql=sql, journal_after=lambda board, name, seq: [s for s in (1, 2, 4) if s > seq])
        house = GlassHouse(coordinator=SimpleNamespace(store=store))
        assert judge(Acknowledged, [acknowledgement(2)], house) == []
        [text] = judge(Acknowledged, [acknowledgement(4)], house)
        assert "line 3" in text
        sql.execute("BEGIN")
        [text] = judge(Acknowledged, [acknowledgement(2)], house)
        assert "before the commit" in text
    sql.close()


def test_a_name_on_a_sign_or_a_card_number_on_a_topic_is_told() -> None:
    [text] = judge(NamesHidden, [(1, See.SCREEN, {"device": "o1-sign", "lines": ("101", EXP), "colour": "green"})])
    assert "o1-sign" in text
    numbers = b'{"card":"a1b2c3d4e5f607"}'
    message = {"topic": f"{ROOT}/agent/opening/policy", "payload": numbers, "retain": True, "sender": "gateway"}
    [text] = judge(NamesHidden, [(1, See.MESSAGE, message)])
    assert "policy" in text
    pseudonym = {**message, "payload": f'{{"person":"{EXP}"}}'.encode()}
    assert judge(NamesHidden, [(1, See.MESSAGE, pseudonym)]) == []  # doors must know whom they let in
    [text] = judge(NamesHidden, [(1, See.MESSAGE, {**pseudonym, "topic": f"{ROOT}/room/o1/scene"})])
    assert "scene" in text


def test_a_card_number_is_found_wherever_it_stands_in_a_message() -> None:
    for before in range(30):
        payload = ("x" * before + "a1b2c3d4e5f607" + "x" * 20).encode()
        message = {"topic": f"{ROOT}/agent/opening/policy", "payload": payload, "retain": True, "sender": "gateway"}
        assert len(judge(NamesHidden, [(1, See.MESSAGE, message)])) == 1, before


def at(phase: Phase, lot: str = "L1") -> Any:
    return LotState(LOT, phase, 0, phase)


def day_of_recording(*films: tuple[str, int, int], gap: tuple[int, int] | None = None) -> list[str]:
    """Preparation at 100 s, the opening's end at 1,000 s: what the checker says of these films."""
    house = GlassHouse(
        states={LOT.id: at(Phase.PREPARATION)},
        coordinator=SimpleNamespace(day={LOT.id: at(Phase.PREPARATION)}),
        films=[(DeviceId(camera), LOT.id, begin * S, end * S) for camera, begin, end in films],
    )
    events = [
        taken(100, "", "scene", {"run": "r", "scene": "opening_preparation", "result": "ok", "failed": []}),
        taken(1000, "", "press", {"scene": "opening_end", "by": "staff", "approvers": []}),
    ]
    if gap is not None:
        body = {"camera": "o1-near", "from_utc_ns": START_UTC_NS + gap[0] * S, "to_utc_ns": START_UTC_NS + gap[1] * S}
        events.insert(1, line(gap[1], "recorder", "gap", body))
    return judge(Recorded, events, house)


def test_a_hole_in_the_film_of_an_opening_is_told_unless_a_gap_was() -> None:
    whole = ("o1-far", 98, 1002)
    assert day_of_recording(whole, ("o1-near", 98, 1002)) == []
    [text] = day_of_recording(whole, ("o1-near", 98, 400), ("o1-near", 500, 1002))
    assert "o1-near recorded nothing for lot L1 for 100 s" in text
    assert day_of_recording(whole, ("o1-near", 98, 400), ("o1-near", 500, 1002), gap=(400, 500)) == []
    assert len(day_of_recording()) == 2


def test_two_lots_in_one_room_are_told() -> None:
    other = with_lot()[LOT.id]
    states = {"L1": at(Phase.OPENING), "L2": LotState(other, Phase.CHECK_IN, 0, Phase.CHECK_IN)}
    pressed = (1, See.PRESSED, {"lot": "L2", "scene": "check_in", "by": "staff", "result": "run"})
    [text] = judge(OneScene, [pressed], GlassHouse(coordinator=SimpleNamespace(day=states)))
    assert text == "o1 is held by L1 and by L2"
    states["L2"] = LotState(other, Phase.BOOKED, 0, Phase.BOOKED)
    assert judge(OneScene, [pressed], GlassHouse(coordinator=SimpleNamespace(day=states))) == []


def test_a_sign_that_shows_another_scene_after_the_calm_is_told() -> None:
    house = GlassHouse(coordinator=object(), wants={"o1-sign": Want(lines=("101", "开标中 Opening"))})
    shown = (1, See.SCREEN, {"device": "o1-sign", "lines": ("101", "签到中 Check-in"), "colour": "green"})
    [text] = judge(Displays, [shown], house)
    assert "Check-in" in text and "Opening" in text
    assert judge(Displays, [(1, See.SCREEN, {**shown[2], "lines": ("101", "开标中 Opening")})], house) == []
