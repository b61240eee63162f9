"""`bidhall bench door`: how long a card waits for its door, beside the reader's poll cycle and one fsync of this disk."""

import argparse
import sys

from edge.bench.door import measure
from edge.drivers.protocols import DeviceError
from simulation.bench.door_line import LineError, Reads, measure_line
from simulation.bench.figures import Figure, as_json, as_table, figure, percentile


def main(argv: list[str]) -> int:
    """0 when everything could be measured, 2 for bad usage or a part that did not work."""
    parser = argparse.ArgumentParser(prog="bidhall bench door", description="门禁测速 From the card to the relay")
    parser.add_argument("--n", type=int, default=500, help="进程内刷卡次数 reads in-process (default 500)")
    parser.add_argument("--entries", type=int, default=500, help="策略中的通行证数 passes in the policy (default 500)")
    parser.add_argument("--line", type=int, default=100, metavar="N", help="OSDP线上刷卡次数 reads over OSDP; 0: none (default 100)")
    parser.add_argument("--json", action="store_true", help="输出JSON print the figures as JSON")
    options = parser.parse_args(argv)
    if options.n < 2 or options.entries < 1 or options.line < 0:
        print("--n must be at least 2, --entries 1, --line 0", file=sys.stderr)
        return 2
    try:
        figures = in_process(measure(options.n, options.entries), options.n)
        figures += in_process(measure(options.n, options.entries, rules=True), options.n, "有全部规则的门 every rule: ")
        if options.line:
            figures += over_the_line(measure_line(options.line, options.entries))
    except (DeviceError, LineError, OSError) as error:
        print(f"bidhall bench door: {error}", file=sys.stderr)
        return 2
    print(as_json(figures) if options.json else as_table(figures))
    return 0


def in_process(measured: dict[str, float], n: int, door: str = "") -> list[Figure]:
    """Card bytes in, relay command out, journal fsync included; the floor is one commit with fsync of this disk."""
    floors = {p: measured[f"floor_p{p}_ms"] for p in (50, 99)}
    return [
        *(figure(f"{door}刷卡到继电器 card to relay p{p}", n, measured[f"path_p{p}_ms"], "ms", floor) for p, floor in floors.items()),
        *(figure(f"{door}其中非落盘 of that, not its commit p{p}", n, measured[f"added_p{p}_ms"], "ms") for p in floors),
    ]


def over_the_line(reads: Reads) -> list[Figure]:
    """Card at the reader to the strike at the board; the floor is the poll cycle of a bare bus."""
    n = len(reads.path_ms)
    return [
        *(
            figure(f"OSDP读卡到电锁 card at reader to strike p{p}", n, percentile(reads.path_ms, p), "ms", percentile(reads.poll_ms, p))
            for p in (50, 99)
        ),
        *(figure(f"其中轮询之后 of that, after the poll p{p}", n, percentile(reads.after_ms, p), "ms") for p in (50, 99)),
    ]
