"""The text forms of a transparency log: C2SP signed note, checkpoint, tlog-proof.  Pure: signatures come in as bytes.

A checkpoint says "the log `origin` had `size` leaves with this root".  A tlog-proof puts a checkpoint and an inclusion
path in one file that can be checked offline.  Formats: signed-note, tlog-checkpoint and tlog-proof of c2sp.org.
"""

import base64
import binascii
from dataclasses import dataclass
from hashlib import sha256

PROOF_HEADER = "c2sp.org/tlog-proof@v1"
ED25519 = 1  # signature type byte of c2sp.org/signed-note


@dataclass(frozen=True, slots=True)
class Checkpoint:
    origin: str
    size: int
    root: bytes

    def body(self) -> bytes:
        """The bytes that the log signs."""
        return f"{self.origin}\n{self.size}\n{_b64(self.root)}\n".encode()


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes  # first four bytes of a hash over name, type and key: a hint which key to try
    value: bytes


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    checkpoint: Checkpoint
    signatures: tuple[Signature, ...]  # the log's own first; witnesses may follow

    def text(self) -> bytes:
        lines = [f"— {s.name} {_b64(s.key_id + s.value)}\n" for s in self.signatures]
        return self.checkpoint.body() + b"\n" + "".join(lines).encode()


@dataclass(frozen=True, slots=True)
class LogProof:
    index: int
    path: tuple[bytes, ...]
    signed: SignedCheckpoint

    def text(self) -> bytes:
        lines = [PROOF_HEADER, f"index {self.index}", *map(_b64, self.path), "", ""]
        return "\n".join(lines).encode() + self.signed.text()


def ed25519_key_id(name: str, public_key: bytes) -> bytes:
    """The key id that a note carries for the raw 32-byte `public_key` of the signer called `name`."""
    return sha256(name.encode() + b"\n" + bytes([ED25519]) + public_key).digest()[:4]


def parse_checkpoint(text: bytes) -> SignedCheckpoint:
    """Read a signed checkpoint.  ValueError when it is not spelled exactly as `SignedCheckpoint.text` spells it."""
    body, blank, tail = _utf8(text).partition("\n\n")
    lines = body.split("\n")
    if not blank or len(lines) != 3 or not lines[0]:
        raise ValueError("checkpoint: expected origin, size and root, then an empty line and signatures")
    origin, size, root = lines
    signatures = tuple(_signature(line) for line in tail.removesuffix("\n").split("\n"))
    signed = SignedCheckpoint(Checkpoint(origin, _decimal(size), _unb64(root, 32)), signatures)
    if signed.text() != text:
        raise ValueError("checkpoint: the text is not in its one canonical spelling")
    return signed


def parse_proof(text: bytes) -> LogProof:
    """Read a tlog-proof without extra data.  ValueError when it is not spelled exactly as `LogProof.text` spells it."""
    head, blank, rest = _utf8(text).partition("\n\n")
    lines = head.split("\n")
    if not blank or len(lines) < 2 or lines[0] != PROOF_HEADER or not lines[1].startswith("index "):
        raise ValueError(f"tlog-proof: expected the lines {PROOF_HEADER!r} and 'index N', then a path and a checkpoint")
    proof = LogProof(
        index=_decimal(lines[1].removeprefix("index ")),
        path=tuple(_unb64(line, 32) for line in lines[2:]),
        signed=parse_checkpoint(rest.encode()),
    )
    if proof.text() != text:
        raise ValueError("tlog-proof: the text is not in its one canonical spelling")
    return proof


def _signature(line: str) -> Signature:
    dash, _, rest = line.partition(" ")
    name, _, value = rest.partition(" ")
    if dash != "—" or not name or "+" in name:
        raise ValueError(f"signature line {line!r}: expected '— name base64'")
    raw = _unb64(value)
    if len(raw) <= 4:
        raise ValueError(f"signature line of {name!r}: too short to hold a key id and a signature")
    return Signature(name, raw[:4], raw[4:])


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from None


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or (text[0] == "0" and text != "0"):
        raise ValueError(f"{text[:20]!r} is not a plain decimal number")
    return int(text)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str, length: int | None = None) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{text[:20]!r} is not base64") from None
    if length is not None and len(data) != length:
        raise ValueError(f"{text[:20]!r} holds {len(data)} bytes, not {length}")
    return data
