"""The words of a provincial interface: its code lists, its wall time, and how its names for things become ours."""

import datetime
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from gateway.trading.base import EventKind
from gateway.trading.fields import in_time
from venue_model.groups import Role
from venue_model.ids import PersonKey, is_id
from venue_model.moments import S

BEIJING = datetime.timezone(datetime.timedelta(hours=8))
_FORMATS = ("%Y%m%d%H%M%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M")

# The code lists of this interface.  Another province counts otherwise: then these tables are what changes.
EXPERT_TYPES = {"1": Role.EXP, "2": Role.OWN_C}  # 评标专家, 招标人代表
ACTOR_TYPES = {
    "1": Role.BID, "2": Role.OWN, "3": Role.AGT, "4": Role.SUP, "5": Role.WIT, "6": Role.NOT, "7": Role.DRW, "8": Role.MED,
}  # fmt: skip
EVENT_TYPES = {
    "01": EventKind.REPORT_SIGNED, "02": EventKind.WITHDRAWN, "03": EventKind.BIDDER_COUNT, "04": EventKind.ROSTER,
    "05": EventKind.FAILED, "06": EventKind.SUSPENDED, "07": EventKind.ABORTED,
}  # fmt: skip
# Carried back with whatever is told about the lot; the neutral lot has names of its own for the others.
FURTHER_CODES = ("TENDER_PROJECT_CODE", "PLATFORM_CODE", "PUB_SERVICE_PLAT_CODE")


def person_key(key: bytes, id_card: str) -> PersonKey:
    """The pseudonym of somebody whom the platform names by identity card alone.  Whoever holds the key can make it, nobody can undo it."""
    return PersonKey("p" + hmac.new(key, id_card.strip().upper().encode(), hashlib.sha256).hexdigest()[:24])


def id_from(code: str) -> str:
    """The code itself where it may be an id, else an id made of it: provinces write codes with slashes and Chinese characters."""
    return code if is_id(code) else "x" + hashlib.sha256(code.encode()).hexdigest()[:24]


def local_time(text: object) -> int:
    """A Beijing time as such interfaces write it.  ValueError otherwise."""
    for form in _FORMATS:
        try:
            stamp = datetime.datetime.strptime(text if isinstance(text, str) else "", form).replace(tzinfo=BEIJING)
            return in_time(int((stamp - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)).total_seconds()) * S)
        except ValueError:
            continue
    raise ValueError("is not a time such as 20270115160000 or 2027-01-15 16:00:00")


def listed(table: Mapping[str, Any]) -> Callable[[object], Any]:
    def found(code: object) -> Any:
        if not isinstance(code, str) or code not in table:
            raise ValueError(f"is not one of {', '.join(table)}")
        return table[code]

    return found


def wall_time(utc_ns: int) -> str:
    """Beijing wall time to the second.

    >>> wall_time(1_800_000_000_123_000_000)
    '20270115160000'
    """
    return f"{datetime.datetime.fromtimestamp(utc_ns // S, BEIJING):%Y%m%d%H%M%S}"
