"""I9: who somebody is, and whose roster they are on, is never on a screen, and no card number on any topic."""

import re
from collections.abc import Sequence

from simulation.checkers.law import NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.moments import S

# Policies, journals and reports carry pseudonyms between machines that must know them; what goes to rooms and screens may not.
_PUBLIC_LEAVES = frozenset({"scene", "desired", "gateway", "status", "meta"})
AGAIN_NS = 60 * S  # a topic is looked at once a minute: most messages only renew what was said


class NamesHidden(Law):
    """Pseudonyms count as names here: who can read a screen can often tell whose it is."""

    law = "I9"
    zh = "专家名单与身份不得出现在屏幕与公开主题"
    en = "no name, pseudonym or card number on screens and topics"
    kinds: tuple[See, ...] = (See.SCREEN, See.CHALLENGE, See.MESSAGE, See.PLATFORM)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._looked_ns: dict[str, int] = {}
        self._known: tuple[int, ...] = ()
        self._numbers = _Words(())
        self._names_too = _Words(())
        self._learn(house)

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        match seen.kind:
            case See.PLATFORM:
                self._learn(house)
                return NOTHING
            case See.SCREEN:
                return self._look(f"{fields['device']} shows", "\n".join(fields["lines"]), seen.time_ns, numbers_only=False)
            case See.CHALLENGE:
                return self._look(f"{fields['device']} shows", str(fields["text"]), seen.time_ns, numbers_only=False)
        topic = str(fields["topic"])
        if seen.time_ns - self._looked_ns.get(topic, -AGAIN_NS) < AGAIN_NS:
            return NOTHING
        self._looked_ns[topic] = seen.time_ns
        text = bytes(fields["payload"]).decode(errors="replace")
        return self._look(f"{topic} carries", text, seen.time_ns, numbers_only=topic.rpartition("/")[2] not in _PUBLIC_LEAVES)

    def _look(self, where: str, text: str, time_ns: int, *, numbers_only: bool) -> Sequence[Violation]:
        found = (self._numbers if numbers_only else self._names_too).first_in(text)
        return NOTHING if found is None else self.broken(f"{where} {found!r}", time_ns)

    def _learn(self, house: House) -> None:
        people = {p.person: p for lot in house.lots.values() for p in lot.people}
        known = (len(people), sum(lot.version for lot in house.lots.values()))
        if known == self._known:
            return
        self._known = known
        # Numbers as long as a long card's: the short ones of four bytes turn up by chance in digests and signatures.
        numbers = sorted({number for p in people.values() for number in (p.card, p.qr_key) if len(number) >= 14})
        self._numbers, self._names_too = _Words(numbers), _Words([*sorted(people), *numbers])


class _Words:
    """Many words that are looked for in long texts; hardly ever is one there."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        # A word covers one of the blocks of a text whole, wherever it stands, when it is as long as two blocks less a letter.
        block = (min(map(len, words), default=1) + 1) // 2
        self._blocks = re.compile(f"(?s).{{{block}}}").findall
        self._parts = frozenset(word[at : at + block] for word in words for at in range(len(word) - block + 1))

    def first_in(self, text: str) -> str | None:
        """The first of the words that the text holds, or None."""
        if self._parts.isdisjoint(self._blocks(text)):
            return None
        return next((word for word in self._words if word in text), None)
