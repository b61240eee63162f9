"""Verification: a package that was touched anywhere does not hold, and the finding names the file."""

import dataclasses
import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from evidence_case import PROJECT, dossier, seal, venue_keys
from evidence_tsa import time_stamp_authority

from gateway.evidence.bag import sm3_hex
from venue_model.bag_text import manifest_text
from venue_model.tools.package_seal import read_trust
from venue_model.tools.verify_package import examine, main, verify


@pytest.fixture(scope="module")
def sealed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sealed")
    return seal(folder, dossier(folder), time_stamp_authority(folder / "tsa")).path


@pytest.fixture
def package(sealed_once: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "package"
    shutil.copytree(sealed_once, copy)
    return copy


def found(package: Path) -> set[tuple[str, str]]:
    return {(finding.path, finding.kind) for finding in verify(package)}


def files_of(package: Path) -> list[str]:
    return sorted(str(path.relative_to(package)) for path in package.rglob("*") if path.is_file())


def test_an_untouched_package_holds(package: Path) -> None:
    assert verify(package) == []


def test_one_changed_byte_anywhere_is_found_and_its_file_named(package: Path) -> None:
    chance = random.Random(20260921)
    for name in files_of(package):
        path = package / name
        content = path.read_bytes()
        for at in {0, len(content) - 1, *(chance.randrange(len(content)) for _ in range(2))}:
            changed = bytearray(content)
            changed[at] ^= 1 << chance.randrange(8)
            path.write_bytes(changed)
            assert name in {finding.path for finding in verify(package)}, f"{name}: byte {at} to {changed[at]:#04x}"
        path.write_bytes(content)
    assert verify(package) == []


def test_a_byte_added_or_cut_at_the_end_of_any_file_is_found(package: Path) -> None:
    for name in files_of(package):
        path = package / name
        content = path.read_bytes()
        for changed in (content + b"\n", content[:-1]):
            path.write_bytes(changed)
            assert name in {finding.path for finding in verify(package)}, name
        path.write_bytes(content)


def test_any_file_taken_away_is_missed(package: Path) -> None:
    for name in files_of(package):
        path = package / name
        content = path.read_bytes()
        path.unlink()
        assert (name, "missing") in found(package)
        path.write_bytes(content)


@pytest.mark.parametrize("name", ["extra.txt", "data/extra.txt", "data/media/cam-1/x.mp4", "seal/x.pem", ".hidden"])
def test_a_file_that_nobody_lists_is_found(package: Path, name: str) -> None:
    (package / name).write_bytes(b"x")
    assert (name, "unlisted") in found(package)


def test_a_link_is_found_even_when_it_leads_to_the_same_bytes(package: Path) -> None:
    media = next((package / "data/media/cam-1").iterdir())
    outside = package.parent / "outside.mp4"
    media.rename(outside)
    media.symlink_to(outside)
    (package / "data/more").symlink_to("/etc")
    name = str(media.relative_to(package))
    assert {(name, "symlink"), ("data/more", "symlink")} <= found(package)


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "data/../../outside", "data\\..\\x", "data//x", "data/%2e"])
def test_a_manifest_that_leads_out_of_the_package_is_found_and_not_followed(package: Path, path: str) -> None:
    (package.parent / "outside").write_bytes(b"x")
    with (package / "manifest-sha256.txt").open("a") as manifest:
        manifest.write(f"{'0' * 64}  {path}\n")
    assert ("manifest-sha256.txt", "unsafe-path") in found(package)
    assert not any("outside" in finding.path for finding in verify(package))


def reseal(package: Path, path: str, change: Callable[[dict[str, object]], None]) -> None:
    """What an insider without the keys can do: change a record and bring every hash list up to date."""
    record = json.loads((package / path).read_bytes())
    change(record)
    content = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    (package / path).write_bytes(content)
    digests = {"manifest-sha256.txt": hashlib.sha256(content).hexdigest(), "manifest-sm3.txt": sm3_hex(content)}
    for name, digest in digests.items():
        lines = dict(line.split("  ")[::-1] for line in (package / name).read_text().splitlines())
        (package / name).write_bytes(manifest_text({**lines, path: digest}))
    tags = {
        name: hashlib.sha256((package / name).read_bytes()).hexdigest()
        for name in ("bag-info.txt", "bagit.txt", "manifest-sha256.txt", "manifest-sm3.txt")
    }
    (package / "tagmanifest-sha256.txt").write_bytes(manifest_text(tags))


