"""What the trading platform tells of a tender: project, lot, booking, roster; and the phases of its day.

Unified codes are opaque strings, carried unchanged (domain brief 3.6).  Times are UTC nanoseconds.
"""

from dataclasses import dataclass
from enum import StrEnum

from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey, ProjectId, RoomId


class Phase(StrEnum):
    """States of the tender day (domain brief 2.2)."""

    IDLE = "P0"
    BOOKED = "P1"
    PREPARATION = "P2"
    CHECK_IN = "P3"
    OPENING = "P4"
    OPENING_END = "P5"
    INTAKE = "P6"
    EVALUATION = "P7"
    INQUIRY = "P7i"
    OVERNIGHT = "P7n"
    SECOND_ROUND = "R"
    REPORT_SIGNED = "P8"
    CLOSED = "P9"
    FAILED = "F"
    SUSPENDED = "S"
    ABORTED = "Ab"


PHASE_NAMES: dict[Phase, tuple[str, str]] = {
    Phase.IDLE: ("空闲", "idle"),
    Phase.BOOKED: ("已预约", "booked"),
    Phase.PREPARATION: ("开标准备", "opening preparation"),
    Phase.CHECK_IN: ("签到中", "check-in"),
    Phase.OPENING: ("开标中", "opening"),
    Phase.OPENING_END: ("开标结束", "opening ended"),
    Phase.INTAKE: ("专家进场", "expert intake"),
    Phase.EVALUATION: ("评标中", "evaluation"),
    Phase.INQUIRY: ("询标中", "inquiry"),
    Phase.OVERNIGHT: ("隔夜封闭", "closed overnight"),
    Phase.SECOND_ROUND: ("二次报价", "second round"),
    Phase.REPORT_SIGNED: ("报告已签署", "report signed"),
    Phase.CLOSED: ("已结束", "closed"),
    Phase.FAILED: ("流标", "failed tender"),
    Phase.SUSPENDED: ("暂停", "suspended"),
    Phase.ABORTED: ("终止", "aborted"),
}


@dataclass(frozen=True, slots=True)
class Person:
    """A person's part in one lot.  `person` is a pseudonym; the name stays on the platform (I9)."""

    person: PersonKey
    role: Role
    card: str = ""  # card number, hex; empty: none issued
    qr_key: str = ""  # phone's Ed25519 public key, hex; empty: none enrolled
    from_utc_ns: int = 0
    until_utc_ns: int = 2**62
    withdrawn: bool = False
    seat: RoomId | None = None  # the one room of a committee member whose committee sits dispersed; None: the lot's evaluation room
    duress_card: str = ""  # a second card, hex: opens as the first does, and calls for help without a sound


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot (标段) with its booking: the unit that has a phase, rooms and a roster."""

    id: LotId
    project: ProjectId
    project_name: str
    name: str
    opening_room: RoomId | None  # None: opened at another venue, only the evaluation is here (副场)
    evaluation_room: RoomId | None  # None: evaluated at another venue (主场), or at the members' own seats
    opening_utc_ns: int
    project_code: str = ""
    lot_code: str = ""
    deal_code: str = ""  # 统一交易标识码: one code per transaction for its whole life
    bidders: int | None = None  # bids received; None: not told yet
    people: tuple[Person, ...] = ()
    version: int = 1  # the platform's; a lower one is stale and ignored
    conflicts: tuple[tuple[PersonKey, PersonKey], ...] = ()  # pairs who must avoid each other (回避, I14)
    further_codes: tuple[tuple[str, str], ...] = ()  # (the platform's name, code): carried back unchanged, never read here


MIN_BIDDERS = 3  # fewer: must not open (Implementation Regulation art. 44)
