"""`bidhall bench scene`: how long until the last of N devices has answered, beside the broker's own fan-out."""

import argparse
import asyncio
import statistics
import sys

from gateway.bench.fanout import FloorError
from gateway.bench.swarm import SwarmError
from gateway.broker.supervisor import BrokerError
from simulation.bench.figures import Figure, as_json, as_table, figure, percentile
from simulation.bench.scene import Measured, Sample, measure
from simulation.stage.processes import StageError

MOST = 5_000  # descriptors and patience


def main(argv: list[str]) -> int:
    """0: all runs ended as they must.  1: a run had the wrong result.  2: usage, or a part that did not start."""
    parser = argparse.ArgumentParser(prog="bidhall bench scene", description="场景测速 How long until the last device has answered")
    parser.add_argument(
        "--devices", "--agents", default="20,100,1000,2000", help="设备数 numbers of devices (default 20,100,1000,2000)"
    )
    parser.add_argument("--rounds", type=int, default=5, help="每种规模按几次 presses for each number (default 5)")
    parser.add_argument("--broker", choices=("mosquitto", "nats"), default="", help="指定消息服务 force a broker")
    parser.add_argument(
        "--dead", type=float, default=5.0, metavar="PERCENT", help="之后多少设备不应答 how many agents then say nothing (default 5; 0 none)"
    )
    parser.add_argument("--json", action="store_true", help="输出JSON print the figures as JSON")
    options = parser.parse_args(argv)
    try:
        sizes = [int(size) for size in options.devices.split(",")]
    except ValueError:
        sizes = []
    if not sizes or any(not 1 <= size <= MOST for size in sizes):
        print(f"--devices {options.devices}: write numbers of 1 to {MOST} with commas between", file=sys.stderr)
        return 2
    if options.rounds < 1 or not 0 <= options.dead < 100:
        print("--rounds must be at least 1, --dead 0 to below 100", file=sys.stderr)
        return 2
    figures: list[Figure] = []
    wrong: list[str] = []
    try:
        for size in sizes:
            measured = asyncio.run(measure(size, options.rounds, options.broker, options.dead))
            figures += _figures(measured)
            wrong += check(measured)
    except (StageError, SwarmError, FloorError, BrokerError, OSError, TimeoutError) as error:
        print(f"bidhall bench scene: {error or 'a run had no result in time'}", file=sys.stderr)
        return 2
    print(as_json(figures) if options.json else as_table(figures))
    for line in wrong:
        print(f"✗ {line}", file=sys.stderr)
    return 1 if wrong else 0


def check(measured: Measured) -> list[str]:
    """What did not end as it must: all answered, or exactly the dead are named."""
    presses: list[tuple[Sample, str, tuple[str, ...]]] = [(sample, "ok", ()) for sample in measured.samples]
    presses += [(sample, "partial", measured.dead) for sample in measured.dead_samples]
    return [
        f"n={measured.n} press {number}: result {s.result}, not {expected}; failed {len(s.failed)}, dead {len(dead)}:"
        f" {', '.join(sorted(set(s.failed) ^ set(dead))[:5])}"
        for number, (s, expected, dead) in enumerate(presses, 1)
        if s.result != expected or s.failed != dead
    ]


def _figures(measured: Measured) -> list[Figure]:
    n, floor, single = measured.n, statistics.median(measured.floor_ms), statistics.median(measured.single_ms)
    acks = [sample.ack_ms for sample in measured.samples]
    figures = [
        figure(f"末台应答 last ack p50 ({measured.kind})", n, percentile(acks, 50), "ms", floor),
        figure("末台应答 last ack p95", n, percentile(acks, 95), "ms", floor),
        figure("末台应答 last ack worst", n, max(acks), "ms", floor),
        figure("末台应答,对逐台下发 last ack p50, floor of one message a device", n, percentile(acks, 50), "ms", single),
        figure("页面得知 page told p50", n, percentile([s.page_ms for s in measured.samples], 50), "ms", floor),
        figure("文件送齐 documents delivered p50", n, percentile([s.documents_ms for s in measured.samples], 50), "ms"),
        figure("丢失 lost", n, sum(len(s.failed) for s in measured.samples), "devices"),
        figure("再次询问 asked again", n, sum(s.again for s in measured.samples), "devices"),
        figure("网关每台CPU gateway CPU a device", n, measured.cpu_ms_a_device, "ms"),
        figure("网关内存 gateway RSS", n, measured.rss_mb, "MB"),
    ]
    if measured.dead:
        told_ms = max(sample.ack_ms for sample in measured.dead_samples)
        figures.append(figure(f"{len(measured.dead)}台不应答,结果 {len(measured.dead)} dead, result", n, told_ms, "ms"))
    return figures
