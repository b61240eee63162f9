"""Roles of people, and which of them must never meet.

Codes and roles: domain brief 1.1.  "Meet" means: be inside one separation domain at the same time (law Apart).
"""

from collections.abc import Iterable
from enum import StrEnum
from itertools import combinations

Pair = frozenset["Role"]


class Role(StrEnum):
    """Who a person is on this day, in this lot.  A group is the people of one role."""

    BID = "BID"
    OWN = "OWN"
    OWN_C = "OWN-C"
    AGT = "AGT"
    EXP = "EXP"
    SUP = "SUP"
    WIT = "WIT"
    STF = "STF"
    NOT = "NOT"
    DRW = "DRW"
    MED = "MED"
    SEC = "SEC"


ROLE_NAMES: dict[Role, tuple[str, str]] = {
    Role.BID: ("投标人", "bidder"),
    Role.OWN: ("招标人", "owner"),
    Role.OWN_C: ("评标委员会业主代表", "owner's representative in the committee"),
    Role.AGT: ("招标代理", "agent"),
    Role.EXP: ("评标专家", "expert"),
    Role.SUP: ("行政监督", "supervisor"),
    Role.WIT: ("见证人员", "witness"),
    Role.STF: ("场地工作人员", "venue staff"),
    Role.NOT: ("公证员", "notary"),
    Role.DRW: ("专家抽取人员", "expert-draw operator"),
    Role.MED: ("媒体与社会监督员", "press and visitors"),
    Role.SEC: ("保安", "guard"),
}


def pair(one: Role, other: Role) -> Pair:
    """The unordered pair of two roles."""
    return frozenset((one, other))


# True in every profile; a profile may separate more, never less (I1, I6, I7; domain brief 1.5).
ALWAYS_SEPARATED: frozenset[Pair] = frozenset(
    pair(one, other)
    for one, others in (
        (Role.EXP, (Role.BID, Role.OWN, Role.MED)),
        (Role.OWN_C, (Role.BID, Role.OWN, Role.MED)),
    )
    for other in others
)


def separated_pairs(groups: Iterable[Role], separated: frozenset[Pair]) -> list[tuple[Role, Role]]:
    """The pairs among `groups` that must never meet, in a stable order.

    >>> separated_pairs([Role.EXP, Role.AGT, Role.BID], ALWAYS_SEPARATED)
    [(<Role.BID: 'BID'>, <Role.EXP: 'EXP'>)]
    """
    return [(one, other) for one, other in combinations(sorted(set(groups)), 2) if pair(one, other) in separated]
