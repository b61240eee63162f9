"""Which board holds which certificates, and which of them count.

The register is files beside the authority's key, not rows of the venue database: a database that is restored from yesterday would have
forgotten whom today revoked.
"""

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.broker.credentials import write_private
from gateway.pki import ca
from gateway.pki.store import Authority, Clock, PkiError, certificate_pem, check_clock, new_serial, read_certificate, utc_now
from venue_model.certificates import LONGEST_REQUEST, CertificateError, common_name
from venue_model.ids import BoardId


@dataclass(frozen=True, slots=True)
class Issued:
    """One certificate of a board."""

    serial: int
    board: BoardId
    until: datetime.datetime
    first: bool  # out of a commissioning folder
    revoked: datetime.datetime | None

    def counts(self, now: datetime.datetime) -> bool:
        """True while the broker takes it."""
        return self.revoked is None and now < self.until


class Standing(StrEnum):
    """How a board stands with its certificates."""

    NONE = "none"
    WAITING = "waiting"
    IN_USE = "in_use"
    EXPIRED = "expired"
    REVOKED = "revoked"


def standing(certificates: Sequence[Issued], now: datetime.datetime) -> Standing:
    """How the board that holds these, oldest first, stands now."""
    if not certificates:
        return Standing.NONE
    live = [issued for issued in certificates if issued.counts(now)]
    if not live:
        return Standing.REVOKED if certificates[-1].revoked is not None else Standing.EXPIRED
    return Standing.WAITING if live[-1].first else Standing.IN_USE


class Register:
    """The certificates of all boards, in `folder`."""

    def __init__(self, folder: Path, authority: Authority, clock: Clock = utc_now) -> None:
        self.authority = authority
        self.clock = clock
        self.crl_path = folder / "crl.pem"
        self._folder = folder / "issued"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._issued: dict[int, x509.Certificate] = {}
        for path in sorted(self._folder.glob("*.pem")):
            certificate = read_certificate(path)
            self._issued[certificate.serial_number] = certificate
        self._revoked = self._read_revoked()
        self._prune()
        self._write_revoked()

    @property
    def boards(self) -> tuple[BoardId, ...]:
        """Every board that was ever admitted, sorted."""
        return tuple(sorted({BoardId(common_name(certificate.subject)) for certificate in self._issued.values()}))

    def certificates(self, board: BoardId) -> list[Issued]:
        """A board's certificates, oldest first."""
        return [issued for issued in self._all() if issued.board == board]

    def live(self, board: BoardId) -> list[Issued]:
        """Those of them that the broker takes now."""
        now = self.clock()
        return [issued for issued in self.certificates(board) if issued.counts(now)]

    def identities(self) -> dict[str, tuple[str, ...]]:
        """Every board that was ever admitted → the names of the certificates that count; none when it is shut out."""
        now = self.clock()
        found: dict[str, tuple[str, ...]] = {}
        for issued in self._all():
            found[issued.board] = found.get(issued.board, ()) + ((ca.identity(issued.serial),) if issued.counts(now) else ())
        return found

    def issue(self, board: BoardId, key: ec.EllipticCurvePublicKey, *, first: bool = False) -> x509.Certificate:
        """A new certificate for a board, on disk when this returns.

        PkiError when it would end before one that the board has: then this machine's clock has fallen back.
        """
        now = self.clock()
        check_clock(now)
        certificate = ca.issue_client(self.authority.certificate, self.authority.key, key, board, new_serial(), now, first=first)
        longest = max((issued.until for issued in self.live(board)), default=None)
        if longest is not None and certificate.not_valid_after_utc < longest:
            raise PkiError(f"a certificate of {board} lasts until {longest:%Y-%m-%d} already; check this machine's clock ({now:%Y-%m-%d})")
        self._keep(certificate)
        return certificate

    def _keep(self, certificate: x509.Certificate) -> None:
        write_private(self._folder / f"{certificate.serial_number:x}.pem", certificate_pem(certificate))
        self._issued[certificate.serial_number] = certificate

    def issued_for(self, board: BoardId, key: ec.EllipticCurvePublicKey) -> x509.Certificate | None:
        """The certificate that a board was given for this key already: its answer was lost on the way."""
        serials = (issued.serial for issued in self.live(board))
        return next((self._issued[serial] for serial in serials if self._issued[serial].public_key() == key), None)

    def adopt(self, board: BoardId, text: str) -> int:
        """The number of a certificate, PEM, that a board shows.  One that is not in this register was issued after the copy from which
        it was restored, and is taken in.  CertificateError for one that is not this board's by this authority."""
        try:
            certificate = x509.load_pem_x509_certificate(text.encode()[:LONGEST_REQUEST])
            certificate.verify_directly_issued_by(self.authority.certificate)
        except (ValueError, TypeError, InvalidSignature) as fault:
            raise CertificateError(f"shows no certificate of this authority: {fault}") from None
        if common_name(certificate.subject) != board:
            raise CertificateError(f"shows the certificate of {common_name(certificate.subject)[:64]!r}")
        if certificate.serial_number not in self._issued:
            self._keep(certificate)
        return certificate.serial_number

    def revoke(self, serials: Iterable[int]) -> int:
        """Put certificates on the list, on disk when this returns; how many were not on it before."""
        now = self.clock()
        fresh = {serial: now for serial in serials if serial not in self._revoked}
        if fresh:
            self._revoked |= fresh
            self._write_revoked()
        return len(fresh)

    def _all(self) -> list[Issued]:
        return [
            Issued(
                serial, BoardId(common_name(certificate.subject)), certificate.not_valid_after_utc, ca.is_first(certificate),
                self._revoked.get(serial),
            )
            for serial, certificate in sorted(self._issued.items())
        ]  # fmt: skip

    def _read_revoked(self) -> dict[int, datetime.datetime]:
        if not self.crl_path.exists():
            if self._issued:
                raise PkiError(f"{self.crl_path}: missing, and it names the revoked of what was issued; restore it from its backup")
            return {}
        try:
            found = x509.load_pem_x509_crl(self.crl_path.read_bytes())
            genuine = found.is_signature_valid(self.authority.key.public_key())
        except ValueError as fault:
            raise PkiError(f"{self.crl_path}: cannot be read ({fault}); restore it from its backup") from None
        if not genuine:
            raise PkiError(f"{self.crl_path}: not by this authority; restore the whole folder from one backup")
        return {entry.serial_number: entry.revocation_date_utc for entry in found}

    def _write_revoked(self) -> None:
        found = ca.revocation_list(self.authority.certificate, self.authority.key, self._revoked)
        write_private(self.crl_path, found.public_bytes(Encoding.PEM).decode("ascii"))

    def _prune(self) -> None:
        """Forget what has run out, except each board's newest: it tells that the board was admitted once."""
        now = self.clock()
        newest = {issued.board: issued.serial for issued in self._all()}
        for issued in self._all():
            if issued.until < now and newest[issued.board] != issued.serial:
                (self._folder / f"{issued.serial:x}.pem").unlink(missing_ok=True)
                del self._issued[issued.serial]
                self._revoked.pop(issued.serial, None)
