"""`bidhall bench NAME`: the figures of design.md 9, each beside a floor that was taken in the same run (docs/bench.md)."""

import sys
from collections.abc import Callable


def _scene(argv: list[str]) -> int:
    from simulation.bench.scene_cli import main

    return main(argv)


def _door(argv: list[str]) -> int:
    from simulation.bench.door_cli import main

    return main(argv)


def _simulate(argv: list[str]) -> int:
    from simulation.bench.simulate_cli import main

    return main(argv)


BENCHES: dict[str, tuple[Callable[[list[str]], int], str]] = {
    "scene": (_scene, "场景:按下到最后一台设备应答  a scene: from the request to the last device's own acknowledgement"),
    "simulate": (_simulate, "仿真:虚拟时间快多少倍  the simulation: how much faster than life"),
    "door": (_door, "门:刷卡到电锁动作  a door: from the card to the relay"),
}


def main(argv: list[str]) -> int:
    """0 when everything could be measured and held, 1 when a result was wrong, 2 for bad usage or parts that do not start."""
    listed = "\n".join(f"  {name:<8} {text}" for name, (_, text) in BENCHES.items())
    if not argv or argv[0] in ("-h", "--help"):
        print(f"用法 usage: bidhall bench NAME [--json] [--help] …\n\n{listed}")
        return 0 if argv else 2
    if argv[0] not in BENCHES:
        print(f"bidhall bench: 没有测量项 {argv[0]!r} is not measured here; choose one of\n{listed}", file=sys.stderr)
        return 2
    return BENCHES[argv[0]][0](argv[1:])
