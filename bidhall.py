"""Front door of bidhall 标厅: `bidhall COMMAND …`.  Each command is imported only when it is called."""

import sys
from collections.abc import Callable

Command = Callable[[list[str]], int]


def _demo(argv: list[str]) -> int:
    from simulation.stage.demo import main

    return main(argv)


def _tender_day(argv: list[str]) -> int:
    from simulation.stage.tender_day import main

    return main(argv)


def _check(argv: list[str]) -> int:
    from simulation.prover.cli import main

    return main(argv)


def _simulate(argv: list[str]) -> int:
    from simulation.world.cli import main

    return main(argv)


def _gateway(argv: list[str]) -> int:
    from dashboard.assets import folder
    from gateway.cli import main

    return main(argv, folder())


def _edge(argv: list[str]) -> int:
    from edge.cli import main

    return main(argv)


def _device(argv: list[str]) -> int:
    if argv[:1] in (["list"], ["approve"], ["push"]):
        from gateway.device_cli import main as over_the_gateway

        return over_the_gateway(argv)
    if argv[:1] in ([], ["-h"], ["--help"]):
        print("用法 usage: bidhall device list | approve | push | test | install | bundle | key  [--help]")
        return 0 if argv else 2
    # At the board itself, or where programs are made: a machine that has nothing of the gateway.
    from edge.device_cli import main

    return main(argv)


def _evidence(argv: list[str]) -> int:
    if argv[:1] == ["verify"]:
        # Offline, and on a machine that has nothing else of ours.
        from venue_model.tools.verify_package import main as verify

        return verify(argv[1:])
    from gateway.evidence_cli import main

    return main(argv)


def _bench(argv: list[str]) -> int:
    from simulation.bench import main

    return main(argv)


def _prove(argv: list[str]) -> int:
    from simulation.proof.cli import main

    return main(argv)


COMMANDS: dict[str, tuple[Command, str]] = {
    "demo": (_demo, "整个场地在本机运行  the whole venue on this machine, with the dashboard"),
    "tender-day": (_tender_day, "无人值守演练一个交易日  one whole tender day, unattended, on real parts"),
    "check": (_check, "证明场地方案  prove a venue before anyone enters"),
    "simulate": (_simulate, "虚拟时间仿真,注入故障  whole venues in virtual time, with faults drawn from a seed"),
    "prove": (_prove, "证明分隔协议  prove the separation protocol: search | induction | promela | replay | all"),
    "gateway": (_gateway, "运行网关  run the gateway"),
    "edge": (_edge, "运行一块控制板  run the agent of one board"),
    "device": (_device, "设备:list | approve | push | test | install | bundle | key  devices, and programs for boards"),
    "evidence": (_evidence, "证据:list | pull | verify  list, fetch and verify evidence packages"),
    "bench": (_bench, "性能:scene | door | simulate  measure, each figure with its floor"),
}


def main(argv: list[str] | None = None) -> int:
    """Run a command; its exit status: 0 holds, 1 does not hold, 2 bad input or usage."""
    given = sys.argv[1:] if argv is None else argv
    if not given or given[0] in ("-h", "--help"):
        print("bidhall 标厅: 公共资源交易中心场地控制 control stack of a trading venue\n\n用法 usage: bidhall COMMAND [--help] …\n")
        for name, (_, text) in COMMANDS.items():
            print(f"  {name:<11} {text}")
        return 0 if given else 2
    if given[0] not in COMMANDS:
        print(f"bidhall: 没有命令 {given[0]!r} no such command; commands: {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    try:
        return COMMANDS[given[0]][0](given[1:])
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
