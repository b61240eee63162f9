"""Hands on the virtual hardware: clients of the control sockets of the hardware process and of the cameras."""

import json
import socket
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Refused(RuntimeError):
    """The hardware did not do it.  The text says why."""


class Hands:
    """One control socket; one command at a time."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(15)
        self._socket.connect(str(path))
        self._file = self._socket.makefile("rwb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go."""
        self._file.close()
        self._socket.close()

    def do(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """Do it, or raise Refused."""
        answer = self.try_(verb, **arguments)
        if not answer.get("ok"):
            raise Refused(f"{verb} {arguments}: {answer.get('error')}")
        return answer

    def try_(self, verb: str, **arguments: Any) -> dict[str, Any]:
        """Do it; the answer has `ok`."""
        self._file.write(json.dumps({"do": verb, **arguments}).encode() + b"\n")
        self._file.flush()
        line = self._file.readline()
        if not line:
            raise Refused(f"{verb}: the hardware process has gone")
        answer: dict[str, Any] = json.loads(line)
        return answer
