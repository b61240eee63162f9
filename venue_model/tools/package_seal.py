"""Do the seals of a package hold?  CMS and its certificates, SM2, time stamp, and the proof from the transparency log."""

import base64
import binascii
import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from venue_model import bag_text, cms, merkle, sm2
from venue_model.checkpoint import ed25519_key_id, parse_proof
from venue_model.tools.package_files import Finding, Package, bag_info, open_package

_PEM = re.compile(rb"-----BEGIN ([A-Z ]+)-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END \1-----")


@dataclass(frozen=True, slots=True)
class Trust:
    """Anchors that the reader has from elsewhere: SHA-256 of certificates and of public keys, in DER."""

    certificates: frozenset[str] = field(default_factory=frozenset)
    keys: frozenset[str] = field(default_factory=frozenset)


def read_trust(pem: bytes) -> Trust:
    """Certificates and public keys of a PEM file.  ValueError when it holds neither."""
    found: dict[bytes, set[str]] = {b"CERTIFICATE": set(), b"PUBLIC KEY": set()}
    for label, data in _blocks(pem):
        found.setdefault(label, set()).add(sha256(data).hexdigest())
    trust = Trust(frozenset(found[b"CERTIFICATE"]), frozenset(found[b"PUBLIC KEY"]))
    if not trust.certificates and not trust.keys:
        raise ValueError("holds no certificate and no public key in PEM form")
    return trust


def check_seal(folder: Path) -> list[Finding]:
    """The seal of a package alone, media unread: what whoever has just sealed it asks before giving it out."""
    package = open_package(folder)
    check_seals(package, None)
    return sorted(set(package.findings))


def check_seals(package: Package, trusted: Trust | None) -> None:
    info = bag_info(package)
    stamped = info.get("Seal-Time-Stamp") == ["required"]
    keys = _check_keys(package, info, stamped)
    expected = {bag_text.CMS, bag_text.SM2, bag_text.LOG_PROOF, *bag_text.SEAL_KEYS}
    expected |= {bag_text.TIME_STAMP, bag_text.TSA_CHAIN} if stamped else set()
    for path in package.files:
        if path.startswith("seal/") and path not in expected:
            package.add(path, "unlisted", "not a part of this seal")
    signed = package.read(bag_text.TAGMANIFEST)
    if signed is None:
        return
    _check_cms(package, signed, keys, _seal_time(package, info))
    _check_sm2(package, signed, keys)
    _check_log(package, signed, keys)
    if stamped:
        _check_time_stamp(package, keys)
    elif "Seal-Time-Stamp" in info:
        package.notes.append("没有时间戳: 时间仅由场地时钟证明 / not time-stamped: the time rests on the venue's clock")
    _check_trust(package, keys, trusted)


def _check_keys(package: Package, info: Mapping[str, list[str]], stamped: bool) -> dict[str, bytes]:
    """The key files, each of which must be the one that the signed bag-info.txt names."""
    named = dict(line.partition(" ")[::2] for line in info.get("Seal-Key", []))
    found: dict[str, bytes] = {}
    for path in (*bag_text.SEAL_KEYS, *((bag_text.TSA_CHAIN,) if stamped else ())):
        content = package.read(path)
        if content is None:
            continue
        found[path] = content
        if named.get(path) != f"sha256:{sha256(content).hexdigest()}":
            package.add(path, "changed", f"not the key that {bag_text.BAG_INFO} names")
    return found


def _seal_time(package: Package, info: Mapping[str, list[str]]) -> datetime.datetime | None:
    try:
        moment = datetime.datetime.fromisoformat(info["Seal-Time"][0])
        return moment.astimezone(datetime.UTC)
    except (KeyError, ValueError, OverflowError):
        package.add(bag_text.BAG_INFO, "bad-structure", "Seal-Time is missing or not a time")
        return None


def _check_cms(package: Package, signed: bytes, keys: Mapping[str, bytes], sealed: datetime.datetime | None) -> None:
    data = package.read(bag_text.CMS)
    if data is None:
        return
    try:
        signature = cms.parse(data)
        # The authority is taken from the signature itself: whether its file was changed is a question of its own.
        roots = [certificate for certificate in signature.certificates if certificate.issuer == certificate.subject]
        fault = cms.check_chain(signature, roots, sealed) if sealed else None
    except ValueError as error:
        package.add(bag_text.CMS, "bad-signature", str(error))
        return
    if signature.content_type != cms.DATA or signature.content is not None:
        package.add(bag_text.CMS, "bad-signature", "not a detached signature over data")
    elif not cms.is_signed(signature):
        package.add(bag_text.CMS, "bad-signature", "the signature does not match its certificate")
    elif cms.digest_of(signed, signature.digest) != signature.message_digest:
        package.add(bag_text.TAGMANIFEST, "changed", f"not the file that {bag_text.CMS} signs")
    if fault:
        package.add(bag_text.CMS, "bad-certificate", fault)
    inside = {certificate.fingerprint(hashes.SHA256()) for certificate in signature.certificates}
    beside = {sha256(data).digest() for path in (bag_text.AUTHORITY, bag_text.SIGNER) for data in _der(keys, path)}
    if inside != beside:
        package.add(bag_text.SIGNER, "bad-certificate", "the certificates inside the signature and beside it differ")


