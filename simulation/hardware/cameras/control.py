"""Telling cameras what to do from another process: JSON lines over a Unix socket, one answer per line.

`{"do": "stall", "camera": "z6-2-a", "seconds": 3}` → `{"ok": true}` or `{"ok": false, "error": "…"}`.
"""

import asyncio
import base64
import binascii
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from simulation.hardware.cameras.camera import VirtualCamera
from simulation.hardware.cameras.spec import CameraError, UnknownCameraError

Wish = Mapping[str, object]
Status = Callable[[], dict[str, object]]
LINE_MAX_BYTES = 8 << 20  # a PNG in base64


def _number(wish: Wish, key: str) -> float:
    value = wish.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CameraError(f"{wish.get('do')}: {key}: {value!r} is not a number")
    return value


def _show(camera: VirtualCamera, wish: Wish) -> None:
    qr, png = wish.get("qr"), wish.get("png")
    if isinstance(qr, str) and png is None:
        camera.show(qr, _number(wish, "seconds"))
        return
    if not isinstance(png, str) or qr is not None:
        raise CameraError("show: give either qr (text) or png (base64)")
    try:
        picture = base64.b64decode(png, validate=True)
    except binascii.Error as error:
        raise CameraError(f"show: png: not base64: {error}") from error
    camera.show(picture, _number(wish, "seconds"))


DEEDS: Mapping[str, Callable[[VirtualCamera, Wish], None]] = {
    "show": _show,
    "stall": lambda camera, wish: camera.stall(_number(wish, "seconds")),
    "freeze": lambda camera, wish: camera.freeze(_number(wish, "seconds")),
    "black": lambda camera, wish: camera.black(_number(wish, "seconds")),
    "away": lambda camera, wish: camera.away(_number(wish, "seconds")),
    "drop_connection": lambda camera, wish: camera.drop_connection(),
    "clock_offset_ms": lambda camera, wish: camera.clock_offset_ms(int(_number(wish, "offset_ms"))),
}


def find_camera(cameras: Mapping[str, VirtualCamera], name: object) -> VirtualCamera:
    camera = cameras.get(name) if isinstance(name, str) else None
    if camera is None:
        raise UnknownCameraError(f"camera {name!r}: not here; this farm has {', '.join(cameras)}")
    return camera


def obey(cameras: Mapping[str, VirtualCamera], status: Status, line: bytes) -> bytes:
    """One line in, one line out."""
    try:
        wish = json.loads(line)
        if not isinstance(wish, dict):
            raise CameraError('expected an object such as {"do": "list"}')
        do = str(wish.get("do"))
        if do == "list":
            answer: dict[str, object] = {"ok": True, **status()}
        elif do in DEEDS:
            DEEDS[do](find_camera(cameras, wish.get("camera")), wish)
            answer = {"ok": True}
        else:
            raise CameraError(f"do: {do!r} is unknown; take list, {', '.join(DEEDS)}")
    except (CameraError, json.JSONDecodeError, UnicodeDecodeError, OverflowError) as error:
        answer = {"ok": False, "error": str(error)}
    return json.dumps(answer, ensure_ascii=False).encode() + b"\n"


class ControlServer:
    """The Unix socket.  A line that is too long ends its connection."""

    def __init__(self, path: Path, cameras: Mapping[str, VirtualCamera], status: Status) -> None:
        self._path, self._cameras, self._status = path, cameras, status
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LINE_MAX_BYTES)

    async def stop(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "asyncio serves each connection in a task of its own"
        self._tasks.add(task)
        try:
            while line := await reader.readline():
                # A QR code or a PNG takes some milliseconds, which other cameras' packets need not wait for.
                writer.write(await asyncio.to_thread(obey, self._cameras, self._status, line))
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # gone, or a line beyond the limit
        except asyncio.CancelledError:
            pass  # the server stops
        finally:
            self._tasks.discard(task)
            writer.close()
