"""HMAC-SHA256 over every request and answer between venue and platform, in both directions, with the shared token as the key.

Signed are method, path with query, timestamp, nonce and body digest; an answer is bound to the nonce of its request, so an old
answer cannot stand in for a new one.  TLS keeps the secret; this keeps a stranger from speaking (threat T12).
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Protocol

from venue_model.moments import S

WINDOW_S = 300  # how far a signed clock may be off: NTP-less office servers drift by minutes, replays take longer to matter

TIMESTAMP = "X-Platform-Timestamp"  # Unix seconds
NONCE = "X-Platform-Nonce"
SIGNATURE = "X-Platform-Signature"


class SignatureRefused(ValueError):
    """The message is not by the holder of the token, not fresh, or not new."""


class Nonces(Protocol):
    """Remembers the nonces of accepted requests for as long as their timestamps would be accepted."""

    def first_time(self, nonce: str, stamp_s: int, now_s: int) -> bool:
        """Remember `nonce` and say whether it was new.  May forget every stamp older than `now_s - WINDOW_S`."""


class MemoryNonces:
    """Nonces that a restart forgets: enough for a stand-in, not for a gateway (`memory.Nonces` there)."""

    def __init__(self) -> None:
        self._stamps: dict[str, int] = {}

    def first_time(self, nonce: str, stamp_s: int, now_s: int) -> bool:
        """As `Nonces` says."""
        self._stamps = {known: stamp for known, stamp in self._stamps.items() if stamp >= now_s - WINDOW_S}
        new = nonce not in self._stamps
        self._stamps[nonce] = stamp_s
        return new


def new_nonce() -> str:
    """32 hex digits that nobody guesses."""
    return secrets.token_hex(16)


def sign_request(secret: str, method: str, path: str, body: bytes, utc_ns: int, nonce: str) -> dict[str, str]:
    """The headers that make a request acceptable.  `path` is the path with its query, as sent."""
    stamp_s = utc_ns // S
    return {
        TIMESTAMP: str(stamp_s),
        NONCE: nonce,
        SIGNATURE: _request_mac(secret, method, path, str(stamp_s), nonce, body),
    }


def verify_request(
    secret: str, method: str, path: str, headers: Mapping[str, str], body: bytes, now_utc_ns: int, nonces: Nonces
) -> None:
    """Accept a request once, or raise SignatureRefused.  The signature comes first: strangers cannot fill the nonce store."""
    given = {name.lower(): value for name, value in headers.items()}
    stamp, nonce, signature = (given.get(name.lower(), "") for name in (TIMESTAMP, NONCE, SIGNATURE))
    if not signature:
        raise SignatureRefused(f"no {SIGNATURE} header; sign requests with the platform token")
    if not _same(signature, _request_mac(secret, method, path, stamp, nonce, body)):
        raise SignatureRefused("signature does not fit; the two sides hold different tokens, or the request was changed")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12 and 16 <= len(nonce) <= 64):
        raise SignatureRefused(f"{TIMESTAMP} must be Unix seconds and {NONCE} 16 to 64 characters")
    stamp_s, now_s = int(stamp), now_utc_ns // S
    if abs(now_s - stamp_s) > WINDOW_S:
        raise SignatureRefused(f"timestamp is {now_s - stamp_s} s behind this clock, {WINDOW_S} s allowed; check both clocks")
    if not nonces.first_time(nonce, stamp_s, now_s):
        raise SignatureRefused("nonce was used before: this is a replay")


def sign_answer(secret: str, status: int, nonce: str, body: bytes) -> dict[str, str]:
    """The header that binds an answer to the request with `nonce`."""
    return {SIGNATURE: _answer_mac(secret, status, nonce, body)}


def verify_answer(secret: str, status: int, nonce: str, headers: Mapping[str, str], body: bytes) -> None:
    """Accept the answer to the request with `nonce`, or raise SignatureRefused."""
    given = {name.lower(): value for name, value in headers.items()}
    if not _same(given.get(SIGNATURE.lower(), ""), _answer_mac(secret, status, nonce, body)):
        raise SignatureRefused("answer is not signed with this venue's token; check the token, then who answers at this address")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())


def _request_mac(secret: str, method: str, path: str, stamp: str, nonce: str, body: bytes) -> str:
    return _mac(secret, "request", method.upper(), path, stamp, nonce, hashlib.sha256(body).hexdigest())


def _answer_mac(secret: str, status: int, nonce: str, body: bytes) -> str:
    return _mac(secret, "answer", str(status), nonce, hashlib.sha256(body).hexdigest())


def _mac(secret: str, *lines: str) -> str:
    return hmac.new(secret.encode(), "\n".join(lines).encode("utf-8", "replace"), hashlib.sha256).hexdigest()
