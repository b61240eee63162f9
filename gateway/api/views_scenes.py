"""The scene book, what people decide about a held run, single devices, and the emergency that stands over everything."""

from fastapi import APIRouter, Depends, Request

from gateway.api import models as m
from gateway.api.errors import ApiError, not_found
from gateway.api.services import Services, services
from gateway.core.day import Refusal
from gateway.core.priority import Claim, Level
from gateway.core.rights import Account
from gateway.core.scene_book import Difference, Draft, Page, cells, prepare_before_s, say_choices, sign_choices
from gateway.shell.coordinator import clock
from venue_model.asks import PART_NAMES, Part, RoomAsk
from venue_model.comfort import What
from venue_model.ids import DeviceId, RunId
from venue_model.scenes import SCENES, SceneId
from venue_model.templates import ANNOUNCEMENTS, SIGN_WORDS, Words
from venue_model.wire import Want


def _signed_in(request: Request) -> None:
    """Before the body is looked at: a stranger learns nothing about its shape."""
    services(request).accounts.need(request)


router = APIRouter(prefix="/api/v1", dependencies=[Depends(_signed_in)])

_ON, _OFF = ("开", "on"), ("关", "off")
_QUIET = ("不广播", "says nothing")


def _allowed(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise ApiError(404 if refusal.code.startswith("unknown-") else 409, refusal.code, refusal.why.zh, refusal.why.en)


def _name(words: Words) -> m.NameOut:
    return m.NameOut(zh=words[0], en=words[1])


# the scene book


@router.get("/scene-book")
async def get_book(request: Request) -> list[m.PageOut]:
    """Every scene: what it does to lights, climate, signs and loudspeakers, and what else it might."""
    s = services(request)
    s.accounts.need(request)
    return [_page_out(s, s.coordinator.book.page(scene)) for scene in SceneId if cells(scene)]


@router.get("/scene-book/{scene}/versions")
async def get_versions(request: Request, scene: str) -> list[m.VersionOut]:
    """All versions of a page, newest first."""
    s = services(request)
    s.accounts.need(request)
    return [_version_out(page) for page in s.coordinator.book.versions(_scene(scene))]


@router.post("/scene-book/{scene}/preview")
async def preview_page(request: Request, scene: str, body: m.DraftIn) -> list[m.DifferenceOut]:
    """Which devices of today's lots a draft would have otherwise.  Nothing is written."""
    s = services(request)
    s.accounts.need(request, "staff")
    found = s.coordinator.book.preview(scene, _draft(body))
    if isinstance(found, Refusal):
        raise ApiError(404 if found.code == "unknown-scene" else 409, found.code, found.why.zh, found.why.en)
    return [_difference_out(difference) for difference in found]


@router.post("/scene-book/{scene}", status_code=201)
async def save_page(request: Request, scene: str, body: m.PageIn) -> m.VersionOut:
    """Write a new version; it is in force from the next press.  What is law is refused with the reason."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    page = s.coordinator.book.save(scene, _draft(body), account.id, body.note, clock())
    if isinstance(page, Refusal):
        raise ApiError(404 if page.code == "unknown-scene" else 409, page.code, page.why.zh, page.why.en)
    return _version_out(page)


def _scene(scene: str) -> SceneId:
    if scene not in set(SceneId):
        raise not_found(f"没有场景 {scene}", f"there is no scene {scene}")
    return SceneId(scene)


def _draft(body: m.DraftIn) -> Draft:
    return Draft(tuple((cell.part, cell.what, cell.value) for cell in body.cells), body.prepare_before_s)


def _version_out(page: Page) -> m.VersionOut:
    return m.VersionOut(
        version=page.version, by=page.by, utc_ns=page.utc_ns, note=page.note, prepare_before_s=page.prepare_before_s,
        cells=[m.CellIn(part=change.part, what=change.what, value=change.value) for change in page.changes],
    )  # fmt: skip


def _page_out(s: Services, page: Page) -> m.PageOut:
    scene = SCENES[page.scene]
    written = {(change.part, change.what): change.value for change in page.changes}
    prepared = prepare_before_s(s.coordinator.venue, s.coordinator.scenes.book)
    return m.PageOut(
        scene=page.scene, name=m.NameOut(zh=scene.zh, en=scene.en), version=page.version, by=page.by, utc_ns=page.utc_ns, note=page.note,
        prepare_before_s=prepared if page.scene is SceneId.OPENING_PREPARATION else None,
        cells=[cell for part, wish in cells(page.scene).items() for cell in _cells(part, wish, written)],
    )  # fmt: skip


def _cells(part: Part, wish: RoomAsk, written: dict[tuple[Part, What], bool | str]) -> list[m.CellOut]:
    switch = [m.ChoiceOut(value=True, name=_name(_ON)), m.ChoiceOut(value=False, name=_name(_OFF))]
    signs = sign_choices(wish)
    choices: dict[What, tuple[bool | str, list[m.ChoiceOut]]] = {
        What.LIGHT: (wish.light, switch[:1] if wish.record else switch),
        What.CLIMATE: (wish.climate, switch),
        What.SIGN: (signs[0] if signs else "", [m.ChoiceOut(value=word, name=_name(SIGN_WORDS[word])) for word in signs]),
        What.SAY: (wish.say, [m.ChoiceOut(value=say, name=_said(say)) for say in say_choices(wish)]),
    }
    return [
        m.CellOut(
            part=part, part_name=_name(PART_NAMES[part]), what=what, builtin=builtin, value=written.get((part, what), builtin),
            choices=open_to,
        )
        for what, (builtin, open_to) in choices.items()
        if len(open_to) > 1
    ]  # fmt: skip


def _said(say: str) -> m.NameOut:
    return _name((ANNOUNCEMENTS[say].zh, ANNOUNCEMENTS[say].en)) if say else _name(_QUIET)


def _difference_out(found: Difference) -> m.DifferenceOut:
    return m.DifferenceOut(device=found.device, lot=found.lot, before=_want_in_words(found.before), after=_want_in_words(found.after))


def _want_in_words(want: Want) -> m.NameOut:
    if want.lines is not None:
        text = " / ".join(want.lines)
        return m.NameOut(zh=text, en=text)
    return _said(want.say) if want.say else _name(_ON if want.on else _OFF)


# a run that is held


@router.post("/runs/{run}/go-on", status_code=202)
async def go_on(request: Request, run: str, body: m.ReasonIn) -> m.RunOut:
    """Go on without the members that hold a stage.  They stay named, with who decided and why."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    return _decided(s, run, s.coordinator.go_on(RunId(run), account.id, body.reason, clock()))


@router.post("/runs/{run}/retry", status_code=202)
async def retry(request: Request, run: str) -> m.RunOut:
    """Somebody has seen to the members that hold a stage: tell them anew."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    return _decided(s, run, s.coordinator.try_again(RunId(run), account.id, clock()))


def _decided(s: Services, run: str, done: bool) -> m.RunOut:
    found = s.coordinator.scenes.run(RunId(run))
    if found is None:
        raise not_found(f"没有场景运行 {run}", f"there is no scene run {run}")
    if not done:
        raise ApiError(409, "not-held", "该场景没有等待决定的设备", "this run waits for no decision; look at it again")
    return s.view.run(found)


# single devices


@router.get("/device-commands")
async def get_commands(request: Request) -> list[m.ClaimOut]:
    """The devices that somebody else than the scene has: by command, by lockdown, or by the switch on the wall."""
    s = services(request)
    s.accounts.need(request)
    found = (s.coordinator.overrides.claim_on(device) for device in s.coordinator.venue.devices)
    return [_claim_out(claim) for claim in found if claim is not None]


@router.post("/devices/{device}/command", status_code=202)
async def command(request: Request, device: str, body: m.CommandIn) -> m.ClaimOut:
    """One device otherwise than the scene, until it is given back or the phase changes.  A supervisor's word stands over staff's."""
    s = services(request)
    account = s.accounts.need(request, "staff", "supervisor")
    found = s.coordinator.overrides.command(device, _level(account), body.on, body.say, account.id, body.reason, clock())
    if isinstance(found, Refusal):
        raise ApiError(404 if found.code == "unknown-device" else 409, found.code, found.why.zh, found.why.en)
    return _claim_out(s.coordinator.overrides.claim_on(DeviceId(device)) or found)


@router.delete("/devices/{device}/command", status_code=204)
async def relinquish(request: Request, device: str) -> None:
    """Give a device back to the scene: the own word for it, and the hand at its switch."""
    s = services(request)
    account = s.accounts.need(request, "staff", "supervisor")
    _allowed(s.coordinator.overrides.relinquish(device, _level(account), account.id, clock()))


def _level(account: Account) -> Level:
    return Level.SUPERVISOR if account.role == "supervisor" else Level.OPERATOR


def _claim_out(claim: Claim) -> m.ClaimOut:
    return m.ClaimOut(
        device=claim.device, level=claim.level, on=claim.want.on, say=claim.want.say, by=claim.by, reason=claim.reason,
        since_utc_ns=claim.since_utc_ns,
    )  # fmt: skip


# the whole house


@router.post("/emergency", status_code=204)
async def call_out(request: Request, body: m.ReasonIn) -> None:
    """Signs, lights and loudspeakers of the whole house see people out.  Scenes go on underneath."""
    s = services(request)
    account = s.accounts.need(request, "staff", "supervisor")
    _allowed(s.coordinator.overrides.call_out(account.id, body.reason, clock()))


@router.delete("/emergency", status_code=204)
async def all_clear(request: Request) -> None:
    """The danger is over: a supervisor's act."""
    s = services(request)
    account = s.accounts.need(request, "supervisor")
    _allowed(s.coordinator.overrides.all_clear(account.id, clock()))
