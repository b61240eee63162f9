"""One line of the journal as a sighting: somebody, known or not, was at a door at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from gateway.core.presence.ways import Ways
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey

# The journal's kinds that tell where somebody was.  Two are the gateway's own: "muster" (staff saw the person outside, or take that
# back) and "emptied" (the doors of a domain counted nobody).
KINDS = ("passage", "grant", "refusal", "locker", "muster", "emptied", "alarm")
_NOBODY_SAW = frozenset({"unseen", "found-open"})  # alarms of a door through which somebody may have gone


class Ref(NamedTuple):
    """Where a line stands in the venue's journal."""

    agent: str
    seq: int
    utc_ns: int

    def plain(self) -> dict[str, object]:
        """For the body of another line."""
        return {"agent": self.agent, "seq": self.seq, "utc_ns": self.utc_ns}


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody was here.  `origin` and `to` are domains, "" for the open side of a door; only a passage has them."""

    ref: Ref
    kind: str
    door: str = ""
    room: str = ""  # where the person then stood; "" when the venue does not know the door
    origin: str = ""
    to: str = ""
    direction: str = ""
    how: str = ""
    rule: str = ""  # of a refusal
    person: PersonKey | None = None
    group: Role | None = None
    lot: LotId | None = None
    credential: str = ""  # the beginning of a digest
    outside: bool = True  # of a muster line: False takes an earlier one back

    @property
    def utc_ns(self) -> int:
        """When it happened, by the clock of the board that saw it."""
        return self.ref.utc_ns

    @property
    def order(self) -> tuple[int, str, int]:
        """Time first; board and number make two lines of one moment keep their order wherever they are told."""
        return (self.ref.utc_ns, self.ref.agent, self.ref.seq)


def sighting_of(line: Mapping[str, Any], ways: Ways) -> Sighting | None:
    """The sighting in a journal line (`agent`, `seq`, `utc_ns`, `kind`, `lot`, `body`), or None.  Any body is understood or passed over."""
    kind, body = str(line["kind"]), line["body"]

    def text(name: str) -> str:
        value = body.get(name)
        return value if isinstance(value, str) else ""

    if kind not in KINDS or (kind == "alarm" and text("code") not in _NOBODY_SAW):
        return None
    group, lot = text("group"), text("lot") or line.get("lot")
    return Sighting(
        Ref(str(line["agent"]), int(line["seq"]), int(line["utc_ns"])), kind, text("door"),
        ways.room_after(text("door"), text("direction") if kind == "passage" else "", text("device") or text("locker")),
        text("component") if kind == "emptied" else text("from"), text("to"), text("direction"), text("how"), text("rule"),
        PersonKey(text("person")) if text("person") else None,
        Role(group) if group in set(Role) else None,  # a newer door may know roles that this gateway does not
        LotId(lot) if lot else None,
        text("credential"), body.get("outside") is not False,
    )  # fmt: skip
