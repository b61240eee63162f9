"""The calendar of rooms: book, move, cancel, close a room, what the clock does by itself, and the rehearsal of a day."""

import datetime
from typing import TypeVar

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse

from gateway.api import models as m
from gateway.api.calendar_out import booking_out, calendar_out, conflict_out, outage_out, rehearsal_out
from gateway.api.day_plan import day_plan
from gateway.api.errors import ApiError
from gateway.api.services import services
from gateway.core.booking.book import Booking, BookingId, BookingSource, BookingState, Span
from gateway.core.booking.free import free_slots, rooms_instead
from gateway.core.day import Refusal
from gateway.shell.booking_desk import new_booking_id, new_outage
from gateway.shell.presence_desk import day_span, local_day
from venue_model.ids import DeviceId, LotId, RoomId
from venue_model.zones import Zone

LONGEST_DAYS = 31
T = TypeVar("T")


def _signed_in(request: Request) -> None:
    """Before the body is looked at: a stranger learns nothing about its shape."""
    services(request).accounts.need(request)


router = APIRouter(prefix="/api/v1", dependencies=[Depends(_signed_in)])


def _allowed(found: T | Refusal) -> T:
    if isinstance(found, Refusal):
        raise ApiError(404 if found.code.startswith("unknown-") else 409, found.code, found.why.zh, found.why.en)
    return found


def _span(day: str, days: int, now_utc_ns: int) -> Span:
    """Some days of the venue's wall; today when none is named."""
    try:
        begin = datetime.date.fromisoformat(day or local_day(now_utc_ns))
        return day_span(begin.isoformat())[0], day_span((begin + datetime.timedelta(days=days - 1)).isoformat())[1]
    except (ValueError, OverflowError):
        raise ApiError(422, "bad-input", f"“{day}”不是日期,请写 2027-01-15", f"{day!r} is no day: write 2027-01-15") from None


@router.get("/calendar")
async def get_calendar(request: Request, day: str = "", days: int = Query(1, ge=1, le=LONGEST_DAYS)) -> m.CalendarOut:
    """Rooms and hours of some days, what stands against them, and what the clock does by itself."""
    s = services(request)
    s.accounts.need(request, "staff", "supervisor", "witness", "integrator")
    now = s.coordinator.clock()
    return calendar_out(s.booking, _span(day, days, now.utc_ns), now)


@router.get("/calendar/plan.html", response_class=HTMLResponse)
async def get_day_plan(request: Request, day: str = "") -> HTMLResponse:
    """One day on paper: by hour, and by room."""
    s = services(request)
    s.accounts.need(request, "staff", "supervisor", "witness", "integrator")
    now = s.coordinator.clock()
    return HTMLResponse(day_plan(s.booking.book(now), s.booking.conflicts(now), _span(day, 1, now.utc_ns), now.utc_ns))


@router.get("/calendar/free")
async def get_free(
    request: Request, day: str = "", zone: Zone | None = None, people: int = Query(0, ge=0, le=10_000),
    minutes: int = Query(60, ge=5, le=1_440),
) -> list[m.SlotOut]:  # fmt: skip
    """Where and when a day has room for so many people for so long."""
    s = services(request)
    s.accounts.need(request, "staff", "supervisor", "witness", "integrator")
    now = s.coordinator.clock()
    begin, end = _span(day, 1, now.utc_ns)
    slots = free_slots(s.booking.book(now), zone, people, (max(begin, now.utc_ns), end), minutes * 60) if end > now.utc_ns else ()
    return [m.SlotOut(room=slot.room, from_utc_ns=slot.from_utc_ns, to_utc_ns=slot.to_utc_ns) for slot in slots]


# bookings


def _wanted(body: m.BookingIn, by: str) -> Booking:
    return Booking(
        new_booking_id(), RoomId(body.room), body.from_utc_ns, body.to_utc_ns, BookingState.ASKED, BookingSource.STAFF, body.purpose,
        LotId(body.lot) if body.lot else None, body.people, body.note, tuple(DeviceId(device) for device in body.devices), by,
    )  # fmt: skip


