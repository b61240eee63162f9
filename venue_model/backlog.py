"""What waits for the link.  Of a retained topic only the latest text matters; acts keep their order; both are bounded."""

from collections.abc import Iterable
from dataclasses import dataclass, field

RETAINED_LIMIT = 20_000  # topics: ten times the largest venue
PASSING_LIMIT = 1_000  # acts carry a time to live: older ones would be refused on arrival anyway


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message on its way out."""

    topic: str
    payload: bytes
    retain: bool


@dataclass(slots=True)
class Backlog:
    """Messages in the order in which they were first asked for.

    >>> backlog = Backlog()
    >>> for text in (b"old", b"new"):
    ...     backlog.add(Outgoing("lamp", text, retain=True))
    >>> backlog.pop(), backlog.pop()
    (Outgoing(topic='lamp', payload=b'new', retain=True), None)
    """

    retained_limit: int = RETAINED_LIMIT
    passing_limit: int = PASSING_LIMIT
    dropped: int = 0  # messages lost to the limits, ever
    _waiting: dict[str | int, Outgoing] = field(default_factory=dict)  # by topic when retained, else by number
    _passing: int = 0  # of the waiting, how many are not retained
    _number: int = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, message: Outgoing) -> None:
        """Append, or replace the waiting text of the same retained topic in its place in the queue."""
        if message.retain:
            self._waiting[message.topic] = message
            if len(self._waiting) - self._passing > self.retained_limit:
                self._drop_oldest(retained=True)
            return
        self._number += 1
        self._waiting[self._number] = message
        self._passing += 1
        if self._passing > self.passing_limit:
            self._drop_oldest(retained=False)

    def pop(self) -> Outgoing | None:
        """Take the oldest, or None when nothing waits."""
        if not self._waiting:
            return None
        message = self._waiting.pop(next(iter(self._waiting)))
        self._passing -= not message.retain
        return message

    def put_back(self, unacknowledged: Iterable[Outgoing]) -> None:
        """Return what was sent but never acknowledged, oldest first, ahead of the rest.  A later text of its topic wins."""
        later = list(self._waiting.values())
        self._waiting.clear()
        self._passing = 0
        for message in (*unacknowledged, *later):
            self.add(message)

    def _drop_oldest(self, *, retained: bool) -> None:
        victim = next(key for key, message in self._waiting.items() if message.retain is retained)
        del self._waiting[victim]
        self._passing -= not retained
        self.dropped += 1
