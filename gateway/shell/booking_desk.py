"""The calendar of rooms at work: people's bookings, the platform's, windows out of order, and what the platform hears of each room."""

import secrets
import sqlite3
from dataclasses import replace
from typing import Any

from gateway.core.booking.acts import ask, cancel, confirm, move, unbookable
from gateway.core.booking.book import MINUTE_NS, Book, Booking, BookingId, BookingState, Outage, OutageKind, Rules
from gateway.core.booking.conflicts import Conflict, against, conflicts
from gateway.core.booking.schedule import ScheduleRules, lapsed
from gateway.core.booking.status import RoomStatus, room_statuses
from gateway.core.booking.told import lot_bookings, settled, told
from gateway.core.day import Refusal
from gateway.core.parts import LotState, held_rooms, live
from gateway.shell.booking_store import BookingStore
from gateway.shell.coordinator import Coordinator
from gateway.shell.rehearsal_desk import RehearsalDesk
from gateway.shell.schedule_desk import ScheduleDesk
from gateway.trading.base import ItemKind
from venue_model.ids import LotId, RoomId
from venue_model.moments import Now, S
from venue_model.venue import Name

LOOK_S = 5  # how often the clock is looked at
MEMORY_NS = 40 * 24 * 60 * MINUTE_NS  # how far back the calendar can be leafed


