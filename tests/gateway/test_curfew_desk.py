"""At the curfew staff are told once of each evaluation that goes on, and told when it no longer does."""

import datetime
from dataclasses import replace
from typing import Any

from day_case import at, day
from passage_case import passage_house

from gateway.core.day import LOCAL, Day
from gateway.shell.curfew_desk import LOOK_S, CurfewDesk
from venue_model.lots import Phase
from venue_model.moments import Now, S

CURFEW = int(datetime.datetime(2027, 1, 15, 21, tzinfo=LOCAL).timestamp()) * S


class Evening:
    """A desk, the day that it looks at, and what it has told."""

    def __init__(self, curfew: str = "21:00") -> None:
        self.day: Day = day(replace(at(Phase.EVALUATION), phase_utc_ns=CURFEW - 3600 * S))
        self.told: list[tuple[str, dict[str, Any], Any]] = []
        self.desk = CurfewDesk(passage_house(curfew=curfew), lambda: self.day, self._note)

    def _note(self, kind: str, body: dict[str, Any], now: Now, *, lot: Any) -> None:
        self.told.append((kind, body, lot))

    def look(self, seconds: int) -> None:
        self.desk.tick(Now((10_000 + seconds) * S, CURFEW + seconds * S))


def test_staff_are_told_once_of_an_evaluation_that_goes_on_past_the_curfew() -> None:
    evening = Evening()
    evening.look(-60)
    assert evening.told == []
    for seconds in (0, 1, LOOK_S, 60, 600):
        evening.look(seconds)
    [(kind, body, lot)] = evening.told
    assert (kind, body["code"], body["level"], lot) == ("alarm", "curfew", "warning", "L1")


def test_the_notice_goes_when_the_lot_is_held_over_night() -> None:
    evening = Evening()
    evening.look(0)
    evening.day = day(replace(at(Phase.OVERNIGHT), phase_utc_ns=CURFEW + 30 * S))
    evening.look(60)
    assert [(kind, body["code"]) for kind, body, _ in evening.told] == [("alarm", "curfew"), ("alarm_clear", "curfew")]


def test_a_venue_without_a_curfew_is_told_nothing() -> None:
    evening = Evening(curfew="")
    evening.look(600)
    assert evening.told == []
