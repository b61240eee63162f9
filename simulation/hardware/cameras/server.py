"""The RTSP server: many cameras, many clients, RTP inside the RTSP connection.  Lives on one event loop."""

import asyncio
import logging
import secrets
import socket
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from simulation.hardware.cameras.camera import Fault, VirtualCamera
from simulation.hardware.cameras.clock import S
from simulation.hardware.cameras.reel import Unit
from simulation.hardware.cameras.rtp import interleaved
from simulation.hardware.cameras.rtsp import (
    METHODS,
    RtspRequest,
    RtspSyntaxError,
    describe,
    format_response,
    interleaved_channels,
    parse_request,
)

log = logging.getLogger(__name__)

HEAD_MAX_BYTES = 16_384
BACKLOG_MAX_BYTES = 2 << 20  # 4 s of a 4 Mbit/s camera: enough for a recorder that waits for its disk
HOPELESS_NS = 10 * S  # a client whose backlog stays full for so long is gone


class RtspServer:
    """Serves `rtsp://127.0.0.1:port/<camera>`.  `frames_lost` counts pictures and sounds kept from slow clients."""

    def __init__(self, cameras: Mapping[str, VirtualCamera], backlog_max_bytes: int = BACKLOG_MAX_BYTES) -> None:
        self.cameras = cameras
        self.backlog_max_bytes = backlog_max_bytes
        self.frames_lost: Counter[str] = Counter()
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, port: int) -> int:
        """Listen; returns the port, which the system picks for 0."""
        loop = asyncio.get_running_loop()
        for name, camera in self.cameras.items():
            camera.deliver = partial(self._from_thread, loop, self._deliver, name)
            camera.drop = partial(self._from_thread, loop, self._drop, name)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=HEAD_MAX_BYTES)
        address: tuple[str, int] = self._server.sockets[0].getsockname()
        return address[1]

    async def stop(self) -> None:
        self._server.close()
        for connection in tuple(self._connections):
            connection.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @staticmethod
    def _from_thread(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(call, *arguments)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "asyncio serves each connection in a task of its own"
        connection = _Connection(self, reader, writer)
        # Else the kernel keeps megabytes for a client that does not read, and a loss would show minutes late.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self.backlog_max_bytes)
        self._tasks.add(task)
        self._connections.add(connection)
        try:
            await connection.serve()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client went, or does not speak RTSP: nothing is owed to it
        except asyncio.CancelledError:
            pass  # the server stops
        finally:
            connection.pause()
            self._connections.discard(connection)
            self._tasks.discard(task)
            writer.close()

    def _deliver(self, name: str, units: list[Unit]) -> None:
        for connection in self._connections:
            if connection.plays(name):
                self.frames_lost[name] += connection.send(units)

    def _drop(self, name: str) -> None:
        for connection in tuple(self._connections):
            if connection.camera is self.cameras[name]:
                connection.cut()


class _Connection:
    """One client.  It is about one camera, the first it names."""

    def __init__(self, server: RtspServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._transport = writer.transport
        self.camera: VirtualCamera | None = None
        self._session = ""
        self._channels: dict[int, tuple[int, int]] = {}  # track → RTP and RTCP channel
        self._playing = False
        self._begun = False
        self._from_media_ns: int | None = None  # None: wait for a keyframe
        self._full_since_ns: int | None = None

    def plays(self, name: str) -> bool:
        return self._playing and self.camera is not None and self.camera.spec.camera == name

    def cut(self) -> None:
        """End the connection as a dying device does: a reset, no farewell."""
        sock = self._transport.get_extra_info("socket")
        if sock is not None and not self._transport.is_closing():
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()

    def pause(self) -> None:
        """Stop sending; safe to repeat."""
        if self._playing and self.camera is not None:
            self.camera.leave()
        self._playing = False

    def send(self, units: list[Unit]) -> int:
        """Pass on what this client can use now.  Returns how many pictures and sounds it lost by being slow."""
        if self._transport.is_closing():
            return 0
        if self._is_hopeless(units[-1].media_ns):
            peer = self._writer.get_extra_info("peername")
            log.warning("client %s: backlog full for %d s, cut off", peer, HOPELESS_NS // S)
            self.cut()
            return 0
        full = self._full_since_ns is not None
        if full:
            self._from_media_ns = None
        wire: list[bytes] = []
        lost = 0
        for unit in units:
            if unit.key and not full and self._from_media_ns is None:
                self._begun, self._from_media_ns = True, unit.media_ns
            if unit.track not in self._channels or (full and unit.report):
                continue
            if unit.report or (self._from_media_ns is not None and unit.media_ns >= self._from_media_ns):
                channel = self._channels[unit.track][unit.report]
                wire += [interleaved(channel, packet) for packet in unit.packets]
            elif self._begun and self._from_media_ns is None:
                lost += 1
        self._transport.write(b"".join(wire))
        return lost

    def _is_hopeless(self, now_media_ns: int) -> bool:
        if self._transport.get_write_buffer_size() <= self._server.backlog_max_bytes:
            self._full_since_ns = None
        elif self._full_since_ns is None:
            self._full_since_ns = now_media_ns
        return self._full_since_ns is not None and now_media_ns - self._full_since_ns > HOPELESS_NS

    async def serve(self) -> None:
        while True:
            first = await self._reader.readexactly(1)
            if first == b"$":  # a receiver report; we do not adapt to it
                _, length = struct.unpack(">BH", await self._reader.readexactly(3))
                await self._reader.readexactly(length)
                continue
            try:
                request = parse_request(first + await self._reader.readuntil(b"\r\n\r\n"))
                await self._reader.readexactly(min(request.body_length, HEAD_MAX_BYTES))
            except RtspSyntaxError as error:
                log.info("client %s: %s", self._writer.get_extra_info("peername"), error)
                self._writer.write(format_response(400, None))
                return
            if not await self._answer(request):
                return

    async def _answer(self, request: RtspRequest) -> bool:
        """False when the connection is over."""
        camera = self.camera or (self._server.cameras.get(request.path[0]) if request.path else None)
        if camera is not None:
            if camera.fault_left_s(Fault.AWAY) > 0:
                self.cut()
                return False
            self.camera = camera
            while (left_s := camera.fault_left_s(Fault.STALL)) > 0:
                await asyncio.sleep(left_s)
        match request.method:
            case "OPTIONS":
                self._reply(request, headers={"Public": METHODS})
            case _ if camera is None or (request.path and request.path[0] != camera.spec.camera):
                self._reply(request, 404)
            case "DESCRIBE":
                sdp = describe(camera.spec, *camera.tracks, camera.parameter_sets, camera.audio_config)
                headers = {"Content-Base": request.url.rstrip("/") + "/", "Content-Type": "application/sdp"}
                self._reply(request, headers=headers, body=sdp)
            case "SETUP":
                self._set_up(request)
            case "PLAY":
                self._play(request, camera)
            case "GET_PARAMETER" | "SET_PARAMETER":
                self._reply(request, headers=self._session_header())
            case "TEARDOWN":
                self.pause()
                self._reply(request, headers=self._session_header())
                return False
            case _:
                self._reply(request, 501, {"Public": METHODS})
        return True

    def _set_up(self, request: RtspRequest) -> None:
        tracks = {"track0": 0, "track1": 1}
        track = tracks.get(request.path[-1]) if len(request.path) == 2 else None
        if self._playing:
            self._reply(request, 455)
        elif track is None:
            self._reply(request, 404)
        elif (channels := interleaved_channels(request.headers.get("transport", ""))) is None:
            self._reply(request, 461)  # UDP was asked; clients then come back and ask for TCP
        else:
            self._session = self._session or secrets.token_hex(8)
            self._channels[track] = channels
            transport = f"RTP/AVP/TCP;unicast;interleaved={channels[0]}-{channels[1]}"
            self._reply(request, headers={"Transport": transport, **self._session_header(60)})

    def _play(self, request: RtspRequest, camera: VirtualCamera) -> None:
        if not self._channels:
            self._reply(request, 455)
            return
        if request.headers.get("session", "").partition(";")[0] != self._session:
            self._reply(request, 454)
            return
        base = request.url.rstrip("/")
        now_ns = camera.clock.media_ns()
        info = ",".join(
            f"url={base}/track{n};rtptime={camera.tracks[n].timestamp(camera.tracks[n].ticks(now_ns))}"
            for n in sorted(self._channels)
        )
        self._reply(request, headers={"Range": "npt=now-", "RTP-Info": info, **self._session_header()})
        if not self._playing:
            self._playing = True
            camera.join()

    def _session_header(self, timeout_s: int | None = None) -> dict[str, str]:
        if not self._session:
            return {}
        return {"Session": self._session + (f";timeout={timeout_s}" if timeout_s else "")}

    def _reply(
        self, request: RtspRequest, status: int = 200, headers: Mapping[str, str] | None = None, body: str = ""
    ) -> None:
        self._writer.write(format_response(status, request, headers, body))
