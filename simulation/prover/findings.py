"""What the prover says: a rule, a place, the fault, the remedy, and a story that shows it happen."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from venue_model.ids import RoomId
from venue_model.venue import Name, Venue

Story = tuple[Name, ...]


class Rule(StrEnum):
    """What a venue can break.  I-numbers are the invariants of `docs/laws.md`; each is told once for each place."""

    FILE = "FILE"
    PROFILE = "PROFILE"
    APART = "APART"
    GUARD = "GUARD"
    ZONES = "I1"
    OWN_ROOM = "I2"
    ONCE = "I4"
    LOCKER = "I5"
    ROUTE = "I6"
    INQUIRY = "I7"
    SEAL = "I8"
    RECORD = "I10"
    OUT = "OUT"
    FIRE = "FIRE"
    REACH = "REACH"
    READER = "READER"
    CONTROLLER = "CONTROLLER"
    SHARED = "SHARED"


RULE_TITLES: dict[Rule, Name] = {
    Rule.FILE: Name("场地文件", "venue file"),
    Rule.PROFILE: Name("策略模式", "profile"),
    Rule.APART: Name("分离", "apart"),
    Rule.GUARD: Name("把守", "guarded rooms stay guarded"),
    Rule.ZONES: Name("分区混用", "zones that exclude each other's people"),
    Rule.OWN_ROOM: Name("只进本标段的房间", "only the room of one's own lot"),
    Rule.ONCE: Name("不得再次进入", "no re-entry"),
    Rule.LOCKER: Name("先存手机", "phone locked away first"),
    Rule.ROUTE: Name("专家与投标人分流", "experts and bidders on separate ways"),
    Rule.INQUIRY: Name("询标", "inquiry"),
    Rule.SEAL: Name("封闭评标", "sealed room"),
    Rule.RECORD: Name("录像", "recording"),
    Rule.OUT: Name("放行", "a way out"),
    Rule.FIRE: Name("消防联动", "fire release"),
    Rule.REACH: Name("到得了", "within reach"),
    Rule.READER: Name("读卡器", "reader"),
    Rule.CONTROLLER: Name("控制器", "controller"),
    Rule.SHARED: Name("共用区域", "shared rooms"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, or a note that does not make the check fail."""

    rule: Rule
    place: str  # as a venue file's own errors name it: `door "e1-door"`
    fault: Name
    remedy: Name
    story: Story = ()
    note: bool = False  # worth knowing, and no reason to fail


def door_place(door: str) -> str:
    """How errors name a door."""
    return f'door "{door}"'


def room_place(room: str) -> str:
    """How errors name a room."""
    return f'room "{room}"'


def listed(venue: Venue, rooms: Sequence[RoomId], most: int = 6) -> Name:
    """The names of some rooms for people, cut short when there are many."""
    names = [venue.rooms[room].name for room in rooms[:most]]
    more = len(rooms) - most
    return Name(
        "、".join(n.zh for n in names) + (f"等{len(rooms)}处" if more > 0 else ""),
        ", ".join(n.en for n in names) + (f" and {more} more" if more > 0 else ""),
    )
