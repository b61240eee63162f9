"""Devices and rollouts: every twin with what is wrong and what to do, release from quarantine, programs and records for boards."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse

from gateway.api import models as m
from gateway.api.errors import ApiError, not_found
from gateway.api.services import Services, services
from gateway.core.day import Refusal
from gateway.core.twin.drift import Finding, Wrong, find
from gateway.core.twin.rollout import Course, Rollout, RolloutKind, Waits
from gateway.core.twin.twin import Twin
from gateway.shell.rollout_desk import RolloutDesk
from gateway.shell.view import named
from venue_model.door_policy import Approval
from venue_model.venue import Name

SEVERITY = {wrong: place for place, wrong in enumerate(Wrong)}
COURSE_NAMES = {
    Course.ASKED: Name("等待双人审批", "waits for two approvers"),
    Course.CANARY: Name("先在一块板上试", "tried on one board"),
    Course.BATCHES: Name("分批进行", "in batches"),
    Course.RETURNING: Name("正在退回", "going back"),
    Course.DONE: Name("完成", "done"),
    Course.RETURNED: Name("已退回", "gone back"),
    Course.WITHDRAWN: Name("已撤回", "withdrawn"),
}
WAITS_NAMES = {
    Waits.APPROVAL: Name("双人审批", "for two approvers"),
    Waits.CANARY: Name("一块现在不看守房间的板", "for a board that guards nobody now"),
    Waits.LOTS: Name("用着这些房间的标段结束", "for rooms in which lots are at work"),
    Waits.BOARDS: Name("控制器上线或应答", "for boards to come online or to answer"),
}


def _signed_in(request: Request) -> None:
    """Before the body is looked at: a stranger learns nothing about its shape."""
    services(request).accounts.need(request)


router = APIRouter(prefix="/api/v1", dependencies=[Depends(_signed_in)])
public = APIRouter(prefix="/api/v1")


def _desk(s: Services) -> RolloutDesk:
    if s.rollouts is None:
        raise ApiError(409, "no-rollouts", "本网关不做推送", "this gateway rolls nothing out")
    return s.rollouts


def _allowed(refusal: object) -> None:
    if isinstance(refusal, Refusal):
        raise ApiError(404 if refusal.code.startswith("unknown-") else 409, refusal.code, refusal.why.zh, refusal.why.en)


# twins


@router.get("/twins")
async def get_twins(
    request: Request,
    room: Annotated[str, Query(max_length=64)] = "",
    kind: Annotated[str, Query(max_length=32)] = "",
    board: Annotated[str, Query(max_length=64)] = "",
    only_wrong: bool = False,
) -> m.TwinsOut:
    """Every device, door and board that fits, with what is wrong with it: what is to be seen to comes first."""
    s = services(request)
    whole = s.accounts.need(request).limit.is_none
    now = s.coordinator.clock()
    found = [
        (twin, finding)
        for twin, finding in s.coordinator.twins.twins(now)
        if (not room or twin.room == room) and (not kind or twin.kind == kind) and (not board or twin.board == board)
    ]
    found.sort(key=lambda row: SEVERITY[row[1].wrong] if row[1] is not None else len(SEVERITY))
    shown = [twin_out(twin, finding, whole=whole) for twin, finding in found if finding is not None or not only_wrong]
    return m.TwinsOut(utc_ns=now.utc_ns, twins=shown, count=len(found), wrong=sum(1 for _, finding in found if finding is not None))


@router.get("/twins/{twin}")
async def get_twin(request: Request, twin: str) -> m.TwinOut:
    """One of them; of doors and boards the id has "door:" or "board:" before it."""
    s = services(request)
    whole = s.accounts.need(request).limit.is_none
    desk, now = s.coordinator.twins, s.coordinator.clock()
    if not desk.known(twin):
        raise not_found(f"没有设备 {twin[:64]}", f"there is no device, door or board {twin[:64]}")
    found = desk.twin(twin, now)
    return twin_out(found, find(found, now.utc_ns), whole=whole)


@router.delete("/twins/{twin}/quarantine", status_code=204)
async def release(request: Request, twin: str) -> None:
    """Somebody has seen to a device that came and went, and trusts it again."""
    s = services(request)
    account = s.accounts.need(request, "staff", "integrator")
    _allowed(s.coordinator.twins.release(twin, account.id, s.coordinator.clock()))


# what boards fetch


@router.get("/programs")
async def get_programs(request: Request) -> list[m.ProgramOut]:
    """The programs that boards can be given, newest first."""
    s = services(request)
    s.accounts.need(request, "integrator", "supervisor", "staff")
    return [
        m.ProgramOut(digest=digest, version=version, number=number, bytes=size, by=by, utc_ns=utc_ns)
        for digest, version, number, size, by, utc_ns in _desk(s).programs()
    ]


@router.post("/programs", status_code=201)
async def add_program(request: Request) -> m.CreatedOut:
    """A bundle, as the body: taken if the release key has signed it."""
    s = services(request)
    account = s.accounts.need(request, "integrator")
    digest = _desk(s).add_program(await request.body(), account.id, s.coordinator.clock())
    _allowed(digest)
    return m.CreatedOut(id=str(digest))


@public.get("/bundles/{digest}", response_class=FileResponse, include_in_schema=False)
async def get_bundle(request: Request, digest: str) -> FileResponse:
    """For boards, who know by a signed order what to ask for, and check what they get by the same hash."""
    s = services(request)
    path = _desk(s).file(digest)
    if path is None:
        raise not_found("没有这个文件", "there is no such file")
    return FileResponse(path, media_type="application/octet-stream")


# rollouts


@router.get("/rollouts")
async def get_rollouts(request: Request) -> list[m.RolloutOut]:
    """The newest first."""
    s = services(request)
    s.accounts.need(request, "integrator", "supervisor", "staff")
    desk = _desk(s)
    return [rollout_out(desk, rollout) for rollout in desk.all()]


@router.get("/rollouts/{rollout}")
async def get_rollout(request: Request, rollout: str) -> m.RolloutOut:
    """One of them, with a row for each board."""
    s = services(request)
    s.accounts.need(request, "integrator", "supervisor", "staff")
    found = _desk(s).find(rollout)
    if found is None:
        raise not_found(f"没有推送 {rollout[:40]}", f"there is no rollout {rollout[:40]}")
    return rollout_out(_desk(s), found)


@router.post("/rollouts", status_code=201)
async def start(request: Request, body: m.RolloutIn) -> m.RolloutOut:
    """Begin one: a program waits for two approvers, the records of boards go out at once."""
    s = services(request)
    account = s.accounts.need(request, "integrator")
    desk = _desk(s)
    return _told(desk, desk.start(RolloutKind(body.kind), body.digest, body.boards, body.batch, account.id, s.coordinator.clock()))


@router.post("/rollouts/{rollout}/approvals")
async def approve(request: Request, rollout: str, body: m.RolloutApprovalIn) -> m.RolloutOut:
    """Two approvers of two roles have signed its text."""
    s = services(request)
    account = s.accounts.need(request, "integrator", "supervisor")
    approvals = tuple(Approval(given.approver, given.signature) for given in body.approvals)
    desk = _desk(s)
    return _told(desk, desk.approve(rollout, approvals, account.id, s.coordinator.clock()))


@router.post("/rollouts/{rollout}/give-up")
async def give_up(request: Request, rollout: str, body: m.GiveUpIn) -> m.RolloutOut:
    """Bring all boards back to what they ran before."""
    s = services(request)
    account = s.accounts.need(request, "integrator", "supervisor")
    desk = _desk(s)
    return _told(desk, desk.give_up(rollout, account.id, body.reason, s.coordinator.clock()))


def _told(desk: RolloutDesk, found: Rollout | Refusal) -> m.RolloutOut:
    _allowed(found)
    assert isinstance(found, Rollout), "a refusal was raised"
    return rollout_out(desk, found)


# shapes


def twin_out(twin: Twin, finding: Finding | None, *, whole: bool = True) -> m.TwinOut:
    """A twin in the API's shape.  Not `whole`: without what a screen shows and what a camera records, for those held to some lots."""
    desired, told = twin.desired, twin.reported
    return m.TwinOut(
        id=twin.id, kind=twin.kind, name=named(twin.name), room=twin.room, board=twin.board, online=twin.online,
        online_utc_ns=twin.online_utc_ns, held=twin.held,
        desired=None if desired is None else m.DesiredOut(
            value=desired.value if whole else "", generation=desired.generation, since_utc_ns=desired.since_utc_ns,
            run=desired.run if whole else "", by=desired.by if whole else "",
        ),
        reported=None if told is None else m.ReportedOut(
            value=told.value, code=told.code, text=told.text, source=told.source, since_utc_ns=told.since_utc_ns
        ),
        quarantined_utc_ns=twin.quarantined_utc_ns,
        finding=None if finding is None else m.FindingOut(
            wrong=finding.wrong, since_utc_ns=finding.since_utc_ns, name=named(finding.name), remedy=named(finding.remedy)
        ),
    )  # fmt: skip


def rollout_out(desk: RolloutDesk, rollout: Rollout) -> m.RolloutOut:
    """A rollout in the API's shape."""
    waits = WAITS_NAMES.get(rollout.waits) if not rollout.over else None
    return m.RolloutOut(
        id=rollout.id, kind=rollout.kind, version=rollout.version, by=rollout.by, asked_utc_ns=rollout.asked_utc_ns,
        course=rollout.course, course_name=named(COURSE_NAMES[rollout.course]), waits=rollout.waits,
        waits_name=named(waits) if waits else None, canary=rollout.canary, why=rollout.why, approvers=list(rollout.approvers),
        batch=rollout.batch, text=desk.text(rollout) if rollout.course is Course.ASKED else "",
        rows=[m.RolloutRowOut(board=r.board, stand=r.stand, since_utc_ns=r.since_utc_ns, why=r.why) for r in rollout.rows],
    )  # fmt: skip
