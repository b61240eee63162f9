"""`python -m simulation.proof.replay FOLDER`: plays what a run left behind."""

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from simulation.proof.replay.check import replay
from simulation.proof.replay.lines import TraceError, read_lines
from venue_model.load import VenueError
from venue_model.tools.files import read_venue


def main(argv: list[str]) -> int:
    """0 when the run is one that the rules allow, 1 when it is not, 2 when it cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m simulation.proof.replay",
        description="按规则重放一次真实运行的日志 plays the journal of a real run through the rules",
    )
    parser.add_argument("folder", type=Path, help="运行留下的文件夹,或 venue.db 本身 the folder that a run left, or its venue.db")
    parser.add_argument("--venue", type=Path, help="场地文件(默认在文件夹中查找) the venue file (default: venue.toml near the database)")
    parser.add_argument("--json", action="store_true", help="输出JSON print the findings as JSON")
    options = parser.parse_args(argv)
    try:
        database = _database(options.folder)
        venue = read_venue(options.venue or _venue_file(database))
        lines = read_lines(database)
    except (TraceError, VenueError, OSError) as error:
        print(f"replay: {error}", file=sys.stderr)
        return 2
    found = replay(lines, venue)
    kinds = Counter(line.kind for line in lines)
    if options.json:
        print(json.dumps({"holds": not found, "lines": len(lines), "kinds": kinds, "findings": [asdict(f) for f in found]}, indent=1))
    else:
        holds = f"成立 holds: {len(lines)} lines, {kinds['policy']} policies, {kinds['passage']} passages"
        print("\n".join(str(one) for one in found) or holds)
    return 1 if found else 0


def _database(place: Path) -> Path:
    if place.is_file():
        return place
    found = sorted(place.rglob("venue.db"))
    if len(found) != 1:
        names = ", ".join(str(path) for path in found) or "none"
        raise TraceError(f"{place}: holds {len(found)} files venue.db ({names}); name the one to be replayed")
    return found[0]


def _venue_file(database: Path) -> Path:
    for folder in (database.parent, *list(database.parents)[1:3]):
        if (folder / "venue.toml").is_file():
            return folder / "venue.toml"
    raise TraceError(f"{database}: there is no venue.toml near it; name the venue file of this run with --venue")
