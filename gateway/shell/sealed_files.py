"""A set of files under a passphrase: a tar, encrypted whole with AES-256-GCM under a key that scrypt makes.

It is for a file that lies in a drawer for years: the parameters stand in its head, so that it can be opened without this program.
"""

import io
import os
import struct
import tarfile
from collections.abc import Mapping
from pathlib import PurePosixPath

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"bidhall-sealed-1\n"
_HEAD = struct.Struct(">16s12sIII")  # salt, nonce, n, r, p
N, R, P = 2**16, 8, 1  # 64 MiB and a fifth of a second for each guess
MOST_N = 2**20  # a head that asks for more is not ours
LEAST_LETTERS = 12


class PassphraseError(ValueError):
    """The passphrase is too short, or is not the one that the files were sealed under."""


def seal_files(files: Mapping[str, bytes], passphrase: str) -> bytes:
    """The sealed set.  Raises PassphraseError for one that is soon guessed."""
    if len(passphrase) < LEAST_LETTERS:
        raise PassphraseError(f"the passphrase has {len(passphrase)} letters; {LEAST_LETTERS} are the least")
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in sorted(files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), 0o600
            tar.addfile(member, io.BytesIO(data))
    salt, nonce = os.urandom(16), os.urandom(12)
    head = MAGIC + _HEAD.pack(salt, nonce, N, R, P)
    return head + AESGCM(_key(passphrase, salt, N, R, P)).encrypt(nonce, plain.getvalue(), head)


def open_files(sealed: bytes, passphrase: str) -> dict[str, bytes]:
    """The files again.  Raises PassphraseError, and ValueError for what is no sealed set."""
    end = len(MAGIC) + _HEAD.size
    if not sealed.startswith(MAGIC) or len(sealed) < end:
        raise ValueError("the sealed part of the backup is no sealed set of this program")
    salt, nonce, n, r, p = _HEAD.unpack(sealed[len(MAGIC) : end])
    if n > MOST_N or r != R or p != P:
        raise ValueError("the sealed part of the backup asks for scrypt parameters that this program does not use")
    try:
        plain = AESGCM(_key(passphrase, salt, n, r, p)).decrypt(nonce, sealed[end:], sealed[:end])
    except InvalidTag:
        raise PassphraseError("this is not the passphrase of the backup, or its sealed part is damaged") from None
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        return {_inside(member.name): tar.extractfile(member).read() for member in tar if member.isreg()}  # type: ignore[union-attr]


def _inside(name: str) -> str:
    """A name that leads nowhere outside the folder that it is put into."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"{name!r} is no place inside a folder")
    return str(path)


def _key(passphrase: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase.encode())
