"""I8: nobody is let into a sealed room, and whoever leaves one leaves a breach in its evidence."""

from collections.abc import Sequence

from simulation.checkers.law import NOTHING, Doubts, Eyes, Granted, Grants, Law, board_of
from simulation.world.contract import House, See, Seen, Violation
from venue_model.ids import DoorId
from venue_model.moments import MS, S

WITHIN_NS = 3 * S
GRACE_NS = 500 * MS  # a bolt that was free when the seal came travels for up to 80 ms
EXIT_NS = 15 * S  # a leaf that somebody has opened from the inside stands open for seconds


class Sealed(Law):
    """From sealing to the signed report nobody enters; leaving is free, and a breach."""

    law = "I8"
    zh = "评标封闭期间不得进入,离开必留痕"
    en = "nobody enters a sealed room, and leaving one is a breach in its evidence"
    kinds: tuple[See, ...] = (See.HELD, See.LEAF, *Eyes.KINDS, See.FIRE, *Grants.KINDS)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._eyes = Eyes(self.venue)
        self._grants = Grants()
        self._doubts = Doubts()
        self._sealed: dict[tuple[str, str], int] = {}  # (board, domain) → since when
        self._barred_ns: dict[str, int] = {}  # door → when somebody last opened it from the inside
        self._burning: set[str] = set()
        self._owed: list[tuple[DoorId, int]] = []  # breaches that must be written, and until when

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        found = [*self._overdue(seen.time_ns), *self._judged(seen.time_ns)]
        match seen.kind:
            case See.HELD:
                if fields["seal"]:
                    self._sealed.setdefault((fields["board"], fields["component"]), seen.time_ns)
                else:
                    self._sealed.pop((fields["board"], fields["component"]), None)
            case See.FIRE:
                (self._burning.add if fields["active"] else self._burning.discard)(fields["board"])
            case See.LEAF if fields["open"]:
                found += self._opened(seen, house)
            case See.LINE if fields["line"] == "breach":
                self._settle(str(fields["body"].get("door")))
            case See.READ | See.LINE:
                grant = self._grants.take(seen)
                if grant is not None and self._sealed_since(grant.door) is not None:
                    self._doubts.waiting.append(grant)
            case See.CRASH | See.START | See.FAULT:
                self._eyes.take(seen)
                self._owed = [(door, due) for door, due in self._owed if self._eyes.sees(door, seen.time_ns)]
        return found

    def at_end(self, house: House) -> Sequence[Violation]:
        return [*self._overdue(house.world.now_ns), *self._judged(house.world.now_ns + 1)]

    def _judged(self, now_ns: int) -> Sequence[Violation]:
        return [
            v
            for grant in self._doubts.ripe(now_ns)
            if self._sealed_since(grant.door) is not None
            for v in self.broken(f"{grant.door} let {_who(grant)} into a sealed room", grant.time_ns)
        ]

    def _opened(self, seen: Seen, house: House) -> Sequence[Violation]:
        door, how = DoorId(str(seen.fields["door"])), seen.fields["how"]
        since_ns = self._sealed_since(door)
        if since_ns is None:
            return NOTHING
        if how == "bar":
            self._barred_ns[door] = seen.time_ns
            if self._eyes.sees(door, seen.time_ns) and board_of(self.venue, door) not in self._burning:
                self._owed.append((door, seen.time_ns + WITHIN_NS))
            return NOTHING
        left_lately = seen.time_ns - self._barred_ns.get(door, -EXIT_NS) < EXIT_NS
        if how != "pull" or seen.time_ns - since_ns < GRACE_NS or left_lately or house.was_cut(door, EXIT_NS):
            return NOTHING
        return self.broken(f"{door} gave way to a hand on the outside while the room was sealed", seen.time_ns)

    def _sealed_since(self, door: DoorId) -> int | None:
        component, board = self.inner(door), board_of(self.venue, door)
        return self._sealed.get((board, component)) if component is not None and board is not None else None

    def _settle(self, door: str) -> None:
        for entry in self._owed:
            if entry[0] == door:
                self._owed.remove(entry)
                return

    def _overdue(self, now_ns: int) -> Sequence[Violation]:
        if not self._owed or self._owed[0][1] >= now_ns:
            return NOTHING
        late = [entry for entry in self._owed if entry[1] < now_ns]
        self._owed = [entry for entry in self._owed if entry[1] >= now_ns]
        return [v for door, due in late for v in self.broken(f"somebody left a sealed room by {door}, and no breach was written", due)]


def _who(grant: Granted) -> str:
    return f"{grant.believed or grant.how} ({grant.group or 'staff'})"
