"""Functional zones of a trading venue (功能分区, domain brief 1.2: Z0–Z11; Z12 is ours), and who may never be in them."""

from enum import StrEnum

from venue_model.groups import Role


class Zone(StrEnum):
    """What a room is for."""

    PUBLIC = "Z0"
    OPENING = "Z1"
    WAITING = "Z2"
    DRAW = "Z3"
    INTAKE = "Z4"
    CORRIDOR = "Z5"
    EVALUATION = "Z6"
    INQUIRY = "Z7"
    REST = "Z8"
    MONITOR = "Z9"
    RECORDS = "Z10"
    OFFICE = "Z11"
    PASSAGE = "Z12"  # a guarded corridor that separated groups use one after the other (I6: apart in time)


class Serves(StrEnum):
    """Which side of an inquiry an inquiry room (Z7) is for: the two never meet (I7)."""

    NOBODY = ""  # not an inquiry room
    COMMITTEE = "committee"
    PARTIES = "parties"  # bidders, owner, agent


ZONE_NAMES: dict[Zone, tuple[str, str]] = {
    Zone.PUBLIC: ("公共服务区", "public area"),
    Zone.OPENING: ("开标区", "opening area"),
    Zone.WAITING: ("候标区", "bidder waiting"),
    Zone.DRAW: ("专家抽取室", "expert-draw room"),
    Zone.INTAKE: ("专家签到区", "expert intake"),
    Zone.CORRIDOR: ("评标区走廊", "evaluation corridor"),
    Zone.EVALUATION: ("评标室", "evaluation room"),
    Zone.INQUIRY: ("询标室", "inquiry room"),
    Zone.REST: ("专家休息区", "expert rest area"),
    Zone.MONITOR: ("监督室", "monitor room"),
    Zone.RECORDS: ("档案室", "records"),
    Zone.OFFICE: ("办公区", "offices"),
    Zone.PASSAGE: ("共用通道", "shared passage"),
}

# Zones that people enter without a badge: no policy guards them, and no law of separation counts on them.
OPEN_ZONES: frozenset[Zone] = frozenset({Zone.PUBLIC, Zone.WAITING, Zone.OFFICE})

# I1: no bidder credential ever opens these, in any phase, whatever a policy says.  The same list keeps out the other groups
# that have no business on the evaluation side in any profile (domain brief 1.3: every cell of the row is "–").
_EVALUATION_SIDE = (Zone.DRAW, Zone.INTAKE, Zone.CORRIDOR, Zone.EVALUATION, Zone.REST, Zone.MONITOR)
NEVER_IN: dict[Zone, frozenset[Role]] = {zone: frozenset({Role.BID, Role.MED}) for zone in _EVALUATION_SIDE}
NEVER_IN[Zone.OPENING] = frozenset({Role.EXP})


def never_admits(zone: Zone, role: Role) -> bool:
    """True when no policy may ever admit `role` to a room of `zone`."""
    return role in NEVER_IN.get(zone, frozenset())
