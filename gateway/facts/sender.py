"""Webhooks on their way: facts in order, at least once, signed; patience with who is away, dead letters for what is refused.

Each subscription has its own place in the fact log, so a receiver that is down for a day keeps nobody else waiting and loses nothing.
"""

import asyncio
import json
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Sequence

import httpx

from gateway.core.facts.delivery import BATCH, SIGNATURE, WEBHOOK, Verdict, due, failed, signed, taken, verdict
from gateway.facts.addresses import AddressRefused, WebhookConfig, check_url, resolved
from gateway.facts.export import FactLog, FactRow
from gateway.facts.webhooks import DeadFact, SecretLost, Webhook, Webhooks
from venue_model.moments import Now, S

log = logging.getLogger(__name__)
LOOK_S = 1.0
READ_LIMIT = 200  # facts looked at in one round; most are for nobody
TIMEOUT_S = 10.0
Post = Callable[[str, bytes, dict[str, str]], Awaitable[int]]  # URL, body, headers → status; OSError or AddressRefused


class HttpPost:
    """POST by httpx, to the address that was checked, without following anybody elsewhere."""

    def __init__(self, config: WebhookConfig) -> None:
        self._config = config
        self._client: httpx.AsyncClient | None = None

    async def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        parts = check_url(url, self._config)
        address = await resolved(parts, self._config)
        literal = f"[{address}]" if ":" in address else address
        pinned = parts._replace(netloc=f"{literal}:{parts.port}" if parts.port else literal).geturl()
        client = self._client = self._client or self._connect()
        request = client.build_request(
            "POST", pinned, content=body, headers={**headers, "Host": parts.netloc}, extensions={"sni_hostname": parts.hostname or ""}
        )
        try:
            answer = await client.send(request, stream=True)
            await answer.aclose()  # its words interest nobody, and might never end
        except httpx.HTTPError as error:
            raise OSError(f"{type(error).__name__}: {error}") from error
        return answer.status_code

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _connect(self) -> httpx.AsyncClient:
        """On first use: reading the machine's certificates takes a while, and most venues have no webhook."""
        context = ssl.create_default_context(cafile=self._config.ca or None)
        return httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False, verify=context)


class Sender:
    """One task for all subscriptions of a venue."""

    def __init__(
        self, book: Webhooks, facts: FactLog, post: Post, clock: Callable[[], Now], given_up: Callable[[Webhook, str, Now], None],
        rand: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        self.book = book
        self.facts = facts
        self._post = post
        self._clock = clock
        self._given_up = given_up  # told when a subscription is switched off
        self._rand = rand

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                while await self.round():
                    pass
            except Exception:
                log.exception("webhooks: a round failed; trying on")
            await asyncio.sleep(LOOK_S)

    async def round(self) -> bool:
        """One step for every subscription that is due; True when there may be more at once."""
        hooks = [hook for hook in self.book.all() if due(hook.delivery, self._clock().utc_ns)]
        return any(await asyncio.gather(*(self._step(hook) for hook in hooks)))

    async def _step(self, hook: Webhook) -> bool:
        facts, reached = self.facts.after(hook.delivery.reached, READ_LIMIT, hook.role)
        wanted = [fact for fact in facts if not hook.kinds or fact.told in hook.kinds]
        if len(wanted) > BATCH:
            wanted = wanted[:BATCH]
            reached = wanted[-1].id
        if not wanted:
            if reached > hook.delivery.reached:
                self._save(hook, reached)
            return False
        found, why = await self._try(hook, wanted)
        if found is Verdict.NEVER and len(wanted) > 1:
            return await self._one_by_one(hook, wanted, reached)
        if found is Verdict.NEVER:
            self._refused(hook, wanted[0], why)
        if found is not Verdict.LATER:
            self._save(hook, reached)
            return True
        self._failed(hook, why)
        return False

    async def _one_by_one(self, hook: Webhook, facts: Sequence[FactRow], reached: int) -> bool:
        """One of these is refused: find out which, so that the others arrive."""
        for fact in facts:
            found, why = await self._try(hook, [fact])
            if found is Verdict.LATER:
                self._failed(hook, why)
                return False
            if found is Verdict.NEVER:
                self._refused(hook, fact, why)
            self._save(hook, fact.id)
            hook = self.book[hook.id]
        self._save(hook, reached)
        return True

    async def resend(self, hook: Webhook, fact: int) -> str:
        """Try a dead letter once more; empty when it has arrived, else why not.  KeyError when its content is gone."""
        row = self.facts.one(fact)
        if row is None:
            raise KeyError(fact)
        found, why = await self._try(hook, [row])
        if found is Verdict.TAKEN:
            self.book.exhume(hook.id, fact)
            return ""
        return why

    async def _try(self, hook: Webhook, facts: Sequence[FactRow]) -> tuple[Verdict, str]:
        body = json.dumps({"webhook": hook.id, "facts": [fact.plain() for fact in facts]}, ensure_ascii=False).encode()
        try:
            header = signed(self.book.secret(hook.id), self._clock().utc_ns // S, body)
            headers = {"Content-Type": "application/json", SIGNATURE: header, WEBHOOK: hook.id}
            status = await self._post(hook.url, body, headers)
        except (OSError, AddressRefused, SecretLost) as error:
            return verdict(None), str(error) or type(error).__name__
        return verdict(status), f"HTTP {status}"

    def _save(self, hook: Webhook, reached: int) -> None:
        self.book.save(hook.id, taken(hook.delivery, reached))

    def _failed(self, hook: Webhook, why: str) -> None:
        now = self._clock()
        after = failed(hook.delivery, why, now.utc_ns, self._rand())
        self.book.save(hook.id, after)
        if not after.on:
            self._given_up(hook, why, now)

    def _refused(self, hook: Webhook, fact: FactRow, why: str) -> None:
        log.warning("webhook=%s fact=%d refused: %s", hook.id, fact.id, why)
        self.book.bury(DeadFact(hook.id, fact.id, self._clock().utc_ns, why))
