"""What each phase of a tender asks of each room that a lot touches: the table of domain brief 2.4, as data.

Who may enter, what is sealed, recorded and cut is law and stands only here.  Light, climate, the wording of a sign and what a
loudspeaker says are comfort: staff may write them otherwise in the scene book (`comfort`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from venue_model.lots import Phase
from venue_model.profiles import DoorMode
from venue_model.templates import SIGN_WORDS


class Part(StrEnum):
    """The rooms that a lot touches, by the part they play in it.  The values are the names of the fields of `PhaseAsk`."""

    OPENING = "opening"  # the lot's opening room
    EVALUATION = "evaluation"  # the lot's evaluation room, or the room of each member's seat
    WING = "wing"  # intake and corridor, shared by all lots
    INQUIRY_COMMITTEE = "inquiry_committee"  # the committee's side of the lot's inquiry
    INQUIRY_PARTIES = "inquiry_parties"  # the parties' side
    PARTIES_PASSAGE = "parties_passage"  # shared passages that lead to the lot's opening room and its parties' inquiry room
    COMMITTEE_PASSAGE = "committee_passage"  # shared passages that lead to the evaluation side


PART_NAMES: dict[Part, tuple[str, str]] = {
    Part.OPENING: ("开标室", "opening room"),
    Part.EVALUATION: ("评标室", "evaluation room"),
    Part.WING: ("评标区公共部分", "evaluation wing"),
    Part.INQUIRY_COMMITTEE: ("询标室(评委侧)", "inquiry, committee's side"),
    Part.INQUIRY_PARTIES: ("询标室(当事人侧)", "inquiry, parties' side"),
    Part.PARTIES_PASSAGE: ("当事人通道", "parties' passage"),
    Part.COMMITTEE_PASSAGE: ("评委通道", "committee's passage"),
}
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
    climate: bool = False  # heating, cooling, fresh air
    say: str = ""  # what the loudspeaker says once, when the phase begins: one of `templates.ANNOUNCEMENTS`
    muted: bool = False  # the loudspeaker says nothing but an evacuation
    to_waiting: bool = False  # the sign shows the way to the waiting area

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


def _on(mode: DoorMode, word: str = "", colour: str = "green", **more: object) -> RoomAsk:
    """A room in use: light, climate and camera on, unless `more` says otherwise."""
    sign = SIGN_WORDS[word] if word else ("", "")
    asked = RoomAsk(mode, record=True, light=True, climate=True, sign=sign, colour=colour)
    return replace(asked, **more)  # type: ignore[arg-type]


def _opening(mode: DoorMode, word: str, colour: str = "green", **more: object) -> RoomAsk:
    return _on(mode, word, colour, show_project=True, **more)


def _sealed(word: str, **more: object) -> RoomAsk:
    return _on(DoorMode.EVALUATION, word, "red", seal=True, muted=True, lingering=_SEATED, **more)


def _committee(mode: DoorMode, word: str, **more: object) -> RoomAsk:
    return _on(mode, word, "amber", muted=True, **more)


_INQUIRING = _on(DoorMode.INQUIRY, "inquiry", "red", muted=True)
_EVALUATING = _sealed("evaluation")
_QUIET_WING = _on(DoorMode.EVALUATION, muted=True)

# Rows are the states of domain brief 2.4, columns the rooms; what is not named is idle: nobody enters, dark, quiet, not recorded.
# Recording runs from preparation (pre-roll, self-test of every stream) to the end of the opening, and from intake to the signed
# report.  Whoever was let in may still be inside until the room is the next lot's: `lingering` says who.
PHASE_ASKS: dict[Phase, PhaseAsk] = {
    Phase.IDLE: PhaseAsk(),
    Phase.BOOKED: PhaseAsk(
        opening=RoomAsk(sign=SIGN_WORDS["booked"], colour="amber", show_project=True)),
    Phase.PREPARATION: PhaseAsk(
        opening=_opening(DoorMode.PREPARATION, "preparation", "amber", say="test-tone"),
        parties_passage=_on(DoorMode.PREPARATION)),
    Phase.CHECK_IN: PhaseAsk(
        opening=_opening(DoorMode.CHECK_IN, "check-in", say="check-in", lingering=_PREPARED),
        parties_passage=_on(DoorMode.CHECK_IN, lingering=_PREPARED)),
    Phase.OPENING: PhaseAsk(
        opening=_opening(DoorMode.OPENING, "opening", muted=True, lingering=_CHECKED_IN),
        parties_passage=_on(DoorMode.OPENING, lingering=_CHECKED_IN)),
    Phase.OPENING_END: PhaseAsk(
        opening=_opening(DoorMode.CLEAR, "opening-end", "amber", say="opening-end", to_waiting=True, record=False, lingering=_OPENED),
        parties_passage=_on(DoorMode.CLEAR, lingering=_OPENED)),
    Phase.INTAKE: PhaseAsk(
        evaluation=_committee(DoorMode.INTAKE, "intake"),
        wing=_on(DoorMode.INTAKE),
        committee_passage=_on(DoorMode.INTAKE)),
    Phase.EVALUATION: PhaseAsk(
        evaluation=_EVALUATING,
        wing=_QUIET_WING),
    # The seal is lifted, so that members may go to their inquiry room; back to their seats they come when authorised anew (I4).
    Phase.INQUIRY: PhaseAsk(
        evaluation=_committee(DoorMode.INQUIRY, "inquiry", lingering=_SEATED),
        wing=_on(DoorMode.INQUIRY, muted=True),
        inquiry_committee=_INQUIRING,
        inquiry_parties=_INQUIRING,
        parties_passage=_on(DoorMode.INQUIRY)),
    # Bidders are back for another quote while the committee stays where it is.
    Phase.SECOND_ROUND: PhaseAsk(
        opening=_opening(DoorMode.CHECK_IN, "second-round", say="second-round"),
        evaluation=_EVALUATING,
        wing=_QUIET_WING,
        parties_passage=_on(DoorMode.CHECK_IN)),
    Phase.OVERNIGHT: PhaseAsk(
        evaluation=_sealed("overnight", cut=True),
        wing=_on(DoorMode.EVALUATION, muted=True, cut=True)),
    Phase.REPORT_SIGNED: PhaseAsk(
        evaluation=_committee(DoorMode.RELEASE, "evaluation-end", lingering=_LEAVING),
        wing=_on(DoorMode.RELEASE, lingering=_LEAVING),
        committee_passage=_on(DoorMode.RELEASE, lingering=_LEAVING)),
    Phase.FAILED: PhaseAsk(
        opening=_opening(DoorMode.CLEAR, "failed", "red", say="failed", record=False, lingering=_OPENED),
        parties_passage=_on(DoorMode.CLEAR, lingering=_OPENED)),
    Phase.CLOSED: PhaseAsk(),
    Phase.ABORTED: PhaseAsk(),
}  # fmt: skip

# Where a lot may be suspended, and comes back to.
SUSPENDABLE = (Phase.CHECK_IN, Phase.OPENING, Phase.INTAKE, Phase.EVALUATION, Phase.INQUIRY, Phase.SECOND_ROUND)


def frozen(wish: RoomAsk) -> RoomAsk:
    """The ask of a suspended lot for a room that it was using: nobody enters, the seal stays, the recording goes on."""
    if not wish.in_use:
        return wish
    told = wish.show_project  # in the opening room, where people wait and may be spoken to
    return replace(
        wish,
        mode=DoorMode.CLEAR,
        sign=SIGN_WORDS["suspended"] if wish.sign != ("", "") else wish.sign,
        colour="red",
        say="suspended" if told else "",
        muted=wish.muted and not told,
        lingering=(*wish.lingering, wish.mode),
    )


def _suspended(was: Phase) -> PhaseAsk:
    asks = PHASE_ASKS[was]
    return PhaseAsk(**{part.value: frozen(asks.of(part)) for part in Part})


SUSPENDED_ASKS: dict[Phase, PhaseAsk] = {was: _suspended(was) for was in SUSPENDABLE}
PHASE_ASKS[Phase.SUSPENDED] = SUSPENDED_ASKS[Phase.OPENING]  # of a lot that does not say where it was suspended


def table() -> Iterator[tuple[Phase, Part, RoomAsk]]:
    """Every cell that is not idle, row by row: for docs and for whoever wants to read it."""
    for phase, asks in PHASE_ASKS.items():
        yield from ((phase, part, wish) for part in Part if (wish := asks.of(part)) != RoomAsk())
