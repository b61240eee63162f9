"""Signatures as an ideal: nobody forges them, which is what the proofs assume (docs/parts/reliability.md 4, A3), and they cost nothing.

Ed25519 took a quarter of a run's time, and no fault of ours is about forging.  `run(..., real_signatures=True)` uses it all the same.
"""

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager

from venue_model import signing


def _public_key_of(private_key: bytes) -> bytes:
    return hashlib.blake2b(private_key, digest_size=32, person=b"public").digest()


def _seal(public_key: bytes, message: bytes) -> bytes:
    return hashlib.blake2b(message, digest_size=64, key=public_key).digest()


def _sign(private_key: bytes, message: bytes) -> bytes:
    return _seal(_public_key_of(private_key), message)


def _verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    return len(public_key) == 32 and hmac.compare_digest(_seal(public_key, message), signature)


@contextmanager
def ideal_signatures() -> Iterator[None]:
    """While it lasts, `venue_model.signing` signs with keyed hashes.  Whoever knows a public key could forge, and nobody does."""
    kept = signing.sign, signing.verifies, signing.public_key_of
    signing.sign, signing.verifies, signing.public_key_of = _sign, _verifies, _public_key_of
    try:
        yield
    finally:
        signing.sign, signing.verifies, signing.public_key_of = kept
