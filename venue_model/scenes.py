"""The scenes of a tender day as data: from which phases each may start, where it leads, and what it asks of rooms.

The four scenes of the reference system come first; the others are extensions (domain brief 2.1, 2.2, 2.4).
A phase asks each kind of device in each kind of room for a state; a scene is the act of moving a lot to a phase.
"""

from dataclasses import dataclass, field, replace
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
        Scene(
            SceneId.SUSPEND, "暂停", "Suspend", Phase.SUSPENDED,
            (Phase.CHECK_IN, Phase.OPENING, Phase.INTAKE, Phase.EVALUATION, Phase.INQUIRY, Phase.SECOND_ROUND),
        ),
        Scene(SceneId.ABORT, "终止", "Abort", Phase.ABORTED, (Phase.SUSPENDED,)),
    )
}  # fmt: skip


class Part(StrEnum):
    """The rooms that a lot touches, by the part they play in it.  The values are the names of the fields of `PhaseAsk`."""

    OPENING = "opening"  # the lot's opening room
    EVALUATION = "evaluation"  # the lot's evaluation room, or the room of each member's seat
    WING = "wing"  # intake and corridor, shared by all lots
    INQUIRY_COMMITTEE = "inquiry_committee"  # the committee's side of the lot's inquiry
    INQUIRY_PARTIES = "inquiry_parties"  # the parties' side
    PARTIES_PASSAGE = "parties_passage"  # shared passages that lead to the lot's opening room and its parties' inquiry room
    COMMITTEE_PASSAGE = "committee_passage"  # shared passages that lead to the evaluation side


# Rooms of these parts serve several lots at once; every other room is one lot's at a time.
SHARED_PARTS = frozenset({Part.WING, Part.PARTIES_PASSAGE, Part.COMMITTEE_PASSAGE})


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
    lingering: tuple[DoorMode, ...] = ()  # earlier modes whose people may still be inside
    cut: bool = False  # off the platform's network (I12)

    @property
    def in_use(self) -> bool:
        """True when the room is the lot's: more than a name on the sign."""
        return self.light or self.record or self.seal or self.mode is not DoorMode.CLEAR


@dataclass(frozen=True, slots=True)
class PhaseAsk:
    """What a phase asks of every part."""

    opening: RoomAsk = field(default_factory=RoomAsk)
    evaluation: RoomAsk = field(default_factory=RoomAsk)
    wing: RoomAsk = field(default_factory=RoomAsk)
    inquiry_committee: RoomAsk = field(default_factory=RoomAsk)
    inquiry_parties: RoomAsk = field(default_factory=RoomAsk)
    parties_passage: RoomAsk = field(default_factory=RoomAsk)
    committee_passage: RoomAsk = field(default_factory=RoomAsk)

    def of(self, part: Part) -> RoomAsk:
        """The ask of one part."""
        found: RoomAsk = getattr(self, part.value)
        return found


_PREPARED = (DoorMode.PREPARATION,)
_CHECKED_IN = (*_PREPARED, DoorMode.CHECK_IN)
_OPENED = (*_CHECKED_IN, DoorMode.OPENING)
_SEATED = (DoorMode.INTAKE,)
_LEAVING = (*_SEATED, DoorMode.INQUIRY)


def _opening(
    mode: DoorMode, zh: str, en: str, colour: str = "green", *, lingering: tuple[DoorMode, ...] = (), record: bool = True
) -> RoomAsk:
    return RoomAsk(mode, record=record, light=True, sign=(zh, en), colour=colour, show_project=True, lingering=lingering)


def _shared(mode: DoorMode, lingering: tuple[DoorMode, ...] = (), *, cut: bool = False) -> RoomAsk:
    return RoomAsk(mode, record=True, light=True, lingering=lingering, cut=cut)


def _sealed(zh: str, en: str, *, cut: bool = False) -> RoomAsk:
    return RoomAsk(
        DoorMode.EVALUATION, seal=True, record=True, light=True, sign=(zh, en), colour="red", lingering=_SEATED, cut=cut
    )  # fmt: skip


def _committee(mode: DoorMode, zh: str, en: str, lingering: tuple[DoorMode, ...] = ()) -> RoomAsk:
    return RoomAsk(mode, record=True, light=True, sign=(zh, en), colour="amber", lingering=lingering)


_EVALUATING = _sealed("评标中 请勿进入", "Evaluation: do not enter")
_INQUIRING = RoomAsk(DoorMode.INQUIRY, record=True, light=True, sign=("询标中", "Inquiry"), colour="red")

