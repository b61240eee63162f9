"""The calendar in the shapes of the API."""

from typing import Any

from gateway.api import models as m
from gateway.core.booking.book import BOOKABLE, OUTAGE_NAMES, PURPOSE_NAMES, Book, Booking, BookingSource, Outage, Span, overlap
from gateway.core.booking.conflicts import Conflict
from gateway.core.booking.schedule import Tried
from gateway.core.booking.status import ROOM_STATUS_NAMES
from gateway.core.booking.words import holder
from gateway.shell.booking_desk import BookingDesk
from gateway.shell.presence_desk import local_day
from gateway.shell.rehearsal_desk import RehearsalDesk
from gateway.shell.view import named
from venue_model.ids import DeviceId, DoorId, RoomId
from venue_model.moments import Now
from venue_model.scenes import SCENES, SceneId
from venue_model.venue import Name, Venue

MOST_QUEUES = 12  # a report is read standing


def calendar_out(desk: BookingDesk, span: Span, now: Now) -> m.CalendarOut:
    """Rooms and hours of a span."""
    book = desk.book(now)
    return m.CalendarOut(
        utc_ns=now.utc_ns,
        day=local_day(span[0]),
        from_utc_ns=span[0],
        to_utc_ns=span[1],
        rooms=[room.id for room in book.venue.rooms.values() if room.zone in BOOKABLE],
        status={room: status.value for room, status in desk.statuses(now).items()},
        status_words={status.value: m.NameOut(zh=zh, en=en) for status, (zh, en) in ROOM_STATUS_NAMES.items()},
        purposes={purpose.value: named(name) for purpose, name in PURPOSE_NAMES.items()},
        bookings=[booking_out(book, b) for b in book.active() if overlap(b.span, span)],
        outages=[outage_out(outage) for outage in book.outages if overlap(outage.span, span)],
        conflicts=[conflict_out(c) for c in desk.conflicts(now) if overlap(c.span, span)],
        schedule=m.ScheduleOut(
            preparation_s=desk.schedule.rules.preparation_s, release_at=desk.schedule.rules.release_at, kept=sorted(desk.schedule.kept),
            notes=[_note(tried) for tried in desk.schedule.tried.values()],
        ),
    )  # fmt: skip


def booking_out(book: Book, b: Booking) -> m.BookingOut:
    """A booking with its name in words."""
    return m.BookingOut(
        id=b.id, room=b.room, from_utc_ns=b.from_utc_ns, to_utc_ns=b.to_utc_ns, state=b.state.value, source=b.source.value,
        purpose=b.purpose.value, lot=b.lot, name=named(holder(book, b)), people=b.people, note=b.note, devices=list(b.devices), by=b.by,
        movable=b.source is BookingSource.STAFF and b.active,
    )  # fmt: skip


def outage_out(outage: Outage) -> m.OutageOut:
    """A window out of order."""
    return m.OutageOut(
        id=outage.id, room=outage.room, kind=outage.kind.value, name=named(OUTAGE_NAMES[outage.kind]), from_utc_ns=outage.from_utc_ns,
        to_utc_ns=outage.to_utc_ns, reason=outage.reason, by=outage.by,
    )  # fmt: skip


def conflict_out(c: Conflict) -> m.ConflictOut:
    """A conflict with its way out."""
    return m.ConflictOut(
        code=c.code, bookings=list(c.bookings), room=c.room, from_utc_ns=c.span[0], to_utc_ns=c.span[1], why=named(c.why),
        remedy=named(c.remedy),
    )  # fmt: skip


def _note(tried: Tried) -> m.ScheduleNoteOut:
    return m.ScheduleNoteOut(
        lot=tried.lot, scene=tried.scene.value, scene_name=_scene(tried.scene), times=tried.times, code=tried.code,
        why=m.NameOut(zh=tried.zh, en=tried.en), again_utc_ns=tried.again_utc_ns,
    )  # fmt: skip


def _scene(scene: SceneId) -> m.NameOut:
    return m.NameOut(zh=SCENES[scene].zh, en=SCENES[scene].en)


# the rehearsal


def rehearsal_out(desk: RehearsalDesk, venue: Venue) -> m.RehearsalOut:
    """A rehearsal and, once it is done, its report with the names that stand on the walls."""
    now = desk.now
    return m.RehearsalOut(
        state=now.state, installed=desk.command is not None, day=now.day, by=now.by, began_utc_ns=now.began_utc_ns, lots=now.lots,
        done=now.done, of=now.of, fault=named(now.fault) if now.fault else None,
        report=_report(now.report, venue) if now.report is not None else None,
    )  # fmt: skip


def _report(told: dict[str, Any], venue: Venue) -> m.RehearsalReport:
    busiest = told["busiest"]
    queues = [queue for queue in told["queues"] if queue["longest"] > 1][:MOST_QUEUES]
    return m.RehearsalReport(
        smooth=told["smooth"],
        runs=told["runs"],
        conflicts=[m.RehearsalConflict(**conflict) for conflict in told["conflicts"]],
        queues=[m.RehearsalQueue(**queue, name=_place(queue["place"], venue)) for queue in queues],
        busiest=m.RehearsalMinute(
            at_utc_ns=busiest["at_utc_ns"], people=busiest["people"],
            doors=[m.RehearsalDoor(door=door, name=_place(door, venue), people=people) for door, people in busiest["doors"]],
        ) if busiest else None,
        late=[m.RehearsalScene(**scene, scene_name=_scene(SceneId(scene["scene"]))) for scene in told["late"]],
        refused=[m.RehearsalRefused(**press, scene_name=_scene(SceneId(press["scene"]))) for press in told["refused"]],
        lockers_there=told["lockers"]["there"],
        lockers_most_used=told["lockers"]["most_used"],
        violations=told["violations"],
    )  # fmt: skip


def _place(place: str, venue: Venue) -> m.NameOut:
    found = venue.rooms.get(RoomId(place)) or venue.doors.get(DoorId(place)) or venue.devices.get(DeviceId(place))
    return named(found.name if found is not None else Name(place, place))
