"""Guarded domains: two-person approvals, lockdown, exception passes.  What staff and supervisors do when a day is not ordinary."""

import secrets

from fastapi import APIRouter, Depends, Request

from gateway.api import models as m
from gateway.api.errors import ApiError, not_found
from gateway.api.services import services
from gateway.core.day import Refusal
from gateway.core.exception_pass import ExceptionPass
from gateway.core.rights import lot_within
from gateway.shell.coordinator import clock
from gateway.shell.view import named
from gateway.shell.warden import act_words, waiting_words
from venue_model.door_policy import Approval
from venue_model.ids import ComponentId, LotId, PersonKey, RoomId
from venue_model.moments import S


def _signed_in(request: Request) -> None:
    """Before the body is looked at: a stranger learns nothing about its shape."""
    services(request).accounts.need(request)


router = APIRouter(prefix="/api/v1", dependencies=[Depends(_signed_in)])


def _allowed(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise ApiError(404 if refusal.code.startswith("unknown-") else 409, refusal.code, refusal.why.zh, refusal.why.en)


@router.get("/components/{component}/approvals")
async def get_approvals(request: Request, component: str) -> m.ApprovalsOut:
    """What a domain waits for, and the exact texts that two people may sign to bring it on."""
    s = services(request)
    s.accounts.need(request)
    venue, warden = s.coordinator.venue, s.coordinator.warden
    id = ComponentId(component)
    if id not in venue.components:
        raise not_found(f"没有受控区域 {component}", f"there is no domain {component}")
    waiting = warden.waiting[id]
    return m.ApprovalsOut(
        waiting=named(waiting_words(waiting, venue)) if waiting else None,
        commands=[
            m.ActToApprove(act=act, text=warden.act_text(id, act), name=named(act_words(act, id, venue))) for act in warden.acts(id)
        ],
    )


@router.post("/components/{component}/approvals", status_code=204)
async def approve(request: Request, component: str, body: m.ActIn) -> None:
    """Take the signatures of two approvers of two roles under one act."""
    s = services(request)
    account = s.accounts.need(request, "staff", "supervisor")
    approvals = tuple(Approval(given.approver, given.signature) for given in body.approvals)
    _allowed(s.coordinator.guard.approve(ComponentId(component), body.act, approvals, account.id, clock()))


@router.get("/lockdown")
async def get_lockdown(request: Request) -> m.LockdownOut:
    """Which domains are locked down, since when, by whom and why."""
    s = services(request)
    s.accounts.need(request)
    return s.view.lockdown()


@router.post("/lockdown", status_code=204)
async def lock(request: Request, body: m.LockdownIn) -> None:
    """Nobody enters the named domains, or any when none is named.  Exits stay free."""
    s = services(request)
    account = s.accounts.need(request, "staff", "supervisor")
    _allowed(s.coordinator.guard.lock(body.components, account.id, body.reason, clock()))


@router.delete("/lockdown", status_code=204)
async def lift(request: Request) -> None:
    """End the lockdown: a supervisor's act."""
    s = services(request)
    account = s.accounts.need(request, "supervisor")
    _allowed(s.coordinator.guard.lift(account.id, clock()))


@router.get("/exceptions")
async def get_exceptions(request: Request) -> list[m.ExceptionOut]:
    """The exception passes that were not withdrawn, without their card numbers."""
    s = services(request)
    account = s.accounts.need(request, "staff", "supervisor")
    return [
        m.ExceptionOut(
            id=e.id, person=e.person, role=e.role, rooms=list(e.rooms), lot=e.lot, reason=e.reason, approver=e.approver,
            escort=list(e.escort), from_utc_ns=e.from_utc_ns, until_utc_ns=e.until_utc_ns,
        )
        for e in s.coordinator.guard.exceptions.values()
        if lot_within(account.limit, e.lot, s.coordinator.day)
    ]  # fmt: skip


@router.post("/exceptions", status_code=201)
async def give(request: Request, body: m.ExceptionIn) -> m.CreatedOut:
    """Let somebody in who has no part in the day, beside an escort and for a time.  A supervisor approves by giving it."""
    s = services(request)
    account = s.accounts.need(request, "supervisor")
    if not lot_within(account.limit, body.lot, s.coordinator.day):
        raise ApiError(403, "not-yours", "不在您的标段或行业范围内", "this lot is not one of yours; ask the security administrator")
    now = clock()
    exception = ExceptionPass(
        id=f"x-{secrets.token_hex(4)}", person=PersonKey(body.person), role=body.role, card=body.card,
        rooms=tuple(RoomId(room) for room in body.rooms), lot=LotId(body.lot), reason=body.reason, approver=account.id,
        escort=tuple(body.escort), from_utc_ns=now.utc_ns, until_utc_ns=now.utc_ns + body.minutes * 60 * S,
    )  # fmt: skip
    _allowed(s.coordinator.guard.give(exception, account.id, now))
    return m.CreatedOut(id=exception.id)


@router.delete("/exceptions/{exception}", status_code=204)
async def withdraw(request: Request, exception: str) -> None:
    """End an exception pass before its time."""
    s = services(request)
    account = s.accounts.need(request, "staff", "supervisor")
    _allowed(s.coordinator.guard.withdraw(exception, account.id, clock()))
