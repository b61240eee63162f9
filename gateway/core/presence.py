"""Who is where, rebuilt from passages."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a person was last seen entering."""

    person: PersonKey
    lot: LotId | None
    group: Role | None
    component: str  # "" when outside all guarded rooms
    since_utc_ns: int


Presence = Mapping[PersonKey, Whereabouts]


def moved(presence: Presence, body: Mapping[str, Any], utc_ns: int) -> Presence:
    """Presence after a passage.  A passage without a known person (exit button, forced door) moves nobody by name."""
    person = body.get("person")
    if not person:
        return presence
    group = body.get("group")
    lot = body.get("lot")
    role = Role(group) if group in set(Role) else None  # a newer door may know roles that this gateway does not
    seen = Whereabouts(PersonKey(person), LotId(lot) if lot else None, role, str(body.get("to", "")), utc_ns)
    return {**presence, seen.person: seen}


def arrived(seen: Iterable[Whereabouts], lot: LotId) -> dict[str, int]:
    """Role → how many people of a lot have come in."""
    counts: dict[str, int] = {}
    for whereabouts in seen:
        if whereabouts.lot == lot and whereabouts.group is not None:
            counts[whereabouts.group] = counts.get(whereabouts.group, 0) + 1
    return dict(sorted(counts.items()))
