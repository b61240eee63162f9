"""A board's key and certificate: what it shows to the broker, and how it comes by the next.

The commissioning folder holds a first key, good for one thing: fetching a certificate for a key that is made here and never leaves.
Only the newest that a board uses counts, so a copy of the folder is worth nothing once the board has been seen.
"""

import datetime
import logging
import os
import ssl
import stat
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from venue_model.certificates import CertificateError, check_issued, request_text, serial_text
from venue_model.ids import BoardId
from venue_model.moments import MS, Now, S

COMMISSIONED = "identity.pem"  # in the commissioning folder: first key and certificate
AUTHORITY = "ca.pem"  # beside it
NO_CHECK_TIME = 0x20_0000  # OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python's ssl has no name for
SET_CLOCK_NS = 10 * S  # a kernel that nobody tells the time says that it may be off by 16 s

log = logging.getLogger(__name__)


class IdentityError(ValueError):
    """There is no key and certificate to show.  The text names file, fault and way out."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A key, its certificate, and the file in which both are."""

    path: Path
    certificate: x509.Certificate


class Identity:
    """What one board shows.  `folder` is the commissioning folder, `kept` the file with what was fetched since.  Any thread may call."""

    def __init__(self, folder: Path, kept: Path, board: BoardId, now: Callable[[], Now]) -> None:
        """Read what there is.  Raises IdentityError when none of it can be used."""
        self._board = board
        self._kept = kept
        self._now = now
        self._lock = threading.Lock()
        self._next: ec.EllipticCurvePrivateKey | None = None  # asked for, not answered
        self._authority_path = folder / AUTHORITY
        try:
            self._authority = x509.load_pem_x509_certificate(self._authority_path.read_bytes())
        except (OSError, ValueError) as fault:
            raise IdentityError(f"{self._authority_path}: the venue's authority cannot be read ({fault}); commission the board") from None
        self._held = self._newest(folder / COMMISSIONED)

    @property
    def serial(self) -> str:
        """The number of the certificate that is shown, hex."""
        return serial_text(self._held.certificate)

    @property
    def certificate(self) -> str:
        """The certificate that is shown, PEM."""
        return self._held.certificate.public_bytes(Encoding.PEM).decode("ascii")

    @property
    def first(self) -> bool:
        """True until a certificate for a key of this board's own has come."""
        return self._held.path != self._kept

    @property
    def secret(self) -> bytes:
        """What nobody else knows: the private key's file."""
        return self._held.path.read_bytes()

    def context(self) -> ssl.SSLContext:
        """TLS towards the broker.

        Whoever serves with a certificate of this authority is the gateway, for it issues no other servers: no host name is compared.
        While this board's clock is not set, or says a time before its own certificate was made, dates say nothing and are passed over.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = False
        context.load_verify_locations(self._authority_path)
        if not self._knows_the_time():
            context.verify_flags |= NO_CHECK_TIME
        context.load_cert_chain(self._held.path)
        return context

    def request(self) -> str:
        """A signing request for the next certificate.  The gateway answers when it is due: it has the clock."""
        with self._lock:
            self._next = self._next or ec.generate_private_key(ec.SECP256R1())
            return request_text(self._next, self._board)

    def take(self, text: str) -> bool:
        """Keep the certificate that was asked for, on disk when this returns, and show it from now on.  False for any other."""
        with self._lock:
            if self._next is None:
                return False  # a second answer to a repeated question
            try:
                certificate = x509.load_pem_x509_certificate(text.encode())
                check_issued(certificate, self._authority, self._next.public_key(), self._board)
            except ValueError as fault:
                log.warning("certificate refused: %s", fault)
                return False
            key = self._next.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            try:
                _write_private(self._kept, key + certificate.public_bytes(Encoding.PEM))
            except OSError as fault:
                log.error("%s: takes no certificate (%s); make room on the card, or replace it", self._kept, fault)
                return False
            self._held, self._next = _Held(self._kept, certificate), None
            return True

    def explain(self, error: str) -> str | None:
        """What a failed TLS handshake means to the mechanic, by OpenSSL's words for it; None when they say nothing."""
        certificate = f"certificate {self.serial}, valid until {self._held.certificate.not_valid_after_utc:%Y-%m-%d}"
        for words, meaning in (
            ("certificate revoked", f"this board was shut out ({certificate}); admit it again and copy its folder"),
            ("alert certificate expired", f"{certificate} has run out by the gateway's clock; admit the board again and copy its folder"),
            ("unknown ca", "the gateway has another authority; copy the folder that this gateway has written"),
            ("certificate has expired", f"the gateway's certificate has run out; this board's clock says {self._utc():%Y-%m-%d %H:%M}"),
            ("not yet valid", f"the gateway's certificate begins later than this board's clock, {self._utc():%Y-%m-%d %H:%M}"),
            ("certificate verify failed", "whoever answers there is not this venue's gateway"),
        ):
            if words in error.replace("_", " ").lower():
                return f"{meaning} ({error})"
        return None

    def _newest(self, commissioned: Path) -> _Held:
        """What was fetched, unless a later commissioning folder or another authority has taken its place."""
        faults: list[str] = []
        found = [held for path in (self._kept, commissioned) if (held := self._read(path, faults)) is not None]
        if not found:
            raise IdentityError(f"{'; '.join(faults)}; admit the board again and copy its folder")
        return max(found, key=lambda held: held.certificate.serial_number)

    def _read(self, path: Path, faults: list[str]) -> _Held | None:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            content = path.read_bytes()
            key = load_pem_private_key(content, None)
            certificate = x509.load_pem_x509_certificate(content)
            if mode & 0o077:
                raise CertificateError(f"mode {mode:03o} lets others read the key: chmod 600 it")
            if not isinstance(key, ec.EllipticCurvePrivateKey):
                raise CertificateError("a key of another kind")
            check_issued(certificate, self._authority, key.public_key(), self._board)
        except OSError as fault:
            faults.append(f"{path}: {fault.strerror}")
        except (ValueError, TypeError) as fault:
            faults.append(f"{path}: {fault}")
        else:
            return _Held(path, certificate)
        return None

    def _knows_the_time(self) -> bool:
        now = self._now()
        return now.utc_error_ns < SET_CLOCK_NS and now.utc_ns // MS >= _made_ms(self._held.certificate)

    def _utc(self) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(self._now().utc_ns / S, datetime.UTC)


def _made_ms(certificate: x509.Certificate) -> int:
    """When a board's certificate was made, by its number: the gateway counts them by its clock."""
    return (certificate.serial_number >> 64) // MS


def _write_private(path: Path, content: bytes) -> None:
    """Write beside and rename, 0600: a power cut leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
