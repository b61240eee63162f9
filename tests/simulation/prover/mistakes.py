"""Mistakes that people make in venue files, each as an edit of the county venue, with the rule and the place that must name it."""

import re
from dataclasses import dataclass

from venue_model.tools.files import example

COUNTY = example("county_hall").read_text("utf-8")


@dataclass(frozen=True)
class Mistake:
    """An edited venue file, and what must be said of it."""

    what: str
    text: str
    rule: str
    place: str


def block(table: str, id: str, text: str = COUNTY) -> str:
    """The `[[table]]` entry with this id, as it stands in the file."""
    found = re.search(rf'\[\[{table}\]\]\nid = "{id}"\n(?:(?!\[\[).*\n)*', text)
    assert found is not None, f"the county venue has no {table} {id}"
    return found[0].rstrip("\n") + "\n"


def edit(table: str, id: str, *changes: tuple[str, str], text: str = COUNTY) -> str:
    """The file with some words of one entry changed."""
    old = new = block(table, id, text)
    for word, other in changes:
        assert word in new, f"{table} {id} has no {word!r}"
        new = new.replace(word, other)
    return text.replace(old, new)


def without(table: str, *ids: str, text: str = COUNTY) -> str:
    """The file without some entries."""
    for id in ids:
        text = text.replace(block(table, id, text), "")
    return text


def door(id: str, outside: str, inside: str, rest: str = 'lock = "fail_safe"\nboard = "evaluation"', text: str = COUNTY) -> str:
    """The file with one more door."""
    return f'{text}\n[[door]]\nid = "{id}"\noutside = "{outside}"\ninside = "{inside}"\n{rest}\nname = {{ zh = "新门", en = "new door" }}\n'


def room(id: str, zone: str, rest: str = "", text: str = COUNTY) -> str:
    """The file with one more room."""
    return f'{text}\n[[room]]\nid = "{id}"\nzone = "{zone}"\n{rest}\nname = {{ zh = "新房间", en = "new room" }}\n'


def reader(id: str, at: str, rest: str = "", text: str = COUNTY) -> str:
    """The file with one more reader."""
    return f'{text}\n[[device]]\nid = "{id}"\nkind = "reader"\ndoor = "{at}"\n{rest}\nname = {{ zh = "读卡器", en = "reader" }}\n'


def approver(id: str, role: str, key: str) -> str:
    return f'\n[[approver]]\nid = "{id}"\nrole = "{role}"\npublic_key = "{key * 32}"\n'


def sight(*pairs: tuple[str, str]) -> str:
    """The file with rooms that see each other."""
    return COUNTY.replace("sight = []", "sight = [" + ", ".join(f'["{a}", "{b}"]' for a, b in pairs) + "]")


def interlock(one: str, other: str) -> str:
    return COUNTY.replace("sight = []", f'sight = []\ninterlock = [["{one}", "{other}"]]')


def lockers(board: str, with_reader: bool = False) -> str:
    """The file with its lockers on another board."""
    text = COUNTY
    for n in range(1, 7):
        text = edit("device", f"locker-{n}", ('"gatehouse"', f'"{board}"'), text=text)
    return edit("device", "locker-reader", ('"gatehouse"', f'"{board}"'), text=text) if with_reader else text


NO_EXIT = ('lock = "fail_safe"', 'lock = "fail_safe"\nescape = false')

