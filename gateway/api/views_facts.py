"""Facts for other programs: the event export, webhooks, time in seats, conduct, and who was with whom under two signatures."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from gateway.api import models as m
from gateway.api.errors import ApiError, not_found
from gateway.api.services import Services, services
from gateway.core.day import Refusal
from gateway.core.facts.company import Together
from gateway.core.facts.conduct import CONDUCT_NAMES
from gateway.core.facts.seats import Seat, Span
from gateway.core.presence.sightings import Ref
from gateway.facts.export import BadCursor, CursorGone, FactLog, ndjson
from gateway.facts.webhooks import Webhook
from gateway.shell.facts_desk import CHALLENGE_S
from gateway.shell.presence_desk import day_span
from venue_model.door_policy import Approval
from venue_model.ids import LotId
from venue_model.lots import Lot
from venue_model.moments import S

MOST_FACTS = 5000
PIECE = 100  # facts at once: some 10 ms
_NDJSON: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/x-ndjson": {"schema": {"type": "string"}}}, "description": "One fact a line."}
}


def _signed_in(request: Request) -> None:
    """Before the input is looked at: a stranger learns nothing about its shape."""
    services(request).accounts.need(request)


router = APIRouter(prefix="/api/v1", dependencies=[Depends(_signed_in)])


# the export


@router.get("/export/events", response_class=Response, responses=_NDJSON)
async def export_events(request: Request, after: str = "", limit: int = Query(default=1000, ge=1, le=MOST_FACTS)) -> Response:
    """Facts in the order of the gateway's commits, as NDJSON.  `Bidhall-Cursor` says where to go on; equal to `after`: nothing is new."""
    s = services(request)
    account = s.accounts.need(request, "supervisor")
    log = s.facts.facts
    try:
        position = log.position(after)
    except BadCursor as error:
        raise ApiError(422, "bad-input", "游标无效,请用最后一条的 cursor", str(error)) from None
    except CursorGone as error:
        where = error.back_to or "从头 the beginning"
        raise ApiError(410, "cursor-gone", f"数据库已从备份恢复,请回到游标 {where} 重新读取", str(error)) from None
    s.facts.told(account.id, "export", s.coordinator.clock())
    reached = log.reach(position, limit)
    headers = {"Bidhall-Cursor": log.cursor(reached) if reached else "", "Cache-Control": "no-store"}
    return StreamingResponse(_lines(log, position, reached, account.role), media_type="application/x-ndjson", headers=headers)


async def _lines(log: FactLog, position: int, until: int, role: str) -> AsyncIterator[bytes]:
    """Piece by piece: doors wait for this very loop."""
    while True:
        facts, reached = log.after(position, PIECE, role, until)
        if reached == position:
            return
        position = reached
        yield ndjson(facts)
        await asyncio.sleep(0)


# webhooks


@router.get("/webhooks")
async def get_webhooks(request: Request) -> list[m.WebhookOut]:
    """All subscriptions and how they fare, without their secrets."""
    s = services(request)
    s.accounts.need(request, "supervisor", "integrator")
    return [_webhook(s, hook) for hook in s.facts.webhooks.all()]


@router.post("/webhooks", status_code=201)
async def add_webhook(request: Request, body: m.WebhookIn) -> m.WebhookMade:
    """Send facts to a receiver from now on.  The secret of the signatures is in this answer and nowhere else."""
    s = services(request)
    account = s.accounts.need(request, "supervisor")
    made = s.facts.subscribe(body.url, body.kinds, account.id, account.role, s.coordinator.clock())
    if isinstance(made, Refusal):
        raise ApiError(409, made.code, made.why.zh, made.why.en)
    hook, secret = made
    return m.WebhookMade(webhook=_webhook(s, hook), secret=secret)


@router.delete("/webhooks/{webhook}", status_code=204)
async def remove_webhook(request: Request, webhook: str) -> None:
    """End a subscription."""
    s = services(request)
    account = s.accounts.need(request, "supervisor")
    if not s.facts.unsubscribe(webhook, account.id, s.coordinator.clock()):
        raise _no_webhook(webhook)


