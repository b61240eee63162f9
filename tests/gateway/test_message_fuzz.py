"""Whatever arrives by MQTT: the gateway and the boards refuse it, count it, and go on; nobody's word reaches beyond their own doors (F18).

A run of its own takes as long as it is told to: `BIDHALL_FUZZ_MESSAGES=1000000 pytest tests/gateway/test_message_fuzz.py`.
"""

import os
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from day_case import lot
from fake_agents import Stage
from garble import garbled

from edge.core.events import PolicyArrived
from edge.shell.inbox import read_message
from venue_model.ids import BoardId
from venue_model.moments import S
from venue_model.signed import policy_bytes
from venue_model.wire import Events, JournalEvent, Meta, SignedPolicy, decode, encode

MESSAGES = int(os.environ.get("BIDHALL_FUZZ_MESSAGES", "20000"))
ATTACKER = BoardId("front")  # guards neither an evaluation room nor an opening room


@pytest.fixture
def stage(tmp_path: Path) -> Any:
    stage = Stage(tmp_path)
    stage.open()
    stage.book(lot())
    stage.press("opening_preparation")
    yield stage
    stage.close()


def spoken(stage: Stage, board: BoardId) -> dict[str, list[bytes]]:
    """What a board truly says."""
    agent = stage.agents[board]
    lines = (
        JournalEvent(1, 5, "passage", {"door": "monitor-door", "direction": "in", "person": "sup-1", "group": "SUP"}),
        JournalEvent(2, 6, "alarm", {"code": "forced", "door": "monitor-door"}),
    )
    return {
        "status": [agent.birth()[1]],
        "reported": [encode(agent.report())],
        "event": [encode(Events("j9", lines))],
        "meta": [encode(Meta(board, "1", (), (), "c0"))],
    }


def beyond(stage: Stage) -> tuple[Any, ...]:
    """All that the attacker has no say in: the day, its runs, and every domain that none of its doors border."""
    own = set(stage.coordinator.warden.components_of[ATTACKER])
    domains = {c: d for c, d in stage.coordinator.warden.domains.items() if c not in own}
    others = {b: (a.session, a.online, a.generation) for b, a in stage.coordinator.agents.agents.items() if b != ATTACKER}
    phases = {id: (state.phase, state.run) for id, state in stage.coordinator.day.items()}
    return domains, others, phases, stage.store.runs()


@pytest.mark.timeout(3_600)
def test_no_message_of_a_board_upsets_the_gateway_or_reaches_beyond_its_own_doors(stage: Stage) -> None:
    rng = random.Random(7)
    said = spoken(stage, ATTACKER)
    others = [payload for payloads in said.values() for payload in payloads]
    before = beyond(stage)
    for number in range(MESSAGES):
        leaf = rng.choice(list(said))
        stage.say(stage.agents[ATTACKER].topic(leaf), garbled(rng.choice(said[leaf]), rng, others))
        if number % 1_000 == 999:
            stage.now = replace(stage.now, mono_ns=stage.now.mono_ns + S, utc_ns=stage.now.utc_ns + S)
            stage.link.sent.clear()
            stage.link.waiting.clear()
    assert beyond(stage) == before
    assert stage.coordinator.bad_messages > MESSAGES // 4, "most were none"
    stage.restart()  # what was stored can be read again, and the day goes on
    stage.settle()
    assert stage.press("check_in").result in (None, "ok")  # type: ignore[attr-defined]


def test_a_stranger_changes_nothing_at_all(stage: Stage) -> None:
    rng = random.Random(8)
    said = spoken(stage, ATTACKER)
    own = [stage.topics.agent(name, leaf) for name, leaf in (("stranger", "reported"), ("../front", "event"))]
    places = [*own, "bidhall/v1/other/agent/front/status", "x"]
    before, journal = beyond(stage), len(stage.store.journal("1"))
    for _ in range(MESSAGES // 10):
        leaf = rng.choice(list(said))
        stage.say(rng.choice(places), rng.choice(said[leaf]))
    assert beyond(stage) == before
    assert len(stage.store.journal("1")) == journal


@pytest.mark.timeout(3_600)
def test_no_message_upsets_a_board_and_no_policy_is_taken_but_as_it_was_signed(stage: Stage) -> None:
    rng = random.Random(9)
    sent = [m for m in stage.link.sent if m.leaf in ("policy", "desired", "command", "scene")]
    signed = {policy_bytes(decode(SignedPolicy, m.payload).body) for m in sent if m.leaf == "policy"}
    board = stage.agents[BoardId("evaluation")].record
    others = [m.payload for m in sent]
    taken = 0
    for _ in range(MESSAGES // 4):
        message = rng.choice(sent)
        topic = rng.choice((message.topic, rng.choice(sent).topic, stage.topics.agent(board.agent, "policy")))
        found = read_message(board, stage.topics, topic, garbled(message.payload, rng, others))
        if isinstance(found, PolicyArrived):
            taken += 1
            assert policy_bytes(found.body) in signed
    assert taken < MESSAGES // 40
