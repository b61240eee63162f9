"""Signatures are believed only along an unbroken way to a root, at the time that matters."""

import dataclasses
import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import NameOID

from venue_model import cms, der

NOW = datetime.datetime(2026, 9, 21, 1, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
CONTENT = b"0" * 64 + b"  manifest-sha256.txt\n"
KEYS = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("root", "middle", "leaf", "stranger")}


def certificate(name: str, issuer: str, is_ca: bool, key: str | None = None) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(KEYS[name].public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .sign(KEYS[key or issuer], hashes.SHA256())
    )


ROOT = certificate("root", "root", is_ca=True)
MIDDLE = certificate("middle", "root", is_ca=True)
STRANGER = certificate("stranger", "stranger", is_ca=True)


def sign(leaf: x509.Certificate, *others: x509.Certificate, detached: bool = True) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(CONTENT).add_signer(leaf, KEYS["leaf"], hashes.SHA256())
    for other in others:
        builder = builder.add_certificate(other)
    options = [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities]
    return builder.sign(Encoding.DER, options + ([pkcs7.PKCS7Options.DetachedSignature] if detached else []))


def fault(signature: bytes, roots: list[x509.Certificate] | None = None, at: datetime.datetime = NOW) -> str | None:
    return cms.check_chain(cms.parse(signature), [ROOT] if roots is None else roots, at)


def test_a_signature_through_an_intermediate_authority_is_believed() -> None:
    signed = cms.parse(sign(certificate("leaf", "middle", is_ca=False), MIDDLE))
    assert cms.is_signed(signed)
    assert signed.message_digest == cms.digest_of(CONTENT, hashes.SHA256())
    assert cms.check_chain(signed, [ROOT], NOW) is None


def test_a_stranger_s_authority_is_not_believed_even_when_it_comes_along() -> None:
    leaf = certificate("leaf", "stranger", is_ca=False)
    assert "not issued by a known authority" in (fault(sign(leaf)) or "")
    assert "not among the package's authorities" in (fault(sign(leaf, STRANGER)) or "")


def test_a_stranger_who_takes_the_root_s_name_is_not_believed() -> None:
    assert "not issued by a known authority" in (fault(sign(certificate("leaf", "root", False, key="stranger"))) or "")


def test_who_may_not_issue_certificates_is_not_an_authority() -> None:
    middle = certificate("middle", "root", is_ca=False)
    assert "may not issue" in (fault(sign(certificate("leaf", "middle", is_ca=False), middle)) or "")


def test_a_certificate_is_judged_at_the_time_of_the_seal() -> None:
    signature = sign(certificate("leaf", "root", is_ca=False))
    assert fault(signature) is None
    assert "was not valid at 2026-09-24" in (fault(signature, at=NOW + 3 * DAY) or "")
    assert "was not valid at 2026-09-18" in (fault(signature, at=NOW - 3 * DAY) or "")


def test_an_unrelated_certificate_inside_is_noticed() -> None:
    assert "unrelated certificate: CN=stranger" in (fault(sign(certificate("leaf", "root", False), STRANGER)) or "")


def test_signed_attributes_of_another_moment_do_not_fit_the_signature() -> None:
    signed = cms.parse(sign(certificate("leaf", "root", is_ca=False)))
    assert cms.is_signed(signed)
    assert not cms.is_signed(dataclasses.replace(signed, attributes=signed.attributes + b"\0"))
    assert not cms.is_signed(dataclasses.replace(signed, signer=STRANGER))
    assert not cms.is_signed(dataclasses.replace(signed, digest=hashes.SHA384()))


def test_content_carried_inside_is_seen() -> None:
    assert cms.parse(sign(certificate("leaf", "root", is_ca=False), detached=False)).content == CONTENT


def test_two_signers_or_something_that_is_no_signature_are_refused() -> None:
    leaf = certificate("leaf", "root", is_ca=False)
    twice = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(CONTENT)
        .add_signer(leaf, KEYS["leaf"], hashes.SHA256())
        .add_signer(leaf, KEYS["leaf"], hashes.SHA256())
        .sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.NoCapabilities])
    )
    for data in (twice, b"", der.sequence(), der.sequence(der.integer(1), der.integer(2)), sign(leaf) + b"\0"):
        with pytest.raises(ValueError):
            cms.parse(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\x30",  # no length
        b"\x30\x05\x02\x01\x01",  # cut short
        b"\x30\x80\x00\x00",  # indefinite length, BER only
        b"\x30\x81\x03\x02\x01\x01",  # length not in its shortest form
        b"\x30\x03\x02\x01\x01\x00",  # something behind it
    ],
)
def test_what_is_not_der_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        list(der.children(der.only(data, der.SEQUENCE)))


@pytest.mark.parametrize("number", [0, 1, 127, 128, 255, 256, -1, -128, 2**255, 2**256 - 1])
def test_numbers_come_back_from_der_in_their_shortest_form(number: int) -> None:
    written = der.integer(number)
    (value,) = der.children(written)
    assert der.read_integer(value) == number
    assert len(value.body) == 1 or value.body[:2] not in (b"\0\0", b"\xff\xff")
    assert not (len(value.body) > 1 and value.body[0] == 0 and value.body[1] < 0x80)


def test_a_certificate_that_is_not_for_time_stamps_may_not_stamp() -> None:
    assert not cms.may_stamp_time(certificate("leaf", "root", is_ca=False))
