"""What boards and the gateway agree on about certificates: whose name is in them, when the next one is due, how it is asked for.

A board's certificate is valid from 1970: its end alone bounds it, so that neither a board nor a gateway whose clock has fallen back
locks anybody out (docs/decisions/0033).
"""

import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from venue_model.ids import BoardId, is_id

BOARD_LIFE = datetime.timedelta(days=90)
LONGEST_REQUEST = 4_096  # characters; one of ours has 400


class CertificateError(ValueError):
    """A certificate or a request that cannot be used.  The text says why."""


def is_due(certificate: x509.Certificate, life: datetime.timedelta, now: datetime.datetime) -> bool:
    """True when less than a third of a certificate's `life` is left."""
    return certificate.not_valid_after_utc - now < life / 3


def common_name(subject: x509.Name) -> str:
    """The name in a certificate or request; empty when there is none, or more than one."""
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else ""


def serial_text(certificate: x509.Certificate) -> str:
    """A certificate's number as messages and pages have it."""
    return f"{certificate.serial_number:x}"


def request_text(key: ec.EllipticCurvePrivateKey, board: BoardId) -> str:
    """A board's request for its next certificate, PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, board)])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return request.public_bytes(Encoding.PEM).decode("ascii")


def requested_key(text: str, board: BoardId) -> ec.EllipticCurvePublicKey:
    """The key that `board` asks a certificate for.  CertificateError unless the request is by that key's owner and in that name."""
    if len(text) > LONGEST_REQUEST:
        raise CertificateError(f"a request of {len(text)} characters; at most {LONGEST_REQUEST} are read")
    try:
        request = x509.load_pem_x509_csr(text.encode())
        key, name, genuine = request.public_key(), common_name(request.subject), request.is_signature_valid
    except (ValueError, TypeError, InvalidSignature) as fault:
        raise CertificateError(f"no signing request: {fault}") from None
    except Exception as fault:  # unsupported algorithms come as errors of their own, each with its base class
        raise CertificateError(f"a signing request of another kind: {fault!r}") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise CertificateError("the requested key is no P-256 key")
    if name != board or not is_id(name):
        raise CertificateError(f"{board} asks for a certificate in the name {name[:64]!r}")
    if not genuine:
        raise CertificateError("the request is not signed by the key that it names")
    return key


def check_issued(certificate: x509.Certificate, authority: x509.Certificate, key: ec.EllipticCurvePublicKey, board: BoardId) -> None:
    """CertificateError unless `authority` has issued the certificate, to `board`, for `key`."""
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        raise CertificateError("the certificate is not by this venue's authority") from None
    if common_name(certificate.subject) != board:
        raise CertificateError(f"the certificate is in the name {common_name(certificate.subject)[:64]!r}, not {board!r}")
    if certificate.public_key() != key:
        raise CertificateError("the certificate is for another key")
