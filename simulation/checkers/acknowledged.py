"""Acknowledgements: a board may forget a line only when the gateway has it on disk."""

import json
from collections.abc import Sequence

from simulation.checkers.law import NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation


class Acknowledged(Law):
    """When an acknowledgement leaves the gateway, no transaction is open, and its database holds every line up to there, or the hole."""

    law = "Nothing lost"
    zh = "先落盘后确认"
    en = "no acknowledgement before the commit"
    kinds: tuple[See, ...] = (See.MESSAGE, See.TAKEN, See.RESTORED)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._through: dict[tuple[str, str], int] = {}
        self._holes: dict[str, bool] = {}  # boards of which lines are gone for good, as the journal tells

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        if seen.kind is See.RESTORED:
            self._through.clear()
        elif seen.kind is See.TAKEN:
            if fields["line"] == "alarm" and fields["body"].get("code") == "journal-hole":
                self._holes[str(fields["body"].get("agent"))] = True
        elif str(fields["topic"]).endswith("/command") and b'"kind":"ack"' in fields["payload"]:
            return self._acknowledged(str(fields["topic"]).split("/")[-2], bytes(fields["payload"]), house, seen.time_ns)
        return NOTHING

    def _acknowledged(self, board: str, payload: bytes, house: House, time_ns: int) -> Sequence[Violation]:
        body = json.loads(payload)["body"]
        key, through = (board, str(body["journal"])), int(body["through"])
        store = house.coordinator.store if house.coordinator is not None else None
        if store is None or store.sql.in_transaction:
            return self.broken(f"lines of {board} were acknowledged through {through} before the commit", time_ns)
        known = self._through.get(key, 0)
        number = known
        for stored in store.journal_after(*key, known) if through > known else ():
            if stored > number + 1 and not self._holes.get(board):
                break
            number = stored
        self._through[key] = min(number, through)
        if number >= through or self._holes.get(board):
            return NOTHING
        return self.broken(f"lines of {board} were acknowledged through {through}, line {number + 1} is not on the gateway's disk", time_ns)
