"""Who of a lot is still inside at its end, and whose phone still lies in a locker."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.core.parts import COMMITTEE
from gateway.core.presence.watch import Everybody
from gateway.core.presence.whereabouts import Whereabouts
from venue_model.ids import DeviceId, LotId, PersonKey
from venue_model.lots import Lot
from venue_model.venue import Name

_HOLDS = frozenset({"bound", "returning"})  # "assigned" has not been closed on a phone yet, "returned" has been emptied


@dataclass(frozen=True, slots=True, order=True)
class LockerLine:
    """Something happened to a locker."""

    utc_ns: int
    agent: str
    seq: int
    locker: DeviceId
    act: str
    person: PersonKey
    lot: LotId | None


def phones(lines: Iterable[LockerLine]) -> dict[DeviceId, LockerLine]:
    """The lockers that hold a phone, each with the line that says so.  Lines may come in any order, and twice."""
    last: dict[DeviceId, LockerLine] = {}
    for line in sorted(lines, key=lambda n: (n.utc_ns, n.agent, n.seq)):
        last[line.locker] = line
    return {locker: line for locker, line in sorted(last.items()) if line.act in _HOLDS}


@dataclass(frozen=True, slots=True)
class Leaving:
    """What stands between a lot and its empty rooms."""

    inside: tuple[Whereabouts, ...]
    phones: tuple[LockerLine, ...]


def leaving(lot: Lot, everybody: Everybody, held: Mapping[DeviceId, LockerLine]) -> Leaving:
    """Whoever of the lot's people may still be in a guarded room, and the lockers with a phone of theirs."""
    people = {person.person for person in lot.people}
    inside = sorted((w for p, w in everybody.items() if p in people and w.maybe_inside), key=lambda w: (w.component, w.person))
    return Leaving(tuple(inside), tuple(line for line in held.values() if line.person in people or line.lot == lot.id))


def still_inside(found: Leaving) -> Name | None:
    """A warning for whoever is about to close the lot.  No refusal: exit is free, and a nameless exit leaves a name behind."""
    committee = [w for w in found.inside if w.group in COMMITTEE]
    others = len(found.inside) - len(committee)
    if not found.inside and not found.phones:
        return None
    zh = [f"评标委员会 {len(committee)} 人({_keys(committee)})"] if committee else []
    en = [f"{len(committee)} of the committee ({_keys(committee)})"] if committee else []
    if others:
        zh.append(f"其他人员 {others} 人")
        en.append(f"{others} others")
    words = Name("可能尚未离场:" + "、".join(zh), "perhaps still inside: " + ", ".join(en)) if found.inside else Name("", "")
    if found.phones:
        lockers = ", ".join(line.locker for line in found.phones)
        words = Name(
            "。".join(filter(None, (words.zh, f"{len(found.phones)} 个储物柜还有手机({lockers})"))),
            "; ".join(filter(None, (words.en, f"phones in {len(found.phones)} lockers ({lockers})"))),
        )
    return words


def _keys(people: Iterable[Whereabouts]) -> str:
    return ", ".join(w.person for w in people)
