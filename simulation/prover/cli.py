"""`bidhall check VENUE.toml`: prove a venue, or tell what stands against it, each counterexample as a story."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from simulation.prover.findings import RULE_TITLES, Finding, Rule
from simulation.prover.prove import Proof, prove
from venue_model.load import Problem, VenueError
from venue_model.tools.files import example, read_venue, shipped_profiles
from venue_model.venue import Venue

HOLDS, DOES_NOT_HOLD, BAD_INPUT = 0, 1, 2
PROVEN = (
    "分离(人数、标段数不限)apart, for any number of people and lots · 放行 a way out · 分流 separate ways · 可达 reach · 录像 recording"
)
METHOD = "explicit search over the shipping decisions (wanted_access, decide_entry, may_press, clearing.advance), symmetric rooms folded"


def main(argv: list[str]) -> int:
    """0 when the venue holds, 1 when something stands against it, 2 when there is no venue file to examine."""
    parser = argparse.ArgumentParser(prog="bidhall check", description="证明场地方案 Prove a venue: the laws that its floor plan decides")
    parser.add_argument("venue", help="场地文件或自带示例名 a venue file, or the name of a shipped example such as county_hall")
    parser.add_argument("--json", action="store_true", help="输出JSON print JSON")
    options = parser.parse_args(argv)
    path = Path(options.venue)
    if not path.exists() and example(options.venue).exists():
        path = example(options.venue)
    if not path.exists():
        print(f"bidhall check: {options.venue}: 没有此文件,请核对路径 no such file; check the path", file=sys.stderr)
        return BAD_INPUT
    began = time.monotonic()
    try:
        venue = _read(path)
    except VenueError as error:
        return _unloaded(error, time.monotonic() - began, options.json)
    proof = prove(venue)
    seconds = time.monotonic() - began
    if options.json:
        _print_json([_finding(f, venue.source) for f in proof.problems], [_finding(f, venue.source) for f in proof.notes], proof, seconds)
    else:
        _print_proof(venue, proof, seconds)
    return HOLDS if proof.holds else DOES_NOT_HOLD


def _read(path: Path) -> Venue:
    """The venue, even one that holds people in: the proof tells why.  When it cannot be built at all, every fault at once."""
    try:
        return read_venue(path, check_ways_out=False)
    except VenueError:
        return read_venue(path)


def _unloaded(error: VenueError, seconds: float, as_json: bool) -> int:
    """A file that makes no venue: its faults are problems by name.  What cannot even be read as TOML is bad input."""
    problems = [_file_problem(problem) for problem in error.problems]
    if as_json:
        _print_json(problems, [], None, seconds)
    else:
        for problem in problems:
            print(f"[{problem['rule']}] {problem['text']}", file=sys.stderr)
        print(f"不成立 does not hold: {len(problems)} 个问题 problems", file=sys.stderr)
    return BAD_INPUT if any(problem.place == "file" for problem in error.problems) else DOES_NOT_HOLD


def _file_problem(problem: Problem) -> dict[str, Any]:
    rule, remedy = Rule.FILE, problem.remedy
    if problem.place == "venue.profile":
        rule, remedy = Rule.PROFILE, f"use one of {', '.join(sorted(shipped_profiles()))}"
    elif problem.place.startswith("interlock"):
        rule = Rule.CONTROLLER
    text = f"{problem.source}: {problem.place}: {problem.fault}; {remedy}"
    return {"rule": rule.value, "place": problem.place, "fault": problem.fault, "remedy": remedy, "text": text, "story": []}


def _finding(finding: Finding, source: str) -> dict[str, Any]:
    return {
        "rule": finding.rule.value,
        "place": finding.place,
        "fault": finding.fault.en,
        "fault_zh": finding.fault.zh,
        "remedy": finding.remedy.en,
        "remedy_zh": finding.remedy.zh,
        "text": _text(finding, source),
        "story": [{"zh": step.zh, "en": step.en} for step in finding.story],
    }


def _text(finding: Finding, source: str) -> str:
    return f"{source}: {_said(finding)}"


def _said(finding: Finding) -> str:
    return f"{finding.place}: {finding.fault.zh};{finding.remedy.zh}。{finding.fault.en}; {finding.remedy.en}"


def _print_json(problems: list[dict[str, Any]], notes: list[dict[str, Any]], proof: Proof | None, seconds: float) -> None:
    result: dict[str, Any] = {
        "holds": not problems,
        "problems": problems,
        "notes": notes,
        "states": proof.states if proof else 0,
        "seconds": round(seconds, 3),
    }
    if proof:
        result["proof"] = {"method": METHOD, "days": proof.days, "situations": proof.situations, "rooms_searched": proof.small_rooms}
    print(json.dumps(result, ensure_ascii=False, indent=1))


def _print_proof(venue: Venue, proof: Proof, seconds: float) -> None:
    for number, finding in enumerate(proof.problems, 1):
        title = RULE_TITLES[finding.rule]
        print(f"\n{number}. [{finding.rule}] {title.zh} {title.en} · {venue.source}: {finding.place}", file=sys.stderr)
        print(f"   {finding.fault.zh}\n   {finding.fault.en}", file=sys.stderr)
        for step, told in enumerate(finding.story, 1):
            print(f"     {step}) {told.zh}\n        {told.en}", file=sys.stderr)
        print(f"   办法 remedy: {finding.remedy.zh} {finding.remedy.en}", file=sys.stderr)
    for finding in proof.notes:
        print(f"提示 note [{finding.rule}] {_said(finding)}")
    size = f"{len(venue.rooms)} 个房间 rooms, {len(venue.doors)} 扇门 doors, {len(venue.devices)} 个设备 devices, {venue.profile.id}"
    looked = (
        f"查验 examined: {proof.states} 个状态 states, {proof.days} 种日程 days of one and two lots, {proof.situations} 种故障 failures; "
        f"同类房间折叠为 like rooms folded to {proof.small_rooms}; {seconds:.1f} s"
    )
    if proof.holds:
        print(f"成立 holds: {venue.source} · {size}\n{looked}")
        print(f"已证明 proven: {PROVEN}")
    else:
        print(f"\n不成立 does not hold: {len(proof.problems)} 个问题 problems · {size}\n{looked}", file=sys.stderr)
