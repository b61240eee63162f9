"""What staff may write otherwise about a scene: light, climate, the wording of signs, announcements.  All else is law (`asks`).

A `Change` replaces one cell of the table for one part of a lot.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from venue_model.asks import Part, RoomAsk
from venue_model.templates import SIGN_WORDS


class What(StrEnum):
    """The harmless things.  The values are the names of the fields of `RoomAsk`."""

    LIGHT = "light"
    CLIMATE = "climate"
    SIGN = "sign"  # its wording, one of `templates.SIGN_WORDS`
    SAY = "say"  # one of `templates.ANNOUNCEMENTS`, or nothing


@dataclass(frozen=True, slots=True)
class Change:
    """One cell as staff want it."""

    part: Part
    what: What
    value: bool | str


def changed(wish: RoomAsk, part: Part, changes: Iterable[Change]) -> RoomAsk:
    """The ask of one part with staff's changes.  A room that the phase leaves idle stays so."""
    if not wish.in_use:
        return wish
    for change in changes:
        if change.part is part:
            wish = _with(wish, change)
    return wish


def _with(wish: RoomAsk, change: Change) -> RoomAsk:
    match change.what:
        case What.LIGHT:
            return replace(wish, light=bool(change.value))
        case What.CLIMATE:
            return replace(wish, climate=bool(change.value))
        case What.SIGN:
            return replace(wish, sign=SIGN_WORDS[str(change.value)])
        case What.SAY:
            return replace(wish, say=str(change.value))
