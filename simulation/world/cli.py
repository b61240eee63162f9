"""`bidhall simulate`: whole venue-days in virtual time, one line per run; a violation says how it came and how to see it again."""

import argparse
import json
import logging
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from simulation.world.faults import KINDS, FaultOptions, chosen
from simulation.world.run import Result, run
from venue_model.load import VenueError
from venue_model.moments import S
from venue_model.tools.files import example, read_venue
from venue_model.venue import Venue

LAST_EVENTS = 50
SHOWN_FIELDS = 300  # characters of one event's fields


@dataclass(frozen=True, slots=True)
class Job:
    """What every run of a call has in common."""

    hours: float
    venue: Venue
    venue_file: str  # "" for the shipped county hall
    faults: str
    lots: int
    from_ns: int | None  # print the trace from here on
    real_signatures: bool

    def replay(self, seed: int) -> str:
        """The line that shows a run again."""
        venue = f" --venue {self.venue_file}" if self.venue_file else ""
        return f"bidhall simulate --seed {seed} --hours {self.hours:g}{venue} --lots {self.lots} --faults {self.faults}"


def main(argv: list[str]) -> int:
    """0: every law held in every run.  1: one did not.  2: bad input."""
    options = _parser().parse_args(argv)
    try:
        faults = ",".join(chosen(options.faults)) if options.faults not in ("all", "none") else options.faults
        venue = read_venue(Path(options.venue)) if options.venue else read_venue(example("county_hall"))
        from_ns = _moment_ns(options.from_time) if options.from_time else None
        if options.hours <= 0 or options.runs < 1 or options.jobs < 1 or options.lots < 0:
            raise ValueError("--hours must be above 0, --runs and --jobs at least 1, --lots at least 0")
    except (ValueError, OSError, VenueError) as error:
        print(f"bidhall simulate: {error}", file=sys.stderr)
        return 2
    logging.disable(logging.CRITICAL)  # a fault of our own is a violation here, and says more than its log line
    if options.bookings:
        from simulation.rehearsal.command import tell

        return tell(Path(options.bookings), venue, range(options.seed, options.seed + options.runs), as_json=options.json)
    job = Job(options.hours, venue, options.venue or "", faults, options.lots, from_ns, options.real_signatures)
    results = []
    for result in _results(job, range(options.seed, options.seed + options.runs), options.jobs):
        if not options.json:
            _print_result(job, result, alone=options.runs == 1)
        results.append(_short(result) if options.runs > 1 else result)
    if options.json:
        print(json.dumps(_as_json(job, results), ensure_ascii=False, indent=1))
    elif options.runs > 1:
        print(_summary(results))
    return 1 if any(result.violations for result in results) else 0


def _parser() -> argparse.ArgumentParser:
    kinds = "\n".join(f"  {kind.name:<16} {kind.zh}  {kind.en}" for kind in KINDS.values())
    parser = argparse.ArgumentParser(
        prog="bidhall simulate",
        description="虚拟时间仿真场地 Whole venues in virtual time over the real programs, with faults and people drawn from a seed",
        epilog=f"故障种类 kinds of faults:\n{kinds}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1, help="种子 (default 1)")
    parser.add_argument("--hours", type=float, default=2.0, help="仿真时长 how many hours (default 2)")
    parser.add_argument("--venue", metavar="FILE", help="场地文件 venue file (default: the shipped county hall)")
    parser.add_argument("--faults", default="all", metavar="all|none|NAMES", help="哪些故障 which kinds may happen (default all)")
    parser.add_argument("--lots", type=int, default=2, help="标段数 how many lots are booked (default 2)")
    parser.add_argument("--bookings", metavar="FILE", help="预演明日预约 rehearse these lots (JSON) without faults, and report to staff")
    parser.add_argument("--runs", type=int, default=1, help="连续多少个种子 so many seeds, one after the other")
    parser.add_argument("--jobs", type=int, default=1, help="并行进程数 how many processes")
    parser.add_argument("--from", dest="from_time", metavar="HH:MM", help="打印该时刻起的过程 print every event from this time on")
    parser.add_argument("--real-signatures", action="store_true", help="使用真实签名 sign with Ed25519: slower, for the same findings")
    parser.add_argument("--json", action="store_true", help="输出JSON print the result as JSON")
    return parser


def _moment_ns(text: str) -> int:
    hours, colon, minutes = text.partition(":")
    if not colon or not (hours + minutes).isdecimal():
        raise ValueError(f"--from {text}: write hours and minutes of the run, such as 01:30")
    return (int(hours) * 3600 + int(minutes) * 60) * S


def _results(job: Job, seeds: Iterable[int], jobs: int) -> Iterator[Result]:
    if jobs == 1:
        for seed in seeds:
            yield _one(job, seed, told=True)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("fork")) as pool:
        yield from pool.map(_quietly, ((job, seed) for seed in seeds), chunksize=4)


