"""The scenes of a tender day as data: from which phases each may start, where it leads, and what it asks of rooms.

The four scenes of the reference system come first; the others are extensions (domain brief 2.1, 2.2, 2.4).
A phase asks each kind of device in each kind of room for a state; a scene is the act of moving a lot to a phase.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from venue_model.lots import Phase
from venue_model.profiles import DoorMode


class SceneId(StrEnum):
    """What staff press."""

    OPENING_PREPARATION = "opening_preparation"
    OPENING = "opening"
    OPENING_END = "opening_end"
    FAILED_TENDER = "failed_tender"
    CHECK_IN = "check_in"
    INTAKE = "intake"
    EVALUATION = "evaluation"
    REPORT_SIGNED = "report_signed"
    CLOSE = "close"
    SUSPEND = "suspend"


@dataclass(frozen=True, slots=True)
class Scene:
    """One press."""

    id: SceneId
    zh: str
    en: str
    leads_to: Phase
    allowed_from: tuple[Phase, ...]
    two_person: bool = False  # needs two approvals: it releases a sealed room


SCENES: dict[SceneId, Scene] = {
    scene.id: scene
    for scene in (
        Scene(SceneId.OPENING_PREPARATION, "开标准备", "Opening preparation", Phase.PREPARATION, (Phase.BOOKED,)),
        Scene(SceneId.CHECK_IN, "签到", "Check-in", Phase.CHECK_IN, (Phase.PREPARATION,)),
        Scene(SceneId.OPENING, "开标开始", "Opening", Phase.OPENING, (Phase.CHECK_IN, Phase.SUSPENDED)),
        Scene(SceneId.OPENING_END, "开标结束", "Opening end", Phase.OPENING_END, (Phase.OPENING,)),
        Scene(SceneId.INTAKE, "专家进场", "Expert intake", Phase.INTAKE, (Phase.OPENING_END,)),
        Scene(SceneId.EVALUATION, "评标开始", "Evaluation", Phase.EVALUATION, (Phase.INTAKE,)),
        Scene(
            SceneId.REPORT_SIGNED, "报告签署·解封", "Report signed, seal lifted", Phase.REPORT_SIGNED, (Phase.EVALUATION,),
            two_person=True,
        ),
        Scene(SceneId.CLOSE, "评标结束", "Close", Phase.CLOSED, (Phase.REPORT_SIGNED, Phase.FAILED, Phase.ABORTED)),
        Scene(
            SceneId.FAILED_TENDER, "流标", "Failed tender", Phase.FAILED,
            (Phase.PREPARATION, Phase.CHECK_IN, Phase.OPENING, Phase.OPENING_END, Phase.INTAKE, Phase.SUSPENDED),
        ),
        Scene(
            SceneId.SUSPEND, "暂停", "Suspend", Phase.SUSPENDED, (Phase.CHECK_IN, Phase.OPENING),
        ),
    )
}  # fmt: skip


class Part(StrEnum):
    """The rooms that a lot touches, by the part they play in it."""

    OPENING = "opening"  # the lot's opening room
    EVALUATION = "evaluation"  # the lot's evaluation room
    WING = "wing"  # intake and corridor, shared by all lots


@dataclass(frozen=True, slots=True)
class RoomAsk:
    """What one phase asks of one part."""

    mode: DoorMode = DoorMode.CLEAR
    seal: bool = False
    record: bool = False
    light: bool = False
    sign: tuple[str, str] = ("", "")  # the state word on the door sign, zh and en; empty: nothing shown
    colour: str = "green"
    show_project: bool = False  # only ever in opening rooms and the hall (I9, sign profile)


_IDLE = RoomAsk()
_WING_INTAKE = RoomAsk(DoorMode.INTAKE, record=True, light=True)
_WING_SEALED = RoomAsk(DoorMode.EVALUATION, record=True, light=True)
_WING_RELEASE = RoomAsk(DoorMode.RELEASE, record=True, light=True)


@dataclass(frozen=True, slots=True)
class PhaseAsk:
    """What a phase asks of every part."""

    opening: RoomAsk = field(default_factory=RoomAsk)
    evaluation: RoomAsk = field(default_factory=RoomAsk)
    wing: RoomAsk = field(default_factory=RoomAsk)

    def of(self, part: Part) -> RoomAsk:
        """The ask of one part."""
        return {Part.OPENING: self.opening, Part.EVALUATION: self.evaluation, Part.WING: self.wing}[part]


def _opening(mode: DoorMode, zh: str, en: str, colour: str = "green", record: bool = True, light: bool = True) -> RoomAsk:
    return RoomAsk(mode, record=record, light=light, sign=(zh, en), colour=colour, show_project=True)


# Recording runs from preparation (pre-roll, self-test of every stream) to the end of the opening, and from intake to the signed
# report (domain brief 2.4).  A suspended opening keeps recording and admits nobody.
PHASE_ASKS: dict[Phase, PhaseAsk] = {
    Phase.IDLE: PhaseAsk(),
    Phase.BOOKED: PhaseAsk(opening=RoomAsk(sign=("已预约", "Booked"), colour="amber", show_project=True)),
    Phase.PREPARATION: PhaseAsk(opening=_opening(DoorMode.PREPARATION, "开标准备", "Preparing", "amber")),
    Phase.CHECK_IN: PhaseAsk(opening=_opening(DoorMode.CHECK_IN, "签到中", "Check-in")),
    Phase.OPENING: PhaseAsk(opening=_opening(DoorMode.OPENING, "开标中", "Opening")),
    Phase.SUSPENDED: PhaseAsk(opening=_opening(DoorMode.CLEAR, "暂停", "Suspended", "red")),
    Phase.OPENING_END: PhaseAsk(opening=_opening(DoorMode.CLEAR, "开标结束", "Opening ended", "amber", record=False)),
    Phase.INTAKE: PhaseAsk(
        evaluation=RoomAsk(DoorMode.INTAKE, record=True, light=True, sign=("专家进场", "Intake"), colour="amber"),
        wing=_WING_INTAKE,
    ),
    Phase.EVALUATION: PhaseAsk(
        evaluation=RoomAsk(
            DoorMode.EVALUATION, seal=True, record=True, light=True, sign=("评标中 请勿进入", "Evaluation: do not enter"), colour="red"
        ),
        wing=_WING_SEALED,
    ),
    Phase.REPORT_SIGNED: PhaseAsk(
        evaluation=RoomAsk(DoorMode.RELEASE, record=True, light=True, sign=("评标结束", "Evaluation ended"), colour="amber"),
        wing=_WING_RELEASE,
    ),
    Phase.FAILED: PhaseAsk(opening=_opening(DoorMode.CLEAR, "流标", "Failed tender", "red", record=False)),
    Phase.CLOSED: PhaseAsk(),
    Phase.ABORTED: PhaseAsk(),
}


def scenes_from(phase: Phase) -> tuple[Scene, ...]:
    """The scenes that staff may press now, in the order of the day."""
    return tuple(scene for scene in SCENES.values() if phase in scene.allowed_from)
