"""What every adapter's border shares: texts that may be shown, numbers that fit, rosters whose people can be told apart; and how a
fault is told without the value, which may be a person's.
"""

import hashlib
import unicodedata
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints, ValidationError

from gateway.trading.base import LotWarning
from gateway.trading.credit_code import credit_code_problem
from venue_model.groups import Role
from venue_model.ids import LotId, is_id
from venue_model.lots import Lot

MAX_PAGE = 1_000  # items of one answer; a busy day has 22 lots
MAX_PEOPLE = 500  # of one lot
FOREVER_UTC_NS: Final = 2**62

# Guards and staff carry override credentials: the venue issues those, a platform must not be able to.
PLATFORM_ROLES = frozenset(Role) - {Role.SEC, Role.STF}
# Control and format characters would break logs and turn text round on a sign.  Private-use ones stay: rare names need them.
_UNSHOWABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def showable(text: str) -> str:
    """The text, or ValueError when it could do harm where it is shown."""
    if any(unicodedata.category(character) in _UNSHOWABLE for character in text):
        raise ValueError("holds control or formatting characters")
    return text


def an_id(text: str) -> str:
    """The text, or ValueError when it may not be an id."""
    if not is_id(text):
        raise ValueError("is not an id: 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit")
    return text


def in_time(utc_ns: int) -> int:
    """The time, or ValueError when no record could hold it."""
    if not 0 <= utc_ns <= FOREVER_UTC_NS:
        raise ValueError("lies before 1970 or after 2116")
    return utc_ns


def id_from(code: str) -> str:
    """The code itself where it may be an id, else an id made of it: platforms write codes with slashes and Chinese characters."""
    return code if is_id(code) else "x" + hashlib.sha256(code.encode()).hexdigest()[:24]


Text = Annotated[str, StringConstraints(max_length=200), AfterValidator(showable)]
Code = Annotated[str, StringConstraints(max_length=100), AfterValidator(showable)]
Id = Annotated[str, AfterValidator(an_id)]
Count = Annotated[int, Field(ge=0, le=10_000)]
CardNumber = Annotated[str, StringConstraints(pattern=r"^([0-9A-Fa-f]{2}){4,8}$", to_lower=True)]
PhoneKey = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}$", to_lower=True)]


def checked(lot: Lot) -> Lot:
    """The lot, or ValueError when people of its roster cannot be told apart, somebody is to avoid himself, or nothing happens here."""
    people = lot.people
    for what, values in (
        ("PERSON_KEY", [person.person for person in people]),
        ("CARD_NO", [card for person in people for card in (person.card, person.duress_card) if card]),
        ("PHONE_KEY", [person.qr_key for person in people if person.qr_key]),
    ):
        if len(set(values)) != len(values):
            raise ValueError(f"PEOPLE: one {what} stands twice; a credential belongs to one person in one role")
    if any(one == other for one, other in lot.conflicts):
        raise ValueError("CONFLICTS: a pair names one person twice")
    if not lot.opening_room and not lot.evaluation_room and not any(person.seat for person in people):
        raise ValueError("names no OPENING_ROOM, no EVALUATION_ROOM and no SEAT_ROOM: nothing of it happens here")
    return lot


def code_warnings(lot: LotId, **codes: str) -> list[LotWarning]:
    """Credit codes that look mistyped, by the name of their field.  They are carried all the same."""
    return [LotWarning(lot, f"{name}: {problem}") for name, code in codes.items() if code and (problem := credit_code_problem(code))]


def why(error: ValueError) -> str:
    """At most three faults as "field: fault".  Values are left out."""
    if not isinstance(error, ValidationError):
        return str(error)
    faults = error.errors(include_url=False, include_input=False, include_context=False)
    told = [
        f"{'.'.join(str(part) for part in fault['loc']) or 'item'}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in faults[:3]
    ]
    more = f"; and {len(faults) - 3} more" if len(faults) > 3 else ""
    return "; ".join(told) + more


def ref_of(item: object, field: str, otherwise: str) -> str:
    """How a malformed item is named: by its own id if it has one, else by its place."""
    own = item.get(field) if isinstance(item, dict) else None
    return own if isinstance(own, str) and is_id(own) else otherwise
