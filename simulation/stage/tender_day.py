"""`bidhall tender-day`: one whole tender day, unattended, on real parts; ends with a sealed package."""

import argparse
import io
import json
import sys
import tempfile
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from simulation.platform.scenarios import DayScenario, Rooms, county_day
from simulation.stage.day_script import DayScript, with_expired_pass
from simulation.stage.house import House, HouseOptions
from simulation.stage.laws import ApartWatch, check_day
from simulation.stage.people import Crowd
from simulation.stage.processes import StageError
from simulation.stage.recordings import prove_package
from simulation.stage.staff import Desk
from venue_model.ids import ProjectId, RoomId, is_id
from venue_model.tools.files import example
from venue_model.tools.verify_package import verify

SPEED = 120.0
MIN_WINDOW_S = 6
METAL_PACE = 0.2  # leaves and lockers: as fast as a door closer set hard


def main(argv: list[str]) -> int:
    """0 when every law held, 1 when one did not, 2 when the day could not be run."""
    parser = argparse.ArgumentParser(prog="bidhall tender-day", description="无人值守演练一个交易日 One whole tender day on real parts")
    parser.add_argument("--project", help="项目编号 id of the project (default: made from the date)")
    parser.add_argument("--out", type=Path, help="证据包输出目录 where the package goes (default: a new folder)")
    parser.add_argument("--speed", type=float, default=SPEED, help=f"等待缩短倍数 waiting is this many times shorter (default {SPEED:.0f})")
    parser.add_argument("--seed", type=int, default=1, help="随机种子 seed of the day's people")
    parser.add_argument("--broker", choices=("mosquitto", "nats"), default="", help="指定消息服务 force a broker")
    parser.add_argument("--pull-the-plug", action="store_true", help="评标中杀死网关 kill the gateway during the evaluation")
    parser.add_argument("--json", action="store_true", help="输出JSON print the summary as JSON")
    options = parser.parse_args(argv)
    if options.speed <= 0:
        print(f"--speed {options.speed}: must be above 0", file=sys.stderr)
        return 2
    if options.project is not None and not is_id(options.project):
        print(f"--project {options.project!r}: use 1 to 64 of A-Z a-z 0-9 . _ -", file=sys.stderr)
        return 2
    out = options.out or Path(tempfile.mkdtemp(prefix="bidhall-day-"))
    say = _quiet if options.json else _say
    try:
        summary = run_day(out, options.speed, options.seed, options.project, options.broker, options.pull_the_plug, say)
    except (StageError, OSError) as error:
        print(f"bidhall tender-day: {error}", file=sys.stderr)
        return 2
    except AssertionError as error:
        print(f"bidhall tender-day: the day stopped: {error}; logs are in {out / 'stage' / 'logs'}", file=sys.stderr)
        return 1
    (out / "summary.json").write_text(json.dumps(summary, ensure_ascii=False, indent=1), "utf-8")
    print(json.dumps(summary, ensure_ascii=False, indent=1) if options.json else _words(summary))
    return 1 if summary["violations"] else 0


def run_day(
    out: Path, speed: float, seed: int, project: str | None, broker: str, pull_the_plug: bool, say: Any
) -> dict[str, Any]:
    """Run the day and sum it up.  AssertionError when somebody waits in vain; StageError when a part does not start."""
    out.mkdir(parents=True, exist_ok=True)
    window_s = max(MIN_WINDOW_S, round(300 / speed))
    settings = HouseOptions(
        example("county_hall"), out / "stage", pace=max(METAL_PACE, 1 / speed), entry_window_s=window_s, broker=broker, seed=seed
    )
    began = time.monotonic()
    say("布置场地 setting the stage: broker, gateway, agents, hardware, cameras, platform")
    with House(settings) as house:
        scenario = _scenario(seed, project)
        crowd = Crowd(house, scenario.cards, scenario.phones)
        apart = ApartWatch(house.venue, crowd, {p.person: p.role for lot in scenario.lots for p in lot.people})
        desk = Desk.open(house)
        script = DayScript(desk, crowd, scenario, speed, say)
        if pull_the_plug:
            script.while_evaluating = _Plug(house, desk, say).pull
        desk.wait("all agents", desk.agents_online, 60)
        set_s = time.monotonic() - began
        say(f"场地就绪 the stage is set after {set_s:.1f} s")
        script.run()
        lot = scenario.lots[0]
        desk.wait("the package", lambda: desk.get(f"/projects/{lot.project}")["packages"])
        desk.wait("the failed lot's package", lambda: desk.get(f"/projects/{scenario.lots[1].project}")["packages"])
        project_view = desk.get(f"/projects/{lot.project}")
        package = _pull(desk, project_view["packages"][-1], out)
        short = _pull(desk, desk.get(f"/projects/{scenario.lots[1].project}")["packages"][-1], out)
        proofs = prove_package(package, project_view["tracks"])
        findings = check_day(script, apart, desk.events, _sign_texts(house), proofs)
        findings.check("Sealed", (f"{f.path}: {f.kind}" for folder in (package, short) for f in verify(folder)))
        dead = desk.get("/state")["platform"]["dead"]
        findings.check("Platform", [f"the platform refused {dead} messages"] if dead else [])
        received = {kind: len(house.platform.received(kind)) for kind in ("arrival", "scene", "evidence", "anomaly")}
        summary = _summary(script, desk, project_view, package, short, proofs, received)
        desk.close()
    summary |= {"violations": findings.violations, "laws": findings.held, "steps": apart.steps}
    summary["seconds"] = {"stage": round(set_s, 1), "day": round(time.monotonic() - began - set_s, 1)}
    return summary