# Recording runs from preparation (pre-roll, self-test of every stream) to the end of the opening, and from intake to the signed
# report (domain brief 2.4).  Whoever was let in may still be inside until the room is the next lot's: `lingering` says who.
PHASE_ASKS: dict[Phase, PhaseAsk] = {
    Phase.IDLE: PhaseAsk(),
    Phase.BOOKED: PhaseAsk(opening=RoomAsk(sign=("已预约", "Booked"), colour="amber", show_project=True)),
    Phase.PREPARATION: PhaseAsk(
        opening=_opening(DoorMode.PREPARATION, "开标准备", "Preparing", "amber"),
        parties_passage=_shared(DoorMode.PREPARATION),
    ),
    Phase.CHECK_IN: PhaseAsk(
        opening=_opening(DoorMode.CHECK_IN, "签到中", "Check-in", lingering=_PREPARED),
        parties_passage=_shared(DoorMode.CHECK_IN, _PREPARED),
    ),
    Phase.OPENING: PhaseAsk(
        opening=_opening(DoorMode.OPENING, "开标中", "Opening", lingering=_CHECKED_IN),
        parties_passage=_shared(DoorMode.OPENING, _CHECKED_IN),
    ),
    Phase.OPENING_END: PhaseAsk(
        opening=_opening(DoorMode.CLEAR, "开标结束", "Opening ended", "amber", lingering=_OPENED, record=False),
        parties_passage=_shared(DoorMode.CLEAR, _OPENED),
    ),
    Phase.INTAKE: PhaseAsk(
        evaluation=_committee(DoorMode.INTAKE, "专家进场", "Intake"),
        wing=_shared(DoorMode.INTAKE),
        committee_passage=_shared(DoorMode.INTAKE),
    ),
    Phase.EVALUATION: PhaseAsk(evaluation=_EVALUATING, wing=_shared(DoorMode.EVALUATION)),
    # The seal is lifted, so that members may go to their inquiry room; back to their seats they come when authorised anew (I4).
    Phase.INQUIRY: PhaseAsk(
        evaluation=_committee(DoorMode.INQUIRY, "询标中", "Inquiry", _SEATED),
        wing=_shared(DoorMode.INQUIRY),
        inquiry_committee=_INQUIRING,
        inquiry_parties=_INQUIRING,
        parties_passage=_shared(DoorMode.INQUIRY),
    ),
    # Bidders are back for another quote while the committee stays where it is.
    Phase.SECOND_ROUND: PhaseAsk(
        opening=_opening(DoorMode.CHECK_IN, "二次报价", "Second round"),
        evaluation=_EVALUATING,
        wing=_shared(DoorMode.EVALUATION),
        parties_passage=_shared(DoorMode.CHECK_IN),
    ),
    Phase.OVERNIGHT: PhaseAsk(
        evaluation=_sealed("封闭 请勿进入", "Closed: do not enter", cut=True), wing=_shared(DoorMode.EVALUATION, cut=True)
    ),
    Phase.REPORT_SIGNED: PhaseAsk(
        evaluation=_committee(DoorMode.RELEASE, "评标结束", "Evaluation ended", _LEAVING),
        wing=_shared(DoorMode.RELEASE, _LEAVING),
        committee_passage=_shared(DoorMode.RELEASE, _LEAVING),
    ),
    Phase.FAILED: PhaseAsk(
        opening=_opening(DoorMode.CLEAR, "流标", "Failed tender", "red", lingering=_OPENED, record=False),
        parties_passage=_shared(DoorMode.CLEAR, _OPENED),
    ),
    Phase.CLOSED: PhaseAsk(),
    Phase.ABORTED: PhaseAsk(),
}  # fmt: skip


def frozen(wish: RoomAsk) -> RoomAsk:
    """The ask of a suspended lot for a room that it was using: nobody enters, the seal stays, the recording goes on."""
    if not wish.in_use:
        return wish
    sign = ("暂停", "Suspended") if wish.sign != ("", "") else wish.sign
    return replace(wish, mode=DoorMode.CLEAR, sign=sign, colour="red", lingering=(*wish.lingering, wish.mode))


def _suspended(was: Phase) -> PhaseAsk:
    asks = PHASE_ASKS[was]
    return PhaseAsk(**{part.value: frozen(asks.of(part)) for part in Part})


SUSPENDED_ASKS: dict[Phase, PhaseAsk] = {was: _suspended(was) for was in SCENES[SceneId.SUSPEND].allowed_from}
PHASE_ASKS[Phase.SUSPENDED] = SUSPENDED_ASKS[Phase.OPENING]  # of a lot that does not say where it was suspended


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
