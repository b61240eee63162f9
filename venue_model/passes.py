"""Credentials: a card number, or a phone's key that signs the door's challenge.

The edge never holds a card number: it compares salted digests, so that a stolen board lists nobody.
A QR badge is `BH1.door.nonce.public-key.signature`, at most 250 characters: the phone signs (door, nonce) with the person's key, so
a screenshot is worth nothing at another door, after the nonce has changed, or a second time.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from functools import lru_cache

from venue_model import signing
from venue_model.ids import DoorId, is_id

DIGEST_HEX = 32  # 128 bits: a day has a few hundred passes


@lru_cache(4096)
def card_digest(salt: bytes, card: bytes) -> str:
    """The digest under which a card is known to the doors; `salt` is secret to the venue and changes daily."""
    return hmac.new(salt, b"card:" + card, hashlib.sha256).hexdigest()[:DIGEST_HEX]


@lru_cache(4096)
def key_digest(salt: bytes, public_key: bytes) -> str:
    """The digest under which a phone's Ed25519 public key (32 bytes) is known to the doors."""
    return hmac.new(salt, b"key:" + public_key, hashlib.sha256).hexdigest()[:DIGEST_HEX]


@dataclass(frozen=True, slots=True)
class QrBadge:
    """A parsed QR badge, not yet believed."""

    door: DoorId
    nonce: str
    public_key: bytes
    signature: bytes

    @property
    def signed(self) -> bytes:
        """The bytes that the phone signed."""
        return f"BH1.{self.door}.{self.nonce}".encode()

    def genuine(self) -> bool:
        """True when the holder of `public_key` made this badge."""
        return signing.verifies(self.public_key, self.signed, self.signature)


def challenge_text(door: DoorId, nonce: str) -> str:
    """What a door's kiosk shows for phones to scan."""
    return f"BH1?{door}.{nonce}"


def parse_challenge(text: str) -> tuple[DoorId, str] | None:
    """Door and nonce of a scanned challenge, or None when it is something else.  Door ids may hold dots, nonces not."""
    head, _, rest = text.partition("?")
    door, dot, nonce = rest.rpartition(".")
    return (DoorId(door), nonce) if head == "BH1" and dot and is_id(door) and nonce.isalnum() else None


def make_badge(door: DoorId, nonce: str, private_key: bytes) -> str:
    """What a phone shows to the door's camera after scanning the challenge."""
    signature = signing.sign(private_key, f"BH1.{door}.{nonce}".encode())
    return ".".join(("BH1", door, nonce, _b64(signing.public_key_of(private_key)), _b64(signature)))


def parse_badge(text: str) -> QrBadge | None:
    """The badge in `text`, or None when it is not one.  Never raises, whatever a camera saw.

    >>> parse_badge("https://example.org") is None
    True
    """
    if len(text) > 250:
        return None
    parts = text.split(".")
    if len(parts) < 5 or parts[0] != "BH1":
        return None
    door, nonce = ".".join(parts[1:-3]), parts[-3]
    try:
        key, signature = _unb64(parts[-2]), _unb64(parts[-1])
    except (binascii.Error, ValueError):
        return None
    if not is_id(door) or not nonce.isalnum() or len(key) != 32 or len(signature) != 64:
        return None
    return QrBadge(DoorId(door), nonce, key, signature)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