class _Plug:
    """Kills the gateway in the evaluation, lets people go on by the last signed policy, brings it back."""

    def __init__(self, house: House, desk: Desk, say: Any) -> None:
        self.house, self.desk, self.say = house, desk, say

    def pull(self, script: DayScript) -> None:
        """The doors decide alone meanwhile; what they recorded arrives when the gateway is back."""
        self.say("拔掉网关 the gateway is killed")
        self.house.gateway.kill()
        script.without_gateway()
        self.house.gateway.start()
        self.desk.again()
        self.desk.wait("all agents", self.desk.agents_online, 60)
        self.say("网关恢复 the gateway is back")


def _scenario(seed: int, project: str | None) -> DayScenario:
    rooms = Rooms(*(RoomId(r) for r in ("o1", "e1", "o2", "e2")))
    scenario = with_expired_pass(county_day(start_utc_ns=time.time_ns(), rooms=rooms, seed=seed))
    if project is None:
        return scenario
    first, second = scenario.lots
    return replace(scenario, lots=(replace(first, project=ProjectId(project)), second))


def _pull(desk: Desk, package: dict[str, Any], out: Path) -> Path:
    """Download a package as a supervisor does, and unpack it."""
    answer = desk.supervisor.get(package["url"]).raise_for_status()
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        top = archive.namelist()[0].split("/")[0]
        archive.extractall(out)
    return out / top


def _sign_texts(house: House) -> dict[str, list[str]]:
    state = house.doors.do("state")["things"]["sign"]
    return {sign: list(shown["text"]) for sign, shown in state.items()}


_MEMBER = ("id", "kind", "room", "required", "code", "text", "attempts", "latency_ms")


def _summary(
    script: DayScript,
    desk: Desk,
    project: dict[str, Any],
    package: Path,
    short: Path,
    proofs: list[dict[str, Any]],
    received: dict[str, int],
) -> dict[str, Any]:
    entered = [a for a in script.crowd.attempts if a.entered]
    refusals = desk.events("refusal")
    return {
        "project": project["project"],
        "package": str(package),
        "failed_package": str(short),
        "scenes": [
            {
                "run": run["id"], "lot": run["lot"], "scene": run["scene"], "result": run["result"],
                "ms": (run["ended_utc_ns"] - run["began_utc_ns"]) // 1_000_000,
                "devices": [{key: member[key] for key in _MEMBER} for member in run["members"]],
            }
            for run in desk.runs
        ],
        "badge_reads": len(script.crowd.attempts),
        "grants": [{"person": a.person, "door": a.door, "by": a.by, "ms": a.took_ms} for a in entered],
        "refusals": [
            {"door": r["body"].get("door"), "rule": r["body"]["rule"], "because": r["body"]["because"], "person": r["person"]}
            for r in refusals
        ],
        "refused_presses": script.refused_presses,
        "segments": sum(len(t["segments"]) for t in project["tracks"]),
        "gaps": [{"track": t["track"], **gap} for t in project["tracks"] for gap in t["gaps"]],
        "recordings": proofs,
        "platform_received": received,
    }  # fmt: skip


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def _quiet(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _words(summary: dict[str, Any]) -> str:
    lines = [
        f"场景 scenes: {len(summary['scenes'])}  刷卡 badge reads: {summary['badge_reads']}  放行 grants: {len(summary['grants'])}"
        f"  拒绝 refusals: {len(summary['refusals'])}",
        f"录像 segments: {summary['segments']}  缺口 gaps: {len(summary['gaps'])}",
        "法则 laws: " + "  ".join(f"{law} {'✓' if held else '✗'}" for law, held in summary["laws"].items()),
        *(f"✗ {v['law']}: {v['what']}" for v in summary["violations"]),
        f"证据包 package: {summary['package']}",
    ]
    return "\n".join(lines)
