"""Four eyes: what one person asks for and another confirms.  Never the same person, never after its time.  Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gateway.core.exception_pass import Refusal
from gateway.core.rights import AccountRole, Action, Limit, dangerous_roles
from venue_model.venue import Name

WAITS_S = 3 * 86_400  # a request that nobody took up over a long weekend is asked again
RELEASED_S = 86_400  # so long a released export may be taken


class AskKind(StrEnum):
    """What is asked for."""

    OPEN = "open-account"
    RIGHTS = "give-rights"
    RESET = "reset-account"
    ENABLE = "enable-account"
    EXPORT = "export"


CONFIRMED_BY: Mapping[AskKind, Action] = dict.fromkeys(AskKind, Action.CONFIRM_RIGHTS) | {AskKind.EXPORT: Action.CONFIRM_EXPORT}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request."""

    id: str
    kind: AskKind
    subject: str
    asked_by: str
    asked_utc_ns: int
    until_utc_ns: int
    body: Mapping[str, object] = field(default_factory=dict)
    decided_by: str = ""
    outcome: str = ""


def decide_confirm(asked: Asked, by: str, now_utc_ns: int) -> Refusal | None:
    """May this account confirm it?  That its role may is asked before."""
    if asked.outcome:
        return Refusal("decided", Name("此申请已处理", f"this request was {asked.outcome} by {asked.decided_by}; ask anew"))
    if now_utc_ns >= asked.until_utc_ns:
        return Refusal("expired", Name("此申请已过期,请重新申请", "this request has expired; ask anew"))
    if by == asked.asked_by:
        return Refusal("same-person", Name("申请人不能自己复核,请另一人办理", "whoever asked cannot confirm; another person must"))
    if by == asked.subject:
        return Refusal("same-person", Name("不能复核自己的权限,请另一人办理", "nobody confirms their own rights; another person must"))
    return None


def needs_two(before: tuple[AccountRole, Limit] | None, after: tuple[AccountRole, Limit]) -> bool:
    """Does this change of rights take two administrators?  It does when it gives something of a dangerous role; to take away needs one."""
    role, limit = after
    if role not in dangerous_roles():
        return False
    return before is None or before[0] is not role or widens(before[1], limit)


def widens(before: Limit, after: Limit) -> bool:
    """Does the new limit let through a lot that the old one did not?"""
    return _more(before.lots, after.lots) or _more(before.codes, after.codes)


def _more(before: tuple[str, ...] | None, after: tuple[str, ...] | None) -> bool:
    if before is None:
        return False
    return after is None or not set(after) <= set(before)
