"""The calendar: rooms, hours, what stands against a booking, what the clock does, and the rehearsal of a day."""

from pydantic import BaseModel, Field

from gateway.api.models.words import NameOut
from gateway.core.booking.book import OutageKind, Purpose

MOMENT = Field(ge=0, le=2**62)  # UTC nanoseconds


class BookingOut(BaseModel):
    """One room for one span."""

    id: str
    room: str
    from_utc_ns: int
    to_utc_ns: int
    state: str  # asked, confirmed, cancelled
    source: str  # platform, staff
    purpose: str
    lot: str | None
    name: NameOut  # whose it is, in words
    people: int
    note: str
    devices: list[str]
    by: str
    movable: bool  # by staff; the platform's own are not


class BookingIn(BaseModel):
    """A room for a while.  `confirm`: hold it at once, if nothing stands against it."""

    room: str = Field(max_length=64)
    from_utc_ns: int = MOMENT
    to_utc_ns: int = MOMENT
    purpose: Purpose
    lot: str | None = Field(default=None, max_length=128)
    people: int = Field(default=0, ge=0, le=10_000)
    note: str = Field(default="", max_length=200)
    devices: list[str] = Field(default=[], max_length=50)
    confirm: bool = False


class MoveIn(BaseModel):
    """Where and when instead."""

    room: str = Field(max_length=64)
    from_utc_ns: int = MOMENT
    to_utc_ns: int = MOMENT


class ConflictOut(BaseModel):
    """What stands against a booking, or between two: why, and the way out."""

    code: str
    bookings: list[str]
    room: str
    from_utc_ns: int
    to_utc_ns: int
    why: NameOut
    remedy: NameOut


class CheckOut(BaseModel):
    """What would stand against a booking, and rooms in which nothing would."""

    conflicts: list[ConflictOut]
    rooms: list[str]


class SlotOut(BaseModel):
    """A room and a span in which nobody holds it."""

    room: str
    from_utc_ns: int
    to_utc_ns: int


class OutageIn(BaseModel):
    """A room is out of order."""

    room: str = Field(max_length=64)
    kind: OutageKind = OutageKind.MAINTENANCE
    from_utc_ns: int = MOMENT
    to_utc_ns: int = MOMENT
    reason: str = Field(min_length=1, max_length=200)


class OutageOut(BaseModel):
    """A window in which a room cannot be used."""

    id: str
    room: str
    kind: str
    name: NameOut
    from_utc_ns: int
    to_utc_ns: int
    reason: str
    by: str


class ScheduleNoteOut(BaseModel):
    """A press of the schedule that did not come through, and when it tries again."""

    lot: str
    scene: str
    scene_name: NameOut
    times: int
    code: str
    why: NameOut
    again_utc_ns: int


class ScheduleOut(BaseModel):
    """What the clock does by itself here."""

    preparation_s: int  # 0: off
    release_at: str  # "": off
    kept: list[str]  # lots that staff do by hand
    notes: list[ScheduleNoteOut]


class CalendarOut(BaseModel):
    """The rooms of some days."""

    utc_ns: int
    day: str  # the first day on the venue's wall, 2027-01-15
    from_utc_ns: int
    to_utc_ns: int
    rooms: list[str]  # those that can be booked, in the order of the venue
    status: dict[str, str]  # of each of them, now
    status_words: dict[str, NameOut]
    purposes: dict[str, NameOut]
    bookings: list[BookingOut]
    outages: list[OutageOut]
    conflicts: list[ConflictOut]
    schedule: ScheduleOut


class RehearsalIn(BaseModel):
    """Which day is rehearsed."""

    day: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")


class RehearsalConflict(BaseModel):
    """Something about the bookings that the simulator found before anybody moved."""

    code: str
    lots: list[str]
    place: str
    words: NameOut


class RehearsalQueue(BaseModel):
    """The worst of a queue before one door or reader."""

    place: str
    name: NameOut
    longest: int
    longest_at_utc_ns: int
    longest_wait_s: int
    wait_at_utc_ns: int
    passed: int
    gave_up: int


class RehearsalDoor(BaseModel):
    """A door and how many passed it."""

    door: str
    name: NameOut
    people: int


class RehearsalMinute(BaseModel):
    """The minute in which most people went through locked doors."""

    at_utc_ns: int
    people: int
    doors: list[RehearsalDoor]


class RehearsalScene(BaseModel):
    """A scene that came late, or never (`done_utc_ns` null)."""

    lot: str
    scene: str
    scene_name: NameOut
    room: str
    due_utc_ns: int
    done_utc_ns: int | None
    result: str


class RehearsalRefused(BaseModel):
    """A press that the gateway would refuse."""

    lot: str
    scene: str
    scene_name: NameOut
    code: str
    times: int
    first_utc_ns: int


class RehearsalReport(BaseModel):
    """What the worst of the played days was like."""

    smooth: bool
    runs: int
    conflicts: list[RehearsalConflict]
    queues: list[RehearsalQueue]
    busiest: RehearsalMinute | None
    late: list[RehearsalScene]
    refused: list[RehearsalRefused]
    lockers_there: int
    lockers_most_used: int
    violations: int


class RehearsalOut(BaseModel):
    """The rehearsal that runs, or the last one."""

    state: str  # none, running, done, failed, cancelled
    installed: bool
    day: str
    by: str
    began_utc_ns: int
    lots: int
    done: int
    of: int
    fault: NameOut | None
    report: RehearsalReport | None
