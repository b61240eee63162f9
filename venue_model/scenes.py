"""The scenes of a tender day as data: from which phases each may start, and where it leads.

The four scenes of the reference system come first; the others are extensions (domain brief 2.1, 2.2).
A scene is the act of moving a lot to a phase; what a phase asks of rooms is `venue_model.asks`, given on from here.
"""

from dataclasses import dataclass
from enum import StrEnum

from venue_model.asks import PHASE_ASKS, SHARED_PARTS, SUSPENDABLE, SUSPENDED_ASKS, Part, PhaseAsk, RoomAsk, frozen
from venue_model.lots import Phase

__all__ = (
    "PHASE_ASKS", "SCENES", "SHARED_PARTS", "SUSPENDED_ASKS", "Part", "PhaseAsk", "RoomAsk", "Scene", "SceneId", "frozen", "returns",
    "scenes_from",
)  # fmt: skip


class SceneId(StrEnum):
    """What staff press."""

    OPENING_PREPARATION = "opening_preparation"
    OPENING = "opening"
    OPENING_END = "opening_end"
    FAILED_TENDER = "failed_tender"
    CHECK_IN = "check_in"
    INTAKE = "intake"
    EVALUATION = "evaluation"
    INQUIRY = "inquiry"
    SECOND_ROUND = "second_round"
    OVERNIGHT = "overnight"
    REPORT_SIGNED = "report_signed"
    CLOSE = "close"
    SUSPEND = "suspend"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Scene:
    """One press."""

    id: SceneId
    zh: str
    en: str
    leads_to: Phase
    allowed_from: tuple[Phase, ...]  # a suspended lot returns only to where it was: see `returns`
    two_person: bool = False  # needs two approvals whenever it is pressed: it releases a sealed room


SCENES: dict[SceneId, Scene] = {
    scene.id: scene
    for scene in (
        Scene(SceneId.OPENING_PREPARATION, "开标准备", "Opening preparation", Phase.PREPARATION, (Phase.BOOKED,)),
        Scene(SceneId.CHECK_IN, "签到", "Check-in", Phase.CHECK_IN, (Phase.PREPARATION, Phase.SUSPENDED)),
        Scene(SceneId.OPENING, "开标开始", "Opening", Phase.OPENING, (Phase.CHECK_IN, Phase.SUSPENDED)),
        Scene(SceneId.OPENING_END, "开标结束", "Opening end", Phase.OPENING_END, (Phase.OPENING,)),
        # Booked: a side venue's day begins here.
        Scene(SceneId.INTAKE, "专家进场", "Expert intake", Phase.INTAKE, (Phase.OPENING_END, Phase.BOOKED, Phase.SUSPENDED)),
        Scene(
            SceneId.EVALUATION, "评标开始", "Evaluation", Phase.EVALUATION,
            (Phase.INTAKE, Phase.INQUIRY, Phase.SECOND_ROUND, Phase.OVERNIGHT, Phase.SUSPENDED),
        ),
        Scene(SceneId.INQUIRY, "询标", "Inquiry", Phase.INQUIRY, (Phase.EVALUATION, Phase.SUSPENDED), two_person=True),
        Scene(SceneId.SECOND_ROUND, "二次报价", "Second round", Phase.SECOND_ROUND, (Phase.EVALUATION, Phase.SUSPENDED)),
        Scene(SceneId.OVERNIGHT, "隔夜封闭", "Overnight", Phase.OVERNIGHT, (Phase.EVALUATION,)),
        Scene(
            SceneId.REPORT_SIGNED, "报告签署·解封", "Report signed, seal lifted", Phase.REPORT_SIGNED, (Phase.EVALUATION,),
            two_person=True,
        ),
        Scene(SceneId.CLOSE, "评标结束", "Close", Phase.CLOSED, (Phase.REPORT_SIGNED, Phase.FAILED, Phase.ABORTED)),
        Scene(
            SceneId.FAILED_TENDER, "流标", "Failed tender", Phase.FAILED,
            (Phase.PREPARATION, Phase.CHECK_IN, Phase.OPENING, Phase.OPENING_END, Phase.INTAKE, Phase.SUSPENDED),
        ),
        Scene(SceneId.SUSPEND, "暂停", "Suspend", Phase.SUSPENDED, SUSPENDABLE),
        Scene(SceneId.ABORT, "终止", "Abort", Phase.ABORTED, (Phase.SUSPENDED,)),
    )
}  # fmt: skip


def returns(scene: Scene, suspended_from: Phase | None) -> bool:
    """True when a lot that was suspended in this phase may be moved on by `scene`: back to where it was, or to its end.

    An opening that was suspended while bidders still signed in may also begin at once.
    """
    was = suspended_from or Phase.OPENING
    ends = scene.leads_to in (Phase.FAILED, Phase.ABORTED)
    return ends or scene.leads_to is was or (scene.leads_to is Phase.OPENING and was is Phase.CHECK_IN)


def scenes_from(phase: Phase, suspended_from: Phase | None = None) -> tuple[Scene, ...]:
    """The scenes that may follow a phase, in the order of the day."""
    return tuple(
        scene
        for scene in SCENES.values()
        if phase in scene.allowed_from and (phase is not Phase.SUSPENDED or returns(scene, suspended_from))
    )