@router.post("/bookings/check")
async def check(request: Request, body: m.BookingIn) -> m.CheckOut:
    """What would stand against a booking, and where nothing would.  Nothing changes."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    now = s.coordinator.clock()
    wanted = _wanted(body, account.id)
    _allowed(s.booking.may_ask(wanted, now))
    found = s.booking.against(wanted, now)
    rooms = rooms_instead(s.booking.book(now), wanted) if found else ()
    return m.CheckOut(conflicts=[conflict_out(conflict) for conflict in found], rooms=list(rooms))


@router.post("/bookings", status_code=201)
async def ask(request: Request, body: m.BookingIn) -> m.BookingOut:
    """Note a booking; with `confirm` it is made only if it can be held at once."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    now = s.coordinator.clock()
    wanted = _wanted(body, account.id)
    booking = _allowed(s.booking.ask(wanted, now, confirm=body.confirm))
    return booking_out(s.booking.book(now), booking)


@router.post("/bookings/{booking}/confirm")
async def confirm(request: Request, booking: str) -> m.BookingOut:
    """Give the room, if nothing stands against it."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    now = s.coordinator.clock()
    return booking_out(s.booking.book(now), _allowed(s.booking.confirm(BookingId(booking), account.id, now)))


@router.post("/bookings/{booking}/move")
async def move(request: Request, booking: str, body: m.MoveIn) -> m.BookingOut:
    """Another room or another time.  The platform's own bookings are moved on the platform."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    now = s.coordinator.clock()
    moved = s.booking.move(BookingId(booking), RoomId(body.room), body.from_utc_ns, body.to_utc_ns, account.id, now)
    return booking_out(s.booking.book(now), _allowed(moved))


@router.delete("/bookings/{booking}", status_code=204)
async def cancel(request: Request, booking: str) -> None:
    """Let a booking go."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    _allowed(s.booking.cancel(BookingId(booking), account.id, s.coordinator.clock()))


# rooms out of order


@router.post("/outages", status_code=201)
async def close_room(request: Request, body: m.OutageIn) -> m.OutageOut:
    """A room is out of order for a while.  What is booked there is told as a conflict, not moved."""
    s = services(request)
    account = s.accounts.need(request, "integrator")
    outage = new_outage(body.room, body.kind, body.from_utc_ns, body.to_utc_ns, body.reason, account.id)
    return outage_out(_allowed(s.booking.close_room(outage, s.coordinator.clock())))


@router.delete("/outages/{outage}", status_code=204)
async def reopen(request: Request, outage: str) -> None:
    """The room is in order again."""
    s = services(request)
    account = s.accounts.need(request, "integrator")
    _allowed(s.booking.reopen(outage, account.id, s.coordinator.clock()))


# the schedule


@router.post("/schedule/{lot}/keep", status_code=204)
async def keep(request: Request, lot: str) -> None:
    """Staff prepare and close this lot by hand: the clock leaves it alone."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    _allowed(s.booking.schedule.keep(LotId(lot), account.id, s.coordinator.clock()))


@router.delete("/schedule/{lot}/keep", status_code=204)
async def give_back(request: Request, lot: str) -> None:
    """The clock may press for this lot again."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    _allowed(s.booking.schedule.give_back(LotId(lot), account.id, s.coordinator.clock()))


# the rehearsal


@router.get("/rehearsal")
async def get_rehearsal(request: Request) -> m.RehearsalOut:
    """The rehearsal that runs, or the last one with its report."""
    s = services(request)
    s.accounts.need(request, "staff", "supervisor")
    return rehearsal_out(s.booking.rehearsal, s.coordinator.venue)


@router.post("/rehearsal", status_code=202)
async def rehearse(request: Request, body: m.RehearsalIn) -> m.RehearsalOut:
    """Play a day's bookings through in virtual time, in a process of its own."""
    s = services(request)
    account = s.accounts.need(request, "staff")
    now = s.coordinator.clock()
    begin, end = _span(body.day, 1, now.utc_ns)
    lots = tuple(state.lot for _, state in sorted(s.coordinator.day.items()) if begin <= state.lot.opening_utc_ns < end)
    _allowed(s.booking.rehearsal.start(body.day, lots, account.id, now))
    return rehearsal_out(s.booking.rehearsal, s.coordinator.venue)


@router.delete("/rehearsal", status_code=204)
async def cancel_rehearsal(request: Request) -> None:
    """End the rehearsal that is under way."""
    s = services(request)
    s.accounts.need(request, "staff")
    _allowed(s.booking.rehearsal.cancel())
