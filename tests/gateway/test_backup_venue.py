"""The whole venue in one file, taken while it runs, and back again on a machine that has nothing left."""

import json
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from day_case import county, lot
from fake_agents import Stage

import bidhall
from gateway.cli import main
from gateway.shell.backup import begin_anew
from gateway.shell.database import open_database
from gateway.shell.evidence_index import SegmentRow
from gateway.shell.sealed_files import PassphraseError, open_files, seal_files
from gateway.shell.store import Store
from gateway.shell.venue_backup import MANIFEST, SEALED, hold
from venue_model.moments import S
from venue_model.tools.files import example

PASSPHRASE = "correct horse battery"
CONFIG = 'venue = "venue.toml"\ndata = "data"\n[platform]\nurl = ""\ntoken = "platform-secret"\n'


class House:
    """A gateway's folder as it lies on the disk of a venue."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "gateway.toml"
        self.passphrase = folder.parent / "passphrase"

    def run(self, *args: str, keys: bool = True) -> int:
        more = ["--passphrase-file", str(self.passphrase)] if keys else []
        return main(["--config", str(self.config), *args, *more], None)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folder = tmp_path / "gateway"
    data = folder / "data"
    (data / "keys" / "seal").mkdir(parents=True)
    stage = Stage(data)
    stage.open()
    stage.book(lot())
    stage.press("opening_preparation")
    stage.index.add_segment(SegmentRow("P-L1", "L1", "o1-near", 1, "o1", 0, S, "P-L1/L1/o1-near/1.mp4", 9, "ab" * 32, "cd" * 32, {}))
    found = House(folder)
    found.config.write_text(CONFIG)
    (folder / "venue.toml").write_bytes(example("county_hall").read_bytes())
    (data / "keys" / "policy.key").write_bytes(b"k" * 32)
    (data / "keys" / "seal" / "seal.pem").write_text("private")
    (data / "broker-logins.json").write_text('{"opening": "broker-password"}')
    (data / "boards" / "opening").mkdir(parents=True)
    (data / "boards" / "opening" / "commission.json").write_text("{}")
    (data / "boards" / "opening" / "login.json").write_text('{"password": "board-password"}')
    (data / "signed").write_text("99 1 1\n")
    (data / "evidence").mkdir()
    (data / "evidence" / "film.mp4").write_bytes(b"film" * 1000)
    found.passphrase.write_text(PASSPHRASE + "\n")
    yield found
    stage.close()


def wipe(house: House) -> None:
    """Ransomware, or a dead disk."""
    shutil.rmtree(house.folder)


def test_one_command_takes_the_venue_and_another_brings_it_back(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "night.bidhall"
    assert house.run("--backup", str(file)) == 0
    assert "含密钥" in capsys.readouterr().out
    wipe(house)
    assert house.run("--restore", str(file)) == 0
    said = capsys.readouterr().out
    assert "add --yes" in said and not house.config.exists(), "it says what it would do, and does nothing"
    assert house.run("--restore", str(file), "--yes") == 0
    data = house.folder / "data"
    assert house.config.read_text() == CONFIG
    assert (house.folder / "venue.toml").read_bytes() == example("county_hall").read_bytes()
    assert (data / "keys" / "policy.key").read_bytes() == b"k" * 32
    assert (data / "keys" / "policy.key").stat().st_mode & 0o777 == 0o600
    assert (data / "keys" / "seal" / "seal.pem").read_text() == "private"
    assert "board-password" in (data / "boards" / "opening" / "login.json").read_text()
    assert not (data / "signed").exists(), "what counts above every copy is in none"
    store = Store(open_database(data / "venue.db"))
    assert list(store.lots()) == ["L1"]
    assert begin_anew(store, county(), 1_800_000_000 * S), "the start begins a new term"
    assert all(domain.seal for domain in store.domains().values())
    [line] = store.journal("kind = 'restored'")
    assert line["body"]["lost_from_utc_ns"] > 0
    store.db.close()


def test_the_archive_can_be_checked_by_any_machine_and_tells_no_secret(house: House, tmp_path: Path) -> None:
    file = tmp_path / "night.bidhall"
    assert house.run("--backup", str(file)) == 0
    raw = file.read_bytes()
    secrets = (b"platform-secret", b"broker-password", b"board-password", b"private", b"k" * 32, PASSPHRASE.encode())
    assert not [secret for secret in secrets if secret in raw]
    assert file.stat().st_mode & 0o077 == 0
    with tarfile.open(file) as tar:
        manifest = json.load(tar.extractfile(MANIFEST))  # type: ignore[arg-type]
        segments = tar.extractfile("evidence/segments.sha256").read().decode()  # type: ignore[union-attr]
    assert segments == f"{'ab' * 32}  P-L1/L1/o1-near/1.mp4\n"
    assert (manifest["venue"], manifest["lots"], manifest["keys"]) == ("county-hall", 1, True)
    assert b"film" not in raw, "recordings are not in it"


def test_without_a_passphrase_the_keys_stay_where_they_are_and_that_is_said(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "night.bidhall"
    assert house.run("--backup", str(file), keys=False) == 0
    with tarfile.open(file) as tar:
        assert SEALED not in tar.getnames()
        assert b"platform-secret" not in tar.extractfile("config/gateway.toml").read()  # type: ignore[union-attr]
    assert house.run("--restore", str(file), "--yes", keys=False) == 0
    said = capsys.readouterr().out
    assert "commissioned anew" in said and "replaced-" not in said
    assert (house.folder / "data" / "keys" / "policy.key").read_bytes() == b"k" * 32
    wipe(house)
    assert house.run("--restore", str(file), "--yes", keys=False) == 0
    assert "every board must be commissioned anew" in capsys.readouterr().out


def test_what_was_there_is_moved_aside_and_newer_keys_stay(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "night.bidhall"
    assert house.run("--backup", str(file)) == 0
    (house.folder / "data" / "keys" / "policy.key").write_bytes(b"n" * 32)
    assert house.run("--restore", str(file), "--yes") == 0
    assert "policy.key: 已存在且不同" in capsys.readouterr().out
    assert (house.folder / "data" / "keys" / "policy.key").read_bytes() == b"n" * 32
    [away] = (house.folder / "data").glob("replaced-*")
    assert (away / "venue.db").is_file()
    second = tmp_path / "again.bidhall"
    assert house.run("--backup", str(second)) == 0
    with tarfile.open(second) as tar:
        sealed = tar.extractfile(SEALED).read()  # type: ignore[union-attr]
    assert not [name for name in open_files(sealed, PASSPHRASE) if "replaced-" in name or name.endswith((".db", "signed"))]


def test_nothing_is_restored_under_a_running_gateway(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "night.bidhall"
    with hold(house.folder / "data"):
        assert house.run("--backup", str(file)) == 0, "a backup disturbs nobody"
        assert house.run("--restore", str(file)) == 2, "it does not even offer to"
        assert house.run("--restore", str(file), "--yes") == 2
        assert "a gateway runs on this folder; stop it first" in capsys.readouterr().err
    assert house.run("--restore", str(file), "--yes") == 0


@pytest.mark.parametrize("at", [0.001, 0.3, 0.6, 0.9])
def test_a_damaged_backup_is_refused_and_nothing_changes(house: House, tmp_path: Path, at: float) -> None:
    file = tmp_path / "night.bidhall"
    assert house.run("--backup", str(file)) == 0
    raw = bytearray(file.read_bytes())
    place = int(len(raw) * at) // 512 * 512 + 20
    raw[place : place + 64] = b"\xff" * 64
    file.write_bytes(raw)
    before = (house.folder / "data" / "venue.db").read_bytes()
    assert house.run("--restore", str(file), "--yes") == 2
    assert (house.folder / "data" / "venue.db").read_bytes() == before
    assert not list(house.folder.glob(".restore*"))


def test_what_is_no_backup_of_this_venue_is_refused(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.tar"
    with tarfile.open(other, "w") as tar:
        tar.add(house.config, "../../etc/passwd")
    assert house.run("--restore", str(other), "--yes") == 2
    assert "does not begin with manifest.json" in capsys.readouterr().err
    file = tmp_path / "night.bidhall"
    assert house.run("--backup", str(file)) == 0
    (house.folder / "venue.toml").write_text((house.folder / "venue.toml").read_text().replace("county-hall", "other-hall"))
    assert house.run("--restore", str(file), "--yes") == 2
    assert "is not venue county-hall" in capsys.readouterr().err


def test_a_backup_of_a_newer_program_is_refused(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(house.folder / "data" / "venue.db") as db:
        db.execute("PRAGMA user_version=9999")
    db.close()
    file = tmp_path / "night.bidhall"
    assert house.run("--backup", str(file)) == 0
    assert house.run("--restore", str(file), "--yes") == 2
    assert "newer program" in capsys.readouterr().err


def test_no_backup_replaces_a_file_and_none_is_left_half_done(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "night.bidhall"
    file.write_text("mine")
    assert house.run("--backup", str(file)) == 2
    assert "exists already" in capsys.readouterr().err and file.read_text() == "mine"
    house.passphrase.write_text("short\n")
    assert house.run("--backup", str(tmp_path / "b")) == 2
    assert "12 are the least" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gateway", "night.bidhall", "passphrase"]


def test_the_wrong_passphrase_opens_nothing() -> None:
    sealed = seal_files({"data/keys/a": b"x"}, PASSPHRASE)
    assert open_files(sealed, PASSPHRASE) == {"data/keys/a": b"x"}
    with pytest.raises(PassphraseError, match="not the passphrase"):
        open_files(sealed, PASSPHRASE + "!")
    with pytest.raises(ValueError, match="no place inside"):
        open_files(seal_files({"../evil": b"x"}, PASSPHRASE), PASSPHRASE)


def test_two_gateways_never_work_on_one_folder(house: House) -> None:
    """The second ends at once, and says why."""
    with hold(house.folder / "data"):
        done = subprocess.run(
            [sys.executable, "-m", "bidhall", "gateway", "--config", str(house.config)], capture_output=True, text=True, timeout=60,
            cwd=Path(bidhall.__file__).parent, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert "a gateway runs on this folder" in done.stderr
