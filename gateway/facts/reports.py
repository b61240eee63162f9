"""Gathers a report from the database: of one lot, or of the house on a day."""

from collections.abc import Iterable
from typing import Any

from gateway.core.alarms import KINDS as ALARM_KINDS
from gateway.core.alarms import may_see
from gateway.core.facts.day_report import (
    ACTS,
    Line,
    PackageLine,
    Report,
    act_rows,
    alarm_rows,
    arrival_rows,
    gap_line,
    refusal_rows,
    scene_rows,
)
from gateway.core.parts import LotState, held_rooms
from gateway.core.presence.sightings import sighting_of
from gateway.core.presence.state import Presence, rebuilt
from gateway.core.scene_run import Run
from gateway.shell.coordinator import Coordinator
from gateway.shell.evidence_index import EvidenceIndex
from gateway.shell.presence_desk import day_span
from venue_model.lots import PHASE_NAMES, Lot
from venue_model.moments import Now, S
from venue_model.venue import Name

BEFORE_NS = 7 * 86_400 * S  # an alarm that stands was raised within the last week, or somebody has long seen it
MOST_LINES = 200_000


class Reports:
    """Reports of one venue, as far as the role of whoever asks may know."""

    def __init__(self, coordinator: Coordinator, index: EvidenceIndex) -> None:
        self.coordinator = coordinator
        self.index = index

    def of_lot(self, state: LotState, role: str, now: Now) -> Report:
        """From the lot's first line to now."""
        c, lot = self.coordinator, state.lot
        runs = [record.run for record in c.store.runs(lot.id)]
        lines = self._lines("lot = ?", (lot.id,), role)
        began = min([lot.opening_utc_ns, *(run.began_utc_ns for run in runs), *(line["utc_ns"] for line in lines)])
        rooms = {*held_rooms(c.venue, state), lot.opening_room, lot.evaluation_room}
        alarms = [row for row in alarm_rows(self._alarm_lines(began, role), now.utc_ns) if row.lot == lot.id or row.room in rooms]
        gaps = [gap for gap in self.index.gaps(lot.project) if gap.lot == lot.id]
        packages = [PackageLine(lot.project, p.seal, p.sealed_utc_ns, p.tagmanifest_sha256) for p in self.index.packages(lot.project)]
        return Report(
            c.venue.name, lot, began, now.utc_ns, scene_rows(runs, lines, c.venue),
            arrival_rows([lot], _walked(c, lines), began, now.utc_ns + 1), refusal_rows(lines),
            tuple(row for row in alarms if row.ended_utc_ns is None or row.ended_utc_ns >= began),
            tuple(gap_line(g.track, g.from_utc_ns, g.to_utc_ns, g.cause, c.venue) for g in gaps), act_rows(lines, c.venue),
            tuple(packages), ((lot, Name(*PHASE_NAMES[state.phase])),),
        )  # fmt: skip

    def of_day(self, day: str, role: str, now: Now) -> Report:
        """From midnight to midnight, or to now.  ValueError when the text is no day."""
        c = self.coordinator
        began, until = day_span(day)
        until = max(began, min(until, now.utc_ns))
        runs = [run for state in c.day.values() for run in self._runs(state.lot, began, until)]
        told = ("press", "refusal", "passage", *ACTS)
        lines = self._lines(f"utc_ns >= ? AND utc_ns < ? AND kind IN ({_marks(told)})", (began, until, *told), role)
        busy = {run.lot for run in runs} | {line["lot"] for line in lines if line["kind"] == "passage"}
        here = [s for _, s in sorted(c.day.items()) if s.lot.id in busy or began <= s.lot.opening_utc_ns < until]
        projects = sorted({state.lot.project for state in here} | {c.venue.id})
        gaps = [gap for project in projects for gap in self.index.gaps(project) if gap.from_utc_ns < until and gap.to_utc_ns > began]
        packages = [
            PackageLine(project, p.seal, p.sealed_utc_ns, p.tagmanifest_sha256)
            for project in projects
            for p in self.index.packages(project)
            if began <= p.sealed_utc_ns < until
        ]
        alarms = alarm_rows(self._alarm_lines(began, role), until)
        return Report(
            c.venue.name, None, began, until, scene_rows(runs, lines, c.venue),
            arrival_rows([state.lot for state in here], _walked(c, lines), began, until), refusal_rows(lines),
            tuple(row for row in alarms if row.ended_utc_ns is None or row.ended_utc_ns >= began),
            tuple(gap_line(g.track, g.from_utc_ns, g.to_utc_ns, g.cause, c.venue) for g in gaps), act_rows(lines, c.venue),
            tuple(packages), tuple((state.lot, Name(*PHASE_NAMES[state.phase])) for state in here),
        )  # fmt: skip

    def _runs(self, lot: Lot, from_utc_ns: int, until_utc_ns: int) -> list[Run]:
        runs = [record.run for record in self.coordinator.store.runs(lot.id)]
        return [run for run in runs if from_utc_ns <= run.began_utc_ns < until_utc_ns]

    def _lines(self, where: str, values: tuple[Any, ...], role: str) -> list[dict[str, Any]]:
        return [line for line in self.coordinator.store.journal(where, values, MOST_LINES) if may_see(role, line)]

    def _alarm_lines(self, from_utc_ns: int, role: str) -> list[dict[str, Any]]:
        return self._lines(f"kind IN ({_marks(ALARM_KINDS)}) AND utc_ns >= ?", (*ALARM_KINDS, from_utc_ns - BEFORE_NS), role)


def _walked(coordinator: Coordinator, lines: Iterable[Line]) -> Presence:
    """From the journal itself: what presence remembers is a week."""
    ways = coordinator.presence.ways
    passages = (line for line in lines if line["kind"] == "passage")
    return rebuilt((s for line in passages if (s := sighting_of(line, ways)) is not None), ways)


def _marks(words: Iterable[str]) -> str:
    return ", ".join("?" for _ in words)
