"""One record for every device, door and board: what it should be, what it says it is, since when, and by whose word."""

from dataclasses import dataclass

from venue_model.ids import BoardId, RoomId
from venue_model.venue import Name
from venue_model.wire import OVERRIDDEN

BOARD, DOOR = "board", "door"  # the kinds that are no DeviceKind
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Desired:
    """What it should be."""

    value: str  # in words short enough for a table
    generation: int  # of the board's document that says so; of a door: the epoch of its policy
    since_utc_ns: int
    run: str = ""  # the scene run that asked for it
    by: str = ""  # the person; empty: the programme of the day


@dataclass(frozen=True, slots=True)
class Reported:
    """What it says it is."""

    value: str
    code: int  # of `DeviceReport`
    since_utc_ns: int
    text: str = ""
    source: str = ""  # "local": a hand at the switch

    @property
    def overridden(self) -> bool:
        """True while somebody at the device has the last word."""
        return self.code == OVERRIDDEN or self.source == LOCAL


@dataclass(frozen=True, slots=True)
class Twin:
    """One device, door or board.  `online` None: it was never heard of."""

    id: str
    kind: str  # a DeviceKind, "door" or "board"
    name: Name
    room: RoomId
    board: BoardId
    online: bool | None
    online_utc_ns: int
    board_online: bool  # of a board: the same
    held: int  # the generation that its board has confirmed; of a door: the epoch that it holds
    desired: Desired | None = None
    reported: Reported | None = None
    quarantined_utc_ns: int | None = None
    record: str = ""  # of a board: why its program or record is not the one it should have
