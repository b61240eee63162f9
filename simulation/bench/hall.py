"""A venue of any size whose one lot reaches every board: an opening room of twenty signs, and halls that show the day's openings."""

import time

from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey, ProjectId, RoomId
from venue_model.lots import Lot, Person
from venue_model.moments import S

A_ROOM = 20  # boards: one room of design.md 9; the rest of the signs hang in halls of as many
DOOR = "o1-door"
LOT = LotId("bench-1")


def board_names(n: int) -> list[str]:
    """`n` boards; the first has the opening room's door beside its sign."""
    return [f"b{number:04d}" for number in range(n)]


def sign_of(board: str) -> str:
    """The one sign of a board."""
    return f"{board}-sign"


def room_of(number: int) -> str:
    """Where board `number` hangs its sign."""
    return "o1" if number < A_ROOM else f"hall-{number // A_ROOM}"


def hall_text(n: int) -> str:
    """The venue file.  Every sign changes whenever the lot does: the room's shows its phase, the halls' list it."""
    tables = ['schema = 1\n[venue]\nid = "bench"\nname = { zh = "测速厅", en = "bench hall" }\nprofile = "classic"\n']
    for room in dict.fromkeys(room_of(number) for number in range(n)):
        tables.append(_table("room", room, 'zone = "Z1"\nnumber = "101"\n' if room == "o1" else 'zone = "Z0"\n'))
    tables.append(_table("room", "street", 'zone = "Z0"\n'))
    boards = board_names(n)
    tables.append(_table("door", DOOR, f'outside = "street"\ninside = "o1"\nlock = "fail_safe"\nboard = "{boards[0]}"\n'))
    for number, board in enumerate(boards):
        tables.append(_table("board", board, f'room = "{room_of(number)}"\n'))
        tables.append(_table("device", sign_of(board), f'kind = "sign"\nboard = "{board}"\nroom = "{room_of(number)}"\n'))
    return "\n".join(tables)


def _table(kind: str, name: str, body: str) -> str:
    return f'[[{kind}]]\nid = "{name}"\nname = {{ zh = "{name}", en = "{name}" }}\n{body}'


def lot() -> Lot:
    """The one lot: enough bidders to open, two people with cards."""
    people = tuple(Person(PersonKey(f"k{role}"), role, card=f"{number:08x}") for number, role in enumerate((Role.BID, Role.AGT), 1))
    return Lot(
        LOT, ProjectId("bench"), "测速工程", "一标段", RoomId("o1"), None, time.time_ns() + 3_600 * S, bidders=3, people=people
    )
