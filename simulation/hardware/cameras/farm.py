"""A farm of virtual cameras in one process, behind one RTSP port."""

import asyncio
import resource
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from simulation.hardware.cameras.camera import VirtualCamera
from simulation.hardware.cameras.control import ControlServer, find_camera
from simulation.hardware.cameras.server import BACKLOG_MAX_BYTES, RtspServer
from simulation.hardware.cameras.spec import CameraError, CameraSpec
from simulation.hardware.cameras.stamp import camera_mark


class CameraFarm:
    """`start`, take `url(camera)`, tell `camera(name)` what to do, `stop`; or use it in a `with`.  Serves once.

    `control` is the path of a Unix socket for other processes (see `control`); none by default.
    """

    def __init__(
        self,
        specs: Iterable[CameraSpec],
        *,
        port: int = 0,
        control: Path | None = None,
        backlog_max_bytes: int = BACKLOG_MAX_BYTES,
    ) -> None:
        self._cameras: dict[str, VirtualCamera] = {}
        marks: dict[int, str] = {}
        for spec in specs:
            twin = marks.setdefault(camera_mark(spec.camera), spec.camera)
            if spec.camera in self._cameras or twin != spec.camera:
                raise CameraError(f"camera {spec.camera!r}: has the same mark as {twin!r}; give it another id")
            self._cameras[spec.camera] = VirtualCamera(spec)
        self._server = RtspServer(self._cameras, backlog_max_bytes)
        self._control = ControlServer(control, self._cameras, self.status) if control else None
        self.port = port
        self._ready: Future[int] = Future()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Returns when clients may connect; the first call in a process takes a second, for the media libraries."""
        try:
            for camera in self._cameras.values():
                camera.start()
            self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="cameras", daemon=True)
            self._thread.start()
            self.port = self._ready.result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """May be called twice."""
        for camera in self._cameras.values():
            camera.stop()
        if self._thread is not None:
            if not self._ready.exception():
                self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()
            self._thread = None

    def __enter__(self) -> "CameraFarm":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def camera(self, name: str) -> VirtualCamera:
        return find_camera(self._cameras, name)

    def url(self, name: str) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{self.camera(name).spec.camera}"

    def status(self) -> dict[str, object]:
        """What `list` answers.  `cpu_s` is this whole process, user and system, by getrusage."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        cameras = [
            {**asdict(camera.status()), "url": self.url(name), "frames_lost": self._server.frames_lost[name]}
            for name, camera in self._cameras.items()
        ]
        return {"cpu_s": round(used.ru_utime + used.ru_stime, 3), "cameras": cameras}

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        try:
            async with AsyncExitStack() as open_servers:
                port = await self._server.start(self.port)
                open_servers.push_async_callback(self._server.stop)
                if self._control:
                    await self._control.start()
                    open_servers.push_async_callback(self._control.stop)
                self._ready.set_result(port)
                await self._over.wait()
        except OSError as error:
            self._ready.set_exception(error)
