"""Checks a sealed evidence package offline, with nothing but this distribution: `bidhall evidence verify DIR`.

Looks at every byte: structure, hashes, signatures, time stamp, log proof, and whether the records agree with each other
and with the media.  Anything that does not hold is a finding that names the file.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from venue_model.tools.package_files import Finding, bag_info, check_listing, open_package
from venue_model.tools.package_records import check_records
from venue_model.tools.package_seal import Trust, check_seals, read_trust

HOLDS, FAILS, USAGE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Report:
    project: str
    sealed_utc: str
    files: int
    bytes: int
    findings: list[Finding]
    notes: list[str]  # what a reader should know that is no fault of the package

    @property
    def holds(self) -> bool:
        return not self.findings


def verify(package_dir: Path, *, trusted: Trust | None = None) -> list[Finding]:
    """Everything that does not hold, by path; an empty list when the package holds.

    Raises NotADirectoryError or ValueError when there is no package at `package_dir`.
    """
    return examine(package_dir, trusted=trusted).findings


def examine(package_dir: Path, *, trusted: Trust | None = None) -> Report:
    """As `verify`, with what the package is and with notes."""
    package = open_package(package_dir)
    check_listing(package)
    check_seals(package, trusted)
    check_records(package)
    info = bag_info(package)
    return Report(
        project=info.get("External-Identifier", ["?"])[0],
        sealed_utc=info.get("Seal-Time", ["?"])[0],
        files=len(package.files),
        bytes=sum(package.files.values()),
        findings=sorted(set(package.findings)),
        notes=package.notes,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0: the package holds.  1: it does not.  2: there is no package there, or the anchors are unreadable."""
    parser = argparse.ArgumentParser(prog="bidhall evidence verify", description="离线校验证据包 / check a sealed evidence package offline")
    parser.add_argument("package", metavar="DIR", type=Path, help="证据包文件夹 / the folder that holds bagit.txt")
    parser.add_argument("--json", action="store_true", help="输出 JSON / print the result as JSON")
    parser.add_argument("--trust", metavar="FILE", type=Path, help="场地公布的证书或公钥 (PEM) / the venue's published certificate or keys")
    options = parser.parse_args(argv)
    try:
        trusted = _trust_from(options.trust) if options.trust else None
        report = examine(options.package, trusted=trusted)
    except (OSError, ValueError) as error:
        print(f"bidhall: {error}", file=sys.stderr)
        return USAGE
    print(_as_json(options.package, report) if options.json else _as_text(options.package, report))
    return HOLDS if report.holds else FAILS


def _trust_from(path: Path) -> Trust:
    try:
        return read_trust(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path}: {error}; give the PEM file that the venue has published") from None


def _as_json(folder: Path, report: Report) -> str:
    result = {"holds": report.holds, "package": str(folder), **asdict(report)}
    return json.dumps(result, ensure_ascii=False, indent=2)


def _as_text(folder: Path, report: Report) -> str:
    lines = [
        f"证据包 package  {folder.name or folder}",
        f"项目   project  {report.project}",
        f"封存   sealed   {report.sealed_utc}",
        f"文件   files    {report.files} ({report.bytes} 字节 bytes)",
    ]
    lines += [f"  ✗ {finding.path}  [{finding.kind}]  {finding.detail}" for finding in report.findings]
    lines += [f"  · {note}" for note in report.notes]
    if report.holds:
        lines.append("结论: 校验通过, 内容自封存后未改变 / holds: nothing has changed since it was sealed")
    else:
        lines.append(f"结论: 校验不通过, 共 {len(report.findings)} 项 / does not hold: {len(report.findings)} findings")
    return "\n".join(lines)
