"""The venue's keys: made whole, kept private, refused when they do not fit together."""

import os
import stat
from pathlib import Path

import pytest
from evidence_case import NOW

from gateway.evidence.dossier import EvidenceError
from gateway.evidence.keys import create_keys, load_keys, load_or_create_keys
from venue_model import sm2


def test_keys_are_made_once_and_then_loaded(tmp_path: Path) -> None:
    made = load_or_create_keys(tmp_path / "keys", "venue-a", NOW)
    loaded = load_or_create_keys(tmp_path / "keys", "venue-a", NOW)
    assert made.public_files() == loaded.public_files()
    assert loaded.sm2_secret == made.sm2_secret


def test_only_their_owner_can_read_them(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        create_keys(tmp_path / "keys", "venue-a", NOW)
    finally:
        os.umask(old)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "keys").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_a_key_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    create_keys(tmp_path / "keys", "venue-a", NOW)
    (tmp_path / "keys/sm2.key.pem").chmod(0o640)
    with pytest.raises(EvidenceError, match=r"sm2\.key\.pem: mode 0640 .* chmod 600"):
        load_keys(tmp_path / "keys")


def test_secrets_do_not_show_when_keys_are_printed(tmp_path: Path) -> None:
    keys = create_keys(tmp_path / "keys", "venue-a", NOW)
    assert str(keys.sm2_secret) not in repr(keys)
    assert "PrivateKey" not in repr(keys)


def test_the_authority_key_may_be_taken_off_the_machine(tmp_path: Path) -> None:
    create_keys(tmp_path / "keys", "venue-a", NOW)
    (tmp_path / "keys/ca.key.pem").unlink()
    load_keys(tmp_path / "keys")


@pytest.mark.parametrize("name", ["signer.key.pem", "sm2.key.pem", "log.key.pem", "ca.pem"])
def test_a_missing_or_broken_part_is_named_or_refused(tmp_path: Path, name: str) -> None:
    create_keys(tmp_path / "keys", "venue-a", NOW)
    path = tmp_path / "keys" / name
    path.write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(EvidenceError, match="cannot be read"):
        load_keys(tmp_path / "keys")
    path.unlink()
    with pytest.raises(EvidenceError, match=name):
        load_keys(tmp_path / "keys")


def test_a_certificate_of_another_key_is_refused(tmp_path: Path) -> None:
    create_keys(tmp_path / "keys", "venue-a", NOW)
    create_keys(tmp_path / "other", "venue-a", NOW)
    (tmp_path / "other/signer.pem").rename(tmp_path / "keys/signer.pem")
    with pytest.raises(EvidenceError, match="restore both together"):
        load_keys(tmp_path / "keys")


def test_existing_keys_are_never_overwritten(tmp_path: Path) -> None:
    create_keys(tmp_path / "keys", "venue-a", NOW)
    with pytest.raises(EvidenceError, match="not empty"):
        create_keys(tmp_path / "keys", "venue-a", NOW)


def test_an_sm2_signature_is_fresh_each_time_and_verifies(tmp_path: Path) -> None:
    keys = create_keys(tmp_path / "keys", "venue-a", NOW)
    first, second = keys.sign_sm2(b"m"), keys.sign_sm2(b"m")
    assert first != second
    assert sm2.verify(b"m", first, sm2.public_point(keys.sm2_secret))
