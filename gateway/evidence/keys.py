"""The venue's seal keys: a small authority of its own, the signer (ECDSA P-256), an SM2 pair, the log's Ed25519 key.

They live as PEM files, readable by their owner only, in one folder.  The authority's key is needed to issue another
signer and for nothing else: take `ca.key.pem` off the machine once the folder is made.
"""

import base64
import datetime
import os
import secrets
import stat
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from gateway.evidence.bag import sync_folder
from gateway.evidence.dossier import EvidenceError
from venue_model import sm2

# `openssl cms -verify` asks whether the certificate is valid today, so it must outlive the 15 years of retention.
LIFE_YEARS = 30
NEEDED = ("ca.pem", "signer.key.pem", "signer.pem", "sm2.key.pem", "sm2.pub.pem", "log.key.pem", "log.pub.pem")


@dataclass(frozen=True, slots=True)
class SealKeys:
    """Secrets stay out of `repr`, and with it out of logs and tracebacks."""

    authority: x509.Certificate
    signer: x509.Certificate
    signer_key: ec.EllipticCurvePrivateKey = field(repr=False)
    sm2_secret: int = field(repr=False)
    log_key: ed25519.Ed25519PrivateKey = field(repr=False)

    def sign_sm2(self, message: bytes) -> bytes:
        while True:
            nonce = secrets.randbelow(sm2.N - 1) + 1
            signature = sm2.sign(message, self.sm2_secret, nonce)
            if signature is not None:
                return signature

    def public_files(self) -> dict[str, bytes]:
        """File name → PEM of what anybody may have."""
        return {
            "ca.pem": self.authority.public_bytes(Encoding.PEM),
            "signer.pem": self.signer.public_bytes(Encoding.PEM),
            "sm2.pub.pem": _pem("PUBLIC KEY", sm2.public_der(sm2.public_point(self.sm2_secret))),
            "log.pub.pem": self.log_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        }


def load_or_create_keys(folder: Path, venue: str, now: datetime.datetime) -> SealKeys:
    """The keys in `folder`; made there when the folder is missing or empty."""
    if folder.is_dir() and any(folder.iterdir()):
        return load_keys(folder)
    return create_keys(folder, venue, now)


def create_keys(folder: Path, venue: str, now: datetime.datetime) -> SealKeys:
    """Make a new set.  The folder appears whole or not at all."""
    if folder.exists() and any(folder.iterdir()):
        raise EvidenceError(f"{folder}: not empty; a second set of keys would split the venue's evidence in two")
    authority_key, signer_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = f"{venue} evidence authority"
    authority = _certificate(authority_name, authority_name, authority_key.public_key(), authority_key, now, is_ca=True)
    signer = _certificate(f"{venue} evidence seal", authority_name, signer_key.public_key(), authority_key, now)
    log_key, sm2_secret = ed25519.Ed25519PrivateKey.generate(), secrets.randbelow(sm2.N - 2) + 1
    keys = SealKeys(authority, signer, signer_key, sm2_secret, log_key)
    files = keys.public_files() | {
        "ca.key.pem": _pkcs8(authority_key),
        "signer.key.pem": _pkcs8(signer_key),
        "sm2.key.pem": _pem("PRIVATE KEY", sm2.secret_der(keys.sm2_secret)),
        "log.key.pem": _pkcs8(keys.log_key),
    }
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.parent / f".{folder.name}-{secrets.token_hex(4)}"
    draft.mkdir(mode=0o700)
    for name, content in files.items():
        with os.fdopen(os.open(draft / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    draft.rename(folder)
    sync_folder(folder.parent)
    return keys


def load_keys(folder: Path) -> SealKeys:
    """Read the set.  EvidenceError when a part is missing, unreadable, foreign to the others, or open to others."""
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise EvidenceError(f"{folder}: {', '.join(missing)} missing; restore the folder from its backup")
    for name in NEEDED:
        mode = stat.S_IMODE((folder / name).stat().st_mode)
        if name.endswith(".key.pem") and mode & 0o077:
            raise EvidenceError(f"{folder / name}: mode {mode:04o} lets other users read a key; chmod 600 it")
    try:
        signer_key = load_pem_private_key((folder / "signer.key.pem").read_bytes(), None)
        log_key = load_pem_private_key((folder / "log.key.pem").read_bytes(), None)
        if not isinstance(signer_key, ec.EllipticCurvePrivateKey) or not isinstance(log_key, ed25519.Ed25519PrivateKey):
            raise ValueError("signer.key.pem or log.key.pem holds a key of another kind")
        keys = SealKeys(
            authority=x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()),
            signer=x509.load_pem_x509_certificate((folder / "signer.pem").read_bytes()),
            signer_key=signer_key,
            sm2_secret=sm2.read_secret_der(_unpem((folder / "sm2.key.pem").read_bytes())),
            log_key=log_key,
        )
    except (ValueError, TypeError) as error:
        raise EvidenceError(f"{folder}: a key cannot be read ({error}); restore the folder from its backup") from None
    if keys.signer.public_key() != keys.signer_key.public_key():
        raise EvidenceError(f"{folder}: signer.pem is not the certificate of signer.key.pem; restore both together")
    return keys


def _certificate(
    subject: str,
    issuer: str,
    key: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    now: datetime.datetime,
    is_ca: bool = False,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=not is_ca,
        content_commitment=not is_ca,
        key_cert_sign=is_ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))  # a clock set back by a time zone must not stop a seal
        .not_valid_after(now + datetime.timedelta(days=LIFE_YEARS * 365))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _pkcs8(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _pem(label: str, data: bytes) -> bytes:
    lines = "\n".join(textwrap.wrap(base64.b64encode(data).decode(), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n".encode()


def _unpem(text: bytes) -> bytes:
    lines = text.decode("ascii").strip().splitlines()
    return base64.b64decode("".join(lines[1:-1]), validate=True)
