"""A tender day as its people saw it, and its package as an outsider checks it."""

import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simulation.proof.replay.cli import main as replay
from tests.day.conftest import Day

pytestmark = [pytest.mark.day, pytest.mark.timeout(600)]
T = "tagmanifest-sha256.txt"


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=120)


def verify(package: Path) -> tuple[int, dict[str, Any]]:
    done = run(sys.executable, "-m", "bidhall", "evidence", "verify", package, "--json", cwd=package.parent)
    return done.returncode, json.loads(done.stdout)


def test_every_law_held(day: Day) -> None:
    assert day.summary["violations"] == []
    assert day.status == 0
    assert all(day.summary["laws"].values()) and {"Apart", "Out", "Never more", "Nothing lost", "I10"} <= set(day.summary["laws"])


def test_the_record_of_the_day_is_one_that_the_rules_allow(day: Day, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay([str(day.package.parent / "stage")]) == 0, capsys.readouterr().out


def test_at_least_twenty_badge_reads_and_each_kind_of_refusal(day: Day) -> None:
    assert day.summary["badge_reads"] >= 20
    rules = {refusal["rule"] for refusal in day.summary["refusals"]}
    assert {"I1", "I2", "I3", "I5", "I8", "QR-REPLAY", "PASS-EXPIRED", "PHASE"} <= rules


def test_every_scene_names_every_device_with_its_latency(day: Day) -> None:
    scenes = [scene["scene"] for scene in day.summary["scenes"]]
    assert {"opening_preparation", "opening", "opening_end", "failed_tender", "evaluation", "report_signed", "close"} <= set(scenes)
    for scene in day.summary["scenes"]:
        assert scene["result"] == "ok", scene
        assert scene["devices"] and all(row["code"] == 200 and row["latency_ms"] is not None for row in scene["devices"]), scene


def test_two_bidders_do_not_open_and_one_person_does_not_unseal(day: Day) -> None:
    assert day.summary["refused_presses"] == ["too-few-bidders", "approval"]


def test_the_recordings_prove_themselves(day: Day) -> None:
    assert {proof["track"].rsplit(".", 1)[1] for proof in day.summary["recordings"]} == {"o1-near", "o1-far", "e1-near", "e1-far"}
    for proof in day.summary["recordings"]:
        assert proof["problems"] == [] and proof["beeps"] >= 25 and proof["missing_frames"] == 0
        assert proof["last_utc_ms"] - proof["first_utc_ms"] >= 25_000
    opening = [p for p in day.summary["recordings"] if ".o1-" in p["track"]]
    assert all(p["last_utc_ms"] - p["first_utc_ms"] >= 30_000 for p in opening)


def test_the_platform_heard_of_everything(day: Day) -> None:
    received = day.summary["platform_received"]
    assert received["arrival"] >= len(day.summary["grants"])
    assert received["scene"] == len(day.summary["scenes"]) and received["evidence"] == 2


@pytest.mark.parametrize("which", ["package", "failed_package"])
def test_stock_tools_accept_the_package(day: Day, which: str) -> None:
    package: Path = getattr(day, which)
    commands = (
        (sys.executable, Path(sys.executable).with_name("bagit.py"), "--validate", "."),
        ("sha256sum", "-c", "--quiet", "manifest-sha256.txt"),
        ("sha256sum", "-c", "--quiet", T),
        ("cksum", "-a", "sm3", "-c", "--quiet", "manifest-sm3.txt"),
        ("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"seal/{T}.p7s", "-content", T,
         "-CAfile", "seal/certs/ca.pem", "-out", os.devnull),
        ("openssl", "pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678", "-pubin",
         "-inkey", "seal/certs/sm2.pub.pem", "-in", T, "-sigfile", f"seal/{T}.sm2"),
    )  # fmt: skip
    for command in commands:
        done = run(*command, cwd=package)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    assert verify(package)[0] == 0


def test_one_changed_byte_anywhere_is_found_and_named(day: Day, tmp_path: Path) -> None:
    package = tmp_path / day.package.name
    shutil.copytree(day.package, package)
    rng = random.Random(1)
    for path in sorted(p for p in package.rglob("*") if p.is_file() and p.stat().st_size):
        data = bytearray(path.read_bytes())
        at = rng.randrange(len(data))
        data[at] ^= 0x20
        path.write_bytes(data)
        status, result = verify(package)
        data[at] ^= 0x20
        path.write_bytes(data)
        name = str(path.relative_to(package))
        assert status == 1 and not result["holds"], f"{name} byte {at}: nobody noticed"
        assert name in [finding["path"] for finding in result["findings"]], f"{name} byte {at}: {result['findings']}"
    assert verify(package)[0] == 0


def test_no_name_of_the_evaluation_is_on_the_platform_side_of_the_package(day: Day) -> None:
    """People are pseudonyms in the package (I9)."""
    text = (day.package / "data/records/events.json").read_text("utf-8")
    assert '"person":"k' in text and "身份证" not in text
