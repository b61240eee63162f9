"""Names of things.  All are short text, `[A-Za-z0-9._-]{1,64}`, stable and never reused."""

import re
from typing import NewType

VenueId = NewType("VenueId", str)
RoomId = NewType("RoomId", str)
DoorId = NewType("DoorId", str)
BoardId = NewType("BoardId", str)  # one board runs one agent: board id = agent id = MQTT user name
DeviceId = NewType("DeviceId", str)
ComponentId = NewType("ComponentId", str)  # a separation domain: rooms joined by sight
ProjectId = NewType("ProjectId", str)
LotId = NewType("LotId", str)
PersonKey = NewType("PersonKey", str)  # a pseudonym: names live on the platform
RunId = NewType("RunId", str)

ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def is_id(text: str) -> bool:
    """True when `text` may be used as an id, and therefore as one path component and one topic level.

    >>> is_id("z6-2-in"), is_id("../etc"), is_id("a/b"), is_id("")
    (True, False, False, False)
    """
    return ID_PATTERN.fullmatch(text) is not None
