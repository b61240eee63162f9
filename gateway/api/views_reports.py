"""Daily reports to read and print, and how well the venue is: for a person, for a monitor, for Prometheus."""

import dataclasses
import hmac
import ipaddress
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from starlette.requests import HTTPConnection

from gateway.api import models as m
from gateway.api.errors import not_found
from gateway.api.services import Services, services
from gateway.api.views_facts import no_day
from gateway.core.facts.day_report import Report
from gateway.core.facts.health import worst
from gateway.facts.metrics import CONTENT_TYPE
from gateway.facts.report_html import report_page
from gateway.shell.view import named
from venue_model.ids import LotId

router = APIRouter()
API = "/api/v1"
_UNWELL: dict[int | str, dict[str, Any]] = {503: {"model": m.HealthOut, "description": "Some part fails."}}


@router.get(f"{API}/reports/day/{{date}}")
async def day_report(request: Request, date: str) -> m.ReportOut:
    """The house on one local day."""
    return report_out(_of_day(request, date))


@router.get(f"{API}/reports/day/{{date}}/page", response_class=HTMLResponse)
async def day_page(request: Request, date: str) -> HTMLResponse:
    """The same, to print on A4."""
    report = _of_day(request, date)
    return HTMLResponse(report_page(report, services(request).coordinator.clock().utc_ns))


@router.get(f"{API}/reports/lot/{{lot}}.html", response_class=HTMLResponse)
async def lot_page(request: Request, lot: str) -> HTMLResponse:
    """One lot, to print on A4."""
    report = _of_lot(request, lot)
    return HTMLResponse(report_page(report, services(request).coordinator.clock().utc_ns))


@router.get(f"{API}/reports/lot/{{lot}}")
async def lot_report(request: Request, lot: str) -> m.ReportOut:
    """One lot from its first line to now."""
    return report_out(_of_lot(request, lot))


@router.get(f"{API}/health", responses=_UNWELL)
async def get_health(request: Request, response: Response) -> m.HealthOut:
    """Every part of the venue; 503 when one fails.  For a monitor on this machine without signing in, else for everybody signed in."""
    s = services(request)
    if not _is_machine(s, request):
        s.accounts.need(request)
    parts = s.facts.health()
    if worst(parts) == "fail":
        response.status_code = 503
    return m.HealthOut(
        level=worst(parts), parts=[m.HealthPartOut(name=p.name, level=p.level, said=named(p.said), remedy=named(p.remedy)) for p in parts]
    )


@router.get("/metrics", include_in_schema=False)
async def get_metrics(request: Request) -> Response:
    """Prometheus' text format: to this machine, to the token of `[metrics]`, or to an account that looks after devices."""
    s = services(request)
    if not _is_machine(s, request):
        s.accounts.need(request, "integrator", "supervisor")
    return Response(s.facts.metrics(), media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def _is_machine(s: Services, connection: HTTPConnection) -> bool:
    """A program on this machine, or one that shows the configured token.  Behind a proxy everybody seems to be on this machine: whoever
    was forwarded is none."""
    token = s.facts.config.metrics_token
    scheme, _, shown = connection.headers.get("authorization", "").partition(" ")
    if token and scheme.lower() == "bearer" and hmac.compare_digest(shown.strip().encode(), token.encode()):
        return True
    if any(name in connection.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip")) or connection.client is None:
        return False
    try:
        return ipaddress.ip_address(connection.client.host).is_loopback
    except ValueError:
        return False


def _of_day(request: Request, date: str) -> Report:
    s = services(request)
    account = s.accounts.need(request, "staff", "supervisor", "witness")
    now = s.coordinator.clock()
    try:
        report = s.facts.reports.of_day(date, account.role, now)
    except (ValueError, OverflowError):
        raise no_day(date) from None
    s.facts.told(account.id, f"report {date}", now)
    return report


def _of_lot(request: Request, lot: str) -> Report:
    s = services(request)
    account = s.accounts.need(request, "staff", "supervisor", "witness")
    state = s.coordinator.day.get(LotId(lot))
    if state is None:
        raise not_found(f"没有标段 {lot}", f"there is no lot {lot}")
    now = s.coordinator.clock()
    s.facts.told(account.id, f"report {lot}", now)
    return s.facts.reports.of_lot(state, account.role, now)


def report_out(report: Report) -> m.ReportOut:
    """In the API's shape."""
    plain = dataclasses.asdict(dataclasses.replace(report, lot=None, lots=()))
    plain["lots"] = [
        {
            "id": lot.id, "project": lot.project, "name": lot.name, "project_name": lot.project_name, "opening_room": lot.opening_room,
            "evaluation_room": lot.evaluation_room, "opening_utc_ns": lot.opening_utc_ns, "phase": named(phase),
        }
        for lot, phase in report.lots
    ]  # fmt: skip
    plain["lot"] = report.lot.id if report.lot else None
    return m.ReportOut.model_validate(plain)
