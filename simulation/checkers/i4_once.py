"""I4: one authorisation, one entry."""

from collections.abc import Sequence

from simulation.checkers.authority import Authorities
from simulation.checkers.law import COMMITTEE, NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.zones import Zone


class EntersOnce(Law):
    """A committee member who has entered a corridor or a room does not enter it again before being authorised anew."""

    law = "I4"
    zh = "一次授权只能进入一次"
    en = "no re-entry by the same authorisation"
    kinds: tuple[See, ...] = (See.LINE, See.TAKEN)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._authorities = Authorities(self.venue)
        self._entered: dict[tuple[str, str], int] = {}  # person and domain → the authorisation that was used

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        if seen.kind is See.TAKEN:
            self._authorities.take(seen, house)
            return NOTHING
        body = seen.fields["body"]
        if seen.fields["line"] != "passage" or body.get("direction") != "in":
            return NOTHING
        if body.get("group") not in COMMITTEE or not body.get("person"):
            return NOTHING
        component = self.domain(str(body["to"]))
        if component is None or not {Zone.CORRIDOR, Zone.EVALUATION} & set(self.venue.zones_of(component)):
            return NOTHING
        person = str(body["person"])
        authorised = self._authorities.last.get(person)
        number = authorised.number if authorised else 0
        before = self._entered.get((person, component))
        self._entered[person, component] = number
        if before is None or before < number:
            return NOTHING
        return self.broken(f"{person} entered {component} again by {body['door']} on the same authorisation", seen.time_ns)
