"""The words of a provincial interface: its code lists, and the pseudonyms of people whom it names by identity card."""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from gateway.trading.base import EventKind
from venue_model.groups import Role
from venue_model.ids import PersonKey

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


def listed(table: Mapping[str, Any]) -> Callable[[object], Any]:
    def found(code: object) -> Any:
        if not isinstance(code, str) or code not in table:
            raise ValueError(f"is not one of {', '.join(table)}")
        return table[code]

    return found
