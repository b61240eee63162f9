"""Presence kept current: hears every line of the journal, tells what does not fit, answers who is where.

Its memory is the journal: whatever is here after a restart was rebuilt from the lines.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway.core.day import LOCAL
from gateway.core.parts import Day, live
from gateway.core.presence.doors import asks
from gateway.core.presence.findings import Finding, checkout_found, impossible_found, lingering_found, meeting_found
from gateway.core.presence.fire import Accounted, Fire, FireLine, last_fire, roll
from gateway.core.presence.impossible import Impossible, jumps, two_places
from gateway.core.presence.leaving import Leaving, LockerLine, leaving, phones
from gateway.core.presence.muster import Muster, muster, mustered
from gateway.core.presence.sightings import KINDS, sighting_of
from gateway.core.presence.state import KEPT_NS, Presence, forgotten, newest_utc_ns, rebuilt, seen
from gateway.core.presence.trajectory import Step, trajectory
from gateway.core.presence.watch import lingering, meetings, misplaced, unconfirmed
from gateway.core.presence.ways import Ways
from gateway.core.presence.whereabouts import Sure, Whereabouts, everybody
from gateway.shell.agents import AgentBook
from gateway.shell.store import Store
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, LotId, PersonKey
from venue_model.lots import Lot
from venue_model.moments import Now, S
from venue_model.venue import Venue
from venue_model.wire import DoorReport

HEARD = (*KINDS, "fire", "checkout", "alarm_clear")
DAY_S = 86_400
LOOK_S = 1  # between two looks at what only time makes wrong
SETTLE_S = 5  # a board that is there tells a passage, or a count, within this time
ROLL_S = 12 * 3600  # so long after a fire its list is kept
RECENT_S = 600  # after a start, people seen within this time are looked at again


class PresenceDesk:
    """Who is where in one venue."""

    def __init__(self, venue: Venue, store: Store, agents: AgentBook, day: Callable[[], Day]) -> None:
        self.venue = venue
        self.store = store
        self.agents = agents
        self.day = day
        self.ways = Ways(venue)
        self.tell: Callable[[Iterable[Finding], Now], None] = lambda findings, now: None
        self.note: Callable[[str, dict[str, Any], Now], None] = lambda kind, body, now: None
        self.listed: Callable[[Presence, Now], Iterable[Finding]] = lambda presence, now: ()  # who of the watch list was seen
        self.confirmed: dict[tuple[LotId, PersonKey], tuple[int, ...]] = {}
        self._fires: set[FireLine] = set()
        self._lockers: dict[tuple[str, int, int], LockerLine] = {}
        self._told: set[str] = set()  # cases
        self._lingering: set[str] = set()  # people whose lingering is an alarm that stands
        self._due: dict[PersonKey, int] = {}  # when to ask whether they were in two places
        self._empty: dict[ComponentId, Now] = {}  # domains that the doors count empty, and since when
        self._look_mono_ns = 0
        self._known: tuple[Presence, dict[PersonKey, Whereabouts]] | None = None
        self.feeds_doors = any(
            wanted.moves or wanted.spent for board in venue.boards for c in venue.components for wanted in [asks(venue, board, c)]
        )  # then every passage by name may change a policy
        self.presence = Presence()
        self._rebuild()

    def _rebuild(self) -> None:
        newest = min(self.store.newest_received_utc_ns(), self.store.newest_passage_utc_ns())  # either clock may be wrong: see _forget
        floor = max(0, newest - KEPT_NS)
        marks = ", ".join("?" * len(HEARD))
        lines = self.store.journal(f"kind IN ({marks}) AND utc_ns >= ?", (*HEARD, floor), limit=1_000_000)
        self.presence = rebuilt((s for line in lines if (s := sighting_of(line, self.ways))), self.ways, floor)
        for line in lines:
            self._note(line)
        self._due = {p: 0 for p, row in self.presence.people.items() if row[-1].utc_ns > newest - RECENT_S * S}

    # hearing

    def hear(self, line: Mapping[str, Any], now: Now) -> list[Finding]:
        """Take a line that is new in the journal; what it makes impossible is to be told in the same transaction."""
        self._note(line)
        sighting = sighting_of(line, self.ways)
        if sighting is None:
            return []
        self.presence = seen(self.presence, sighting, self.ways)
        if sighting.person is not None:
            self._due[sighting.person] = now.mono_ns + SETTLE_S * S
        row = self.presence.people.get(sighting.person, ()) if sighting.person else self.presence.strangers.get(sighting.credential, ())
        return self._fresh(impossible_found(found) for found in jumps(row, sighting, self.ways, self.venue.walk_s))

    def _note(self, line: Mapping[str, Any]) -> None:
        """What is kept besides sightings."""
        body = line["body"]
        match line["kind"]:
            case "fire":
                where = (line["utc_ns"], line["agent"], line["seq"])
                self._fires.add(FireLine(*where, str(body.get("device", "")), body.get("active") is True))
            case "locker" if isinstance(body.get("person"), str):
                where = (line["utc_ns"], line["agent"], line["seq"])
                lot = body.get("lot")
                self._lockers[where] = LockerLine(
                    *where, DeviceId(str(body.get("locker"))), str(body.get("act")), PersonKey(body["person"]),
                    LotId(lot) if isinstance(lot, str) else None,
                )  # fmt: skip
            case "checkout" if isinstance(body.get("person"), str) and line["lot"]:
                key = (LotId(line["lot"]), PersonKey(body["person"]))
                self.confirmed[key] = (*self.confirmed.get(key, ()), line["utc_ns"])
            case "alarm" if isinstance(body.get("case"), str):
                self._told.add(body["case"])
                if body.get("code") == "lingering":
                    self._lingering.add(str(body.get("place")))
            case "alarm_clear" if body.get("code") == "lingering":
                self._lingering.discard(str(body.get("place")))

    # looking

    def tick(self, now: Now) -> None:
        """Look, once a second, at what only time makes wrong: call as often as you like."""
        if now.mono_ns < self._look_mono_ns:
            return
        self._look_mono_ns = now.mono_ns + LOOK_S * S
        if now.utc_ns - self.presence.floor_utc_ns > KEPT_NS + DAY_S * S:
            self._forget(now.utc_ns)
        standing = lingering(self.everybody(), self.venue, now.utc_ns)
        found = [lingering_found(who, self.venue.linger_s) for who in standing]
        if fresh := self._fresh([*self._contradicted(now), *found, *self._watched(now)]):
            self.tell(fresh, now)
        for person in sorted(self._lingering - {who.person for who in standing}):
            self.note("alarm_clear", {"code": "lingering", "place": person}, now)
        self._count_empty(now)

    def _count_empty(self, now: Now) -> None:
        """Note the domains that the doors have counted empty for a while though names are still on their lists."""
        named = {who.component for who in self.everybody().values() if who.maybe_inside}
        reports, away = self._doors()
        empty = [c for c in self.venue.components if c in named and mustered(self.venue, c, (), reports, away).empty]
        self._empty = {component: self._empty.get(component, now) for component in empty}
        for component, since in list(self._empty.items()):
            if now.mono_ns - since.mono_ns >= SETTLE_S * S:
                del self._empty[component]
                self.note("emptied", {"component": component}, since)  # when it happened, not when it was believed

    def _contradicted(self, now: Now) -> list[Finding]:
        due = [person for person, mono_ns in self._due.items() if now.mono_ns >= mono_ns]
        found: list[Finding] = []
        for person in due:
            here = [f for f in two_places(self.presence, person, self.ways) if impossible_found(f).case not in self._told]
            if all(self._heard_out(f, now) for f in here):
                del self._due[person]
                found += [impossible_found(f) for f in here]
        return found

    def _heard_out(self, found: Impossible, now: Now) -> bool:
        """True when the boards of the domain that was left have been there for a while: an exit would have been told."""
        boards = {door.board for c in self.venue.components if c == found.first.to for door in self.venue.doors_of(c) if door.board}
        agents = [self.agents[board] for board in boards]
        return all(agent.online and now.utc_ns - agent.since_utc_ns >= SETTLE_S * S for agent in agents)

    def _watched(self, now: Now) -> Iterable[Finding]:
        today = local_day(now.utc_ns)
        lots = [state.lot for state in live(self.day()) if state.lot.conflicts]
        if lots:
            for met in meetings(self.presence, lots, day_span(today)[0]):
                yield meeting_found(met, today)
        for stay in unconfirmed(self.presence, self.venue, self.confirmed, now.utc_ns):
            yield checkout_found(stay)
        yield from self.listed(self.presence, now)

    def _fresh(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those that have not been told."""
        fresh = {finding.case: finding for finding in findings if finding.case not in self._told}
        return list(fresh.values())

    def _forget(self, now_utc_ns: int) -> None:
        """Forget what is old by the gateway's clock and by the doors' too.

        A clock that is set a year ahead for a minute would else wipe the day out, and nothing of today would be taken any more
        (simulate 1654).
        """
        before_utc_ns = min(now_utc_ns, newest_utc_ns(self.presence)) - KEPT_NS
        if before_utc_ns < self.presence.floor_utc_ns + DAY_S * S:
            return
        self.presence = forgotten(self.presence, before_utc_ns)
        self._lockers = {where: line for where, line in self._lockers.items() if line.utc_ns >= before_utc_ns}
        self._fires = {line for line in self._fires if line.utc_ns >= before_utc_ns}

    # answers

    def everybody(self) -> dict[PersonKey, Whereabouts]:
        """The whereabouts of all who ever passed a guarded door by name."""
        if self._known is None or self._known[0] is not self.presence:
            self._known = (self.presence, everybody(self.presence))
        return self._known[1]

    def muster(self) -> list[Muster]:
        """All domains with their people and counts."""
        return muster(self.venue, self.everybody(), *self._doors())

    def _doors(self) -> tuple[dict[DoorId, DoorReport], frozenset[BoardId]]:
        """What the doors reported last, and which boards are away."""
        agents = self.agents.agents.values()
        told = (each for agent in agents if agent.reported for each in agent.reported.doors.items())
        reports = {door: report for door, report in told if door in self.venue.doors}
        return reports, frozenset(agent.id for agent in agents if not agent.online)

    def fire(self, now: Now) -> Fire | None:
        """The fire that lasts, or one that has ended today and may still have somebody missing."""
        fire = last_fire(self._fires)
        over = fire is not None and fire.until_utc_ns is not None and now.utc_ns - fire.until_utc_ns > ROLL_S * S
        return None if over else fire

    def roll(self, fire: Fire) -> list[Accounted]:
        """Who was inside when a fire began, and who of them has been seen outside."""
        return roll(self.presence, fire)

    def counted_out(self, now: Now) -> list[Whereabouts]:
        """Who came in today and is gone by the doors' counts alone."""
        return [w for w in self.everybody().values() if w.sure is Sure.COUNTED and w.since_utc_ns > now.utc_ns - DAY_S * S]

    def misplaced(self) -> list[Whereabouts]:
        """Who is where nobody of their role belongs just now."""
        return misplaced(self.everybody(), self.venue, self.day())

    def leaving(self, lot: Lot) -> Leaving:
        """Who of a lot may still be inside, and whose phone still lies in a locker."""
        return leaving(lot, self.everybody(), phones(self._lockers.values()))

    def trajectory(self, person: PersonKey, day: str) -> list[Step]:
        """A person's way on one local day, from the journal itself."""
        return self.trajectory_between(person, *day_span(day))

    def trajectory_between(self, person: PersonKey, from_utc_ns: int, until_utc_ns: int) -> list[Step]:
        """A person's way between two moments."""
        marks = ", ".join("?" * len(KINDS))
        lines = self.store.journal(
            f"utc_ns >= ? AND utc_ns < ? AND kind IN ({marks}) AND (person = ? OR person IS NULL)",
            (from_utc_ns, until_utc_ns, *KINDS, person), limit=100_000,
        )  # fmt: skip
        found = rebuilt((s for line in lines if (s := sighting_of(line, self.ways))), self.ways)
        return trajectory(found, person, self.ways)


def local_day(utc_ns: int) -> str:
    """The day on the venue's walls: "2026-11-22"."""
    return datetime.datetime.fromtimestamp(utc_ns // S, LOCAL).date().isoformat()


def day_span(day: str) -> tuple[int, int]:
    """From midnight to midnight, UTC nanoseconds.  ValueError when the text is no day."""
    begin = datetime.datetime.combine(datetime.date.fromisoformat(day), datetime.time(), LOCAL)
    end = begin + datetime.timedelta(days=1)
    return int(begin.timestamp()) * S, int(end.timestamp()) * S
