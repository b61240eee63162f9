"""The gateway's own certificates: towards boards and browsers as a server, towards the broker as a client.  Renewed by themselves."""

import datetime
import ssl
from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.broker.credentials import GATEWAY, PROBE, write_private
from gateway.pki import ca
from gateway.pki.store import (
    Authority,
    Clock,
    PkiError,
    certificate_pem,
    check_clock,
    key_pem,
    new_key,
    new_serial,
    read_certificate,
    utc_now,
)
from venue_model.certificates import BOARD_LIFE, is_due

SERVER = "server"
NO_CHECK_TIME = 0x20_0000  # OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python's ssl has no name for
LIVES = {SERVER: ca.SERVER_LIFE, GATEWAY: BOARD_LIFE, PROBE: BOARD_LIFE}


class OwnCertificates:
    """`server.pem`, `gateway.pem` and `probe.pem` in `folder`, each with its key."""

    def __init__(self, folder: Path, authority: Authority, hosts: Iterable[str], clock: Clock = utc_now) -> None:
        self._folder = folder
        self._authority = authority
        self._hosts = tuple(dict.fromkeys((*hosts, "localhost", "127.0.0.1", "::1")))
        self._clock = clock

    def path(self, name: str) -> Path:
        """Where key and certificate of `name` are."""
        return self._folder / f"{name}.pem"

    @property
    def authority_path(self) -> Path:
        """The certificate that everybody trusts."""
        return self._folder / "ca.pem"

    def until(self, name: str) -> datetime.datetime:
        """When the certificate of `name` ends."""
        return read_certificate(self.path(name)).not_valid_after_utc

    def renew(self) -> tuple[str, ...]:
        """Make those that are missing, due, or good for other hosts; their names.  PkiError while the clock is not set."""
        due = tuple(name for name in LIVES if self._is_due(name))
        for name in due:
            check_clock(self._clock())
            key = new_key()
            write_private(self.path(name), key_pem(key) + certificate_pem(self._issue(name, key.public_key())))
        return due

    def context(self, name: str) -> ssl.SSLContext:
        """How the gateway itself connects to its broker as `name`, with what is on disk now."""
        context = client_context(self.authority_path)
        context.load_cert_chain(self.path(name))
        return context

    def stand_in(self, user: str) -> ssl.SSLContext:
        """How the gateway connects in the name of a board, to take its place: a certificate for a minute that is kept nowhere."""
        key = new_key()
        certificate = ca.issue_client(
            self._authority.certificate, self._authority.key, key.public_key(), user, new_serial(), self._clock(),
            life=datetime.timedelta(minutes=1),
        )  # fmt: skip
        context = client_context(self.authority_path)
        path = self._folder / f".{certificate.serial_number:x}.pem"
        write_private(path, key_pem(key) + certificate_pem(certificate))
        try:
            context.load_cert_chain(path)  # Python reads chains from files only
        finally:
            path.unlink()
        return context

    def _issue(self, name: str, key: ec.EllipticCurvePublicKey) -> x509.Certificate:
        authority, serial, now = self._authority, new_serial(), self._clock()
        if name == SERVER:
            return ca.issue_server(authority.certificate, authority.key, key, self._hosts, serial, now)
        return ca.issue_client(authority.certificate, authority.key, key, name, serial, now)

    def _is_due(self, name: str) -> bool:
        try:
            found = read_certificate(self.path(name))
            found.verify_directly_issued_by(self._authority.certificate)
        except (PkiError, ValueError, TypeError, InvalidSignature):
            return True
        if name == SERVER and ca.server_hosts(found) != frozenset(self._hosts):
            return True
        return is_due(found, LIVES[name], self._clock())


def client_context(authority: Path) -> ssl.SSLContext:
    """TLS towards our own broker, whatever this machine's clock says: a clock that is wrong is told elsewhere, and closes no door.

    No name is compared: whoever serves with a certificate of this authority is the gateway, for it issues no other servers.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.load_verify_locations(authority)
    context.verify_flags |= NO_CHECK_TIME
    return context
