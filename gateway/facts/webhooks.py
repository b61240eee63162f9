"""The subscriptions in the venue database: who is told what, how far they have come, and what they refused."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.core.facts.delivery import Delivery
from gateway.people.secret_box import SealedElsewhere, SecretBox
from gateway.shell.store import Store

_COLUMNS = "id, url, kinds_json, made_by, role, made_utc_ns, reached, attempts, next_utc_ns, failing_utc_ns, last_error, state"


class SecretLost(ValueError):
    """A subscription's secret cannot be opened."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One subscription.  Its secret is asked for where a request is signed, and nowhere else."""

    id: str
    url: str
    kinds: tuple[str, ...]  # empty: all
    made_by: str
    role: str
    made_utc_ns: int
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class DeadFact:
    """What a receiver refused for good."""

    webhook: str
    fact: int
    utc_ns: int
    why: str


class Webhooks:
    """Reads and writes of the subscriptions."""

    def __init__(self, store: Store, box: SecretBox) -> None:
        self.store = store
        self.sql = store.sql
        self._box = box

    def add(self, url: str, kinds: Sequence[str], by: str, role: str, reached: int, utc_ns: int) -> tuple[Webhook, str]:
        """A subscription to what comes after `reached`, and its secret, which is shown this once."""
        id, secret = f"w-{secrets.token_hex(4)}", secrets.token_urlsafe(32)
        self.sql.execute(
            "INSERT INTO webhook (id, url, kinds_json, secret, made_by, role, made_utc_ns, reached) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (id, url, json.dumps(sorted(set(kinds))), self._box.seal(secret, _owner(id)), by, role, utc_ns, reached),
        )
        return self[id], secret

    def __getitem__(self, id: str) -> Webhook:
        """KeyError when there is none."""
        row = self.sql.execute(f"SELECT {_COLUMNS} FROM webhook WHERE id = ?", (id,)).fetchone()
        if row is None:
            raise KeyError(id)
        return _webhook(row)

    def all(self) -> list[Webhook]:
        """Oldest first."""
        return [_webhook(row) for row in self.sql.execute(f"SELECT {_COLUMNS} FROM webhook ORDER BY made_utc_ns, id")]

    def remove(self, id: str) -> bool:
        """End a subscription with its dead letters; False when there is none."""
        return bool(self.sql.execute("DELETE FROM webhook WHERE id = ?", (id,)).rowcount)

    def secret(self, id: str) -> bytes:
        """To sign with.  Raises SecretLost when the key file is another one."""
        row = self.sql.execute("SELECT secret FROM webhook WHERE id = ?", (id,)).fetchone()
        try:
            return self._box.open(str(row[0]), _owner(id)).encode()
        except SealedElsewhere:
            raise SecretLost("keys/people.key is another one: restore it, or make the webhook anew") from None

    def save(self, id: str, delivery: Delivery) -> None:
        """How far a subscription has come."""
        self.sql.execute(
            "UPDATE webhook SET reached = ?, attempts = ?, next_utc_ns = ?, failing_utc_ns = ?, last_error = ?, state = ? WHERE id = ?",
            (
                delivery.reached, delivery.attempts, delivery.next_utc_ns, delivery.failing_utc_ns, delivery.last_error,
                "on" if delivery.on else "off", id,
            ),
        )  # fmt: skip

    def bury(self, dead: DeadFact) -> None:
        """Keep what was refused where a person sees it; repeated, it is the same letter."""
        self.sql.execute(
            "INSERT OR REPLACE INTO webhook_dead SELECT ?, ?, ?, ? WHERE EXISTS (SELECT 1 FROM webhook WHERE id = ?)",
            (dead.webhook, dead.fact, dead.utc_ns, dead.why, dead.webhook),
        )

    def dead(self, id: str, limit: int = 200) -> list[DeadFact]:
        """The dead letters of a subscription, oldest first."""
        rows = self.sql.execute("SELECT webhook, fact, utc_ns, why FROM webhook_dead WHERE webhook = ? ORDER BY fact LIMIT ?", (id, limit))
        return [DeadFact(*row) for row in rows]

    def dead_count(self) -> int:
        """Over all subscriptions."""
        return int(self.sql.execute("SELECT count(*) FROM webhook_dead").fetchone()[0])

    def exhume(self, id: str, fact: int) -> bool:
        """Take a letter from among the dead, because it has arrived after all or nobody wants it; False when it is not there."""
        return bool(self.sql.execute("DELETE FROM webhook_dead WHERE webhook = ? AND fact = ?", (id, fact)).rowcount)


def _owner(id: str) -> str:
    return f"webhook {id}"


def _webhook(row: Sequence[object]) -> Webhook:
    id, url, kinds, by, role, made, reached, attempts, next_ns, failing, error, state = row
    delivery = Delivery(
        int(str(reached)), int(str(attempts)), int(str(next_ns)), None if failing is None else int(str(failing)), str(error), state == "on"
    )
    return Webhook(str(id), str(url), tuple(json.loads(str(kinds))), str(by), str(role), int(str(made)), delivery)
