"""What this program is made of, as CycloneDX 1.5: `python scripts/sbom.py > bidhall.cdx.json`, or `make sbom`.

Everything comes from the two locks in the repository, requirements/dev.txt and dashboard/package-lock.json: no network, and the same
text for the same locks.
"""

import base64
import binascii
import hashlib
import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PYTHON, PAGES = "requirements/dev.txt", "dashboard/package-lock.json"
_PINNED = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>.+?))?\s*\\?$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Locked:
    """One pinned package of the Python lock."""

    name: str
    version: str
    marker: str  # on which machines; empty: on all
    hashes: tuple[str, ...]  # SHA-256 of each file that may be installed
    asked_by: tuple[str, ...]  # packages, or `bidhall` with the kind of use

    @property
    def ref(self) -> str:
        return f"pkg:pypi/{self.name}@{self.version}"


def locked(text: str) -> Iterator[Locked]:
    """The packages of a lock as `uv pip compile --generate-hashes` writes it.  ValueError for a line that it does not understand."""
    block: list[str] = []
    for line in (*text.splitlines(), "end==0"):
        if line[:1] not in ("", " ", "#") and block:
            yield _package(block)
            block = []
        if block or line[:1] not in ("", " ", "#"):
            block.append(line)


def _package(block: list[str]) -> Locked:
    found = _PINNED.match(block[0])
    if found is None:
        raise ValueError(f"{PYTHON}: {block[0]!r} pins no version; renew the lock with `make lock`")
    hashes = tuple(digest for line in block for digest in _HASH.findall(line))
    if not hashes:
        raise ValueError(f"{PYTHON}: {found['name']} has no hash; renew the lock with `make lock`")
    asked = [line.strip().removeprefix("#").strip().removeprefix("via").strip() for line in block[1:] if line.strip().startswith("#")]
    return Locked(found["name"], found["version"], found["marker"] or "", hashes, tuple(who for who in asked if who))


def runtime(packages: list[Locked]) -> set[str]:
    """The names that an installation needs, as opposed to those that only tests and tools do."""
    needed: set[str] = set()
    fresh = {package.name for package in packages if "bidhall (pyproject.toml)" in package.asked_by}
    while fresh:
        needed |= fresh
        fresh = {package.name for package in packages if needed & set(package.asked_by)} - needed
    return needed


def python_parts(text: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Components and dependencies of the Python lock."""
    packages = list(locked(text))
    needed = runtime(packages)
    components = [
        {
            "type": "library", "bom-ref": package.ref, "name": package.name, "version": package.version, "purl": package.ref,
            "scope": "required" if package.name in needed else "excluded",
            "hashes": [{"alg": "SHA-256", "content": digest} for digest in package.hashes],
            "properties": [{"name": "bidhall:marker", "value": package.marker}] if package.marker else [],
        }
        for package in packages
    ]  # fmt: skip
    dependencies = [
        {"ref": package.ref, "dependsOn": sorted(other.ref for other in packages if package.name in other.asked_by)} for package in packages
    ]
    return components, dependencies


def page_parts(text: str) -> list[dict[str, Any]]:
    """Components of the dashboard's lock: what its pages are built with."""
    found = []
    for path, package in sorted(json.loads(text)["packages"].items()):
        if not path:
            continue
        name, version = path.rpartition("node_modules/")[2], package["version"]
        ref = f"pkg:npm/{name.replace('@', '%40', 1)}@{version}"
        algorithm, _, digest = package["integrity"].partition("-")
        try:
            content = base64.b64decode(digest, validate=True).hex()
        except binascii.Error:
            raise ValueError(f"{PAGES}: {name}: integrity {digest[:12]!r} is no hash; renew the lock with `npm install`") from None
        found.append({
            "type": "library", "bom-ref": f"{ref}#{path}", "name": name, "version": version, "purl": ref, "scope": "excluded",
            "hashes": [{"alg": {"sha512": "SHA-512", "sha256": "SHA-256"}[algorithm], "content": content}],
            "licenses": [{"expression": package["license"]}] if "license" in package else [],
            "properties": [{"name": "bidhall:used-for", "value": "building the pages"}],
        })  # fmt: skip
    return found


def bill(root: Path = ROOT) -> dict[str, Any]:
    """The whole document."""
    python, pages = ((root / name).read_text("utf-8") for name in (PYTHON, PAGES))
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    ref = f"pkg:pypi/{project['name']}@{project['version']}"
    components, dependencies = python_parts(python)
    asked = sorted(p.ref for p in locked(python) if any(who.startswith("bidhall ") for who in p.asked_by))
    digest = hashlib.sha256((python + pages + ref).encode()).hexdigest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application", "bom-ref": ref, "name": project["name"], "version": project["version"], "purl": ref,
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": [*components, *page_parts(pages)],
        "dependencies": [{"ref": ref, "dependsOn": asked}, *dependencies],
    }  # fmt: skip


if __name__ == "__main__":
    try:
        print(json.dumps(bill(), indent=1, ensure_ascii=False))
    except (OSError, ValueError, KeyError) as fault:
        sys.exit(f"sbom: {fault}")
