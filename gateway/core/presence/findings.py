"""What presence tells people, as bodies of alarm lines: code, who, where, and which lines show it."""

from dataclasses import dataclass

from gateway.core.alarms import WATCHERS
from gateway.core.presence.impossible import Impossible
from gateway.core.presence.sightings import Ref
from gateway.core.presence.state import Stay
from gateway.core.presence.watch import CHECKOUT_GRACE_S, Meeting
from gateway.core.presence.whereabouts import Whereabouts
from venue_model.ids import LotId, PersonKey


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to be told, once: `case` is the same whenever the same thing is found again."""

    code: str
    case: str
    place: str  # what the alarm stands at: a person, or a pair
    detail: str
    evidence: tuple[Ref, ...]
    person: PersonKey | None = None
    lot: LotId | None = None
    door: str = ""
    level: str = "alarm"
    audience: tuple[str, ...] = ()  # account roles; empty: everybody
    to_platform: bool = False

    def body(self) -> dict[str, object]:
        """The alarm line's body."""
        body: dict[str, object] = {
            "code": self.code, "case": self.case, "place": self.place, "detail": self.detail, "level": self.level,
            "evidence": [ref.plain() for ref in self.evidence],
        }  # fmt: skip
        if self.person:
            body["person"] = self.person
        if self.door:
            body["door"] = self.door
        if self.audience or self.level != "alarm":
            body["quiet"] = True  # no sound, no light: for whoever reads it
        if self.audience:
            body["audience"] = list(self.audience)
        return body


def impossible_found(found: Impossible) -> Finding:
    """One person where one person cannot be (I13)."""
    second = found.second
    lot = second.lot or found.first.lot
    return Finding(
        found.code, found.case, second.person or second.credential, found.detail, (found.first.ref, second.ref), second.person, lot,
        second.door, to_platform=True,
    )  # fmt: skip


def lingering_found(who: Whereabouts, linger_s: int) -> Finding:
    """Somebody stands where one walks through."""
    case = f"lingering {who.person} {who.component} {who.since_utc_ns}"
    detail = f"in {who.component} for more than {linger_s} s"
    return Finding("lingering", case, who.person, detail, (who.ref,), who.person, who.lot, who.door, level="warning")


def meeting_found(found: Meeting, day: str) -> Finding:
    """Two who must avoid each other are both here (I14).  Only those who watch over the tender may know."""
    one, other = sorted((str(found.one.person), str(found.other.person)))
    detail = f"both seen at a door on {day}: {found.one.door or found.one.room} and {found.other.door or found.other.room}"
    return Finding(
        "conflict", f"conflict {one} {other} {day}", f"{one} {other}", detail, (found.one.ref, found.other.ref), lot=found.lot,
        audience=WATCHERS,
    )  # fmt: skip


def checkout_found(stay: Stay) -> Finding:
    """Somebody left the opening area without staff's word (I15)."""
    entered, ended = stay.entered, stay.ended
    assert ended is not None, "only who has left can have left without a word"
    case = f"checkout-missing {stay.person} {stay.component} {ended.utc_ns}"
    detail = f"left {stay.component} without staff's confirmation, also none within {CHECKOUT_GRACE_S} s"
    refs = (entered.ref, ended.ref)
    return Finding("checkout-missing", case, stay.person, detail, refs, stay.person, entered.lot, ended.door, level="warning")