@router.post("/webhooks/{webhook}/on", status_code=204)
async def switch_on(request: Request, webhook: str) -> None:
    """Deliver again, from where it stood."""
    s = services(request)
    account = s.accounts.need(request, "supervisor", "integrator")
    if not s.facts.switch_on(webhook, account.id, s.coordinator.clock()):
        raise _no_webhook(webhook)


@router.get("/webhooks/{webhook}/dead")
async def get_dead(request: Request, webhook: str) -> list[m.DeadFactOut]:
    """What the receiver refused for good, oldest first."""
    s = services(request)
    s.accounts.need(request, "supervisor", "integrator")
    _known(s, webhook)
    return [m.DeadFactOut(fact=dead.fact, utc_ns=dead.utc_ns, why=dead.why) for dead in s.facts.webhooks.dead(webhook)]


@router.post("/webhooks/{webhook}/dead/{fact}/resend")
async def resend(request: Request, webhook: str, fact: int) -> m.ResentOut:
    """Try a dead letter once more."""
    s = services(request)
    s.accounts.need(request, "supervisor", "integrator")
    hook = _known(s, webhook)
    if fact not in {dead.fact for dead in s.facts.webhooks.dead(webhook, 100_000)}:
        raise not_found(f"没有死信 {fact}", f"there is no dead letter {fact}")
    try:
        why = await s.facts.sender.resend(hook, fact)
    except KeyError:
        raise ApiError(410, "gone", "该状态已被更新的取代,请改读导出接口", "superseded meanwhile: read the export instead") from None
    return m.ResentOut(arrived=not why, why=why)


# people's time


@router.get("/lots/{lot}/seats")
async def get_seats(request: Request, lot: str, day: str = "") -> m.SeatsOut:
    """Each committee member's minutes in the evaluation room, absences, and deviation from the median."""
    s = services(request)
    account = s.accounts.need(request, "supervisor", "witness")
    found = _lot(s, lot)
    _day(day)
    s.evidence.read(found.project, account.id, account.role, f"seats {lot} {day}".strip(), s.coordinator.clock())
    seats = s.facts.seats(found, day or None)
    median = next((seat.in_room_ns - seat.deviation_ns for seat in seats if seat.deviation_ns is not None), None)
    return m.SeatsOut(
        lot=lot, project=found.project, day=day or None, median_minutes=_minutes(median) if median is not None else None,
        seats=[_seat(seat) for seat in seats],
    )  # fmt: skip


@router.get("/lots/{lot}/conduct")
async def get_conduct(request: Request, lot: str, day: str = "") -> list[m.ConductOut]:
    """What doors and lockers saw of each committee member, with the lines that show it."""
    s = services(request)
    account = s.accounts.need(request, "supervisor", "witness")
    found = _lot(s, lot)
    _day(day)
    s.evidence.read(found.project, account.id, account.role, f"conduct {lot} {day}".strip(), s.coordinator.clock())
    return [
        m.ConductOut(
            kind=fact.kind.value, name=m.NameOut(zh=CONDUCT_NAMES[fact.kind][0], en=CONDUCT_NAMES[fact.kind][1]), person=fact.person,
            utc_ns=fact.utc_ns, door=fact.door, rule=fact.rule, certain=fact.certain, evidence=_refs(fact.evidence),
        )
        for fact in s.facts.conduct(found, day or None)
    ]  # fmt: skip


@router.post("/lots/{lot}/company", status_code=201)
async def ask_company(request: Request, lot: str, body: m.CompanyAskIn) -> m.CompanyAskOut:
    """Ask for a look into who was with whom: what two approvers are to sign."""
    s = services(request)
    account = s.accounts.need(request, "supervisor", "witness")
    _lot(s, lot)
    _day(body.day)
    asked = s.facts.ask_company(LotId(lot), body.day, body.reason, account.id, s.coordinator.clock())
    if isinstance(asked, Refusal):
        raise ApiError(409, asked.code, asked.why.zh, asked.why.en)
    return m.CompanyAskOut(challenge=asked.challenge, text=asked.text, for_s=CHALLENGE_S)