def _quietly(asked: tuple[Job, int]) -> Result:
    return _short(_one(*asked, told=False))


def _one(job: Job, seed: int, *, told: bool) -> Result:
    def say(options: FaultOptions) -> None:
        print(f"seed {seed}: {_rates(options.rates)}", file=sys.stderr, flush=True)

    return run(
        seed, job.hours, job.venue, chosen(job.faults),
        everything=job.faults == "all", lots=job.lots, told=say if told else lambda _: None, real_signatures=job.real_signatures,
    )  # fmt: skip


def _rates(rates: dict[str, float]) -> str:
    return ", ".join(f"{name} {rate:g}" for name, rate in rates.items() if rate) or "no faults"


def _short(result: Result) -> Result:
    """Only what a failure shows: traces are large, and travel between processes."""
    first_ns = min((violation.time_ns for violation in result.violations), default=-1)
    result.trace = [seen for seen in result.trace if seen.time_ns <= first_ns][-LAST_EVENTS:]
    return result


def _print_result(job: Job, result: Result, *, alone: bool) -> None:
    if job.from_ns is not None:
        for seen in result.trace:
            if seen.time_ns >= job.from_ns:
                print(_event_line(seen.time_ns, f"{seen.kind} {dict(seen.fields)}"))
    mark = "✗" if result.violations else "✓"
    print(
        f"{mark} 种子 seed {result.seed}: {result.hours:g} h, 标段 lots {result.lots}, 人 people {result.people}, "
        f"事件 events {result.events}, {result.times_real_time:g}× 实时 real time{', ' + result.digest[:16] if alone else ''}",
        flush=True,
    )
    if not result.violations:
        return
    print(f"  故障 faults: {_rates(result.options)}")
    first_ns = min(violation.time_ns for violation in result.violations)
    if job.from_ns is None:
        for seen in [seen for seen in result.trace if seen.time_ns <= first_ns][-LAST_EVENTS:]:
            print("  " + _event_line(seen.time_ns, f"{seen.kind} {dict(seen.fields)}"))
    for violation in result.violations:
        print("  ✗ " + _event_line(violation.time_ns, f"{violation.law}: {violation.text}"))
    print(f"  重放 replay: {job.replay(result.seed)}", flush=True)


def _event_line(time_ns: int, text: str) -> str:
    minutes, seconds = divmod(time_ns // 1_000_000, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds / 1000:06.3f} {text[:SHOWN_FIELDS]}"


def _summary(results: list[Result]) -> str:
    broken = [result.seed for result in results if result.violations]
    events, hours, cpu_s = (sum(values) for values in zip(*((r.events, r.hours, r.cpu_s) for r in results), strict=True))
    text = f"{len(results)} 次运行 runs, {hours:g} h, {events} 事件 events, CPU {cpu_s:.1f} s, {hours * 3600 / cpu_s:,.0f}× 实时 real time"
    return f"{text}; 违例种子 seeds with violations: {', '.join(map(str, broken)) or '无 none'}"


def _as_json(job: Job, results: list[Result]) -> dict[str, object]:
    first = results[0]
    violations = [
        {"seed": r.seed, "law": v.law, "text": v.text, "time_ns": v.time_ns, "replay": job.replay(r.seed)}
        for r in results
        for v in r.violations
    ]
    hours, cpu_s = sum(r.hours for r in results), sum(r.cpu_s for r in results)
    return {
        "seed": first.seed,
        "hours": job.hours,
        "events": sum(r.events for r in results),
        "violations": violations,
        "times_real_time": round(hours * 3600 / cpu_s, 1),
        "runs": len(results),
        "lots": first.lots,
        "people": first.people,
        "faults": first.options,
        **({"digest": first.digest} if len(results) == 1 else {}),
    }
