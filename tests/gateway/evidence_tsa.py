"""A time-stamp authority of the test's own: OpenSSL's, with an RSA key and a root made here."""

import datetime
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.evidence.seal import TimeStampAuthority

CONFIG = """
[tsa]
default_tsa = main
[main]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
"""


def time_stamp_authority(folder: Path) -> TimeStampAuthority:
    folder.mkdir()
    root_key, key = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
    root = _certificate("test root", root_key, root_key, x509.BasicConstraints(ca=True, path_length=None))
    leaf = _certificate("test time stamps", key, root_key, usage)
    (folder / "tsa.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
    (folder / "tsa.key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    (folder / "serial").write_text("01\n")
    (folder / "tsa.conf").write_text(CONFIG.format(folder=folder))

    def stamp(signature: bytes) -> bytes:
        (folder / "data").write_bytes(signature)
        _openssl(folder, "ts", "-query", "-data", "data", "-sha256", "-cert", "-out", "query")
        _openssl(folder, "ts", "-reply", "-config", "tsa.conf", "-queryfile", "query", "-out", "reply")
        return (folder / "reply").read_bytes()

    return TimeStampAuthority(stamp, root.public_bytes(Encoding.PEM))


def _certificate(name: str, key: rsa.RSAPrivateKey, issuer_key: rsa.RSAPrivateKey, extension: x509.ExtensionType) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test root")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(extension, critical=True)
        .sign(issuer_key, hashes.SHA256())
    )


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