@router.post("/lots/{lot}/company/{challenge}")
async def get_company(request: Request, lot: str, challenge: str, body: m.CompanyIn) -> m.CompanyOut:
    """Who was where together, once two approvers of two roles have signed the text of the request.  On record before it is given."""
    s = services(request)
    account = s.accounts.need(request, "supervisor", "witness")
    found = _lot(s, lot)
    now = s.coordinator.clock()
    approvals = tuple(Approval(given.approver, given.signature) for given in body.approvals)
    given = s.facts.company(LotId(lot), challenge, approvals, account.id, now)
    if isinstance(given, Refusal):
        raise ApiError(404 if given.code.startswith("unknown-") else 409, given.code, given.why.zh, given.why.en)
    asked, pairs = given
    s.evidence.read(found.project, account.id, account.role, f"company {lot} {asked.day}", now)
    return m.CompanyOut(
        lot=lot, day=asked.day, approvers=sorted({a.approver for a in approvals}), pairs=[_together(pair) for pair in pairs],
    )  # fmt: skip


def _lot(s: Services, lot: str) -> Lot:
    state = s.coordinator.day.get(LotId(lot))
    if state is None:
        raise not_found(f"没有标段 {lot}", f"there is no lot {lot}")
    return state.lot


def _day(day: str) -> None:
    try:
        if day:
            day_span(day)
    except (ValueError, OverflowError):
        raise no_day(day) from None


def no_day(text: str) -> ApiError:
    """422."""
    return ApiError(422, "bad-input", f"{text[:20]} 不是日期,应如 2026-11-22", f"{text[:20]} is no day; write it as 2026-11-22")


def _known(s: Services, webhook: str) -> Webhook:
    try:
        return s.facts.webhooks[webhook]
    except KeyError:
        raise _no_webhook(webhook) from None


def _no_webhook(webhook: str) -> ApiError:
    return not_found(f"没有推送 {webhook[:40]}", f"there is no webhook {webhook[:40]}")


def _webhook(s: Services, hook: Webhook) -> m.WebhookOut:
    d = hook.delivery
    return m.WebhookOut(
        id=hook.id, url=hook.url, kinds=list(hook.kinds), made_by=hook.made_by, made_utc_ns=hook.made_utc_ns, on=d.on,
        behind=s.facts.facts.newest() - d.reached, attempts=d.attempts, failing_utc_ns=d.failing_utc_ns, last_error=d.last_error,
        dead=len(s.facts.webhooks.dead(hook.id)),
    )  # fmt: skip


def _minutes(ns: int) -> float:
    return round(ns / (60 * S), 1)


def _refs(refs: Iterable[Ref]) -> list[m.RefOut]:
    return [m.RefOut(agent=ref.agent, seq=ref.seq, utc_ns=ref.utc_ns) for ref in refs]


def _span(span: Span) -> m.SpanOut:
    refs = [span.entered, *([span.ended] if span.ended else [])]
    return m.SpanOut(
        from_utc_ns=span.from_utc_ns, until_utc_ns=span.until_utc_ns, minutes=_minutes(span.length_ns), certain=span.certain,
        evidence=_refs(refs),
    )  # fmt: skip


def _seat(seat: Seat) -> m.SeatOut:
    return m.SeatOut(
        person=seat.person, role=seat.role, in_room_minutes=_minutes(seat.in_room_ns),
        deviation_minutes=_minutes(seat.deviation_ns) if seat.deviation_ns is not None else None, certain=seat.certain,
        still_inside=bool(seat.spans) and seat.spans[-1].ended is None, spans=[_span(span) for span in seat.spans],
        absences=[_span(span) for span in seat.absences],
    )  # fmt: skip


def _together(pair: Together) -> m.TogetherOut:
    return m.TogetherOut(
        one=pair.one, other=pair.other, component=pair.component, from_utc_ns=pair.from_utc_ns, until_utc_ns=pair.until_utc_ns,
        certain=pair.certain, evidence=_refs(pair.evidence),
    )  # fmt: skip
