"""T14: what is installed is what was locked, byte for byte, and the bill of materials names all of it."""

import hashlib
import importlib.util
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import bidhall

ROOT = Path(bidhall.__file__).parent
LOCK = (ROOT / "requirements" / "dev.txt").read_text("utf-8")


@pytest.fixture(scope="module")
def sbom() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sbom", ROOT / "scripts" / "sbom.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["sbom"] = module  # its dataclass looks itself up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bill(sbom: ModuleType) -> dict[str, Any]:
    found: dict[str, Any] = sbom.bill(ROOT)
    return found


def test_every_locked_package_is_in_the_bill_with_every_hash_of_the_lock(bill: dict[str, Any]) -> None:
    pinned = set(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", LOCK, re.MULTILINE))
    assert len(pinned) > 80
    python = [part for part in bill["components"] if part["purl"].startswith("pkg:pypi/")]
    assert {(part["name"], part["version"]) for part in python} == pinned
    listed = {entry["content"] for part in python for entry in part["hashes"]}
    assert listed == set(re.findall(r"--hash=sha256:([0-9a-f]{64})", LOCK))


def test_what_the_pages_are_built_with_is_in_the_bill(bill: dict[str, Any]) -> None:
    packages = json.loads((ROOT / "dashboard" / "package-lock.json").read_text("utf-8"))["packages"]
    pages = [part for part in bill["components"] if part["purl"].startswith("pkg:npm/")]
    assert len(pages) == len(packages) - 1 > 50
    assert all(len(entry["content"]) == 128 for part in pages for entry in part["hashes"])
    assert "svelte" in {part["name"] for part in pages}


def test_what_runs_in_a_venue_is_told_from_what_only_tests_need(bill: dict[str, Any]) -> None:
    scope = {part["name"]: part["scope"] for part in bill["components"]}
    for name in ("fastapi", "starlette", "cryptography", "cffi", "paho-mqtt", "uvicorn", "h11"):
        assert scope[name] == "required", name
    for name in ("pytest", "ruff", "mypy", "playwright", "svelte"):
        assert scope[name] == "excluded", name


def test_the_bill_is_well_formed_and_always_the_same(sbom: ModuleType, bill: dict[str, Any]) -> None:
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    refs = [part["bom-ref"] for part in bill["components"]] + [bill["metadata"]["component"]["bom-ref"]]
    assert len(refs) == len(set(refs))
    for entry in bill["dependencies"]:
        assert {entry["ref"], *entry["dependsOn"]} <= set(refs)
    own = next(entry for entry in bill["dependencies"] if entry["ref"].startswith("pkg:pypi/bidhall@"))
    assert any(ref.startswith("pkg:pypi/fastapi@") for ref in own["dependsOn"])
    assert json.dumps(sbom.bill(ROOT)) == json.dumps(bill)


@pytest.mark.parametrize(("line", "words"), [("thing>=1", "pins no version"), ("thing==1\n    # via bidhall", "has no hash")])
def test_a_lock_that_leaves_something_open_makes_no_bill(sbom: ModuleType, line: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        list(sbom.locked(line))


def test_setup_installs_by_hash_and_nothing_beside_the_lock() -> None:
    script = (ROOT / "scripts" / "setup.sh").read_text("utf-8")
    assert re.search(r"pip install .*--no-deps --require-hashes -r requirements/dev\.txt", script)


def wheel(folder: Path, body: str) -> Path:
    """The smallest package that pip installs."""
    path = folder / "bidhall_probe-1.0-py3-none-any.whl"
    info = "bidhall_probe-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in (
            ("bidhall_probe.py", body),
            (f"{info}/METADATA", "Metadata-Version: 2.1\nName: bidhall-probe\nVersion: 1.0\n"),
            (f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"),
            (f"{info}/RECORD", ""),
        ):
            archive.writestr(zipfile.ZipInfo(name), content)
    return path


def install(folder: Path, requirements: str) -> subprocess.CompletedProcess[str]:
    (folder / "lock.txt").write_text(requirements, "utf-8")
    command = [
        sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-index", "--find-links", str(folder), "--no-deps",
        "--no-cache-dir", "--require-hashes", "-r", str(folder / "lock.txt"), "--target", str(folder / "installed"),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=100)


def test_a_wheel_that_was_tampered_with_is_not_installed(tmp_path: Path) -> None:
    digest = hashlib.sha256(wheel(tmp_path, "HONEST = True\n").read_bytes()).hexdigest()
    pinned = f"bidhall-probe==1.0 --hash=sha256:{digest}\n"
    assert install(tmp_path, pinned).returncode == 0, "the one that was locked"
    assert (tmp_path / "installed" / "bidhall_probe.py").exists()
    wheel(tmp_path, "HONEST = False\n")
    (tmp_path / "installed" / "bidhall_probe.py").unlink()
    refused = install(tmp_path, pinned)
    assert refused.returncode != 0 and "DO NOT MATCH THE HASHES" in refused.stderr
    assert not (tmp_path / "installed" / "bidhall_probe.py").exists()


def test_a_wheel_without_a_hash_in_the_lock_is_not_installed(tmp_path: Path) -> None:
    wheel(tmp_path, "HONEST = True\n")
    refused = install(tmp_path, "bidhall-probe==1.0\n")
    assert refused.returncode != 0 and "hash" in refused.stderr.lower()
    assert not (tmp_path / "installed").exists()
