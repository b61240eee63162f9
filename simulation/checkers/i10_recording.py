"""I10: every opening and evaluation is recorded for the whole phase, and what was not recorded is told as a gap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from gateway.core.day import moved, parts
from simulation.checkers.law import NOTHING, Law, board_of_device
from simulation.world.contract import House, See, Seen, Violation
from venue_model.ids import DeviceId, LotId, RoomId
from venue_model.moments import S
from venue_model.scenes import SCENES, SHARED_PARTS, SceneId
from venue_model.venue import DeviceKind

SLACK_NS = 8 * S  # a stall is noticed after 3 s and a keyframe awaited for 2; a scene's stages have seconds
TOLD_SLACK_NS = 30 * S  # between a hole in truth and the same gap as its host has written it
OPEN_NS = 320 * S  # a segment that is still being written is no footage yet

Span = tuple[int, int]


@dataclass(slots=True)
class _Due:
    """A camera that should film for a lot."""

    lot: str
    camera: str
    from_ns: int
    to_ns: int | None = None


@dataclass(slots=True)
class _Told:
    """What was said about a camera's gaps, in truth as far as the host's clock was right."""

    spans: list[Span] = field(default_factory=list)
    excused: list[Span] = field(default_factory=list)  # a run that named the camera among those that failed


class Recorded(Law):
    """Each camera of a lot's own rooms films from the scene that began it to the press that ends it; holes have gap lines."""

    law = "I10"
    zh = "开评标全程录音录像,中断必须记录"
    en = "the whole opening and evaluation is recorded, or the gap is told"
    kinds: tuple[See, ...] = (See.TAKEN, See.LINE, See.RESTORED)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._due: list[_Due] = []
        self._open: dict[tuple[str, str], _Due] = {}  # lot and camera
        self._told: dict[str, _Told] = {}

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        match seen.kind:
            case See.TAKEN if fields["line"] == "scene" and fields["lot"]:
                self._after_scene(seen, house)
            case See.LINE if fields["line"] == "gap":
                self._gap(seen, house)
            case See.TAKEN if fields["line"] == "press":
                self._before_scene(seen, house)
            case See.RESTORED:
                # The day is what it was at the backup, and the house follows: the line `restored` tells of it.
                for due in self._open.values():
                    due.to_ns = seen.time_ns
                self._open.clear()
        return NOTHING

    def at_end(self, house: House) -> Sequence[Violation]:
        found: list[Violation] = []
        footage: dict[str, list[tuple[str, str, int, int]]] = {}
        for lot in house.lots.values():
            if lot.project not in footage:
                footage[lot.project] = [(camera, of, begin, end) for camera, of, begin, end in house.footage(lot.project)]
        for due in self._due:
            filmed = [(a, b) for camera, lot, a, b in footage[house.lots[LotId(due.lot)].project] if (camera, lot) == (due.camera, due.lot)]
            to_ns = due.to_ns if due.to_ns is not None else house.world.now_ns - OPEN_NS
            for begin, end in _holes((due.from_ns, to_ns), filmed):
                if not self._is_told(due.camera, (begin, end)):
                    text = f"{due.camera} recorded nothing for lot {due.lot} for {(end - begin) // S} s, and no gap tells of it"
                    found += self.broken(text, begin)
        return found

    def _after_scene(self, seen: Seen, house: House) -> None:
        """The run has its result: what it asked to be recorded is being recorded, or named among what failed."""
        lot, body = str(seen.fields["lot"]), seen.fields["body"]
        failed = {str(row["id"]) for row in body["failed"]}
        for camera in self._cameras(house, lot):
            if camera in failed:
                self._told.setdefault(camera, _Told()).excused.append((seen.time_ns - 60 * S, seen.time_ns + 600 * S))
            if body["result"] != "failed" and (lot, camera) not in self._open:
                due = self._open[lot, camera] = _Due(lot, camera, seen.time_ns)
                self._due.append(due)

    def _before_scene(self, seen: Seen, house: House) -> None:
        """What the pressed scene no longer asks for ends with the press."""
        lot, scene = str(seen.fields["lot"]), SCENES[SceneId(seen.fields["body"]["scene"])]
        state = house.lot_state(LotId(lot))
        if state is None or house.coordinator is None:
            return
        # The line is told after the press was carried out, or cut short.
        after = state if state.phase is scene.leads_to else moved(self.venue, house.coordinator.day, state, scene, 0)
        kept = {room for part, room in parts(self.venue, after) if part not in SHARED_PARTS and after.wish(part).record}
        for (of, camera), due in list(self._open.items()):
            if of == lot and self.venue.devices[DeviceId(camera)].room not in kept:
                due.to_ns = seen.time_ns
                del self._open[of, camera]

    def _cameras(self, house: House, lot: str) -> Iterator[str]:
        state = house.lot_state(LotId(lot))
        if state is None:
            return
        for part, room in parts(self.venue, state):
            if part not in SHARED_PARTS and state.wish(part).record:
                yield from (device.id for device in self.venue.devices_in(RoomId(room), DeviceKind.CAMERA))

    def _gap(self, seen: Seen, house: House) -> None:
        body = seen.fields["body"]
        camera = str(body["camera"])
        origin_ns = house.world.utc_ns - house.world.now_ns + house.clock_offset_ns(board_of_device(self.venue, camera))
        until = body.get("to_utc_ns")
        end_ns = seen.time_ns if until is None else int(until) - origin_ns
        begin_ns = min(int(body["from_utc_ns"]) - origin_ns, seen.time_ns)
        self._told.setdefault(camera, _Told()).spans.append((begin_ns, max(end_ns, seen.time_ns if until is not None else end_ns)))

    def _is_told(self, camera: str, hole: Span) -> bool:
        told = self._told.get(camera, _Told())
        return any(a - TOLD_SLACK_NS < hole[1] and hole[0] < b + TOLD_SLACK_NS for a, b in (*told.spans, *told.excused))


def _holes(due: Span, filmed: list[Span]) -> list[Span]:
    """The times of `due` of which there is no film."""
    found, at = [], due[0]
    for begin, end in sorted(filmed):
        if begin - at > SLACK_NS and at < due[1]:
            found.append((at, min(begin, due[1])))
        at = max(at, end)
    if due[1] - at > SLACK_NS:
        found.append((at, due[1]))
    return [(begin, end) for begin, end in found if end - begin > SLACK_NS]
