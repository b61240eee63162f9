"""Alarms as staff see them come and go."""

from typing import Any

from gateway.core.alarms import Alarms, applied


def line(kind: str, utc_ns: int = 1, **body: Any) -> dict[str, Any]:
    return {"kind": kind, "body": body, "agent": "front", "room": "o1", "utc_ns": utc_ns}


def after(*lines: dict[str, Any]) -> Alarms:
    alarms: Alarms = {}
    for each in lines:
        alarms = applied(alarms, each)
    return alarms


def test_a_forced_door_is_shown_in_both_languages_until_it_clears() -> None:
    forced = line("alarm", code="forced", door="o1-door")
    (alarm,) = after(forced).values()
    assert alarm.words == ("门被强行打开 o1-door", "door forced open: o1-door") and alarm.room == "o1"
    assert after(forced, line("alarm_clear", code="forced", door="o1-door")) == {}


def test_the_same_alarm_again_keeps_its_first_time() -> None:
    alarms = after(line("alarm", 5, code="held", door="d"), line("alarm", 9, code="held", door="d"))
    assert [alarm.since_utc_ns for alarm in alarms.values()] == [5]


def test_another_door_clearing_does_not_clear_this_one() -> None:
    assert len(after(line("alarm", code="held", door="a"), line("alarm_clear", code="held", door="b"))) == 1


def test_a_recording_gap_is_an_alarm_while_it_lasts() -> None:
    opened = line("gap", camera="o1-near", from_utc_ns=1, cause="no-frames")
    assert list(after(opened)) == ["recording-gap:o1-near"]
    assert after(opened, line("gap", camera="o1-near", from_utc_ns=1, to_utc_ns=9, cause="no-frames")) == {}


def test_a_breach_stays_until_somebody_acknowledges_it() -> None:
    breach = line("breach", door="e1-door")
    assert list(after(breach, line("alarm_clear", code="forced", door="e1-door"))) == ["breach:e1-door"]
    assert after(breach, line("alarm_ack", id="breach:e1-door", by="staff")) == {}


def test_an_alarm_nobody_has_words_for_is_shown_by_its_code() -> None:
    (alarm,) = after(line("alarm", code="something-new", agent="front")).values()
    assert alarm.words == ("something-new front", "something-new: front")


def test_other_lines_change_nothing() -> None:
    assert after(line("passage", door="o1-door"), line("alarm_ack", id="nothing")) == {}
