"""The signature of a provincial gateway: client id, milliseconds and nonce under HMAC-SHA256, in headers.

The header names and what is joined are those of provincial open-data gateways (docs/platform.md).  They sign neither body nor answer;
this venue asks for both, because a roster decides who may enter: the body's digest is signed too, and the answer with its nonce.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from gateway.trading.signature import SignatureRefused, new_nonce
from venue_model.moments import MS

CLIENT = "X-Client-Id"
TIMESTAMP = "X-Timestamp"  # milliseconds since 1970
NONCE = "X-Nonce"
SIGNATURE = "X-Signature"
WINDOW_MS = 600_000  # how long a provincial gateway takes a request after its timestamp


def signature(secret: str, *parts: str) -> str:
    """Base64 of HMAC-SHA256 over the parts, joined without anything between them, as these gateways do."""
    return base64.b64encode(hmac.new(secret.encode(), "".join(parts).encode(), hashlib.sha256).digest()).decode()


def request_headers(client: str, secret: str, body: bytes, utc_ns: int, nonce: str) -> dict[str, str]:
    """The headers of a request."""
    stamp = str(utc_ns // MS)
    signed = signature(secret, client, stamp, nonce, _digest(body))
    return {CLIENT: client, TIMESTAMP: stamp, NONCE: nonce, SIGNATURE: signed}


def answer_headers(secret: str, status: int, nonce: str, body: bytes) -> dict[str, str]:
    """The header that binds an answer to the request with `nonce`."""
    return {SIGNATURE: signature(secret, str(status), nonce, _digest(body))}


class ProvinceSigner:
    """This venue as the client of a provincial gateway.  ValueError when id or secret is missing."""

    def __init__(self, client: str, secret: str) -> None:
        if not client or not secret:
            raise ValueError("platform client or token is empty; a province gives both: its Client-Id and the secret that belongs to it")
        self._client = client
        self._secret = secret

    def sign(self, method: str, path: str, body: bytes, utc_ns: int) -> tuple[Mapping[str, str], str]:
        """As `Signer` says."""
        nonce = new_nonce()
        return request_headers(self._client, self._secret, body, utc_ns, nonce), nonce

    def verify(self, status: int, nonce: str, headers: Mapping[str, str], body: bytes) -> None:
        """As `Signer` says."""
        given = {name.lower(): value for name, value in headers.items()}.get(SIGNATURE.lower(), "")
        wanted = answer_headers(self._secret, status, nonce, body)[SIGNATURE]
        if not hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
            raise SignatureRefused("answer is not signed with this venue's secret; check the secret, then who answers at this address")


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
