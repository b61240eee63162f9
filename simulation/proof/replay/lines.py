"""The lines of a run: those of all boards and the gateway's own, as the venue database keeps them; and what is found in them."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venue_model.door_policy import Approval, Approved, ComponentPolicy
from venue_model.groups import Role
from venue_model.ids import ComponentId
from venue_model.profiles import DoorMode

GATEWAY = ""  # the agent of the gateway's own lines


class TraceError(ValueError):
    """A trace that cannot be read.  The text names file, fault and way out."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a journal."""

    agent: str
    journal: str
    seq: int
    utc_ns: int
    kind: str
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        """How a finding calls it."""
        return f"{self.agent or 'gateway'} #{self.seq}"

    def text(self, key: str) -> str:
        """A word of the body; empty where there is none."""
        value = self.body.get(key)
        return "" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line that the rules do not allow, or one that they demand and that is not there."""

    line: str
    code: str
    because: str

    def __str__(self) -> str:
        return f"{self.line}: {self.code}: {self.because}"


def finding(line: Line, code: str, because: str) -> Finding:
    """What is wrong with a line."""
    return Finding(line.name, code, because)


def policy_in(line: Line) -> ComponentPolicy | None:
    """The policy of a line, without its passes; None when the whole message was refused.

    Raises ValueError, KeyError or TypeError when the line says something else.
    """
    body = line.body
    if "component" not in body:
        return None
    approved = tuple(
        Approved(str(act["act"]), int(act["epoch"]), tuple(Approval(str(a["approver"]), str(a["signature"])) for a in act["approvals"]))
        for act in body.get("approved", ())
    )
    mode, groups = DoorMode(body["mode"]), tuple(Role(group) for group in body["groups"])
    component = ComponentId(body["component"])
    return ComponentPolicy(component, int(body["term"]), int(body["epoch"]), mode, groups, bool(body["seal"]), (), approved)


def read_lines(database: Path) -> list[Line]:
    """All lines of a venue database, which is opened for reading only."""
    if not database.is_file():
        raise TraceError(f"{database}: no such file; give the folder that holds venue.db, or the file itself")
    try:
        with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT agent, journal, seq, utc_ns, kind, body_json FROM journal ORDER BY agent, journal, seq")
            return [Line(agent, journal, seq, utc_ns, kind, json.loads(body)) for agent, journal, seq, utc_ns, kind, body in rows]
    except sqlite3.Error as error:
        raise TraceError(f"{database}: {error}; is it a venue database that the gateway has closed in order?") from None
