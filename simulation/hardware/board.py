"""`VirtualBoard`: an I/O board on a stream socket, with doors and lockers wired to it (`edge/drivers/line_wire.py`)."""

import asyncio
import logging
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Protocol

from edge.drivers import line_wire
from simulation.hardware.mechanics import Edge, S

log = logging.getLogger(__name__)


class Fixture(Protocol):
    """Metal on terminals: a door, a locker."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Terminals that tell."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Terminals that are driven."""

    def drive(self, terminal: str, active: bool, now_ns: int) -> None: ...

    def fire(self, active: bool, now_ns: int) -> None: ...

    def advance(self, now_ns: int) -> list[Edge]: ...

    def wake_ns(self, now_ns: int) -> int | None: ...


class VirtualBoard:
    """One board.  `address` is `unix:/path` or `tcp:127.0.0.1:0`; after `start` it holds the port that was chosen.

    Everything runs on the event loop of `start`; `pump` must be called there after an act on a wired fixture.
    """

    def __init__(self, name: str, address: str, *, fire_line: str | None = None) -> None:
        self.name = name
        self.address = address
        self.generation = 0
        self.levels: dict[str, bool] = {}
        self._fire_line = fire_line
        self._outputs: dict[str, tuple[Fixture, str] | None] = {}
        self._fixtures: list[tuple[Fixture, dict[str, str]]] = []
        self._inverted: set[str] = set()
        self._server: asyncio.Server | None = None
        self._owner: asyncio.StreamWriter | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        if fire_line is not None:
            self.levels[fire_line] = False

    def wire(self, fixture: Fixture, lines: Mapping[str, str], *, inverted: Collection[str] = ()) -> None:
        """Connect a fixture's terminals to lines: `{"strike": "d1-strike", "contact": "d1-contact"}`.

        `inverted` names terminals whose line is active while they are not: the other throw of a switch.
        """
        if unknown := sorted(set(lines) - {*fixture.inputs, *fixture.outputs}):
            raise ValueError(f"board {self.name}: no terminal {', '.join(unknown)} on that fixture")
        if taken := sorted(set(lines.values()) & set(self.levels)):
            raise ValueError(f"board {self.name}: line {', '.join(taken)} is already wired")
        for terminal, line in lines.items():
            self.levels[line] = terminal in inverted
            if terminal in fixture.outputs:
                self._outputs[line] = (fixture, terminal)
        self._inverted |= {lines[terminal] for terminal in inverted}
        self._fixtures.append((fixture, dict(lines)))

    def add_lamp(self, line: str) -> None:
        """An output that only shines."""
        self.levels[line] = False
        self._outputs[line] = None

    async def start(self) -> None:
        kind, _, rest = self.address.partition(":")
        if kind == "unix":
            self._server = await asyncio.start_unix_server(self._accept, rest)
        else:
            host, _, port = rest.rpartition(":")
            self._server = await asyncio.start_server(self._accept, host, int(port))
            self.address = f"tcp:{host}:{self._server.sockets[0].getsockname()[1]}"
        self.generation += 1
        self.pump()

    async def stop(self) -> None:
        """Power off: connections end, outputs fall."""
        if self._server is None:
            return
        self._server.close()
        if self._owner is not None:
            self._owner.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        if self._timer is not None:
            self._timer.cancel()
        kind, _, path = self.address.partition(":")
        if kind == "unix":
            Path(path).unlink(missing_ok=True)

    @property
    def connected(self) -> bool:
        return self._owner is not None

    def cut(self) -> None:
        """Fault: the wire to the agent is torn; the agent may call again at once."""
        if self._owner is not None:
            self._owner.transport.abort()

    def fire(self, active: bool) -> None:
        """The wired fire input: locks first, in hardware; then the line tells whoever listens."""
        now_ns = time.monotonic_ns()
        for fixture, _ in self._fixtures:
            fixture.fire(active, now_ns)
        if self._fire_line is not None:
            self._change(self._fire_line, active)
        self.pump()

    def pump(self) -> None:
        """Let the metal move up to now, tell every edge, and come back when it moves next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now_ns = time.monotonic_ns()
        wakes = []
        for fixture, lines in self._fixtures:
            for edge in fixture.advance(now_ns):
                if edge.terminal in lines:
                    line = lines[edge.terminal]
                    self._change(line, edge.active != (line in self._inverted))
            wakes.append(fixture.wake_ns(now_ns))
        due = [wake for wake in wakes if wake is not None]
        if due and self._server is not None:
            delay_s = max(0.0, (min(due) - now_ns) / S)
            self._timer = asyncio.get_running_loop().call_later(delay_s, self.pump)

    def _change(self, line: str, active: bool) -> None:
        self.levels[line] = active
        self._tell(line_wire.Changed(line, active))

    def _tell(self, message: line_wire.Message) -> None:
        if self._owner is not None and not self._owner.is_closing():
            self._owner.write(line_wire.encode(message))

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None, "asyncio calls this in a task"
        self._talks.add(talk)
        try:
            await self._talk(reader, writer)
        except (OSError, ValueError, TimeoutError) as fault:
            log.info("board %s: connection ended: %s", self.name, fault)
        except asyncio.CancelledError:
            pass  # `stop`; the stream server would log it as a fault
        finally:
            self._talks.discard(talk)
            if self._owner is writer:
                self._owner = None
                self._secure()
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = line_wire.decode(await asyncio.wait_for(reader.readline(), line_wire.SILENCE_S))
        if not isinstance(first, line_wire.Hello):
            raise ValueError("the agent did not begin with its greeting")
        if self._owner is not None:  # the newest connection owns the board: the old one may be half dead
            self._owner.close()
            self._secure()
        self._owner = writer
        self._tell(line_wire.Hello(self.name, self.generation, self.levels))
        while line := await asyncio.wait_for(reader.readline(), line_wire.SILENCE_S):
            if self._owner is not writer:
                return
            self._obey(line_wire.decode(line))

    def _obey(self, message: line_wire.Message) -> None:
        match message:
            case line_wire.Set(line, active, seq) if line in self._outputs:
                self._drive(line, active)
                self._tell(line_wire.Set(line, active, seq))
                self.pump()
            case line_wire.Set(line, _, seq):
                self._tell(line_wire.Refused(f"no output {line}", seq))
            case line_wire.Level():
                self._tell(line_wire.Level(self.levels))
            case _:
                self._tell(line_wire.Refused("only set and level are for a board"))

    def _drive(self, line: str, active: bool) -> None:
        self.levels[line] = active
        if (wired := self._outputs[line]) is not None:
            fixture, terminal = wired
            fixture.drive(terminal, active, time.monotonic_ns())

    def _secure(self) -> None:
        """Dead man: nobody holds the outputs any more."""
        for line in self._outputs:
            self._drive(line, False)
        self.pump()
