"""A board takes another program or record only if it was ordered, is what was ordered, and may run here."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from agent_hall import COMMISSION, POLICY_KEY

from edge.core.events import BadMessage, Noted
from edge.core.recommission import forbidden_change
from edge.shell.inbox import read_message
from edge.shell.launcher import CONFIGURATION, PROGRAM, RELEASE_KEY
from edge.shell.rollout import RolloutOrdered, Rollouts
from edge.shell.slots import Label, Slots
from venue_model import signing
from venue_model.bundles import pack
from venue_model.commissioning import Commission, encode_commission
from venue_model.moments import S
from venue_model.signed import rollout_bytes
from venue_model.wire import Command, Topics, encode

KEY = bytes(range(32))
UTC = 1_800_000_000 * S
RECORD = encode_commission(COMMISSION)
FILES = {"bidhall.py": b"", "edge/__init__.py": b""}


class Board:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / RELEASE_KEY).write_text(signing.public_key_of(KEY).hex())
        self.program, self.configuration = Slots(folder / PROGRAM), Slots(folder / CONFIGURATION)
        self.program.install(FILES, Label("0" * 64, "1.0", 5), "")
        self.served: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.told: list[Mapping[str, Any]] = []
        self.start()

    def start(self) -> None:
        """The agent begins anew: its launcher keeps what is on trial."""
        for slots in (self.program, self.configuration):
            if slots.trial is not None:
                slots.begin()
                slots.keep()
        self.agent = Rollouts(self.folder, COMMISSION, RECORD, fetch=self.fetch)
        self.agent.post = self.note
        self.agent.look()

    def note(self, event: Noted) -> None:
        self.told.append(event.body)

    def fetch(self, url: str, size: int) -> bytes:
        self.fetched.append(url)
        return self.served[url][: size + 1]

    def order(self, id: str, data: bytes, kind: str = PROGRAM, *, at_s: int = 0, back: bool = False, size: int = 0) -> tuple[str, str]:
        """Order it, let it be carried out; what came of it, and why."""
        digest = hashlib.sha256(data).hexdigest()
        self.served[digest] = data
        self.agent.take(RolloutOrdered(id, UTC + at_s * S, kind, digest, size or len(data), digest, back))
        if self.agent._working is not None:
            self.agent._working.join()
        report = self.agent.report()
        return (report.outcome, report.why) if report.order == id else ("", "")


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path)


def test_a_program_is_on_trial_and_then_kept_and_the_journal_says_so(board: Board) -> None:
    assert board.order("r1", pack("2.0", 6, FILES, KEY)) == ("trial", "")
    assert board.agent.switched
    board.start()
    report = board.agent.report()
    assert (report.outcome, report.slots[PROGRAM].version, board.agent.version) == ("kept", "2.0", "2.0")
    assert [line["outcome"] for line in board.told] == ["trial", "kept"]


def test_an_older_program_is_refused_and_the_one_that_ran_before_is_taken_when_it_is_named(board: Board) -> None:
    first = pack("1.0", 5, FILES, KEY)
    board.order("r1", first)
    board.start()
    board.order("r2", pack("2.0", 6, FILES, KEY), at_s=1)
    board.start()
    outcome, why = board.order("r3", pack("1.5", 5, FILES, KEY), at_s=2)
    assert outcome == "refused" and "older than 2.0" in why
    assert board.order("r4", pack("1.5", 5, FILES, KEY), at_s=3, back=True)[0] == "refused"
    assert board.order("r5", first, at_s=4, back=True)[0] == "trial"
    board.start()
    assert board.agent.report().slots[PROGRAM].version == "1.0"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (pack("2.0", 6, FILES, bytes(32)), "release key"),
        (b"no bundle", "no gzipped tar"),
    ],
)
def test_what_the_release_key_did_not_sign_is_refused_whoever_ordered_it(board: Board, data: bytes, why: str) -> None:
    outcome, text = board.order("r1", data)
    assert outcome == "refused" and why in text
    assert board.program.label(board.program.current) == Label("0" * 64, "1.0", 5)


def test_other_bytes_than_were_ordered_are_refused(board: Board) -> None:
    digest = hashlib.sha256(b"ordered").hexdigest()
    board.served[digest] = b"served!"
    board.agent.take(RolloutOrdered("r1", UTC, PROGRAM, digest, 7, digest))
    assert board.agent._working is not None
    board.agent._working.join()
    assert "not what was ordered" in board.agent.report().why


def test_an_order_that_is_repeated_is_carried_out_once_and_an_older_one_never(board: Board) -> None:
    board.order("r2", pack("2.0", 6, FILES, KEY), at_s=5)
    board.start()
    board.order("r2", pack("2.0", 6, FILES, KEY), at_s=5)
    assert board.order("r1", pack("3.0", 7, FILES, KEY), at_s=4) == ("", "")
    assert len(board.fetched) == 1 and board.agent.version == "2.0"


def test_a_board_that_lost_its_power_while_it_fetched_fetches_again(board: Board) -> None:
    data = pack("2.0", 6, FILES, KEY)
    ordered = RolloutOrdered("r1", UTC, PROGRAM, hashlib.sha256(data).hexdigest(), len(data), "x")
    board.agent._keep(ordered, "fetching")
    board.start()
    assert board.order("r1", data) == ("trial", "")


def test_no_order_is_taken_while_another_is_on_trial(board: Board) -> None:
    board.order("r1", pack("2.0", 6, FILES, KEY))
    outcome, why = board.order("r2", pack("3.0", 7, FILES, KEY), at_s=1)
    assert outcome == "refused" and "trial" in why


def test_a_record_with_other_settings_is_taken_and_the_one_by_hand_is_what_it_returns_to(board: Board) -> None:
    offered = encode_commission(replace(COMMISSION, entry_window_s=COMMISSION.entry_window_s + 60))
    assert board.order("r1", offered, CONFIGURATION)[0] == "trial"
    assert board.configuration.label(board.configuration.other) == Label(hashlib.sha256(RECORD).hexdigest(), "by hand")
    assert (board.configuration.path("b") / "commission.json").read_bytes() == offered


DOOR = COMMISSION.doors[0]


@pytest.mark.parametrize(
    ("offered", "why"),
    [
        (replace(COMMISSION, policy_key="ab" * 32), "policy_key"),
        (replace(COMMISSION, approvers={}), "approvers"),
        (replace(COMMISSION, separated=()), "separated"),
        (replace(COMMISSION, zones={}), "zones"),
        (replace(COMMISSION, doors=COMMISSION.doors[1:]), DOOR.id),
        (replace(COMMISSION, doors=(replace(DOOR, inside=None), *COMMISSION.doors[1:])), "inside"),
        (replace(COMMISSION, doors=(replace(DOOR, two_person=not DOOR.two_person), *COMMISSION.doors[1:])), "two_person"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_law_of_a_board_is_not_changed_from_afar(board: Board, offered: Commission, why: str) -> None:
    outcome, text = board.order("r1", encode_commission(offered), CONFIGURATION)
    assert outcome == "refused" and why in text


def test_settings_may_change() -> None:
    doors = tuple(replace(door, held_s=9) for door in COMMISSION.doors)
    assert forbidden_change(COMMISSION, replace(COMMISSION, companion_s=3, doors=doors)) == ""


def sent(body: dict[str, Any], signed: dict[str, Any] | None = None) -> object:
    topics = Topics(COMMISSION.venue)
    signature = signing.sign(POLICY_KEY, rollout_bytes(COMMISSION.agent, "r1", UTC, signed or body)).hex()
    message = Command("r1", "rollout", UTC, 0, body, signature)
    return read_message(COMMISSION, topics, topics.agent(COMMISSION.agent, "command"), encode(message))


def test_an_order_counts_only_with_the_policy_key_under_exactly_its_words() -> None:
    body = {"kind": "program", "digest": "ab", "bytes": 3, "url": "http://x/", "back": False}
    assert sent(body) == RolloutOrdered("r1", UTC, "program", "ab", 3, "http://x/")
    for name, other in (("digest", "cd"), ("back", True), ("url", "http://y/"), ("bytes", 4), ("kind", "configuration")):
        assert isinstance(sent({**body, name: other}, signed=body), BadMessage)
    assert isinstance(sent({**body, "bytes": -1}), BadMessage)
    assert isinstance(sent({"kind": "program"}), BadMessage)
