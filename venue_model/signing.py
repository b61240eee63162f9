"""Ed25519 over bytes: policies, acknowledgements, approvals and QR badges.  Keys are 32 raw bytes."""

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

# Reading a key costs as much as signing with it, and a venue has a handful.
_private = lru_cache(64)(Ed25519PrivateKey.from_private_bytes)
_public = lru_cache(256)(Ed25519PublicKey.from_public_bytes)


def sign(private_key: bytes, message: bytes) -> bytes:
    """The 64-byte signature of `message`."""
    return _private(private_key).sign(message)


def public_key_of(private_key: bytes) -> bytes:
    """The public half of a key."""
    return _private(private_key).public_key().public_bytes_raw()


def verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """True when `signature` is by the owner of `public_key`.  False for every malformed input; never raises."""
    try:
        _public(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
