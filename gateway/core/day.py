"""The lots of the day and where each stands: what the other decisions of the gateway read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from venue_model.ids import LotId, RoomId, RunId
from venue_model.lots import MIN_BIDDERS, Lot, Phase
from venue_model.scenes import PHASE_ASKS, SCENES, Part, RoomAsk, Scene, SceneId
from venue_model.venue import Name, Venue
from venue_model.zones import Zone

OPENING_PHASES = frozenset({Phase.PREPARATION, Phase.CHECK_IN, Phase.OPENING, Phase.OPENING_END, Phase.SUSPENDED, Phase.FAILED})
EVALUATION_PHASES = frozenset({Phase.INTAKE, Phase.EVALUATION, Phase.REPORT_SIGNED})
OVER = frozenset({Phase.IDLE, Phase.CLOSED, Phase.ABORTED})


@dataclass(frozen=True, slots=True)
class LotState:
    """A lot and its phase.  `door_phase` lags while a run still waits for recordings: doors follow, they never lead."""

    lot: Lot
    phase: Phase
    phase_utc_ns: int
    door_phase: Phase
    run: RunId | None = None
    recording: RunId | None = None  # the run that began the recordings of this part of the day


Day = Mapping[LotId, LotState]


def parts(venue: Venue, state: LotState) -> Iterator[tuple[Part, RoomId]]:
    """The rooms a lot touches, each with the part it plays."""
    yield Part.OPENING, state.lot.opening_room
    if state.lot.evaluation_room is not None:
        yield Part.EVALUATION, state.lot.evaluation_room
        for zone in (Zone.INTAKE, Zone.CORRIDOR):
            for room in venue.rooms_of(zone):
                yield Part.WING, room.id


def ask(phase: Phase, part: Part) -> RoomAsk:
    """What a phase asks of one part."""
    return PHASE_ASKS[phase].of(part)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a press is refused: nothing has changed."""

    code: str
    why: Name


def may_press(venue: Venue, day: Day, lot: LotId, scene_id: str) -> Scene | Refusal:
    """The scene, when staff may press it for this lot now.

    Only what can never be right is refused here.  Too few bidders is a warning (`warning`), because the system never declares a
    failed tender by itself (domain brief 2.3); opening with fewer than 3 is refused, because the law forbids it.
    """
    state = day.get(lot)
    if state is None:
        return Refusal("unknown-lot", Name(f"没有标段 {lot}", f"there is no lot {lot}"))
    scene = SCENES.get(SceneId(scene_id)) if scene_id in set(SceneId) else None
    if scene is None:
        return Refusal("unknown-scene", Name(f"没有场景 {scene_id}", f"there is no scene {scene_id}; scenes: {', '.join(SceneId)}"))
    if state.phase not in scene.allowed_from:
        return Refusal(
            "wrong-phase",
            Name(f"当前阶段 {state.phase} 不能切换到“{scene.zh}”", f"{scene.en} cannot follow phase {state.phase}"),
        )
    if scene.id is SceneId.OPENING and state.lot.bidders is not None and state.lot.bidders < MIN_BIDDERS:
        return Refusal(
            "too-few-bidders",
            Name(f"投标人少于{MIN_BIDDERS}个,不得开标", f"fewer than {MIN_BIDDERS} bidders: must not open (Regulation art. 44)"),
        )
    for other in day.values():
        if other.lot.id == lot:
            continue
        room = _clash(state, other, scene.leads_to)
        if room is not None:
            name = venue.rooms[room].name
            return Refusal("room-taken", Name(f"{name.zh} 正由标段 {other.lot.id} 使用", f"{name.en} is in use by lot {other.lot.id}"))
    return scene


def _clash(state: LotState, other: LotState, phase: Phase) -> RoomId | None:
    """The room that both lots would hold if `state` moved to `phase`."""
    opening, evaluation = state.lot.opening_room, state.lot.evaluation_room
    if phase in OPENING_PHASES and other.phase in OPENING_PHASES and other.lot.opening_room == opening:
        return opening
    if phase in EVALUATION_PHASES and other.phase in EVALUATION_PHASES and other.lot.evaluation_room == evaluation:
        return evaluation
    return None


def retold(state: LotState, lot: Lot) -> tuple[LotState, bool]:
    """The lot as the platform now tells it, and whether its rooms had to stay as they were.

    A room change is a normal event, but nobody moves a tender whose people already sit, or whose doors already stand open: the
    opening room is fixed once the lot is prepared, the evaluation room once its experts are called.
    """
    opening = lot.opening_room if state.phase in (Phase.IDLE, Phase.BOOKED) else state.lot.opening_room
    called = state.phase in EVALUATION_PHASES or state.phase in (Phase.CLOSED, Phase.ABORTED)
    evaluation = state.lot.evaluation_room if called else lot.evaluation_room
    kept = (opening, evaluation) != (lot.opening_room, lot.evaluation_room)
    return replace(state, lot=replace(lot, opening_room=opening, evaluation_room=evaluation)), kept


def warning(state: LotState) -> Name | None:
    """What staff should know before they press."""
    few = state.lot.bidders is not None and state.lot.bidders < MIN_BIDDERS
    if few and state.phase in (Phase.BOOKED, Phase.PREPARATION, Phase.CHECK_IN):
        return Name(f"投标人 {state.lot.bidders} 个,少于{MIN_BIDDERS}个", f"{state.lot.bidders} bidders, fewer than {MIN_BIDDERS}")
    return None


def live(day: Day) -> Iterable[LotState]:
    """Lots that are not over, in a stable order."""
    return (day[lot] for lot in sorted(day) if day[lot].phase not in OVER)
