"""`bidhall bench simulate`: how fast whole venue-days pass in virtual time, and how the cost grows with rooms and people."""

import argparse
import heapq
import sys
import time

from simulation.bench.figures import Figure, as_json, as_table, figure
from simulation.world.faults import KINDS
from simulation.world.run import Result, run
from venue_model.tools.files import example, read_venue

SCALES = (("county_hall", 2.0, 2), ("hunan_2016", 2.0, 4), ("hunan_2016", 10.0, 22))  # venue, hours, lots
FLOOR_STEPS = 200_000


def main(argv: list[str]) -> int:
    """0: every law held in every run.  1: one did not.  2: usage."""
    parser = argparse.ArgumentParser(prog="bidhall bench simulate", description="仿真测速 How fast venue-days pass in virtual time")
    parser.add_argument("--seed", type=int, default=1, help="种子 (default 1)")
    parser.add_argument("--scales", type=int, default=len(SCALES), help="只测前几种规模 only so many sizes, smallest first")
    parser.add_argument("--json", action="store_true", help="输出JSON print the figures as JSON")
    options = parser.parse_args(argv)
    if not 1 <= options.scales <= len(SCALES):
        print(f"--scales {options.scales}: write 1 to {len(SCALES)}", file=sys.stderr)
        return 2
    floor = _bare_heap_steps_a_second()
    figures: list[Figure] = []
    broken: list[str] = []
    for venue_name, hours, lots in SCALES[: options.scales]:
        venue = read_venue(example(venue_name))
        result = run(options.seed, hours, venue, KINDS, lots=lots)
        figures += _figures(venue_name, len(venue.rooms), result, floor)
        broken += [f"{venue_name}: {v.law}: {v.text}" for v in result.violations]
    print(as_json(figures) if options.json else as_table(figures))
    for line in broken:
        print(f"✗ {line}", file=sys.stderr)
    return 1 if broken else 0


def _figures(venue: str, rooms: int, result: Result, floor: float) -> list[Figure]:
    size = f"{venue}, {result.hours:g} h, {result.lots} 标段 lots, {result.people} 人 people"
    return [
        figure(f"倍速 times real time ({size})", rooms, result.times_real_time, "×"),
        figure("每仿真小时CPU CPU a simulated hour", rooms, result.cpu_s / result.hours, "s"),
        # The floor does nothing but push and pop: what a step costs beyond it is the product's own code at work.
        figure("每秒步数 steps a second, beside a bare heap", rooms, result.steps / result.cpu_s, "1/s", floor),
    ]


def _bare_heap_steps_a_second() -> float:
    began_s = time.process_time()
    heap: list[tuple[int, int, None]] = []
    for number in range(FLOOR_STEPS):
        heapq.heappush(heap, (number * 7_919 % 100_003, number, None))
        if number % 100 > 50:
            heapq.heappop(heap)
    while heap:
        heapq.heappop(heap)
    return FLOOR_STEPS / max(time.process_time() - began_s, 1e-6)
