"""`bidhall check VENUE.toml`: every problem of a venue file at once, before anyone enters."""

import argparse
import json
import sys
import time
from pathlib import Path

from venue_model.load import VenueError
from venue_model.tools.files import example, read_venue


def main(argv: list[str]) -> int:
    """0 when the venue holds, 1 when it has problems, 2 when there is no such file."""
    parser = argparse.ArgumentParser(prog="bidhall check", description="检查场地文件 Check a venue file")
    parser.add_argument("venue", help="场地文件或自带示例名 a venue file, or the name of a shipped example such as county_hall")
    parser.add_argument("--json", action="store_true", help="输出JSON print JSON")
    options = parser.parse_args(argv)
    path = Path(options.venue)
    if not path.exists() and example(options.venue).exists():
        path = example(options.venue)
    if not path.exists():
        print(f"bidhall check: {options.venue}: 没有此文件 no such file", file=sys.stderr)
        return 2
    began = time.monotonic()
    problems: list[dict[str, str]] = []
    states = 0
    try:
        venue = read_venue(path)
        states = len(venue.rooms) + len(venue.doors)  # places that the walk to the open air visited
    except VenueError as error:
        problems = [{"place": p.place, "fault": p.fault, "remedy": p.remedy, "text": str(p)} for p in error.problems]
    result = {"holds": not problems, "problems": problems, "states": states, "seconds": round(time.monotonic() - began, 3)}
    if options.json:
        print(json.dumps(result, ensure_ascii=False, indent=1))
    elif problems:
        for problem in problems:
            print(problem["text"], file=sys.stderr)
        print(f"不成立 does not hold: {len(problems)} 个问题 problems", file=sys.stderr)
    else:
        print(f"成立 holds: {len(venue.rooms)} 个房间 rooms, {len(venue.doors)} 个门 doors, {len(venue.devices)} 个设备 devices")
    return 0 if result["holds"] else 1
