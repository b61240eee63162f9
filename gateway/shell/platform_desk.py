"""The trading platform's desk: pulls and pushes under way, calls that the platform makes by itself, and dead letters that people resend."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from gateway.shell.coordinator import Coordinator
from gateway.trading.base import PhaseEvent, Platform
from gateway.trading.memory import Memory, Notice, StoredNonces
from gateway.trading.outbox import DeadLetter
from gateway.trading.rest import verify_webhook
from gateway.trading.rest_fields import read_events
from gateway.trading.signature import SignatureRefused
from gateway.trading.sync import Health, PlatformSync
from venue_model.lots import Lot
from venue_model.moments import Now, S

log = logging.getLogger(__name__)
MAX_EVENTS = 1_000  # of one call
TELL_EVERY_NS = 600 * S  # a stranger who calls all day fills no journal


class CallRefused(Exception):
    """The call is not by the platform, not fresh, not new, or not for this venue.  Nothing has changed."""


class CallMalformed(Exception):
    """The platform called, and said nothing that could be read.  Nothing has changed."""


@dataclass(frozen=True, slots=True)
class Calls:
    """What came in by itself."""

    taken: int = 0
    refused: int = 0
    refused_utc_ns: int | None = None  # the last one
    refused_why: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a call."""

    new: int  # events that were taken
    known: int  # events that were known already
    rejected: tuple[tuple[str, str], ...]  # (event, why)


class PlatformDesk:
    """One venue's desk.  `platform` None: there is none, and what is put for one waits.

    `later` calls a function after the running transaction: doors and screens follow what is committed.
    """

    def __init__(
        self,
        coordinator: Coordinator,
        platform: Platform | None = None,
        token: str = "",
        *,
        kind: str = "",
        pull_s: float = 15.0,
        later: Callable[[Callable[[], None]], object] = lambda act: act(),
    ) -> None:
        self.kind = kind if platform is not None else ""
        self.calls = Calls()
        self._coordinator = coordinator
        self._outbox = coordinator.outbox
        self._platform = platform
        self._token = token
        self._later = later
        self._memory = Memory(self._outbox.db)
        self._nonces = StoredNonces(self._outbox.db)
        self._told_mono_ns = -TELL_EVERY_NS
        self.sync: PlatformSync | None = None
        if platform is not None:
            self.sync = PlatformSync(
                platform, self._outbox, self._take_lots, self._take_event, coordinator.clock,
                on_health=lambda health: coordinator.changed("platform", ""), pull_s=pull_s,
            )  # fmt: skip

    def start(self) -> None:
        """Begin the exchange, in the running event loop."""
        if self.sync is not None:
            self.sync.start()

    async def close(self) -> None:
        """End it; what was under way is repeated after the next start."""
        if self.sync is not None and self._platform is not None:
            await self.sync.stop()
            await self._platform.close()

    @property
    def health(self) -> Health:
        """How the exchange goes; without a platform, what waits for one."""
        if self.sync is not None:
            return self.sync.health
        counts = self._outbox.counts()
        return Health(waiting=counts.waiting, dead=counts.dead, apart=counts.apart, oldest_utc_ns=counts.oldest_utc_ns)

    def notices(self) -> list[Notice]:
        """What was rejected and what was doubtful, oldest first."""
        return self._memory.notices()

    def letters(self) -> tuple[list[DeadLetter], list[DeadLetter]]:
        """The dead letters, and what is set apart and still tried."""
        return self._outbox.dead(), self._outbox.apart()

    def resend(self, keys: Iterable[str], by: str, now: Now) -> int:
        """Try dead letters once more, all when none is named; how many there were.  Each is a line of the journal."""
        wanted = set(keys)
        letters = [letter for letter in self._outbox.dead(limit=1_000_000) if not wanted or letter.item.key in wanted]
        with self._outbox.db.atomic():
            for letter in letters:
                self._outbox.resend(letter.item.key, now.utc_ns)
                lot = letter.item.body.get("lot")
                body = {"key": letter.item.key, "kind": letter.item.kind.value, "why": letter.why, "by": by}
                self._coordinator.journal.note("resend", body, now, lot=str(lot) if lot else None)
        if self.sync is not None and letters:
            self.sync.poke()
            self.sync.report()
        self._coordinator.changed("platform", "")
        return len(letters)

    def hear(self, method: str, path: str, headers: Mapping[str, str], body: bytes, now: Now) -> Heard:
        """A call of the platform: there is news, and maybe what it is.  CallRefused, CallMalformed: it has no effect."""
        try:
            if self.sync is None or not self._token:
                raise SignatureRefused("this venue takes no calls: no platform with a token is configured")
            verify_webhook(self._token, method, path, headers, body, now.utc_ns, self._nonces)
            said = _said(body)
            if said.get("VENUE") != self._coordinator.venue.id:
                raise SignatureRefused("VENUE is missing, or names another venue")
        except SignatureRefused as refused:
            self._refuse(str(refused), now)
            raise CallRefused(str(refused)) from None
        told = said.get("EVENTS", [])
        if not isinstance(told, list) or len(told) > MAX_EVENTS:
            raise CallMalformed(f"EVENTS must be a list of at most {MAX_EVENTS} events")
        events, rejected = read_events(told)
        new = self.sync.take_events(events, rejected)
        self.sync.poke()
        self.calls = replace(self.calls, taken=self.calls.taken + 1)
        self._coordinator.changed("platform", "")
        return Heard(new, len(events) - new, tuple((one.ref, one.why) for one in rejected))

    def _refuse(self, why: str, now: Now) -> None:
        self.calls = replace(self.calls, refused=self.calls.refused + 1, refused_utc_ns=now.utc_ns, refused_why=why)
        self._coordinator.changed("platform", "")
        if now.mono_ns - self._told_mono_ns >= TELL_EVERY_NS:
            self._told_mono_ns = now.mono_ns
            log.warning("platform: a call was refused: %s", why)
            detail = f"{why}; {self.calls.refused} calls refused so far"
            body = {"code": "platform-call", "place": "platform", "level": "warning", "detail": detail}
            self._coordinator.journal.note("alarm", body, now)

    def _take_lots(self, lots: tuple[Lot, ...]) -> None:
        self._coordinator.take_lots(lots, self._coordinator.clock())
        self._later(self._after)

    def _take_event(self, event: PhaseEvent) -> None:
        self._coordinator.take_phase_event(event, self._coordinator.clock())
        self._later(self._after)

    def _after(self) -> None:
        self._coordinator.after_platform(self._coordinator.clock())


def _said(body: bytes) -> Mapping[str, object]:
    """The parsed body of a call that is signed.  CallMalformed when it is no record."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise CallMalformed("the body is not JSON") from None
    if not isinstance(said, dict):
        raise CallMalformed("the body is not a record")
    return said
