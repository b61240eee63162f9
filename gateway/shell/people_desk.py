"""The watch and avoidance lists: who is on them, who looked, and the quiet alarms when somebody comes."""

import secrets
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import TypeAdapter

from gateway.core.alarms import WATCHERS
from gateway.core.presence.findings import Finding
from gateway.core.presence.state import Presence
from gateway.core.watch_list import WatchEntry, WatchReason, watched
from gateway.shell.presence_desk import day_span, local_day
from gateway.shell.store import Store
from venue_model.ids import PersonKey
from venue_model.moments import Now, S

DAY_S = 86_400
_ENTRY = TypeAdapter(WatchEntry)
Note = Callable[[str, dict[str, Any], Now], None]


class PeopleDesk:
    """One venue's lists.  Every line about them is for supervisors and witnesses alone."""

    def __init__(self, store: Store, note: Note) -> None:
        self.store = store
        self.note = note
        rows = store.sql.execute("SELECT id, entry_json FROM watch_entry ORDER BY id")
        self.entries = {str(id): _ENTRY.validate_json(text) for id, text in rows}

    def look(self, who: str, now: Now) -> list[WatchEntry]:
        """The entries that stand; the look is a line of the journal."""
        self.note("watch-read", {"who": who, "audience": list(WATCHERS)}, now)
        return [entry for entry in self.entries.values() if now.utc_ns < entry.until_utc_ns]

    def put(self, person: PersonKey, avoids: PersonKey | None, reason: WatchReason, days: int, by: str, now: Now) -> str:
        """A new entry; its id."""
        entry = WatchEntry(f"w-{secrets.token_hex(4)}", person, reason, by, now.utc_ns, now.utc_ns + days * DAY_S * S, avoids)
        with self.store.transaction():
            self.store.sql.execute("INSERT INTO watch_entry VALUES (?, ?)", (entry.id, _ENTRY.dump_json(entry).decode()))
            pair = {"avoids": avoids} if avoids else {}
            self._keep(entry.id, {"on": True, "person": person, "reason": reason, "until_utc_ns": entry.until_utc_ns, **pair}, by, now)
        self.entries[entry.id] = entry
        return entry.id

    def take_off(self, id: str, by: str, now: Now) -> bool:
        """End an entry; False when there is none."""
        if id not in self.entries:
            return False
        with self.store.transaction():
            self.store.sql.execute("DELETE FROM watch_entry WHERE id = ?", (id,))
            self._keep(id, {"on": False}, by, now)
        del self.entries[id]
        return True

    def _keep(self, id: str, body: dict[str, Any], by: str, now: Now) -> None:
        self.note("watch-entry", {"id": id, **body, "by": by, "audience": list(WATCHERS)}, now)

    def found(self, presence: Presence, now: Now) -> Iterable[Finding]:
        """Who of the lists was seen today."""
        if not self.entries:
            return ()
        today = local_day(now.utc_ns)
        return watched(presence, self.entries.values(), today, day_span(today)[0], now.utc_ns)
