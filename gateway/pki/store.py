"""The authority's folder on disk: its own key and certificate, and PEM files with a private key, all 0600 in a folder 0700.

    ca.key.pem  ca.pem           the authority; `ca.pem` is for anybody
    server.pem                   key and certificate towards boards and browsers
    gateway.pem  probe.pem       key and certificate with which the gateway itself logs in to the broker
    issued/<serial>.pem          every certificate of a board, without its key
    crl.pem                      the revoked ones
"""

import datetime
import secrets
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from gateway.broker.credentials import write_private
from gateway.pki import ca

Clock = Callable[[], datetime.datetime]
# Before the first version of this program nobody can have asked it for a certificate: a clock that says so was never set.
CLOCK_FLOOR = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)


class PkiError(RuntimeError):
    """The authority cannot work.  The text names file or cause, and the way out."""


def utc_now() -> datetime.datetime:
    """This machine's wall clock."""
    return datetime.datetime.now(datetime.UTC)


@dataclass(frozen=True, slots=True)
class Authority:
    """The root and its key.  The key stays out of `repr`, and with it out of logs."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)


def load_or_create_authority(folder: Path, venue: str, now: datetime.datetime) -> Authority:
    """The authority in `folder`; made on first use.  PkiError when it is damaged, open to others, or the clock was never set."""
    key_path, path = folder / "ca.key.pem", folder / "ca.pem"
    if not key_path.exists() and not path.exists():
        check_clock(now)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = new_key()
        certificate = ca.make_authority(venue, key, new_serial(), now)
        write_private(key_path, key_pem(key))
        write_private(path, certificate_pem(certificate))
    key = read_key(key_path)
    certificate = read_certificate(path)
    if certificate.public_key() != key.public_key():
        raise PkiError(f"{path}: not the certificate of {key_path.name}; restore both from one backup")
    return Authority(certificate, key)


def check_clock(now: datetime.datetime) -> None:
    """PkiError while this machine's clock is not set: what is issued now would have run out when it is."""
    if now < CLOCK_FLOOR:
        raise PkiError(f"this machine's clock says {now:%Y-%m-%d}: set it (`timedatectl set-ntp true`) before certificates are made")


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh key."""
    return ec.generate_private_key(ec.SECP256R1())


def new_serial() -> int:
    """A number nobody can guess; later ones are greater, so that the newest certificate of a board is known by it."""
    return time.time_ns() << 64 | secrets.randbits(64)


def key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    """A private key as PEM, without a passphrase: the file's mode guards it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def certificate_pem(certificate: x509.Certificate) -> str:
    """A certificate as PEM."""
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """The P-256 key in a file that only its owner can read."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise PkiError(f"{path}: mode {mode:03o} lets others read a private key; `chmod 600` it if nobody else was on this machine")
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as fault:
        raise PkiError(f"{path}: no private key can be read ({fault}); restore the folder from its backup") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise PkiError(f"{path}: a key of another kind; restore the folder from its backup")
    return key


def read_certificate(path: Path) -> x509.Certificate:
    """The first certificate in a PEM file."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as fault:
        raise PkiError(f"{path}: no certificate can be read ({fault}); restore the folder from its backup") from None
