"""What becomes of a webhook's delivery: signed how, tried again when, given up when.  Pure: randomness and time come from the caller."""

import hashlib
import hmac
from dataclasses import dataclass, replace
from enum import StrEnum

from venue_model.moments import S

SIGNATURE = "Bidhall-Signature"  # t=<Unix seconds>,v1=<hex>
WEBHOOK = "Bidhall-Webhook"  # whose subscription this is
FRESH_S = 300  # a receiver should refuse what is older: then a copied request is worth nothing
BATCH = 50  # facts in one request
BACKOFF_BASE_NS, BACKOFF_CAP_NS = 2 * S, 600 * S
OFF_AFTER_NS = 3 * 86_400 * S  # a weekend and a day: then somebody must look
# "Later" in HTTP: the receiver is there and asks for patience.  Every other 4xx says that this request will never be taken.
_PATIENCE = frozenset({401, 403, 404, 408, 409, 423, 425, 429})


class Verdict(StrEnum):
    """What an attempt showed."""

    TAKEN = "taken"
    LATER = "later"  # nobody there, or trouble that somebody will mend
    NEVER = "never"  # there, and refuses this very content


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far one subscription has come."""

    reached: int
    attempts: int = 0
    next_utc_ns: int = 0
    failing_utc_ns: int | None = None
    last_error: str = ""
    on: bool = True


def signed(secret: bytes, stamp_s: int, body: bytes) -> str:
    """The header's value: HMAC-SHA256 over `<stamp>.<body>`.

    >>> signed(b"key", 1_800_000_000, b"{}")
    't=1800000000,v1=7321475872b03ff21bdc2dfd86ea2d99ec29c479fbe4a77aa6acf4509505493f'
    """
    mac = hmac.new(secret, f"{stamp_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp_s},v1={mac}"


def verifies(secret: bytes, header: str, body: bytes, now_s: int) -> bool:
    """What a receiver does before it believes a word."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    stamp = parts.get("t", "")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 12) or abs(now_s - int(stamp)) > FRESH_S:
        return False
    return hmac.compare_digest(signed(secret, int(stamp), body).encode(), header.encode())


def verdict(status: int | None) -> Verdict:
    """What an HTTP status means; None: nobody answered.  A redirect is no receipt: it may lead anywhere."""
    if status is not None and 200 <= status < 300:
        return Verdict.TAKEN
    if status is not None and 400 <= status < 500 and status not in _PATIENCE:
        return Verdict.NEVER
    return Verdict.LATER


def taken(delivery: Delivery, reached: int) -> Delivery:
    """Everything up to `reached` has arrived, or concerns nobody there."""
    return Delivery(reached)


def failed(delivery: Delivery, error: str, utc_ns: int, rand: float) -> Delivery:
    """Try later, ever more slowly with full jitter; off when it has failed for days.  `rand` is in [0, 1)."""
    since = delivery.failing_utc_ns if delivery.failing_utc_ns is not None else utc_ns
    attempts = delivery.attempts + 1
    ceiling_ns = min(BACKOFF_CAP_NS, BACKOFF_BASE_NS << min(attempts, 20))
    wait_ns = BACKOFF_BASE_NS + int((ceiling_ns - BACKOFF_BASE_NS) * rand)
    on = utc_ns - since < OFF_AFTER_NS
    return replace(delivery, attempts=attempts, next_utc_ns=utc_ns + wait_ns, failing_utc_ns=since, last_error=error[:500], on=on)


def due(delivery: Delivery, utc_ns: int) -> bool:
    """May it be tried now?  A wait longer than the cap was written by a clock that has since been set back: it binds nobody."""
    return delivery.on and not utc_ns < delivery.next_utc_ns <= utc_ns + BACKOFF_CAP_NS