def test_an_insider_who_updates_all_hashes_is_caught_by_every_seal(package: Path) -> None:
    def forge(record: dict[str, object]) -> None:
        record["gaps"] = [{"begin_utc": "2026-09-21T01:00:00.000Z", "cause": "disk", "detected_by": "recorder",
                           "end_utc": "2026-09-21T01:00:20.000Z", "track": "cam-1"}]  # fmt: skip

    reseal(package, "data/records/gaps.json", forge)
    assert found(package) == {
        ("bag-info.txt", "bad-structure"),  # Payload-Oxum
        ("tagmanifest-sha256.txt", "changed"),
        ("seal/tagmanifest-sha256.txt.sm2", "bad-signature"),
        ("seal/tagmanifest-sha256.txt.tlog-proof", "bad-proof"),
    }


def test_records_that_contradict_each_other_are_found_whoever_signed_them(package: Path) -> None:
    def take_out(record: dict[str, object]) -> None:
        segments = record["segments"]
        assert isinstance(segments, list)
        del segments[0]

    reseal(package, "data/records/timeline.json", take_out)
    kinds = found(package)
    assert ("data/records/timeline.json", "coverage") in kinds
    assert ("data/records/segments.merkle.json", "bad-proof") in kinds
    assert ("data/media/cam-1/000001_20260921T010000Z.mp4", "unlisted") in kinds


def test_a_forger_s_own_signature_does_not_pass_under_the_venue_s_certificates(package: Path, tmp_path: Path) -> None:
    """Everything is signed anew by another authority, and the venue's certificates are left lying beside it."""
    anchor = (package / "seal/certs/ca.pem").read_bytes()
    forger = venue_keys(tmp_path)
    signature = (
        pkcs7.PKCS7SignatureBuilder()
        .set_data((package / "tagmanifest-sha256.txt").read_bytes())
        .add_signer(forger.signer, forger.signer_key, hashes.SHA256())
        .add_certificate(forger.authority)
        .sign(Encoding.DER, [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.NoCapabilities])
    )
    (package / "seal/tagmanifest-sha256.txt.p7s").write_bytes(signature)
    kinds = {(f.path, f.kind) for f in verify(package, trusted=read_trust(anchor))}
    assert ("seal/certs/signer.pem", "bad-certificate") in kinds
    assert ("seal/tagmanifest-sha256.txt.p7s.tsr", "bad-signature") in kinds  # it stamps the true signature


@pytest.mark.parametrize("shorter", ["manifest-sha256.txt", "manifest-sm3.txt"])
def test_a_file_that_only_one_manifest_lists_is_found(package: Path, shorter: str) -> None:
    lines = (package / shorter).read_text().splitlines(keepends=True)
    (package / shorter).write_text("".join(lines[1:]))
    assert (shorter, "bad-manifest") in found(package)


def test_a_payload_manifest_that_lists_a_file_outside_the_payload_is_found(package: Path) -> None:
    content = (package / "seal/log.pub.pem").read_bytes()
    with (package / "manifest-sha256.txt").open("a") as manifest:
        manifest.write(f"{hashlib.sha256(content).hexdigest()}  seal/log.pub.pem\n")
    assert ("seal/log.pub.pem", "bad-manifest") in found(package)


def test_a_timeline_that_states_other_hashes_or_sizes_is_found(package: Path) -> None:
    def lie(record: dict[str, object]) -> None:
        segments = record["segments"]
        assert isinstance(segments, list)
        segments[0]["sm3"], segments[1]["bytes"] = "00" * 32, 1

    reseal(package, "data/records/timeline.json", lie)
    kinds = found(package)
    assert ("data/records/timeline.json", "bad-record") in kinds
    assert ("data/media/cam-1/000002_20260921T010010Z.mp4", "changed") in kinds


