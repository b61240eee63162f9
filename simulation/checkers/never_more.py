"""Law Never more: a board grants what its last signed policy grants, under a lease that lives, and holds nothing that was not signed."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulation.checkers.law import NOTHING, Doubts, Granted, Grants, Law, board_of
from simulation.world.contract import House, See, Seen, Violation
from venue_model.ids import BoardId
from venue_model.moments import S
from venue_model.profiles import DoorMode

SLACK_NS = 1 * S  # a lease is counted on the board's own clock, which may drift, and the line is written a moment after the verdict


class NeverMore(Law):
    """An edge that is alone grants at most what its last signed, unexpired policy grants."""

    law = "Never more"
    zh = "离线放行不得超出最后签署的授权"
    en = "a door grants at most what was last signed for it, while the lease lives"
    kinds: tuple[See, ...] = (See.SIGNED, See.HELD, See.LEASE, See.CRASH, *Grants.KINDS)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._grants = Grants()
        self._signed: set[tuple[object, ...]] = {(c, 1, 0, DoorMode.CLEAR.value, (), False) for c in self.venue.components}  # at birth
        self._held: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._lease: dict[tuple[str, str], int] = {}
        self._doubts = Doubts()

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        found = [v for grant in self._doubts.ripe(seen.time_ns) for v in self._judge(grant)]
        match seen.kind:
            case See.SIGNED:
                self._signed.add(_content(fields))
            case See.HELD:
                self._held[fields["board"], fields["component"]] = fields
                if _content(fields) not in self._signed:
                    what = f"{fields['board']} holds a policy for {fields['component']} ({fields['term']}, {fields['epoch']})"
                    found += self.broken(f"{what} that was never signed", seen.time_ns)
            case See.LEASE:
                lasts_ns = fields["until_ns"] - seen.time_ns
                if lasts_ns > self.venue.lease_s * S * 101 // 100:  # a board measures a minute to one percent
                    found += self.broken(f"{fields['board']} took a lease of {lasts_ns // S} s, of {self.venue.lease_s}", seen.time_ns)
                for component in fields["components"]:
                    self._lease[fields["board"], component] = fields["until_ns"]
            case See.CRASH if fields["part"] == "agent":
                self._lease = {key: until for key, until in self._lease.items() if key[0] != fields["id"]}
            case _:
                grant = self._grants.take(seen)
                if grant is not None and self._judge(grant):
                    self._doubts.waiting.append(grant)
        return found

    def at_end(self, house: House) -> Sequence[Violation]:
        return [v for grant in self._doubts.ripe(house.world.now_ns + 1) for v in self._judge(grant)]

    def _judge(self, grant: Granted) -> Sequence[Violation]:
        component, board = self.inner(grant.door), board_of(self.venue, grant.door)
        if component is None or board is None:
            return NOTHING
        fault = self._fault(board, component, grant)
        if not fault:
            return NOTHING
        return self.broken(f"{grant.door} let in {grant.believed or grant.how} ({grant.group or 'staff'}): {fault}", grant.time_ns)

    def _fault(self, board: BoardId, component: str, grant: Granted) -> str:
        held = self._held.get((board, component))
        if held is None:
            return f"{board} holds no policy for {component}"
        until_ns = self._lease.get((board, component))
        if until_ns is None or grant.time_ns > until_ns + SLACK_NS:
            return "its lease was over" if until_ns is not None else "it has no lease in this session"
        if held["seal"]:
            return f"{component} is sealed"
        if DoorMode(held["mode"]) is DoorMode.CLEAR:
            return f"{component} is being cleared"
        if grant.group and grant.group not in held["groups"]:
            return f"the policy admits {', '.join(held['groups']) or 'nobody'}"
        return ""


def _content(part: Mapping[str, Any]) -> tuple[object, ...]:
    return (part["component"], part["term"], part["epoch"], str(part["mode"]), tuple(part["groups"]), part["seal"])
