"""Another program or another commissioning record for this board: ordered and signed by the gateway, fetched, checked, put into a slot.

What is fetched counts by its SHA-256, which the signed order names: it does not matter who serves it.  A program is besides signed by
the release key, which lies on no gateway.
"""

import hashlib
import logging
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from edge.core.events import Noted
from edge.core.recommission import forbidden_change
from edge.shell.launcher import CONFIGURATION, PROGRAM, RELEASE_KEY
from edge.shell.slots import Label, SlotError, Slots, put_record, read_record
from venue_model.bundles import MOST_BYTES, BundleError, unpack
from venue_model.commissioning import Commission, decode_commission
from venue_model.wire import RolloutReport, SlotReport

log = logging.getLogger(__name__)

ORDER = "order.json"
FETCH_S = 30.0  # without a byte
FETCHING, TRIAL, KEPT, REFUSED, RETURNED = "fetching", "trial", "kept", "refused", "returned"


@dataclass(frozen=True, slots=True)
class RolloutOrdered:
    """An order whose signature by the gateway's policy key has been verified."""

    order: str
    issued_utc_ns: int
    kind: str  # "program" or "configuration"
    digest: str  # SHA-256 of what is to be fetched
    bytes: int
    url: str
    back: bool = False  # return to what ran here before


class Refused(ValueError):
    """The order is not carried out.  The text says why."""


def fetch(url: str, size: int) -> bytes:
    """Read at most `size` bytes.  Raises Refused."""
    if not url.startswith(("http://", "https://")):
        raise Refused(f"{url[:100]}: is no web address; set [rollout] url in the gateway's configuration")
    context = ssl.create_default_context()  # who serves does not matter: the order, which is signed, names the SHA-256
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(url, timeout=FETCH_S, context=context) as answer:
            data: bytes = answer.read(size + 1)
    except (urllib.error.URLError, OSError, ValueError) as fault:
        raise Refused(f"{url}: cannot be fetched ({fault}); can this board reach the gateway's web server?") from fault
    return data


