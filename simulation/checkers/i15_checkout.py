"""I15: some roles leave an opening room after staff's word; one who left without it is told when seen elsewhere."""

from collections.abc import Sequence

from simulation.checkers.law import NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.moments import S
from venue_model.zones import Zone

GRACE_NS = 70 * S  # staff may confirm while the person walks past them
LATER_NS = 30 * S


class CheckoutTold(Law):
    """An exit by button names nobody: a departure is known when the person is next let in by another door."""

    law = "I15"
    zh = "未经确认离开开标区须提示"
    en = "leaving the opening area without staff's word is told"
    kinds: tuple[See, ...] = (See.TAKEN, See.RESTORED, See.CRASH)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._asked = {role.value for role in self.venue.profile.checkout}
        self._in: dict[str, str] = {}  # person → the opening domain that they were seen to enter
        self._owed: dict[str, int] = {}
        self._sure = True  # after a restore or a board's death the gateway may know less than the truth

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        if seen.kind is not See.TAKEN:
            self._sure = False
            self._owed.clear()
            return NOTHING
        line, body, person = fields["line"], fields["body"], str(fields["body"].get("person") or "")
        if line == "checkout" or (line == "alarm" and body.get("code") == "checkout-missing"):
            self._owed.pop(person, None)
            self._in.pop(person, None)
        elif line == "passage" and person and body.get("direction") == "in" and self._sure:
            self._moved(person, str(body.get("group")), str(body.get("to")), seen.time_ns)
        return NOTHING

    def at_end(self, house: House) -> Sequence[Violation]:
        now_ns = house.world.now_ns
        return [
            v
            for person, time_ns in self._owed.items()
            if now_ns - time_ns > GRACE_NS + LATER_NS
            for v in self.broken(f"{person} left the opening area without staff's word, and nobody was told", time_ns)
        ]

    def _moved(self, person: str, group: str, to: str, time_ns: int) -> None:
        component = self.domain(to)
        if group not in self._asked or component is None:
            return
        was = self._in.pop(person, None)
        if was is not None and was != component:
            self._owed.setdefault(person, time_ns)
        if Zone.OPENING in self.venue.zones_of(component):
            self._in[person] = component