def test_a_line_taken_out_of_the_access_log_is_found(package: Path) -> None:
    log = package / "data/records/access-log.jsonl"
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[1:]))
    assert ("data/records/access-log.jsonl", "chain") in found(package)


def test_footage_of_another_project_is_found(package: Path) -> None:
    def relabel(record: dict[str, object]) -> None:
        segments = record["segments"]
        assert isinstance(segments, list)
        segments[0]["project"] = "P9999"

    reseal(package, "data/records/timeline.json", relabel)
    assert ("data/records/timeline.json", "foreign-project") in found(package)


def test_a_stripped_time_stamp_is_missed(package: Path) -> None:
    (package / "seal/tagmanifest-sha256.txt.p7s.tsr").unlink()
    assert ("seal/tagmanifest-sha256.txt.p7s.tsr", "missing") in found(package)


def test_seals_of_another_package_do_not_fit(package: Path, tmp_path: Path) -> None:
    other = seal(tmp_path, dataclasses.replace(dossier(tmp_path), title="另一项目")).path
    shutil.rmtree(package / "seal")
    shutil.copytree(other / "seal", package / "seal")
    kinds = found(package)
    assert ("tagmanifest-sha256.txt", "changed") in kinds
    assert ("seal/certs/ca.pem", "changed") in kinds


def test_a_package_of_another_venue_is_untrusted_when_the_reader_has_an_anchor(package: Path, tmp_path: Path) -> None:
    ours, theirs = (package / "seal/certs/ca.pem").read_bytes(), venue_keys(tmp_path).public_files()
    log_key = (package / "seal/log.pub.pem").read_bytes()
    assert verify(package, trusted=read_trust(ours)) == []
    assert verify(package, trusted=read_trust(ours + log_key + theirs["ca.pem"])) != []  # the SM2 key is not given
    (finding,) = verify(package, trusted=read_trust(theirs["ca.pem"]))
    assert (finding.path, finding.kind) == ("seal/certs/ca.pem", "untrusted")
    kinds = {(f.path, f.kind) for f in verify(package, trusted=read_trust(theirs["log.pub.pem"]))}
    assert ("seal/log.pub.pem", "untrusted") in kinds


def test_without_an_anchor_the_reader_is_told_that_the_signer_is_self_declared(package: Path) -> None:
    assert any("self-declared" in note for note in examine(package).notes)
    anchored = examine(package, trusted=read_trust((package / "seal/certs/ca.pem").read_bytes()))
    assert not any("self-declared" in note for note in anchored.notes)


def test_hostile_bytes_in_any_file_end_in_findings_and_never_in_a_crash(package: Path) -> None:
    chance = random.Random(7)
    for name in files_of(package):
        path = package / name
        content = path.read_bytes()
        for hostile in (b"[" * 50_000, b"\x30\x84\xff\xff\xff\xff" + chance.randbytes(99), b""):
            path.write_bytes(hostile)
            assert name in {finding.path for finding in verify(package)}
        path.write_bytes(content)


def test_the_command_says_holds_in_text_and_json(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(package)]) == 0
    assert "校验通过" in capsys.readouterr().out
    assert main([str(package), "--json", "--trust", str(package / "seal/certs/ca.pem")]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["holds"], result["findings"], result["project"]) == (True, [], PROJECT)


def test_the_command_names_what_does_not_hold(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (package / "data/records/events.json").write_bytes(b"{}")
    assert main([str(package), "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    assert not result["holds"]
    assert {"data/records/events.json"} <= {finding["path"] for finding in result["findings"]}
    assert main([str(package)]) == 1
    assert "校验不通过" in capsys.readouterr().out


def test_the_command_refuses_what_is_no_package(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "trust.pem").write_bytes(b"nothing")
    (tmp_path / "bagit.txt").write_bytes(b"")
    no_anchor = [str(tmp_path), "--trust", str(tmp_path / "trust.pem")]
    for arguments in ([str(tmp_path / "gone")], [str(tmp_path.parent)], no_anchor):
        assert main(arguments) == 2
        assert capsys.readouterr().err.startswith("bidhall: ")
    with pytest.raises(SystemExit) as usage:
        main([])
    assert usage.value.code == 2
