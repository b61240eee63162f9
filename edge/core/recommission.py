"""What of a board's record may be changed from afar: settings, never the law that it enforces nor whose word it believes.  Pure.

Otherwise whoever has the gateway could give a sealed room other approvers, or make its door one of an open zone.
"""

from venue_model.commissioning import Commission, DoorRecord

_LAW = ("venue", "agent", "policy_key", "approvers", "separated", "zones")
_LAW_OF_DOOR = ("outside", "inside", "strike", "contact", "exit_button", "fire_release", "two_person", "interlock")


def forbidden_change(held: Commission, offered: Commission) -> str:
    """Why a record must be brought to the board by hands; empty when it may come over the network."""
    for name in _LAW:
        if getattr(held, name) != getattr(offered, name):
            return f"{name} differs: it is law at this board and changed on the spot alone; copy the record there"
    ours, theirs = _doors(held), _doors(offered)
    if ours.keys() != theirs.keys():
        return f"doors {', '.join(sorted(ours.keys() ^ theirs.keys()))} come or go; commission the board on the spot"
    for id, door in ours.items():
        for name in _LAW_OF_DOOR:
            if getattr(door, name) != getattr(theirs[id], name):
                return f"door {id}: {name} differs: it is law at this board and changed on the spot alone; copy the record there"
    return ""


def _doors(record: Commission) -> dict[str, DoorRecord]:
    return {door.id: door for door in record.doors}
