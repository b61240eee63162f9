"""Small secrets at rest: AES-256-GCM under a key file that no copy of the database takes along."""

import base64
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12  # bytes


class SealedElsewhere(ValueError):
    """A secret was sealed under another key, or for another account."""


class SecretBox:
    """Seals for one owner at a time: what was sealed for one account opens for no other."""

    def __init__(self, key: bytes) -> None:
        self._key = AESGCM(key)

    def seal(self, secret: str, owner: str) -> str:
        """The secret as text for a database column."""
        nonce = os.urandom(NONCE)
        return base64.b64encode(nonce + self._key.encrypt(nonce, secret.encode(), owner.encode())).decode()

    def open(self, sealed: str, owner: str) -> str:
        """The secret again.  Raises SealedElsewhere with the way out."""
        raw = base64.b64decode(sealed)
        try:
            return self._key.decrypt(raw[:NONCE], raw[NONCE:], owner.encode()).decode()
        except InvalidTag:
            raise SealedElsewhere(
                f"the second factor of {owner} was sealed under another key: restore keys/people.key, or reset the account"
            ) from None


def load_secret_box(path: Path) -> SecretBox:
    """The box of a key file, 0600; made on first use.  ValueError when the file is no key."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(AESGCM.generate_key(256))
            file.flush()
            os.fsync(file.fileno())
    key = path.read_bytes()
    if len(key) != 32:
        raise ValueError(f"{path}: {len(key)} bytes, a key has 32; restore it from the backup, or remove it and reset all second factors")
    return SecretBox(key)
