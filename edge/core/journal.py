"""A line of the agent's journal, and the words of its bodies.  Ids only: no names of people, no card numbers (I9).

Bodies hold what canonical JSON holds: text, integers below 2^53, booleans, lists, dicts.  The shell adds number and time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from venue_model.canonical import Plain
from venue_model.door_policy import Pass, Refuse
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey

CREDENTIAL_HEX = 8  # enough to tell two cards of a day apart, too little to look one up

Body = Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class Record:
    """Effect: write this line, before any later effect that is not life safety."""

    kind: str
    body: Body
    lot: LotId | None = None


def who(person: PersonKey | None, group: Role | None, lot: LotId | None) -> dict[str, Plain]:
    """The part of a body that says who; nulls where nobody was identified."""
    return {"person": person, "group": None if group is None else group.value, "lot": lot}


def credential_hint(digest: str) -> str:
    """The start of a digest, for the mechanic who compares two lines."""
    return digest[:CREDENTIAL_HEX]


def refusal_line(device: str, at: str, refusal: Refuse, digest: str) -> Record:
    """Somebody was turned away: where, by which rule, and who, as far as it is known."""
    body = {
        "device": device, "door": at, "rule": refusal.rule, "because": refusal.because,
        "credential": credential_hint(digest), **who(refusal.person, refusal.group, refusal.lot),
    }  # fmt: skip
    return Record("refusal", body, refusal.lot)


def alarm(code: str, place: str, detail: str, lot: LotId | None = None, *, door: bool = False) -> Record:
    """Something that a person must look at.  `place` is a door when `door`, else a device."""
    return Record("alarm", {"code": code, "door" if door else "device": place, "detail": detail}, lot)


def quiet_alarm(code: str, place: str, detail: str, entry: Pass, *, door: bool = False) -> Record:
    """Something about a person that staff must know, and that nothing at the door may tell: `quiet` for whoever shows it."""
    told: dict[str, Plain] = {"code": code, "door" if door else "device": place, "detail": detail, "quiet": True}
    return Record("alarm", {**told, **who(entry.person, entry.group, entry.lot)}, entry.lot)


def alarm_clear(code: str, place: str, *, door: bool = False) -> Record:
    """The end of an alarm that has one."""
    return Record("alarm_clear", {"code": code, "door" if door else "device": place})
