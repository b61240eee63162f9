"""Sealing: what stock tools say of a package, what a second or an interrupted seal leaves, what is refused."""

import dataclasses
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from evidence_case import BEGIN_NS, END_NS, NOW_NS, PROJECT, dossier, seal, segment, venue_keys
from evidence_tsa import time_stamp_authority

from gateway.evidence import seal as sealing
from gateway.evidence.dossier import EvidenceError
from gateway.evidence.seal import TimeStampAuthority, packages_of, seal_project
from gateway.evidence.translog import TransparencyLog
from venue_model.manifest import Gap
from venue_model.moments import S
from venue_model.tools.verify_package import verify


def run(folder: Path, *commands: str) -> None:
    """Run shell lines in a package, with this environment's bagit.py on PATH."""
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    for command in commands:
        done = subprocess.run(["sh", "-ec", command], cwd=folder, env=env, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def readme_commands(package: Path) -> list[str]:
    text = (package / "data/README.txt").read_text()
    return re.findall(r"^    (\S(?:.*\\\n)*.*)$", text, re.MULTILINE)


def test_the_stock_tools_of_the_readme_agree_exactly_as_written(tmp_path: Path) -> None:
    sealed = seal(tmp_path, dossier(tmp_path))
    commands = readme_commands(sealed.path)
    assert [command.split()[0] for command in commands] == [
        "bagit.py", "sha256sum", "cksum", "sha256sum", "openssl", "openssl", "openssl", "openssl"
    ]  # fmt: skip
    run(sealed.path, *commands[:-1])  # the last one wants a time stamp, which this package has not


def test_a_time_stamp_is_asked_for_and_checked_by_openssl(tmp_path: Path) -> None:
    sealed = seal(tmp_path, dossier(tmp_path), time_stamp_authority(tmp_path / "tsa"))
    assert sealed.time_stamped
    run(sealed.path, *readme_commands(sealed.path))
    assert verify(sealed.path) == []


def test_an_authority_that_does_not_answer_does_not_stop_the_seal_and_the_package_says_so(tmp_path: Path) -> None:
    def silent(signature: bytes) -> bytes:
        raise TimeoutError("no answer in 10 s")

    sealed = seal(tmp_path, dossier(tmp_path), TimeStampAuthority(silent, b"unused"))
    assert not sealed.time_stamped
    assert "Seal-Time-Stamp: unavailable (no answer in 10 s)" in (sealed.path / "bag-info.txt").read_text()
    assert verify(sealed.path) == []


def test_a_time_stamp_that_does_not_hold_counts_as_no_answer(tmp_path: Path) -> None:
    true, other = time_stamp_authority(tmp_path / "tsa"), time_stamp_authority(tmp_path / "other")
    wrong_file = TimeStampAuthority(lambda signature: true.stamp(signature + b"x"), true.chain_pem)
    wrong_root = TimeStampAuthority(true.stamp, other.chain_pem)
    for authority, reason in ((wrong_file, "stamps another file"), (wrong_root, "not issued by a known authority")):
        sealed = seal(tmp_path, dossier(tmp_path), authority)
        assert reason in (sealed.path / "bag-info.txt").read_text()
        assert verify(sealed.path) == []


def test_a_refused_time_stamp_counts_as_no_answer(tmp_path: Path) -> None:
    refused = bytes.fromhex("30053003020102")
    assert not seal(tmp_path, dossier(tmp_path), TimeStampAuthority(lambda _: refused, b"unused")).time_stamped


def test_the_package_lies_where_and_as_the_contract_says(tmp_path: Path) -> None:
    sealed = seal(tmp_path, dossier(tmp_path))
    assert re.fullmatch(rf"{PROJECT}_\d{{8}}T\d{{6}}Z_seal1", sealed.path.name)
    files = {str(path.relative_to(sealed.path)) for path in sealed.path.rglob("*") if path.is_file()}
    assert {name for name in files if not name.startswith("data/media/")} == {
        "bagit.txt", "bag-info.txt", "manifest-sha256.txt", "manifest-sm3.txt", "tagmanifest-sha256.txt",
        "data/README.txt", "data/verify.html",
        *(f"data/records/{name}" for name in (
            "tracks.json", "timeline.json", "gaps.json", "events.json", "trajectories.json", "access-log.jsonl", "segments.merkle.json",
            "metadata.xml", "four-properties.json", "four-properties.txt")),
        *(f"seal/tagmanifest-sha256.txt.{suffix}" for suffix in ("p7s", "sm2", "tlog-proof")),
        "seal/certs/ca.pem", "seal/certs/signer.pem", "seal/certs/sm2.pub.pem", "seal/log.pub.pem",
    }  # fmt: skip
    assert "data/media/cam-1/000001_20260921T010000Z.mp4" in files
    info = (sealed.path / "bag-info.txt").read_text()
    assert f"External-Identifier: {PROJECT}\n" in info
    assert "External-Description: 某工程施工招标 开标全程录像\n" in info  # the line break of the title is gone


def test_media_is_linked_and_never_read(tmp_path: Path) -> None:
    case = dossier(tmp_path)
    for ref in case.segments:  # as long, other bytes: only a reader could tell
        ref.path.write_bytes(bytes(ref.bytes))
    sealed = seal(tmp_path, case)
    assert all(ref.path.stat().st_nlink == 2 for ref in case.segments)
    assert {finding.kind for finding in verify(sealed.path)} == {"changed"}


def test_on_another_disk_media_is_copied_and_a_wrong_copy_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def another_disk(source: object, target: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", another_disk)
    case = dossier(tmp_path)
    assert verify(seal(tmp_path, case).path) == []
    assert case.segments[0].path.stat().st_nlink == 1
    case.segments[0].path.write_bytes(bytes(case.segments[0].bytes))
    with pytest.raises(EvidenceError, match="no longer that of its sidecar"):
        seal(tmp_path, case)


def test_a_second_seal_is_a_new_package_that_names_the_first(tmp_path: Path) -> None:
    first, second = seal(tmp_path, dossier(tmp_path)), seal(tmp_path, dossier(tmp_path))
    assert (first.sequence, second.sequence) == (1, 2)
    assert packages_of(tmp_path / "out", PROJECT) == [first.path, second.path]
    assert f"Seal-Former: {first.path.name} " in (second.path / "bag-info.txt").read_text()
    assert verify(first.path) == [] == verify(second.path)


def test_seals_at_the_same_moment_take_different_numbers(tmp_path: Path) -> None:
    venue_keys(tmp_path)
    case = dossier(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        sealed = list(pool.map(lambda _: seal(tmp_path, case), range(4)))
    assert sorted(one.sequence for one in sealed) == [1, 2, 3, 4]
    assert all(verify(one.path) == [] for one in sealed)


def test_a_seal_that_would_not_verify_is_not_given_out(tmp_path: Path) -> None:
    keys = dataclasses.replace(venue_keys(tmp_path), authority=venue_keys(tmp_path / "other").authority)
    with (
        TransparencyLog(tmp_path / "log.sqlite", "bidhall.example/venue-a", keys.log_key) as log,
        pytest.raises(EvidenceError, match="does not verify"),
    ):
        seal_project(dossier(tmp_path), tmp_path / "out", keys, log, NOW_NS)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_project_whose_name_begins_alike_is_not_counted(tmp_path: Path) -> None:
    case = dossier(tmp_path)
    other = f"{PROJECT}_B"
    refs = [dataclasses.replace(ref, project=other) for ref in case.segments]
    seal(tmp_path, dataclasses.replace(case, project=other, segments=refs))
    assert seal(tmp_path, case).sequence == 1


@pytest.mark.parametrize("step", ["_fill", "_sign", "check_seal", "sync_tree"])
def test_an_interrupted_seal_leaves_nothing_that_looks_like_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(sealing, step, power_cut)
        seal(tmp_path, dossier(tmp_path))
    assert list((tmp_path / "out").iterdir()) == []


def test_what_a_killed_seal_left_behind_is_cleared_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / "out" / f"{sealing.DRAFT}P-1_seal1-00"
    left.mkdir(parents=True)
    (left / "bagit.txt").write_bytes(b"half")
    assert packages_of(tmp_path / "out", "P-1") == []
    seal(tmp_path, dossier(tmp_path))
    assert not left.exists()


def test_a_hole_that_nobody_declared_is_sealed_as_an_unexplained_gap(tmp_path: Path) -> None:
    segments = [segment(tmp_path, "cam-1", 1, 0, 8), segment(tmp_path, "cam-2", 1, 0, 20)]
    sealed = seal(tmp_path, dossier(tmp_path, segments))
    (gap,) = sealed.unexplained
    assert (gap.track, gap.begin_utc_ns, gap.end_utc_ns) == ("cam-1", BEGIN_NS + 8 * S, END_NS)
    assert json.loads((sealed.path / "data/records/gaps.json").read_bytes())["gaps"][0]["cause"] == "unexplained"
    assert "1 of them were found only by this seal" in (sealed.path / "data/records/four-properties.txt").read_text()
    assert verify(sealed.path) == []


def test_a_declared_gap_keeps_its_cause(tmp_path: Path) -> None:
    segments = [segment(tmp_path, "cam-1", 1, 0, 8), segment(tmp_path, "cam-2", 1, 0, 20)]
    gap = Gap("cam-1", BEGIN_NS + 8 * S, END_NS, "rtsp-timeout", "recorder", frames_lost=300)
    sealed = seal(tmp_path, dossier(tmp_path, segments, (gap,)))
    assert sealed.unexplained == ()
    assert json.loads((sealed.path / "data/records/gaps.json").read_bytes())["gaps"][0]["frames_lost"] == 300


def test_the_metadata_carries_the_archive_names(tmp_path: Path) -> None:
    root = ET.parse(seal(tmp_path, dossier(tmp_path)).path / "data/records/metadata.xml").getroot()
    assert root.findtext("档案实体/立档单位名称") == "某公共资源交易中心"
    assert root.findtext("业务实体/业务开始时间") == "2026-09-21T01:00:00.000Z"
    assert len(root.findall("计算机文件/件")) == 4


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"project": "P9999"}, "recorded for project P9999; it must not enter"),
        ({"bytes": 699}, "700 bytes, but 699 when it was closed"),
        ({"sha256": "00"}, "not 64 hex digits"),
        ({"path": Path("gone.mp4")}, "not a file"),
        ({"track": "../cam"}, "cannot be a file name"),
        ({"seq": 2}, "used twice"),
        ({"track": "cam-9"}, "not in tracks.json"),
        ({"clock": {"offset_ms": 0.5}}, "offset_ms: float"),
    ],
)
def test_a_segment_that_does_not_belong_stops_the_seal(tmp_path: Path, change: dict[str, object], complaint: str) -> None:
    case = dossier(tmp_path)
    changed = dataclasses.replace(case.segments[0], **change)  # type: ignore[arg-type]
    with pytest.raises(EvidenceError, match=re.escape(complaint)):
        seal(tmp_path, dataclasses.replace(case, segments=[changed, *case.segments[1:]]))
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []


def test_a_name_in_an_event_stops_the_seal(tmp_path: Path) -> None:
    event = {"utc": "2026-09-21T01:00:00Z", "event": "expert-enters", "person": "张三"}
    with pytest.raises(EvidenceError, match="other than a pseudonym"):
        seal(tmp_path, dataclasses.replace(dossier(tmp_path), events=[event]))


def test_a_project_name_that_is_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="cannot be a folder's name"):
        seal(tmp_path, dataclasses.replace(dossier(tmp_path), project="../P1"))


def test_each_seal_is_a_leaf_of_the_log(tmp_path: Path) -> None:
    first, second = seal(tmp_path, dossier(tmp_path)), seal(tmp_path, dossier(tmp_path))
    with TransparencyLog(tmp_path / "log.sqlite", "bidhall.example/venue-a", venue_keys(tmp_path).log_key) as log:
        leaves = log.leaves("seal")
    assert leaves == [(sealed.log_index, (sealed.path / "tagmanifest-sha256.txt").read_bytes()) for sealed in (first, second)]
