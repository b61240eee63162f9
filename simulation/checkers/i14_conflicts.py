"""I14: two people who must avoid each other and are both in the building are told, to those who watch over the tender."""

from collections.abc import Sequence

from simulation.checkers.law import NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.ids import PersonKey


class ConflictsTold(Law):
    """Judged at the end, on the gateway's journal: both were seen at a door by name today, and a quiet alarm names them."""

    law = "I14"
    zh = "回避人员同在场内须提示监督与见证"
    en = "people who must avoid each other and are both here are told, quietly"
    kinds: tuple[See, ...] = (See.TAKEN, See.RESTORED)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._seen: dict[str, bool] = {}
        self._owed: dict[tuple[PersonKey, PersonKey], int] = {}
        self._told: dict[str, bool] = {}

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        if seen.kind is See.RESTORED:
            self._seen.clear()
            self._owed.clear()
            return NOTHING
        body = fields["body"]
        if fields["line"] == "alarm" and body.get("code") == "conflict":
            self._told[str(body.get("place"))] = True
            if not body.get("quiet") or not body.get("audience"):
                return self.broken(f"the conflict {body.get('place')} was told to everybody", seen.time_ns)
        elif fields["line"] == "passage" and body.get("person"):
            self._seen[str(body["person"])] = True
            self._meet(house, seen.time_ns)
        return NOTHING

    def at_end(self, house: House) -> Sequence[Violation]:
        return [
            v
            for pair, time_ns in self._owed.items()
            if not self._told.get(" ".join(sorted(map(str, pair))))
            for v in self.broken(f"{pair[0]} and {pair[1]} must avoid each other, both came, and nobody was told", time_ns)
        ]

    def _meet(self, house: House, time_ns: int) -> None:
        for lot in house.lots.values():
            for pair in lot.conflicts:
                if pair not in self._owed and all(self._seen.get(person) for person in pair):
                    self._owed[pair] = time_ns
