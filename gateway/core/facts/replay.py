"""The fold of the event export: facts in order give the lots, runs, domains, authorisations and presence that the venue's database holds.

The documented way to read `GET /api/v1/export/events` (docs/facts.md): a fact is one line of NDJSON, applying one twice changes nothing,
and after any fact the state is what the database held after the commit that wrote it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.core.presence.sightings import sighting_of
from gateway.core.presence.state import Presence, rebuilt
from gateway.core.presence.ways import Ways

LINE = "line"
STATES = ("lot", "run", "domain", "authorisation")
KINDS = (LINE, *STATES)

Fact = Mapping[str, Any]
LineKey = tuple[str, str, int]  # agent, journal, number: what the edges number, and repeat after a restore


@dataclass(slots=True)
class Replay:
    """What is known after the facts taken so far."""

    cursor: str = ""
    states: dict[str, dict[str, Any]] = field(default_factory=lambda: {kind: {} for kind in STATES})  # kind → id → state
    lines: dict[LineKey, Mapping[str, Any]] = field(default_factory=dict)

    def take(self, fact: Fact) -> None:
        """One line of the export.  Kinds of a newer gateway are passed over."""
        self.cursor = str(fact["cursor"])
        kind = fact["kind"]
        if kind == LINE:
            line = fact["line"]
            self.lines.setdefault((line["agent"], line["journal"], line["seq"]), line)
        elif kind in self.states:
            if fact["state"] is None:
                self.states[kind].pop(fact["of"], None)
            else:
                self.states[kind][fact["of"]] = fact["state"]

    def presence(self, ways: Ways, floor_utc_ns: int = 0) -> Presence:
        """Who was where, from the journal's lines: late, repeated and out of order as they may have come."""
        return rebuilt((s for line in self.lines.values() if (s := sighting_of(line, ways)) is not None), ways, floor_utc_ns)


def replayed(facts: Iterable[Fact]) -> Replay:
    """The whole export, or what there is of it."""
    replay = Replay()
    for fact in facts:
        replay.take(fact)
    return replay