class BookingDesk:
    """One venue's calendar.  Everything is decided over `Book` values; the database refuses what two programs would write at once."""

    def __init__(
        self,
        coordinator: Coordinator,
        rules: Rules | None = None,
        schedule: ScheduleRules | None = None,
        rehearsal: RehearsalDesk | None = None,
        *,
        lapse_s: int = 0,
    ) -> None:
        self.coordinator = coordinator
        self.venue = coordinator.venue
        self.lapse_s = lapse_s  # a booking that nobody confirmed goes so long after its begin; 0: never
        schedule = schedule or ScheduleRules()
        planned = max(self.venue.prepare_before_s, schedule.preparation_s)  # a room is taken from its preparation on
        self.rules = replace(rules or Rules(), prepare_before_s=planned)
        self.store = BookingStore(coordinator.store)
        since = coordinator.clock().utc_ns - MEMORY_NS
        self.bookings = self.store.bookings(since)
        self.outages = self.store.outages(since)
        self.schedule = ScheduleDesk(coordinator, self.store, schedule)
        self.rehearsal = rehearsal or RehearsalDesk()
        self._statuses = self.store.statuses()
        self._seen: dict[LotId, LotState] = {}
        self._told = 0  # how often the platform has told something new
        self._standing: tuple[tuple[object, ...], tuple[Conflict, ...]] = ((), ())
        self._look_mono_ns = 0

    # looks

    def book(self, now: Now) -> Book:
        """The calendar as it is, with what the platform has told until now."""
        self._take_lots(now)
        lots = {lot: state.lot for lot, state in self.coordinator.day.items()}
        return Book(self.venue, self.bookings, self.outages, lots, self.rules)

    def running(self) -> dict[RoomId, LotId]:
        """Room → the lot that is in it."""
        return {room: state.lot.id for state in live(self.coordinator.day) for room in held_rooms(self.venue, state)}

    def conflicts(self, now: Now) -> tuple[Conflict, ...]:
        """Everything that stands against what is booked from now on; worked out once for each state of the book and each minute."""
        book, running = self.book(now), self.running()
        asked = (self.bookings, self.outages, self._told, running, now.utc_ns // MINUTE_NS)
        if asked != self._standing[0]:
            self._standing = (asked, conflicts(book, running, now.utc_ns))
        return self._standing[1]

    def against(self, wanted: Booking, now: Now) -> tuple[Conflict, ...]:
        """What would stand against confirming a booking."""
        return against(self.book(now), wanted, self.running(), now.utc_ns)

    def statuses(self, now: Now) -> dict[RoomId, RoomStatus]:
        """Room → status, as the platform is told."""
        seals = {component: domain.seal for component, domain in self.coordinator.warden.domains.items()}
        return room_statuses(self.book(now), self.coordinator.day, seals, now.utc_ns)

    # what people do

    def may_ask(self, wanted: Booking, now: Now) -> Refusal | None:
        """Why a booking could never be, whatever else is booked."""
        if wanted.lot is not None and wanted.lot not in self.coordinator.day:
            return Refusal("unknown-lot", Name(f"没有标段 {wanted.lot}", f"there is no lot {wanted.lot}"))
        for device in wanted.devices:
            if device not in self.venue.devices:
                return Refusal("unknown-device", Name(f"没有设备 {device}", f"there is no device {device}"))
        asked = ask(self.venue, self.bookings, wanted, now.utc_ns)
        return asked if isinstance(asked, Refusal) else None

    def ask(self, wanted: Booking, now: Now, *, confirm: bool = False) -> Booking | Refusal:
        """Note a booking, which holds nothing until it is confirmed; or hold the room at once, or not at all."""
        if refusal := self.may_ask(wanted, now):
            return refusal
        if confirm and (found := self.against(wanted, now)):
            return refused_by(found[0])
        self._take_lots(now)
        asked = self._done(ask(self.venue, self.bookings, wanted, now.utc_ns), wanted.id, "ask", wanted.by, now)
        return asked if isinstance(asked, Refusal) or not confirm else self.confirm(wanted.id, wanted.by, now)

    def confirm(self, id: BookingId, by: str, now: Now) -> Booking | Refusal:
        """Give the room, unless anything stands against it."""
        booking = self.bookings.get(id)
        if booking is not None and booking.confirmed:
            return booking
        if booking is not None and (found := self.against(booking, now)):
            return refused_by(found[0])
        return self._done(confirm(self.bookings, id, self.rules, now.utc_ns), id, "confirm", by, now)

    def move(self, id: BookingId, room: RoomId, from_utc_ns: int, to_utc_ns: int, by: str, now: Now) -> Booking | Refusal:
        """Another room or time, at once: a confirmed booking stays confirmed in its new place, or stays where it is."""
        known = self.bookings.get(id)
        if known is None:
            return self._done(cancel(self.bookings, id), id, "move", by, now)
        wanted = replace(known, room=room, from_utc_ns=from_utc_ns, to_utc_ns=to_utc_ns, by=by)
        self._take_lots(now)
        moved = move(self.venue, self.bookings, id, wanted, now.utc_ns)
        if known.confirmed and not isinstance(moved, Refusal):
            if found := self.against(moved[id], now):
                return refused_by(found[0])
            moved = confirm(moved, id, self.rules, now.utc_ns)
        return self._done(moved, id, "move", by, now)

    def cancel(self, id: BookingId, by: str, now: Now) -> Booking | Refusal:
        """Let a booking go."""
        self._take_lots(now)
        return self._done(cancel(self.bookings, id), id, "cancel", by, now)

    def close_room(self, outage: Outage, now: Now) -> Outage | Refusal:
        """A room is out of order for a while.  Bookings in it are not moved: they are told as conflicts."""
        if fault := unbookable(self.venue, outage.room):
            return fault
        if not max(outage.from_utc_ns, now.utc_ns) < outage.to_utc_ns:
            return Refusal("length", Name("结束时间须晚于开始时间和现在", "the end must be later than the begin, and than now"))
        with self.coordinator.store.transaction():
            self.store.save_outage(outage)
            self._note("close", outage.by, outage.room, outage.span, now, id=outage.id, reason=outage.reason)
        self.outages = tuple(sorted((*self.outages, outage), key=lambda o: (o.from_utc_ns, o.id)))
        return outage

    def reopen(self, id: str, by: str, now: Now) -> Refusal | None:
        """A room is in order again: the window ends now, or never begins."""
        outage = next((o for o in self.outages if o.id == id and o.to_utc_ns > now.utc_ns), None)
        if outage is None:
            return Refusal("unknown-outage", Name(f"没有停用时段 {id}", f"there is no such window {id}"))
        rest = tuple(o for o in self.outages if o.id != id)
        ended = replace(outage, to_utc_ns=now.utc_ns)
        with self.coordinator.store.transaction():
            if ended.from_utc_ns < now.utc_ns:
                self.store.save_outage(ended)
                rest = (*rest, ended)
            else:
                self.store.forget_outage(id)
            self._note("reopen", by, outage.room, outage.span, now, id=id)
        self.outages = tuple(sorted(rest, key=lambda o: (o.from_utc_ns, o.id)))
        return None

    # the clock

    def tick(self, now: Now) -> None:
        """Call as often as you like: every few seconds it looks what the platform told, what has lapsed, and what is due."""
        if now.mono_ns < self._look_mono_ns:
            return
        self._look_mono_ns = now.mono_ns + LOOK_S * S
        self._take_lots(now)
        for booking in lapsed(self.bookings.values(), now.utc_ns, self.lapse_s) if self.lapse_s else ():
            self._done(cancel(self.bookings, booking.id), booking.id, "lapse", "schedule", now)
        self._settle(settled(self.bookings, self.rules), now)
        self.schedule.look(self.bookings.values(), now)
        self._tell_platform(now)

    def _take_lots(self, now: Now) -> None:
        """Bring the platform's bookings up to date.  A lot's state is a value: another value, and something has changed."""
        fresh = [
            state
            for lot, state in self.coordinator.day.items()
            if self._seen.get(lot) is not state and state.lot.opening_utc_ns > now.utc_ns - MEMORY_NS
        ]
        if not fresh:
            return
        planned = [booking for state in fresh for booking in lot_bookings(self.venue, state, self.rules)]
        lots = frozenset(state.lot.id for state in fresh)
        self._settle(told(self.bookings, planned, lots, self.rules), now)
        self._seen |= {state.lot.id: state for state in fresh}
        self._told += 1

    def _settle(self, after: dict[BookingId, Booking], now: Now) -> None:
        changed = [booking for id, booking in after.items() if self.bookings.get(id) != booking]
        if changed:
            with self.coordinator.store.transaction():
                self.store.save(changed)
            self.bookings = after
            for booking in changed:
                if booking.state is BookingState.ASKED and booking.to_utc_ns > now.utc_ns:
                    self._note("waits", booking.by, booking.room, booking.span, now, id=booking.id, lot=booking.lot)

    def _tell_platform(self, now: Now) -> None:
        """Put what has become of each room into the outbox, once."""
        fresh = {room: status for room, status in self.statuses(now).items() if self._statuses.get(room) != status}
        if not fresh:
            return
        with self.coordinator.store.transaction():
            for room, status in fresh.items():
                of = self.venue.rooms[room]
                body = {"room": room, "number": of.number, "zone": of.zone.value, "status": status.value, "utc_ns": now.utc_ns}
                self.coordinator.outbox.put(ItemKind.ROOM_STATUS, f"room-{room}-{status}-{now.utc_ns}", body, now.utc_ns)
                self.store.save_status(room, status, now.utc_ns)
        self._statuses |= fresh

    def _done(self, after: dict[BookingId, Booking] | Refusal, id: BookingId, act: str, by: str, now: Now) -> Booking | Refusal:
        """Store an act with its line in the journal; then whoever waited for a room may have it."""
        if isinstance(after, Refusal):
            return after
        booking = after[id]
        try:
            with self.coordinator.store.transaction():
                self.store.save([booking])
                self._note(act, by, booking.room, booking.span, now, id=id, lot=booking.lot, purpose=booking.purpose)
        except sqlite3.IntegrityError:  # another program writes to this database, and was first
            self.bookings = self.store.bookings(now.utc_ns - MEMORY_NS)
            return Refusal("room-twice", Name("房间刚被他人预约,请另选", "somebody else has just booked the room: choose another"))
        self.bookings = after
        self._settle(settled(after, self.rules), now)
        return booking

    def _note(self, act: str, by: str, room: RoomId, span: tuple[int, int], now: Now, *, lot: LotId | None = None, **more: Any) -> None:
        body = {"act": act, "by": by, "room": room, "from_utc_ns": span[0], "to_utc_ns": span[1], **more}
        self.coordinator.journal.note("booking", body, now, lot=lot)


def refused_by(found: Conflict) -> Refusal:
    """A conflict as the answer to a person."""
    return Refusal(found.code, Name(f"{found.why.zh}。{found.remedy.zh}", f"{found.why.en}; {found.remedy.en}"))


def new_booking_id() -> BookingId:
    """An id that says nothing."""
    return BookingId(f"b-{secrets.token_hex(5)}")


def new_outage(room: str, kind: OutageKind, from_utc_ns: int, to_utc_ns: int, reason: str, by: str) -> Outage:
    """A window with an id of its own."""
    return Outage(f"o-{secrets.token_hex(5)}", RoomId(room), kind, from_utc_ns, to_utc_ns, reason, by)
