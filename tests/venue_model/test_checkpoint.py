"""Log texts are the C2SP forms, in one spelling only."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from venue_model.checkpoint import (
    Checkpoint,
    LogProof,
    Signature,
    SignedCheckpoint,
    ed25519_key_id,
    parse_checkpoint,
    parse_proof,
)

ORIGIN = "bidhall.example/venue-a"


def proof() -> LogProof:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    checkpoint = Checkpoint(ORIGIN, 7, bytes(range(32)))
    key_id = ed25519_key_id(ORIGIN, key.public_key().public_bytes_raw())
    signed = SignedCheckpoint(checkpoint, (Signature(ORIGIN, key_id, key.sign(checkpoint.body())),))
    return LogProof(3, (bytes(32), b"\xff" * 32), signed)


def test_a_published_note_of_the_go_implementation_is_understood() -> None:
    """Test vector of golang.org/x/mod/sumdb/note: the key id and the signature both come out."""
    verifier = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    text = (
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
        "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    name, key_id, key = verifier.split("+", 2)
    public = base64.b64decode(key)[1:]
    assert ed25519_key_id(name, public).hex() == key_id
    body, _, tail = text.partition("\n\n")
    raw = base64.b64decode(tail.split(" ")[2])
    assert raw[:4].hex() == key_id
    Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], f"{body}\n".encode())


def test_a_proof_is_laid_out_as_the_specification_shows() -> None:
    lines = proof().text().decode().split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 3"]
    assert lines[4:7] == ["", ORIGIN, "7"]
    assert lines[8] == "" and lines[9].startswith(f"— {ORIGIN} ")
    assert lines[10:] == [""]


def test_texts_come_back_as_they_went() -> None:
    assert parse_proof(proof().text()) == proof()
    assert parse_checkpoint(proof().signed.text()) == proof().signed


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        (b"@v1", b"@v2"),
        (b"index 3", b"index 03"),
        (b"index 3", b"index +3"),
        (b"index 3", b"index 3 "),
        (b"\n7\n", b"\n007\n"),
        (b"//8=\n", b"//9=\n"),  # other padding bits, same hash
        (b"//8=\n", b"//8\n"),
        (b"\n\nbid", b"\n\n\nbid"),
        ("— ".encode(), b"- "),
        ("— ".encode(), "— ".encode() + b" "),
        (b"bidhall", b"bidh\xff"),
    ],
)
def test_another_spelling_is_refused(written: bytes, instead: bytes) -> None:
    text = proof().text()
    assert written in text
    with pytest.raises(ValueError):
        parse_proof(text.replace(written, instead, 1))


def test_a_text_cut_anywhere_is_refused() -> None:
    text = proof().text()
    for end in range(len(text)):
        with pytest.raises(ValueError):
            parse_proof(text[:end])
