"""Venues of any size, built like the reference venue: floors of opening rooms, wings of evaluation rooms, inquiry rooms in pairs."""

from venue_model.load import load_venue
from venue_model.tools.files import shipped_profiles
from venue_model.venue import Venue


def big_text(rooms: int, alike: bool = True) -> str:
    """A venue file with about so many rooms.  `alike=False` gives each room a limit of its own, so that no two are interchangeable."""
    floors = max(1, rooms // 30)
    lines = ["schema = 1", "[venue]", 'id = "big"', 'profile = "classic"', 'name = { zh = "大", en = "big" }']

    def table(entry: str, id: str, **fields: object) -> None:
        lines.append(f'[[{entry}]]\nid = "{id}"\nname = {{ zh = "{id}", en = "{id}" }}')
        lines.extend(f"{key} = {str(value).lower() if isinstance(value, bool | int) else repr(value)}" for key, value in fields.items())

    def room(id: str, zone: str, **fields: object) -> None:
        if not alike and zone in ("Z1", "Z6", "Z7"):
            fields["limit"] = 20 + len(lines)
        table("room", id, zone=zone, **fields)

    def door(id: str, outside: str, inside: str, board: str | None, read: bool = True) -> None:
        lock = "none" if board is None else "fail_safe"
        table("door", id, outside=outside, inside=inside, lock=lock, **({} if board is None else {"board": board}))
        if read and board is not None:
            table("device", f"{id}-reader", kind="reader", door=id)

    room("street", "Z0", outdoor=True)
    room("hall", "Z0")
    room("waiting", "Z2")
    room("intake", "Z4")
    table("board", "gates", room="intake")
    table("board", "front", room="hall")
    door("front-door", "street", "hall", None)
    door("to-waiting", "hall", "waiting", None)
    door("intake-door", "street", "intake", "gates")
    table("device", "locker", kind="locker", room="intake", board="gates")
    table("device", "locker-reader", kind="reader", room="intake", board="gates")
    for floor in range(floors):
        wing, gallery, board = f"wing{floor}", f"gallery{floor}", f"board{floor}"
        room(wing, "Z5")
        room(gallery, "Z0")
        table("board", board, room=wing)
        door(f"stairs{floor}", "hall", gallery, None)
        door(f"gate{floor}", "intake", wing, "gates")
        door(f"exit{floor}", "street", wing, board, read=False)
        for n in range(11):
            room(f"o{floor}-{n}", "Z1")
            door(f"o{floor}-{n}-door", gallery, f"o{floor}-{n}", "front")
            room(f"e{floor}-{n}", "Z6")
            door(f"e{floor}-{n}-door", wing, f"e{floor}-{n}", board)
            for at in (f"o{floor}-{n}", f"e{floor}-{n}"):
                table("device", f"{at}-camera", kind="camera", room=at, board=board)
        for n in range(3):
            for side, serves, outside, on in (("b", "parties", "waiting", "front"), ("e", "committee", wing, board)):
                room(f"q{side}{floor}-{n}", "Z7", serves=serves)
                door(f"q{side}{floor}-{n}-door", outside, f"q{side}{floor}-{n}", on)
                table("device", f"q{side}{floor}-{n}-camera", kind="camera", room=f"q{side}{floor}-{n}", board=on)
    return "\n".join(lines) + "\n"


def big_venue(rooms: int, alike: bool = True) -> Venue:
    """The venue of `big_text`."""
    return load_venue(big_text(rooms, alike), "big.toml", shipped_profiles().get)