def _check_sm2(package: Package, signed: bytes, keys: Mapping[str, bytes]) -> None:
    signature = package.read(bag_text.SM2)
    if signature is None or bag_text.SM2_KEY not in keys:
        return
    try:
        (key,) = _der(keys, bag_text.SM2_KEY)
        public = sm2.read_public_der(key)
    except ValueError as error:
        package.add(bag_text.SM2_KEY, "bad-certificate", f"no SM2 key can be read: {error}")
        return
    if not sm2.verify(signed, signature, public):
        package.add(bag_text.SM2, "bad-signature", f"not a signature of {bag_text.SM2_KEY} over {bag_text.TAGMANIFEST}")


def _check_log(package: Package, signed: bytes, keys: Mapping[str, bytes]) -> None:
    text = package.read(bag_text.LOG_PROOF)
    if text is None or bag_text.LOG_KEY not in keys:
        return
    try:
        proof = parse_proof(text)
    except ValueError as error:
        package.add(bag_text.LOG_PROOF, "bad-proof", str(error))
        return
    checkpoint, signatures = proof.signed.checkpoint, proof.signed.signatures
    if not merkle.verify_inclusion(merkle.leaf_hash(signed), proof.index, checkpoint.size, proof.path, checkpoint.root):
        package.add(bag_text.LOG_PROOF, "bad-proof", f"{bag_text.TAGMANIFEST} is not leaf {proof.index} of the log")
    try:
        key = load_pem_public_key(keys[bag_text.LOG_KEY])
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        package.add(bag_text.LOG_KEY, "bad-certificate", "no Ed25519 key can be read")
        return
    key_id = ed25519_key_id(checkpoint.origin, key.public_bytes_raw())
    if [(s.name, s.key_id) for s in signatures] != [(checkpoint.origin, key_id)]:
        package.add(bag_text.LOG_PROOF, "bad-proof", "the checkpoint must carry the log's own signature and no other")
        return
    try:
        key.verify(signatures[0].value, checkpoint.body())
    except InvalidSignature:
        package.add(bag_text.LOG_PROOF, "bad-proof", f"the checkpoint is not signed by {bag_text.LOG_KEY}")


def _check_time_stamp(package: Package, keys: Mapping[str, bytes]) -> None:
    response, stamped = package.read(bag_text.TIME_STAMP), package.read(bag_text.CMS)
    if response is None or stamped is None or bag_text.TSA_CHAIN not in keys:
        return
    fault = cms.check_time_stamp(response, stamped, _der(keys, bag_text.TSA_CHAIN))
    if fault:
        package.add(bag_text.TIME_STAMP, "bad-signature", fault)


def _check_trust(package: Package, keys: Mapping[str, bytes], trusted: Trust | None) -> None:
    known = trusted or Trust()
    anchors = ((bag_text.AUTHORITY, known.certificates), (bag_text.LOG_KEY, known.keys), (bag_text.SM2_KEY, known.keys))
    for path, given in anchors:
        prints = [sha256(data).hexdigest() for data in _der(keys, path)]
        if given and not given.intersection(prints):
            package.add(path, "untrusted", f"not among the anchors that were given; its SHA-256 is {prints}")
        elif path == bag_text.AUTHORITY and not given and prints:
            package.notes.append(
                "签名者身份由证据包自述, 请与场地公布的证书指纹比对 / the signer is self-declared: "
                f"compare the SHA-256 fingerprint of {path} with the one that the venue published: {prints[0]}"
            )


def ders_of(pem: bytes) -> list[bytes]:
    """The DER of every block in a PEM file."""
    return [data for _, data in _blocks(pem)]


def _der(keys: Mapping[str, bytes], path: str) -> list[bytes]:
    return ders_of(keys.get(path, b""))


def _blocks(pem: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    for match in _PEM.finditer(pem):
        try:
            found.append((match[1], base64.b64decode(b"".join(match[2].split()), validate=True)))
        except binascii.Error:
            continue
    return found
