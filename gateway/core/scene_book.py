"""The scene book: what staff write about light, climate, signs and announcements of a scene, and why they may not write more.

A page is never changed: a newer version takes its place from the next press on, and a lot keeps what it was pressed with.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

from gateway.core.day import LotState, moved
from gateway.core.exception_pass import Refusal
from gateway.core.parts import Day, live, parts
from gateway.core.wants import device_wants
from venue_model.asks import PHASE_ASKS, SUSPENDABLE, SUSPENDED_ASKS, Part, RoomAsk
from venue_model.comfort import Change, What
from venue_model.ids import DeviceId, LotId
from venue_model.scenes import SCENES, Scene, SceneId
from venue_model.templates import ANNOUNCEMENTS, SIGN_WORDS, VARIANTS
from venue_model.venue import Name, Venue
from venue_model.wire import Want

LONGEST_PREPARATION_S = 6 * 3600  # [D] a room that is held longer before its opening is booked for it

_LAW: Mapping[str, tuple[str, str]] = {
    "mode": ("谁可以进门是规定,不能在场景本中修改", "who may enter is law, and stands in no scene book"),
    "lingering": ("谁可能仍在室内是规定,不能修改", "who may still be inside is law"),
    "seal": ("封闭与解封是规定,解封须两人审批", "a seal is law, and two people lift it"),
    "record": ("录像不得少于规定", "recording never goes below the law (I10)"),
    "cut": ("断网时间是规定,不能修改", "when the network is cut is law (I12)"),
    "muted": ("评标与开标中的房间不得广播", "a room at work is not spoken to (T16)"),
    "show_project": ("哪些屏显示项目是规定", "which sign names a project is law (I9)"),
    "colour": ("颜色代表状态,不能修改", "colours mean states, everywhere the same"),
    "to_waiting": ("指引由场地决定", "the way is the venue's"),
}
assert _LAW.keys() == {f.name for f in fields(RoomAsk)} - set(What), "every field of an ask is either law or comfort"


@dataclass(frozen=True, slots=True)
class Page:
    """One version of what staff have written about one scene.  Version 0 is the table as it ships."""

    scene: SceneId
    version: int = 0
    changes: tuple[Change, ...] = ()
    prepare_before_s: int | None = None  # of opening_preparation: how long before the opening; None: as in the venue file
    by: str = ""
    utc_ns: int = 0
    note: str = ""  # why


@dataclass(frozen=True, slots=True)
class Draft:
    """A page as it was sent in: cells as (part, what, value)."""

    cells: tuple[tuple[str, str, bool | str], ...] = ()
    prepare_before_s: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A device that a page would have otherwise."""

    device: DeviceId
    lot: LotId
    before: Want
    after: Want


Book = Mapping[SceneId, Page]  # the newest version of each page that was ever written


def cells(scene: SceneId) -> dict[Part, RoomAsk]:
    """The parts that a scene puts to use, and what the table asks of them.  After a suspension it is whichever room was in use."""
    phase = SCENES[scene].leads_to
    asks = [SUSPENDED_ASKS[was] for was in SUSPENDABLE] if scene is SceneId.SUSPEND else [PHASE_ASKS[phase]]
    found = {part: [wish for a in asks if (wish := a.of(part)).in_use] for part in Part}
    return {part: wishes[0] for part, wishes in found.items() if wishes}


def sign_choices(wish: RoomAsk) -> tuple[str, ...]:
    """The wordings that a sign may have in the place of the table's, which comes first."""
    own = next((word for word, words in SIGN_WORDS.items() if words == wish.sign), None)
    return (own, *VARIANTS.get(own, ())) if own is not None else ()


def say_choices(wish: RoomAsk) -> tuple[str, ...]:
    """What may be announced: nothing, or any recording that is no alarm.  A muted room hears nothing."""
    return ("",) if wish.muted else ("", *(id for id, said in ANNOUNCEMENTS.items() if not said.life_safety))


