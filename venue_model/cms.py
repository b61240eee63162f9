"""Detached CMS signatures (RFC 5652) and RFC 3161 time stamps: parsed strictly and checked, with no I/O and no clock.

Strict means: one signer, one digest algorithm, nothing unsigned that carries meaning, and every byte accounted for, so
that a changed byte can never hide in a part that nobody looks at.
"""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from venue_model import der

DATA = der.object_id("1.2.840.113549.1.7.1")
TST_INFO = der.object_id("1.2.840.113549.1.9.16.1.4")
_SIGNED_DATA = der.object_id("1.2.840.113549.1.7.2")
_CONTENT_TYPE = der.object_id("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = der.object_id("1.2.840.113549.1.9.4")
_NULL = der.wrap(der.NULL, b"")
_GRANTED = der.sequence(der.integer(0))  # PKIStatusInfo of a time-stamp response

_DIGESTS: dict[bytes, hashes.HashAlgorithm] = {
    der.object_id("2.16.840.1.101.3.4.2.1"): hashes.SHA256(),
    der.object_id("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    der.object_id("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
_RSA = der.object_id("1.2.840.113549.1.1.1")
_WITH: dict[bytes, tuple[str, str]] = {  # signature algorithm → key kind, digest name
    der.object_id("1.2.840.10045.4.3.2"): ("ec", "sha256"),
    der.object_id("1.2.840.10045.4.3.3"): ("ec", "sha384"),
    der.object_id("1.2.840.10045.4.3.4"): ("ec", "sha512"),
    der.object_id("1.2.840.113549.1.1.11"): ("rsa", "sha256"),
    der.object_id("1.2.840.113549.1.1.12"): ("rsa", "sha384"),
    der.object_id("1.2.840.113549.1.1.13"): ("rsa", "sha512"),
}


@dataclass(frozen=True, slots=True)
class SignedData:
    content_type: bytes  # DER of the object id
    content: bytes | None  # None: detached
    certificates: tuple[x509.Certificate, ...]
    signer: x509.Certificate
    digest: hashes.HashAlgorithm
    attributes: bytes  # DER of the SET OF signed attributes: what the signature covers
    message_digest: bytes
    signature_algorithm: bytes
    signature: bytes


class TimeStamp(NamedTuple):
    signed: SignedData
    imprint_digest: hashes.HashAlgorithm
    imprint: bytes
    utc: datetime.datetime


def digest_of(data: bytes, algorithm: hashes.HashAlgorithm) -> bytes:
    context = hashes.Hash(algorithm)
    context.update(data)
    return context.finalize()


def load_certificate(data: bytes) -> x509.Certificate:
    """Read a DER certificate whole.  ValueError for a malformed one, now and not at some later look at a field."""
    try:
        certificate = x509.load_der_x509_certificate(data)
        _ = certificate.subject, certificate.issuer, certificate.serial_number, certificate.extensions
        _ = certificate.not_valid_before_utc, certificate.not_valid_after_utc, certificate.public_key()
    except Exception as error:  # the library has a dozen unrelated classes for this; none may end the check
        raise ValueError(f"a certificate cannot be read: {error}") from None
    return certificate


def parse(data: bytes) -> SignedData:
    """Read a ContentInfo that holds SignedData.  ValueError for every shape that `SignedData` cannot tell whole."""
    content_info = list(der.children(der.only(data, der.SEQUENCE)))
    if len(content_info) != 2 or content_info[0].whole != _SIGNED_DATA:
        raise ValueError("not CMS signed data")
    fields = list(der.children(der.only(der.expect(content_info[1], der.context(0)), der.SEQUENCE)))
    if len(fields) != 5:  # version, digests, content, certificates, signers; revocation lists are not expected
        raise ValueError("CMS: expected version, digests, content, certificates and signers, and nothing else")
    version, digests, encapsulated, certificates, signers = fields
    content_type, content = _encapsulated(der.expect(encapsulated, der.SEQUENCE))
    if der.read_integer(version) != (1 if content_type == DATA else 3):
        raise ValueError("CMS: version does not fit the content")
    loaded = tuple(load_certificate(value.whole) for value in der.children(der.expect(certificates, der.context(0))))
    signer_info = list(der.children(der.only(der.expect(signers, der.SET), der.SEQUENCE)))
    if len(signer_info) != 6 or der.read_integer(signer_info[0]) != 1:  # a seventh would be unsigned attributes
        raise ValueError("CMS: expected one signer, named by issuer and serial, without unsigned attributes")
    _, identity, digest_algorithm, attributes, signature_algorithm, signature = signer_info
    if der.expect(digests, der.SET) != digest_algorithm.whole:
        raise ValueError("CMS: the list of digests differs from the signer's digest")
    attribute_set = der.wrap(der.SET, der.expect(attributes, der.context(0)))
    return SignedData(
        content_type=content_type,
        content=content,
        certificates=loaded,
        signer=_signer(identity, loaded),
        digest=_digest(digest_algorithm),
        attributes=attribute_set,
        message_digest=_message_digest(attribute_set, content_type),
        signature_algorithm=_algorithm(signature_algorithm),
        signature=der.expect(signature, der.OCTET_STRING),
    )


def is_signed(signed: SignedData) -> bool:
    """True when the signer's key made the signature over the signed attributes.  The content is not looked at."""
    key = signed.signer.public_key()
    kind, digest_name = _WITH.get(signed.signature_algorithm, ("rsa", signed.digest.name))
    if digest_name != signed.digest.name or signed.signature_algorithm not in (*_WITH, _RSA):
        return False
    try:
        if isinstance(key, ec.EllipticCurvePublicKey) and kind == "ec":
            key.verify(signed.signature, signed.attributes, ec.ECDSA(signed.digest))
        elif isinstance(key, rsa.RSAPublicKey) and kind == "rsa":
            key.verify(signed.signature, signed.attributes, padding.PKCS1v15(), signed.digest)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def check_chain(signed: SignedData, roots: Sequence[x509.Certificate], utc: datetime.datetime) -> str | None:
    """Why the signer's certificate does not lead to one of `roots` as of `utc`, or None when it does.

    Every certificate carried in the signature must lie on that way: an unused one would be a place to hide a change.
    """
    pool = [*signed.certificates, *roots]
    current, way = signed.signer, [signed.signer]
    while True:
        if not current.not_valid_before_utc <= utc <= current.not_valid_after_utc:
            return f"certificate of {current.subject.rfc4514_string()} was not valid at {utc:%Y-%m-%dT%H:%M:%SZ}"
        issuer = next((c for c in pool if c.subject == current.issuer and _is_issued_by(current, c)), None)
        if issuer is None:
            return f"certificate of {current.subject.rfc4514_string()} was not issued by a known authority"
        if issuer == current:
            break
        if len(way) > len(pool):
            return "the certificates issue each other in a circle"
        if not _is_authority(issuer):
            return f"{issuer.subject.rfc4514_string()} may not issue certificates"
        way.append(issuer)
        current = issuer
    if current not in roots:
        return f"{current.subject.rfc4514_string()} is not among the package's authorities"
    unused = [c.subject.rfc4514_string() for c in signed.certificates if c not in way]
    return f"the signature carries an unrelated certificate: {unused[0]}" if unused else None


def parse_time_stamp(response: bytes) -> TimeStamp:
    """Read an RFC 3161 response in the form that `granted_response` writes."""
    items = list(der.children(der.only(response, der.SEQUENCE)))
    if len(items) != 2 or items[0].whole != _GRANTED:
        raise ValueError("not a granted time-stamp response")
    signed = parse(items[1].whole)
    if signed.content_type != TST_INFO or signed.content is None:
        raise ValueError("the response holds no time stamp")
    info = list(der.children(der.only(signed.content, der.SEQUENCE)))
    if len(info) < 5 or der.read_integer(info[0]) != 1:
        raise ValueError("the time stamp is of an unknown version")
    imprint = list(der.children(der.expect(info[2], der.SEQUENCE)))
    if len(imprint) != 2:
        raise ValueError("the time stamp has no message imprint")
    stamped = der.expect(info[4], der.GENERALIZED_TIME).decode("ascii", errors="replace")
    whole_seconds = stamped.removesuffix("Z").partition(".")[0]
    utc = datetime.datetime.strptime(whole_seconds, "%Y%m%d%H%M%S").replace(tzinfo=datetime.UTC)
    return TimeStamp(signed, _digest(imprint[0]), der.expect(imprint[1], der.OCTET_STRING), utc)


def check_time_stamp(response: bytes, stamped: bytes, chain: Sequence[bytes]) -> str | None:
    """Why `response` does not show that `stamped` existed at its time, or None when it does.

    `chain` holds the authority's certificates in DER.  They are judged at the moment of the stamp: an authority that
    retires later does not take its stamps with it.
    """
    try:
        stamp = parse_time_stamp(response)
        roots = [load_certificate(data) for data in chain]
    except ValueError as error:
        return str(error)
    signed = stamp.signed
    if not is_signed(signed) or digest_of(signed.content or b"", signed.digest) != signed.message_digest:
        return "the time stamp is not signed by its authority"
    if not may_stamp_time(signed.signer):
        return "the signer's certificate is not one for time stamps"
    if digest_of(stamped, stamp.imprint_digest) != stamp.imprint:
        return "it stamps another file"
    return check_chain(signed, roots, stamp.utc)


def granted_response(response: bytes) -> bytes:
    """The response without the authority's free text, which no signature covers.  ValueError when it was refused."""
    items = list(der.children(der.only(response, der.SEQUENCE)))
    status = der.read_integer(next(der.children(der.expect(items[0], der.SEQUENCE))))
    if status not in (0, 1) or len(items) != 2:  # granted, granted with modifications
        raise ValueError(f"the time-stamp authority refused with status {status}")
    return der.sequence(_GRANTED, items[1].whole)


def may_stamp_time(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return x509.oid.ExtendedKeyUsageOID.TIME_STAMPING in usage


def _encapsulated(body: bytes) -> tuple[bytes, bytes | None]:
    items = list(der.children(body))
    if len(items) == 1:
        return der.wrap(items[0].tag, der.expect(items[0], der.OBJECT_ID)), None
    if len(items) != 2:
        raise ValueError("CMS: malformed content")
    return items[0].whole, der.only(der.expect(items[1], der.context(0)), der.OCTET_STRING)


def _signer(identity: der.Value, certificates: Sequence[x509.Certificate]) -> x509.Certificate:
    issuer, serial = der.children(der.expect(identity, der.SEQUENCE))
    for certificate in certificates:
        if certificate.issuer.public_bytes() == issuer.whole and certificate.serial_number == der.read_integer(serial):
            return certificate
    raise ValueError("CMS: the signer's certificate is not inside")


def _message_digest(attribute_set: bytes, content_type: bytes) -> bytes:
    found: dict[bytes, list[der.Value]] = {}
    for attribute in der.children(der.only(attribute_set, der.SET)):
        name, values = der.children(der.expect(attribute, der.SEQUENCE))
        found[name.whole] = list(der.children(der.expect(values, der.SET)))
    if [value.whole for value in found.get(_CONTENT_TYPE, [])] != [content_type]:
        raise ValueError("CMS: the signed content type differs from the content")
    digests = found.get(_MESSAGE_DIGEST, [])
    if len(digests) != 1:
        raise ValueError("CMS: no message digest is signed")
    return der.expect(digests[0], der.OCTET_STRING)


def _algorithm(value: der.Value) -> bytes:
    items = list(der.children(der.expect(value, der.SEQUENCE)))
    if not items or len(items) > 2 or (len(items) == 2 and items[1].whole != _NULL):
        raise ValueError("an algorithm carries parameters that are not expected")
    return items[0].whole


def _digest(value: der.Value) -> hashes.HashAlgorithm:
    found = _DIGESTS.get(_algorithm(value))
    if found is None:
        raise ValueError("the digest is not SHA-256, SHA-384 or SHA-512")
    return found


def _is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False