class Rollouts:
    """One board's slots, as its agent sees them.  `take` may be called from any thread, and returns at once."""

    def __init__(
        self,
        folder: Path,
        commission: Commission,
        record: bytes,
        *,
        fetch: Callable[[str, int], bytes] = fetch,
        program: Slots | None = None,
        configuration: Slots | None = None,
    ) -> None:
        """`record` is the commissioning file that this agent runs on."""
        self._folder = folder
        self._commission, self._record = commission, record
        self._fetch = fetch
        self._slots = {PROGRAM: program or Slots(folder / PROGRAM), CONFIGURATION: configuration or Slots(folder / CONFIGURATION)}
        self._working: Thread | None = None
        self.post: Callable[[Noted], None] = lambda event: None  # for the journal
        self.changed: Callable[[], None] = lambda: None  # told when `report` says something new
        self._told: RolloutReport | None = None
        running = self._slots[PROGRAM].label(self._slots[PROGRAM].current)
        self.version = running.version if running else ""  # of this program, also once the pointer has moved
        self.switched = False  # the pointer has moved: this agent ends, and the launcher starts the other

    def report(self) -> RolloutReport:
        """What is in the slots, and how the last order went."""
        slots = {kind: _slot_report(slots) for kind, slots in self._slots.items()}
        last = read_record(self._folder / ORDER) or {}
        order, kind = str(last.get("order", "")), str(last.get("kind", ""))
        outcome, why = str(last.get("outcome", "")), str(last.get("why", ""))
        if kind in self._slots:
            returned = self._slots[kind].returned
            if returned is not None and returned.order == order:
                outcome, why = RETURNED, returned.why
            elif slots[kind].digest == last.get("digest"):
                outcome, why = (TRIAL if slots[kind].trial else KEPT), ""
        return RolloutReport(slots, order, outcome, why)

    def look(self) -> None:
        """Tell when something has changed: the launcher ends a trial by itself."""
        report = self.report()
        if report != self._told:
            before, self._told = self._told, report
            if report.order and (before is None or (report.order, report.outcome) != (before.order, before.outcome)):
                self.post(Noted("rollout", {"order": report.order, "outcome": report.outcome, "why": report.why}))
            self.changed()

    def take(self, ordered: RolloutOrdered) -> None:
        """Carry out an order on a thread of its own.  One that was carried out, or is older than the last, changes nothing."""
        last = read_record(self._folder / ORDER) or {}
        if self._working is not None and self._working.is_alive():
            return
        if ordered.order == last.get("order"):
            if last.get("outcome") != FETCHING or self.report().outcome != FETCHING:
                self.changed()  # the gateway has not heard how it went
                return
        elif ordered.issued_utc_ns <= int(last.get("issued_utc_ns", 0)):
            log.warning("rollout: order %s is older than order %s that was taken here: not followed", ordered.order, last.get("order"))
            return
        self._keep(ordered, FETCHING)
        self._working = Thread(target=self._work, args=(ordered,), name="rollout", daemon=True)
        self._working.start()

    def _work(self, ordered: RolloutOrdered) -> None:
        try:
            self.carry_out(ordered)
        except (Refused, BundleError, SlotError) as fault:
            self._keep(ordered, REFUSED, str(fault))
        except Exception as fault:
            log.exception("rollout: fault of our own")
            self._keep(ordered, REFUSED, f"{type(fault).__name__}; send the log to the maker")
        self.look()

    def carry_out(self, ordered: RolloutOrdered) -> None:
        """Fetch, check, switch.  Raises Refused, BundleError or SlotError, and then the pointer is where it was."""
        if ordered.kind not in self._slots:
            raise Refused(f"kind {ordered.kind[:32]!r} is not known; known are {', '.join(self._slots)}")
        if any(slots.trial is not None for slots in self._slots.values()):
            raise Refused("a trial is under way here; wait for its end")
        slots = self._slots[ordered.kind]
        if self._digest(ordered.kind) == ordered.digest:
            self._keep(ordered, KEPT)
            return
        if ordered.back:
            other = slots.label(slots.other)
            if other is None or other.digest != ordered.digest:
                raise Refused("this is not what ran here before; only that can be returned to")
            slots.back(ordered.order)
        else:
            self._install(slots, ordered)
        self._keep(ordered, TRIAL)
        self.switched = True

    def _install(self, slots: Slots, ordered: RolloutOrdered) -> None:
        if not 0 < ordered.bytes <= MOST_BYTES:
            raise Refused(f"{ordered.bytes} bytes; at most {MOST_BYTES} are taken")
        data = self._fetch(ordered.url, ordered.bytes)
        if hashlib.sha256(data).hexdigest() != ordered.digest:
            raise Refused(f"{ordered.url}: {len(data)} bytes that are not what was ordered; look at what serves this address")
        if ordered.kind == PROGRAM:
            self._install_program(slots, ordered, data)
        else:
            self._install_configuration(slots, ordered, data)

    def _install_program(self, slots: Slots, ordered: RolloutOrdered, data: bytes) -> None:
        bundle = unpack(data, release_key(self._folder))
        running = slots.label(slots.current)
        if running is not None and bundle.manifest.number < running.number:
            ours, theirs = f"{running.version} ({running.number})", f"{bundle.manifest.version} ({bundle.manifest.number})"
            raise Refused(f"program {theirs} is older than {ours} that runs here")
        slots.install(bundle.files, Label(ordered.digest, bundle.manifest.version, bundle.manifest.number), ordered.order)

    def _install_configuration(self, slots: Slots, ordered: RolloutOrdered, data: bytes) -> None:
        try:
            offered = decode_commission(data, "the record that was ordered")
        except ValueError as fault:
            raise Refused(str(fault)) from None
        if forbidden := forbidden_change(self._commission, offered):
            raise Refused(forbidden)
        if slots.current is None:  # what the agent's file names becomes the first slot: there must be something to return to
            slots.install({"commission.json": self._record}, Label(self._digest(CONFIGURATION), "by hand"), "")
        slots.install({"commission.json": data}, Label(ordered.digest, ordered.digest[:8]), ordered.order)

    def _digest(self, kind: str) -> str:
        label = self._slots[kind].label(self._slots[kind].current)
        if label is not None:
            return label.digest
        return hashlib.sha256(self._record).hexdigest() if kind == CONFIGURATION else ""

    def _keep(self, ordered: RolloutOrdered, outcome: str, why: str = "") -> None:
        if why:
            log.warning("rollout %s: %s: %s", ordered.order, outcome, why)
        record: dict[str, Any] = {**asdict(ordered), "outcome": outcome, "why": why[:500]}
        put_record(self._folder / ORDER, record)


def release_key(folder: Path) -> bytes:
    """Whose programs run here.  Raises Refused."""
    path = folder / RELEASE_KEY
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as fault:
        raise Refused(f"{path}: no release key ({fault}); put the public key there, 64 hex digits") from None
    if len(key) != 32:
        raise Refused(f"{path}: {len(key)} bytes, a key has 32; put the public key there, 64 hex digits")
    return key


def _slot_report(slots: Slots) -> SlotReport:
    current, former = slots.label(slots.current), slots.label(slots.other)
    return SlotReport(
        current.digest if current else "", current.version if current else "", current.number if current else 0,
        former.digest if former else "", slots.trial is not None,
    )  # fmt: skip
