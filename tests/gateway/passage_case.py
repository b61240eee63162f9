"""A house with one shared passage: bidders and experts come in by the same door, and must do so one after the other."""

from dataclasses import replace
from functools import cache

from venue_model.load import load_venue
from venue_model.tools.files import shipped_profiles
from venue_model.venue import Venue

_ROOMS = {
    "street": 'zone = "Z0", outdoor = true',
    "link": 'zone = "Z12"',
    "o1": 'zone = "Z1", number = "101"',
    "o2": 'zone = "Z1", number = "102"',
    "intake": 'zone = "Z4"',
    "wing": 'zone = "Z5"',
    "e1": 'zone = "Z6", number = "201", limit = 7',
    "e2": 'zone = "Z6", number = "202"',
    "e3": 'zone = "Z6", number = "203"',
    "ask": 'zone = "Z7", serves = "committee"',
    "answer": 'zone = "Z7", serves = "parties"',
}
_WAYS = [
    ("street", "link"), ("link", "o1"), ("link", "o2"), ("link", "answer"), ("link", "intake"), ("intake", "wing"),
    ("wing", "e1"), ("wing", "e2"), ("wing", "e3"), ("wing", "ask"),
]  # fmt: skip


@cache
def passage_house(profile: str = "classic", curfew: str = "21:00") -> Venue:
    """The house under one of the shipped profiles."""
    name = 'name = { zh = "房", en = "room" }'
    rooms = "\n".join(f'[[room]]\nid = "{room}"\n{facts.replace(", ", chr(10))}\n{name}' for room, facts in _ROOMS.items())
    doors = "\n".join(
        f'[[door]]\nid = "{inside}-door"\noutside = "{outside}"\ninside = "{inside}"\nlock = "fail_safe"\nboard = "b"\n{name}'
        for outside, inside in _WAYS
    )
    cameras = "\n".join(f'[[device]]\nid = "{r}-cam"\nkind = "camera"\nroom = "{r}"\nboard = "b"\n{name}' for r in _ROOMS if r != "street")
    relays = "\n".join(f'[[device]]\nid = "{r}-net"\nkind = "network"\nroom = "{r}"\nboard = "b"\n{name}' for r in ("wing", "e1"))
    text = (
        f'schema = 1\n[venue]\nid = "passage-house"\n{name}\nprofile = "{profile}"\ncurfew = "{curfew}"\n{rooms}\n{doors}\n'
        f'[[board]]\nid = "b"\nroom = "link"\n{name}\n{cameras}\n{relays}\n'
    )
    return load_venue(text, "passage_house.toml", shipped_profiles().get)


def under(venue: Venue, profile: str) -> Venue:
    """The same house under another of the shipped profiles."""
    return replace(venue, profile=shipped_profiles()[profile])