MISTAKES = [
    Mistake("a missing door", without("device", "e1-reader", text=without("door", "e1-door")), "OUT", 'room "e1"'),
    Mistake("a door that its reader still names is gone", without("door", "e1-door"), "FILE", 'device "e1-reader"'),
    Mistake("a door without a reader", without("device", "e1-reader"), "READER", 'door "e1-door"'),
    Mistake("a gate without a reader", without("device", "gate-reader"), "READER", 'door "gate"'),
    Mistake(
        "a reader on the wrong side", edit("device", "o2-reader", ('"o2-door"', '"o2-door"\nside = "inside"')), "READER", 'door "o2-door"'
    ),
    Mistake("a QR camera without the screen it needs", without("device", "o1-reader", "o1-kiosk"), "READER", 'door "o1-door"'),
    Mistake("an opening room on the experts' corridor", edit("door", "o1-door", ('"hall"', '"wing"')), "REACH", 'room "o1"'),
    Mistake("a glass wall between opening and evaluation", sight(("o1", "e1")), "I1", "sight [o1, e1]"),
    Mistake("a glass wall between hall and evaluation", sight(("hall", "e1")), "APART", "sight [hall, e1]"),
    Mistake("a side door from opening room to corridor", door("side", "wing", "o1"), "APART", 'door "side"'),
    Mistake("a side door from corridor to opening room", door("side", "o1", "wing"), "APART", 'door "side"'),
    Mistake("a side door from opening room to evaluation room", door("side", "e1", "o1"), "APART", 'door "side"'),
    Mistake(
        "a side door that any badge opens from the opening room's side",
        reader("side-out", "side", 'side = "inside"', text=door("side", "wing", "o1", f'{NO_EXIT[1]}\nboard = "opening"')),
        "APART",
        'door "side"',
    ),
    Mistake("a passage without a lock from hall to corridor", door("gap", "hall", "wing", 'lock = "none"'), "APART", 'door "gap"'),
    Mistake("a passage without a lock into the monitor room", door("gap", "hall", "monitor", 'lock = "none"'), "GUARD", 'door "gap"'),
    Mistake(
        "the sides of the experts' entrance swapped",
        edit("door", "intake-door", ('outside = "street"', 'outside = "intake"'), ('inside = "intake"', 'inside = "street"')),
        "APART",
        'door "intake-door"',
    ),
    Mistake(
        "the sides of an evaluation room's door swapped",
        edit("door", "e1-door", ('outside = "wing"', 'outside = "e1"'), ('inside = "e1"', 'inside = "wing"')),
        "I8",
        'door "e1-door"',
    ),
    Mistake(
        "the sides of the monitor room's door swapped",
        edit("door", "monitor-door", ('outside = "office"', 'outside = "monitor"'), ('inside = "monitor"', 'inside = "office"')),
        "GUARD",
        'door "monitor-door"',
    ),
    Mistake("a profile typo", COUNTY.replace('"classic"', '"clasic"'), "PROFILE", "venue.profile"),
    Mistake(
        "an exit that depends on a controller",
        edit("door", "gate", NO_EXIT, text=edit("door", "wing-exit", NO_EXIT, text=reader("out", "wing-exit", 'side = "inside"'))),
        "OUT",
        'room "wing"',
    ),
    Mistake("no exit hardware on the only exit", edit("door", "e1-door", NO_EXIT), "OUT", 'room "e1"'),
    Mistake(
        "the only way out goes through a room that asks for a pass",
        edit("door", "q-experts-door", NO_EXIT, text=door("closet", "q-experts", "e2")),
        "OUT",
        'room "q-experts"',
    ),
    Mistake(
        "a maglock on the way out that the fire contact does not drop",
        edit("door", "e2-door", ('lock = "fail_safe"', 'lock = "fail_safe"\nfire_release = false')),
        "OUT",
        'room "e2"',
    ),
    Mistake("experts can only come in through the hall", edit("door", "intake-door", ('"street"', '"hall"')), "I6", 'door "intake-door"'),
    Mistake(
        "an evaluation room that leads out through the bidders' hall only",
        edit("door", "e1-door", ('outside = "wing"', 'outside = "hall"')),
        "I6",
        'door "e1-door"',
    ),
    Mistake(
        "all experts leave through the bidders' waiting area",
        edit("door", "wing-exit", ('"street"', '"waiting"'), text=edit("door", "gate", NO_EXIT)),
        "I6",
        'door "wing-exit"',
    ),
    Mistake("an interlocked pair on two boards", interlock("gate", "e1-door"), "CONTROLLER", "interlock [gate, e1-door]"),
    Mistake("an evaluation room without a camera", without("device", "e2-near", "e2-far"), "I10", 'room "e2"'),
    Mistake("an opening room without a camera", without("device", "o1-near", "o1-far"), "I10", 'room "o1"'),
    Mistake("lockers on another board than the gate", lockers("evaluation", with_reader=True), "I5", 'door "gate"'),
    Mistake("lockers without a reader on their board", lockers("evaluation"), "I5", 'door "gate"'),
    Mistake("lockers that no reader opens", without("device", "locker-reader"), "I5", 'door "gate"'),
    Mistake("approvers of one role only", COUNTY + approver("zhang", "SUP", "ab") + approver("li", "SUP", "cd"), "I8", "approver"),
    Mistake("two approvers with one key", COUNTY + approver("zhang", "SUP", "ab") + approver("li", "WIT", "ab"), "I8", "approver"),
    Mistake("two lots' evaluation rooms joined by sight", sight(("e1", "e2")), "I2", "sight [e1, e2]"),
    Mistake("an evaluation room open to its corridor", sight(("wing", "e1")), "I2", "sight [wing, e1]"),
    Mistake(
        "a monitor room that opens into the hall of bidders only",
        edit("door", "monitor-door", ('"office"', '"hall"')),
        "I6",
        'room "monitor"',
    ),
    Mistake(
        "an inquiry room that does not say whom it serves",
        edit("room", "q-experts", ('serves = "committee"\n', "")),
        "I7",
        'room "q-experts"',
    ),
    Mistake("intake reachable only through an opening room", edit("door", "intake-door", ('"street"', '"o1"')), "REACH", 'room "intake"'),
    Mistake("a wall between gate and evaluation room", edit("door", "e1-door", ('"wing"', '"o1"')), "REACH", 'room "e1"'),
]
