"""How the stand-in misbehaves, as one value that the control API sets."""

from dataclasses import replace
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from simulation.platform.book import Change, Page
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey
from venue_model.lots import Person


class Away(StrEnum):
    """Ways of not being there."""

    DROP = "drop"  # the connection ends in the middle of the answer
    UNAVAILABLE = "unavailable"  # 503
    LOST_ANSWER = "lost_answer"  # everything is taken, and the connection ends before the answer


class Wrong(StrEnum):
    """Ways of answering wrongly.  All but the first are signed like an honest answer, except `unsigned`."""

    ERROR_500 = "error_500"
    MALFORMED = "malformed"  # not JSON
    UNSIGNED = "unsigned"
    UNKNOWN_ROLE = "unknown_role"  # every page carries one more lot, with a role that nobody knows
    LOWER_VERSION = "lower_version"  # every page carries all lots again, in an older version with another name
    REPLAY = "replay"  # the first page, whatever was asked
    BAD_REQUEST = "bad_request"  # 400 to every push of more than one item, as if one had spoilt it
    POISON = "poison"  # 500 to every push that holds an item whose key begins with "poison"


class Behaviour(BaseModel):
    """Honest and quick unless told otherwise."""

    model_config = ConfigDict(extra="forbid")

    slow_s: float = Field(default=0.0, ge=0, le=3600)
    away: Away | None = None
    wrong: Wrong | None = None
    page: int = Field(default=100, ge=1)  # changes in one answer, at most
    skew_s: int = 0  # how far its clock is ahead


STRANGE_LOT = "lot-with-a-strange-role"
STRANGER = "stranger"  # the person whose role nobody knows; each interface says it in its own way


def spoil(page: Page, wrong: Wrong | None, newest: list[Change]) -> Page:
    """The page with what `wrong` adds to it.  `newest` are all lots as they stand.  Added changes have no cursor of their own."""
    added: list[Change] = []
    if wrong is Wrong.UNKNOWN_ROLE and newest and (lot := newest[0].lot):
        stranger = Person(PersonKey(STRANGER), Role.MED, "deadbeef")
        added = [Change(lot=replace(lot, id=LotId(STRANGE_LOT), lot_code=STRANGE_LOT, people=(stranger,)))]
    if wrong is Wrong.LOWER_VERSION:
        lots = [change.lot for change in newest if change.lot is not None and change.lot.version > 1]
        added = [Change(lot=replace(lot, version=lot.version - 1, project_name="旧名称")) for lot in lots]
    return page.model_copy(update={"changes": [*page.changes, *added]})
