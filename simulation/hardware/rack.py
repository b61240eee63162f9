"""`HardwareRack`: all virtual hardware of a venue under one roof, by device id, and what people can do to it.

A new kind needs `rack.add(kind, id, thing)`, and `rack.teach(verb, kind, act)` for what people do with it.
"""

import base64
import inspect
import time
from collections.abc import Callable
from typing import Any

from simulation.hardware.board import VirtualBoard
from simulation.hardware.door import VirtualDoor
from simulation.hardware.led_sign import VirtualSign
from simulation.hardware.locker import VirtualLocker

Command = dict[str, Any]
Result = dict[str, Any]
# Gets the thing and the command; may be a coroutine function.  Its keys join {"ok": true}, or it says ok itself.
Act = Callable[[Any, Command], Any]


class CommandError(ValueError):
    """A command that cannot be done as written.  The text says what can."""


class HardwareRack:
    """Use it from one event loop.  A command is `{"do": verb, <kind>: id, …}`; the answer always has `ok`.

        pull {door, leaf=1}   push_exit {door}   force {door}   prop {door, on=true}
        locker_put {locker}   locker_take {locker}   sign_picture {sign}
        fire {on=true, board=all of them}   state {}
    """

    def __init__(self) -> None:
        self.things: dict[str, dict[str, Any]] = {}
        self._verbs: dict[str, tuple[str, Act]] = {}
        self.teach("pull", "door", lambda door, c: _done(door.pull(_now(), leaf=c.get("leaf", 1)), "it stays shut"))
        self.teach("push_exit", "door", lambda door, c: door.push_exit(_now()))
        self.teach("force", "door", lambda door, c: door.force(_now()))
        self.teach("prop", "door", lambda door, c: _done(door.prop(c.get("on", True), _now()), "no leaf stands open"))
        self.teach("locker_put", "locker", lambda locker, c: _done(locker.put(_now()), "it is shut, or taken"))
        self.teach("locker_take", "locker", lambda locker, c: _done(locker.take(_now()), "it is shut, or empty"))
        self.teach("sign_picture", "sign", lambda sign, c: {"png": base64.b64encode(sign.picture()).decode()})

    def add(self, kind: str, id: str, thing: Any) -> None:
        """Own a thing.  Its `start` and `stop` (plain or async), where it has them, are called with the rack's."""
        shelf = self.things.setdefault(kind, {})
        if id in shelf:
            raise ValueError(f"rack: {kind} {id} is already there")
        shelf[id] = thing

    def teach(self, verb: str, kind: str, act: Act) -> None:
        """Let `do` know an act upon one thing of a kind."""
        self._verbs[verb] = (kind, act)

    async def start(self) -> None:
        for thing in self._all():
            if hasattr(thing, "start"):
                await _finished(thing.start())

    async def stop(self) -> None:
        for thing in reversed(self._all()):
            if hasattr(thing, "stop"):
                await _finished(thing.stop())

    async def do(self, command: Command) -> Result:
        """Carry a command out; `{"ok": false, "error": …}` when it cannot be, or when the metal does not yield."""
        try:
            answer = await self._do(command)
        except CommandError as fault:
            return {"ok": False, "error": str(fault)}
        for board in self.things.get("board", {}).values():
            board.pump()  # what was just done shows on its lines now
        return {"ok": True, **(answer or {})}

    async def _do(self, command: Command) -> Result | None:
        verb = command.get("do")
        if verb == "state":
            return self._state()
        if verb == "fire":
            named = [command["board"]] if "board" in command else self.things.get("board", {})
            for board in [self._find("board", id) for id in named]:
                board.fire(bool(command.get("on", True)))
            return None
        if not isinstance(verb, str) or verb not in self._verbs:
            known = ", ".join(sorted({*self._verbs, "fire", "state"}))
            raise CommandError(f"do: {verb!r} is not known; known are {known}")
        kind, act = self._verbs[verb]
        if kind not in command:
            raise CommandError(f'{verb}: say which {kind}: "{kind}": id')
        answer: Result | None = await _finished(act(self._find(kind, command[kind]), command))
        return answer

    def _find(self, kind: str, id: Any) -> Any:
        shelf = self.things.get(kind, {})
        if not isinstance(id, str) or id not in shelf:
            raise CommandError(f"{kind} {id!r} is not in the rack; there are {', '.join(sorted(shelf)) or 'none'}")
        return shelf[id]

    def _state(self) -> Result:
        state: Result = {}
        for kind, shelf in self.things.items():
            for id, thing in shelf.items():
                match thing:
                    case VirtualBoard():
                        shown: Any = {"connected": thing.connected, "levels": dict(thing.levels)}
                    case VirtualDoor() | VirtualLocker():
                        shown = thing.state(_now())
                    case VirtualSign():
                        shown = thing.state()
                    case _:
                        shown = thing.state() if hasattr(thing, "state") else {}
                state.setdefault(kind, {})[id] = shown
        return {"things": state}

    def _all(self) -> list[Any]:
        return [thing for shelf in self.things.values() for thing in shelf.values()]


def _done(yielded: bool, otherwise: str) -> None:
    if not yielded:
        raise CommandError(otherwise)


def _now() -> int:
    return time.monotonic_ns()


async def _finished(result: Any) -> Any:
    return await result if inspect.isawaitable(result) else result
