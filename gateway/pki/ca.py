"""The certificates of a venue as values: authority, gateway, boards, and the list of those that are revoked.  Pure.

Keys, times and serial numbers come from the caller.  P-256 throughout: every browser, OpenSSL and a Pi without acceleration take it.
"""

import datetime
import ipaddress
from collections.abc import Iterable, Mapping

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from venue_model.certificates import BOARD_LIFE

ALWAYS = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
AUTHORITY_LIFE = datetime.timedelta(days=3_653)
SERVER_LIFE = datetime.timedelta(days=397)  # browsers refuse servers with more
BACKDATED = datetime.timedelta(days=1)  # a browser whose clock is a time zone behind
FIRST = "first"  # organisational unit of the certificate that travels with a commissioning folder, good for fetching the next


def make_authority(venue: str, key: ec.EllipticCurvePrivateKey, serial: int, now: datetime.datetime) -> x509.Certificate:
    """The root that signs everything of this venue, and nothing of any other."""
    name = _name(f"{venue} bidhall authority", "")
    usage = _usage(signs=True)
    builder = _builder(name, name, key.public_key(), key.public_key(), serial, ALWAYS, now + AUTHORITY_LIFE)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(usage, critical=True)
    return builder.sign(key, hashes.SHA256())


def issue_server(
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePublicKey,
    hosts: Iterable[str],
    serial: int,
    now: datetime.datetime,
) -> x509.Certificate:
    """The gateway's certificate towards boards and browsers: the only one that may serve.  `hosts` are names and addresses."""
    names = list(dict.fromkeys(hosts))
    return _issue(
        authority, authority_key, key, _name(names[0], ""), x509.SubjectAlternativeName([_host(name) for name in names]),
        ExtendedKeyUsageOID.SERVER_AUTH, serial, now - BACKDATED, now - BACKDATED + SERVER_LIFE,
    )  # fmt: skip


def issue_client(
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePublicKey,
    user: str,
    serial: int,
    now: datetime.datetime,
    *,
    first: bool = False,
    life: datetime.timedelta = BOARD_LIFE,
) -> x509.Certificate:
    """A certificate with which `user`, a board or the gateway itself, logs in to the broker."""
    return _issue(
        authority, authority_key, key, _name(user, FIRST if first else ""),
        x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity(serial))]),
        ExtendedKeyUsageOID.CLIENT_AUTH, serial, ALWAYS, now + life,
    )  # fmt: skip


def identity(serial: int) -> str:
    """The name of one certificate, in it: a broker without revocation lists admits exactly these.

    >>> identity(0xABC)
    'urn:bidhall:certificate:abc'
    """
    return f"urn:bidhall:certificate:{serial:x}"


def revocation_list(
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    revoked: Mapping[int, datetime.datetime],
) -> x509.CertificateRevocationList:
    """Serial number → when it was revoked.  The list never runs out: an old list is better than a broker that admits nobody."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.subject)
    builder = builder.last_update(ALWAYS).next_update(authority.not_valid_after_utc)
    for serial, at in sorted(revoked.items()):
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(authority_key, hashes.SHA256())


def is_first(certificate: x509.Certificate) -> bool:
    """True for a certificate out of a commissioning folder: the board has not made a key of its own yet."""
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return [unit.value for unit in units] == [FIRST]


def server_hosts(certificate: x509.Certificate) -> frozenset[str]:
    """The names and addresses that a server's certificate is good for."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return frozenset({*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))})


def _issue(
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePublicKey,
    subject: x509.Name,
    names: x509.SubjectAlternativeName,
    purpose: x509.ObjectIdentifier,
    serial: int,
    start: datetime.datetime,
    end: datetime.datetime,
) -> x509.Certificate:
    builder = _builder(subject, authority.subject, key, authority_key.public_key(), serial, start, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False).add_extension(names, critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePublicKey,
    serial: int,
    start: datetime.datetime,
    end: datetime.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(issuer, subject, key, serial, start, end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _name(common: str, unit: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common[:64])]  # X.520's limit
    return x509.Name([*parts, x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, unit)] if unit else parts)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
