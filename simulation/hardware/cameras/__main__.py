"""Run a farm of virtual cameras: one JSON line with the addresses when ready, a clean end on SIGTERM."""

import argparse
import json
import signal
import sys
import time
from fractions import Fraction
from pathlib import Path

from simulation.hardware.cameras.farm import CameraFarm
from simulation.hardware.cameras.spec import CameraError, CameraSpec


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulation.hardware.cameras", description=__doc__)
    parser.add_argument("--camera", action="append", required=True, metavar="ID[:NAME]", help="may be repeated")
    parser.add_argument("--port", type=int, default=0, help="0 lets the system pick a free one")
    parser.add_argument("--control", type=Path, metavar="PATH", help="Unix socket for JSON lines")
    parser.add_argument("--size", default="640x360", metavar="WxH")
    parser.add_argument("--fps", type=Fraction, default=Fraction(25, 2), help="such as 25, 12.5 or 30000/1001")
    return parser.parse_args(argv)


def _specs(arguments: argparse.Namespace) -> list[CameraSpec]:
    width, by, height = arguments.size.partition("x")
    if not (by and width.isdigit() and height.isdigit()):
        raise CameraError(f"--size {arguments.size}: expected WIDTHxHEIGHT, such as 1920x1080")
    pairs = (text.partition(":") for text in arguments.camera)
    return [CameraSpec(camera, name, int(width), int(height), arguments.fps) for camera, _, name in pairs]


def main(argv: list[str] | None = None) -> int:
    arguments = _arguments(argv)
    asked: list[int] = []  # no lock: a second signal inside the first one's handler would wait for itself
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: asked.append(number))
    try:
        specs = _specs(arguments)
        with CameraFarm(specs, port=arguments.port, control=arguments.control) as farm:
            print(json.dumps({"urls": {spec.camera: farm.url(spec.camera) for spec in specs}}), flush=True)
            while not asked:
                time.sleep(0.1)
    except (CameraError, OSError) as error:
        print(f"cameras: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
