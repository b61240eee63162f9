"""The calendar's tables: typed reads and writes."""

import json
from collections.abc import Iterable

from gateway.core.booking.book import Booking, BookingId, BookingSource, BookingState, Outage, OutageKind, Purpose
from gateway.core.booking.schedule import Tried
from gateway.core.booking.status import RoomStatus
from gateway.shell.store import Store
from venue_model.ids import DeviceId, LotId, RoomId
from venue_model.scenes import SceneId


class BookingStore:
    """Writers that belong together run inside the store's `transaction()`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.sql = store.sql

    def bookings(self, since_utc_ns: int) -> dict[BookingId, Booking]:
        """Every booking that ends after a moment, also cancelled ones."""
        rows = self.sql.execute(
            "SELECT id, room, from_utc_ns, to_utc_ns, state, source, purpose, lot, people, note, devices_json, by FROM booking"
            " WHERE to_utc_ns > ?",
            (since_utc_ns,),
        )
        found = (
            Booking(
                BookingId(id), RoomId(room), begin, end, BookingState(state), BookingSource(source), Purpose(purpose),
                LotId(lot) if lot is not None else None, people, note, tuple(DeviceId(d) for d in json.loads(devices)), by,
            )
            for id, room, begin, end, state, source, purpose, lot, people, note, devices, by in rows
        )  # fmt: skip
        return {booking.id: booking for booking in found}

    def save(self, bookings: Iterable[Booking]) -> None:
        """Insert or replace; those that hold nothing first, so that what they held is free."""
        for b in sorted(bookings, key=lambda b: b.confirmed):
            self.sql.execute(
                "INSERT INTO booking VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET room = excluded.room,"
                " from_utc_ns = excluded.from_utc_ns, to_utc_ns = excluded.to_utc_ns, state = excluded.state, source = excluded.source,"
                " purpose = excluded.purpose, lot = excluded.lot, people = excluded.people, note = excluded.note,"
                " devices_json = excluded.devices_json, by = excluded.by",
                (
                    b.id, b.room, b.from_utc_ns, b.to_utc_ns, b.state, b.source, b.purpose, b.lot, b.people, b.note, json.dumps(b.devices),
                    b.by,
                ),
            )  # fmt: skip

    def outages(self, since_utc_ns: int) -> tuple[Outage, ...]:
        """Every window that ends after a moment, in order."""
        rows = self.sql.execute(
            "SELECT id, room, kind, from_utc_ns, to_utc_ns, reason, by FROM outage WHERE to_utc_ns > ? ORDER BY from_utc_ns, id",
            (since_utc_ns,),
        )
        return tuple(Outage(id, RoomId(room), OutageKind(kind), begin, end, why, by) for id, room, kind, begin, end, why, by in rows)

    def save_outage(self, o: Outage) -> None:
        """Insert or replace."""
        self.sql.execute(
            "INSERT OR REPLACE INTO outage VALUES (?, ?, ?, ?, ?, ?, ?)",
            (o.id, o.room, o.kind, o.from_utc_ns, o.to_utc_ns, o.reason, o.by),
        )

    def forget_outage(self, id: str) -> None:
        """Delete a window that has not begun."""
        self.sql.execute("DELETE FROM outage WHERE id = ?", (id,))

    def tried(self) -> dict[tuple[LotId, SceneId], Tried]:
        """What the schedule could not press."""
        rows = self.sql.execute("SELECT lot, scene, times, code, zh, en, last_utc_ns FROM schedule_try")
        found = (Tried(LotId(lot), SceneId(scene), *rest) for lot, scene, *rest in rows)
        return {(tried.lot, tried.scene): tried for tried in found}

    def save_tried(self, t: Tried) -> None:
        """Insert or replace."""
        self.sql.execute(
            "INSERT OR REPLACE INTO schedule_try VALUES (?, ?, ?, ?, ?, ?, ?)", (t.lot, t.scene, t.times, t.code, t.zh, t.en, t.last_utc_ns)
        )

    def forget_tried(self, lot: LotId) -> None:
        """The lot has gone on, or a person has taken it."""
        self.sql.execute("DELETE FROM schedule_try WHERE lot = ?", (lot,))

    def kept(self) -> dict[LotId, str]:
        """Lot → who does it by hand."""
        return {LotId(lot): str(by) for lot, by in self.sql.execute("SELECT lot, by FROM schedule_kept")}

    def keep(self, lot: LotId, by: str, utc_ns: int) -> None:
        """The schedule leaves a lot alone."""
        self.sql.execute("INSERT OR REPLACE INTO schedule_kept VALUES (?, ?, ?)", (lot, by, utc_ns))

    def give_back(self, lot: LotId) -> None:
        """The schedule may press for a lot again."""
        self.sql.execute("DELETE FROM schedule_kept WHERE lot = ?", (lot,))

    def statuses(self) -> dict[RoomId, RoomStatus]:
        """What the platform was told last."""
        return {RoomId(room): RoomStatus(status) for room, status in self.sql.execute("SELECT room, status FROM room_status")}

    def save_status(self, room: RoomId, status: RoomStatus, utc_ns: int) -> None:
        """Insert or replace; in the transaction that puts it into the outbox."""
        self.sql.execute("INSERT OR REPLACE INTO room_status VALUES (?, ?, ?)", (room, status, utc_ns))