def check_draft(scene: str, draft: Draft) -> tuple[Change, ...] | Refusal:
    """The changes of a draft, or why it may not be."""
    if scene not in set(SceneId):
        return Refusal("unknown-scene", Name(f"没有场景 {scene}", f"there is no scene {scene}"))
    known = cells(SceneId(scene))
    found: list[Change] = []
    for part, what, value in draft.cells:
        if part not in set(Part) or Part(part) not in known:
            return Refusal("unused-part", Name(f"该场景不使用 {part}", f"this scene asks nothing of {part}; it uses {', '.join(known)}"))
        change = _check_cell(Part(part), what, value, known[Part(part)])
        if isinstance(change, Refusal):
            return change
        if any((c.part, c.what) == (change.part, change.what) for c in found):
            return Refusal("twice", Name(f"{part} {what} 写了两次", f"{part} {what} is written twice"))
        found.append(change)
    if (refusal := _check_preparation(SceneId(scene), draft.prepare_before_s)) is not None:
        return refusal
    return tuple(sorted(found, key=lambda c: (list(Part).index(c.part), list(What).index(c.what))))


def _check_cell(part: Part, what: str, value: bool | str, wish: RoomAsk) -> Change | Refusal:
    if what in _LAW:
        return Refusal("law", Name(*_LAW[what]))
    if what not in set(What):
        return Refusal("unknown-cell", Name(f"没有“{what}”这一项", f"there is no {what}; there are {', '.join(What)}"))
    match What(what):
        case What.LIGHT if value is False and wish.record:
            return Refusal("law", Name("录像中的房间不得关灯", "a room that is recorded is not dark (I10)"))
        case What.LIGHT | What.CLIMATE if not isinstance(value, bool):
            return Refusal("value", Name(f"{what} 只能是开或关", f"{what} is true or false"))
        case What.SIGN if value not in sign_choices(wish):
            return Refusal("value", _one_of("门牌文字", "the wording", sign_choices(wish)))
        case What.SAY if value not in say_choices(wish):
            if wish.muted and value:
                return Refusal("law", Name(*_LAW["muted"]))
            return Refusal("value", _one_of("广播", "the announcement", say_choices(wish)))
        case known:
            return Change(part, known, value)


def _one_of(zh: str, en: str, choices: Iterable[str]) -> Name:
    listed = ", ".join(choice or '""' for choice in choices)
    return Name(f"{zh}只能从模板中选择:{listed}", f"{en} is one of the templates: {listed}")


def _check_preparation(scene: SceneId, prepare_before_s: int | None) -> Refusal | None:
    if prepare_before_s is None:
        return None
    if scene is not SceneId.OPENING_PREPARATION:
        return Refusal("unused-part", Name("只有“开标准备”有提前时间", "only the opening's preparation has a time before it"))
    if not 0 < prepare_before_s <= LONGEST_PREPARATION_S:
        hours = LONGEST_PREPARATION_S // 3600
        return Refusal("value", Name(f"提前时间在 {hours} 小时以内", f"preparation begins within {hours} h before the opening"))
    return None


def changes_for(book: Book, scene: Scene) -> tuple[Change, ...]:
    """What staff have written about a scene, as it is now."""
    page = book.get(scene.id)
    return page.changes if page is not None else ()


def prepare_before_s(venue: Venue, book: Book) -> int:
    """How long before its opening a lot is prepared: T minus this."""
    page = book.get(SceneId.OPENING_PREPARATION)
    return venue.prepare_before_s if page is None or page.prepare_before_s is None else page.prepare_before_s


def differences(venue: Venue, day: Day, scene: Scene, old: tuple[Change, ...], new: tuple[Change, ...]) -> tuple[Difference, ...]:
    """Which devices would be otherwise, had each lot of the day come to this scene by the new page instead of the old one."""
    found = []
    for state in live(day):
        if scene.leads_to is not state.phase and state.phase not in scene.allowed_from:
            continue
        before, after = (_wants(venue, day, state, scene, changes) for changes in (old, new))
        found += [Difference(d, state.lot.id, before[d], want) for d, want in after.items() if want != before[d]]
    return tuple(found)


def _wants(venue: Venue, day: Day, state: LotState, scene: Scene, changes: tuple[Change, ...]) -> dict[DeviceId, Want]:
    there = replace(moved(venue, day, state, scene, state.phase_utc_ns), changes=changes)
    rooms = {room for _, room in parts(venue, there)}
    wants = device_wants(venue, {**day, state.lot.id: there})
    return {device: want for device, want in wants.items() if venue.devices[device].room in rooms}
