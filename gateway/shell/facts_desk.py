"""Facts for others: what the venue tells, to whom, and the record that it was told.

Export, webhooks, reports, seat-time, conduct, co-presence, metrics and health stand in gateway/facts and gateway/core/facts; here they
are hung together, and every look that matters becomes a line of the journal.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from gateway.core.alarms import Alarms
from gateway.core.day import Refusal
from gateway.core.facts.company import Together, company, company_text
from gateway.core.facts.conduct import ConductFact, conduct
from gateway.core.facts.delivery import Delivery
from gateway.core.facts.health import Part, health
from gateway.core.facts.seats import Seat, seats
from gateway.core.presence.sightings import KINDS, sighting_of
from gateway.core.presence.state import Presence, rebuilt
from gateway.facts.addresses import AddressRefused, WebhookConfig, check_url
from gateway.facts.export import FactLog
from gateway.facts.looks import Looks
from gateway.facts.metrics import exposition
from gateway.facts.reports import Reports
from gateway.facts.sender import HttpPost, Sender
from gateway.facts.tally import Tally
from gateway.facts.webhooks import Webhook, Webhooks
from gateway.people.secret_box import SecretBox
from gateway.shell.coordinator import Coordinator
from gateway.shell.evidence_index import EvidenceIndex
from gateway.shell.presence_desk import day_span
from gateway.trading.sync import Health as PlatformHealth
from venue_model import signing
from venue_model.door_policy import Approval
from venue_model.ids import LotId
from venue_model.lots import Lot
from venue_model.moments import Now, S
from venue_model.venue import Name

log = logging.getLogger(__name__)
TOLD_S = 3600  # a program that reads the export every second leaves one line an hour
CHALLENGE_S = 900  # so long two people have to sign what one of them asked for
MOST_CHALLENGES = 100
COMPACT_S = 6 * 3600
MOST_LINES = 1_000_000
MOST_WEBHOOKS = 20


@dataclass(frozen=True, slots=True)
class FactsConfig:
    """What the configuration says about facts for others, and where things lie."""

    disks: Mapping[str, Path]  # "data", "evidence" → folder
    webhooks: WebhookConfig = field(default_factory=WebhookConfig)
    metrics_token: str = ""


@dataclass(frozen=True, slots=True)
class CompanyAsked:
    """A look into who was with whom that waits for two signatures."""

    challenge: str
    lot: LotId
    day: str
    reason: str
    by: str
    until_mono_ns: int
    text: str


class FactsDesk:
    """One venue's facts."""

    def __init__(
        self, coordinator: Coordinator, index: EvidenceIndex, box: SecretBox, config: FactsConfig, *, tally: Tally | None = None,
        alarms: Callable[[], Alarms] = dict, platform: Callable[[], PlatformHealth | None] = lambda: None,
        broker_up: Callable[[], bool] = lambda: True,
    ) -> None:  # fmt: skip
        self.coordinator = coordinator
        self.config = config
        self.facts = FactLog(coordinator.store)
        self.webhooks = Webhooks(coordinator.store, box)
        self.reports = Reports(coordinator, index)
        self.tally = tally or Tally(coordinator.store.run)
        self.looks = Looks(coordinator, self.tally, self.webhooks, dict(config.disks), alarms, platform, broker_up)
        self._post = HttpPost(config.webhooks)
        self.sender = Sender(self.webhooks, self.facts, self._post, coordinator.clock, self._given_up)
        self._tasks: list[asyncio.Task[None]] = []
        self._told: dict[tuple[str, str], int] = {}  # (who, what) → when it was last noted
        self._asked: dict[str, CompanyAsked] = {}

    def start(self) -> None:
        """Begin, in the running loop."""
        work = {"webhooks": self.sender.run(), "loop watch": self.tally.watch_loop(), "fact log": self._compact()}
        self._tasks = [asyncio.create_task(act, name=name) for name, act in work.items()]

    async def close(self) -> None:
        """End.  What was under way to a receiver is sent again after the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._post.close()

    async def _compact(self) -> None:
        while True:
            await asyncio.sleep(COMPACT_S)
            self.facts.compact()

    # for machines

    def metrics(self) -> bytes:
        """One scrape."""
        return exposition(self.looks)

    def health(self) -> tuple[Part, ...]:
        """How every part is now."""
        return health(self.looks.looked(self.coordinator.clock()))

    def told(self, who: str, what: str, now: Now) -> None:
        """Note a look: once an hour for each account and kind of look."""
        key = (who, what)
        last = self._told.get(key)
        if last is None or not 0 <= now.mono_ns - last < TOLD_S * S:
            self._told[key] = now.mono_ns
            self.coordinator.journal.note("facts-read", {"by": who, "what": what}, now)

    # webhooks

    def subscribe(self, url: str, kinds: Sequence[str], by: str, role: str, now: Now) -> tuple[Webhook, str] | Refusal:
        """A webhook for what comes from now on, and its secret, shown this once."""
        try:
            check_url(url, self.config.webhooks)
        except AddressRefused as refused:
            return Refusal("address", Name(refused.zh, str(refused)))
        if len(self.webhooks.all()) >= MOST_WEBHOOKS:
            return Refusal("too-many", Name(f"最多 {MOST_WEBHOOKS} 个推送", f"{MOST_WEBHOOKS} webhooks are the most; remove one"))
        with self.coordinator.store.transaction():
            hook, secret = self.webhooks.add(url, kinds, by, role, self.facts.newest(), now.utc_ns)
            self._note_webhook("made", hook, by, now)
        return hook, secret

    def unsubscribe(self, id: str, by: str, now: Now) -> bool:
        """False when there is none."""
        hook = self._webhook(id)
        if hook is None:
            return False
        with self.coordinator.store.transaction():
            self.webhooks.remove(id)
            self._note_webhook("removed", hook, by, now)
        self._clear_alarm(hook, now)
        return True

    def switch_on(self, id: str, by: str, now: Now) -> bool:
        """Deliver again, from where it stood; False when there is none."""
        hook = self._webhook(id)
        if hook is None:
            return False
        with self.coordinator.store.transaction():
            self.webhooks.save(id, Delivery(hook.delivery.reached))
            self._note_webhook("on", hook, by, now)
        self._clear_alarm(hook, now)
        return True

    def _webhook(self, id: str) -> Webhook | None:
        try:
            return self.webhooks[id]
        except KeyError:
            return None

    def _given_up(self, hook: Webhook, why: str, now: Now) -> None:
        detail = f"{_host(hook)} has taken nothing for days ({why}); switched off, nothing is lost: switch it on again when it is back"
        self.coordinator.journal.note("alarm", {"code": "webhook-off", "place": hook.id, "detail": detail, "level": "warning"}, now)

    def _clear_alarm(self, hook: Webhook, now: Now) -> None:
        if not hook.delivery.on:
            self.coordinator.journal.note("alarm_clear", {"code": "webhook-off", "place": hook.id}, now)

    def _note_webhook(self, act: str, hook: Webhook, by: str, now: Now) -> None:
        body = {"act": act, "id": hook.id, "host": _host(hook), "kinds": list(hook.kinds), "by": by}
        self.coordinator.journal.note("webhook", body, now)

    # people's time

    def seats(self, lot: Lot, day: str | None = None) -> tuple[Seat, ...]:
        """Each committee member's time in the evaluation room, over a day or the whole of the lot."""
        began, until = self._span(lot, day)
        return seats(lot, self.coordinator.venue, self._presence(began, until), began, until)

    def conduct(self, lot: Lot, day: str | None = None) -> tuple[ConductFact, ...]:
        """What the journal shows of each committee member."""
        began, until = self._span(lot, day)
        lines = self.coordinator.store.journal(
            "utc_ns >= ? AND utc_ns < ? AND kind IN ('refusal', 'breach')", (began, until), MOST_LINES
        )
        return conduct(self.seats(lot, day), lines, {str(room): c for room, c in self.coordinator.venue.component_of.items()})

    def _span(self, lot: Lot, day: str | None) -> tuple[int, int]:
        now_ns = self.coordinator.clock().utc_ns
        if day is not None:
            began, until = day_span(day)
            return began, max(began, min(until, now_ns))
        row = self.coordinator.store.sql.execute("SELECT MIN(utc_ns) FROM journal WHERE project = ?", (lot.project,)).fetchone()
        return (int(row[0]) if row[0] is not None else now_ns), now_ns

    def _presence(self, from_utc_ns: int, until_utc_ns: int) -> Presence:
        marks = ", ".join("?" for _ in KINDS)
        where = f"utc_ns >= ? AND utc_ns < ? AND kind IN ({marks})"
        lines = self.coordinator.store.journal(where, (from_utc_ns, until_utc_ns, *KINDS), MOST_LINES)
        ways = self.coordinator.presence.ways
        return rebuilt((s for line in lines if (s := sighting_of(line, ways)) is not None), ways)

    # who was with whom

    def ask_company(self, lot: LotId, day: str, reason: str, by: str, now: Now) -> CompanyAsked | Refusal:
        """What two approvers are to sign.  ValueError when the text is no day."""
        day_span(day)
        if not reason.strip():
            return Refusal("reason", Name("请写明原因", "say why"))
        self._asked = {c: a for c, a in list(self._asked.items())[-MOST_CHALLENGES:] if a.until_mono_ns > now.mono_ns}
        challenge = secrets.token_hex(8)
        text = company_text(self.coordinator.venue.id, lot, day, reason, challenge)
        asked = CompanyAsked(challenge, lot, day, reason, by, now.mono_ns + CHALLENGE_S * S, text)
        self._asked[challenge] = asked
        return asked

    def company(
        self, lot: LotId, challenge: str, approvals: Sequence[Approval], by: str, now: Now
    ) -> tuple[CompanyAsked, tuple[Together, ...]] | Refusal:
        """The pairs, when two approvers of two roles signed; then the challenge has served.  Noted before anybody sees a row."""
        asked = self._asked.get(challenge)
        if asked is None or asked.lot != lot or asked.until_mono_ns <= now.mono_ns:
            return Refusal("unknown-challenge", Name("申请不存在或已过期,请重新申请", "no such request, or it has expired; ask anew"))
        if refusal := self._unapproved(asked, approvals):
            return refusal
        del self._asked[challenge]
        state = self.coordinator.day[asked.lot]
        began, until = self._span(state.lot, asked.day)
        found = company(self._presence(began, until), [p.person for p in state.lot.people], began, until)
        approvers = sorted({a.approver for a in approvals})
        body = {"day": asked.day, "reason": asked.reason, "by": by, "approvers": approvers, "rows": len(found)}
        self.coordinator.journal.note("company-export", body, now, lot=asked.lot)
        return asked, found

    def _unapproved(self, asked: CompanyAsked, approvals: Sequence[Approval]) -> Refusal | None:
        known = {a.id: a for a in self.coordinator.venue.approvers}
        roles = set()
        for approval in approvals:
            approver = known.get(approval.approver)
            if approver is None or not _signed(approver.public_key, asked.text, approval.signature):
                return Refusal(
                    "approval", Name(f"{approval.approver} 的签名无效", f"the signature of {approval.approver} does not fit this text")
                )
            roles.add(approver.role)
        if len({a.approver for a in approvals}) < 2 or len(roles) < 2:
            return Refusal("approval", Name("须由两个不同角色的两人签名", "two people of two different roles must sign"))
        return None


def _signed(public_key: str, text: str, signature: str) -> bool:
    try:
        return signing.verifies(bytes.fromhex(public_key), text.encode(), bytes.fromhex(signature))
    except ValueError:
        return False


def _host(hook: Webhook) -> str:
    return urlsplit(hook.url).hostname or ""
