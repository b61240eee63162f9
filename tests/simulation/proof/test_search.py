"""The state search over the shipping gateway and door code: every law holds in every state, and no step of the protocol is idle."""

import json
import re
from functools import cache

import pytest

from gateway.core import clearing
from simulation.proof.search import cli, laws
from simulation.proof.search.cli import KINDS, chosen, kill, main, never_seen
from simulation.proof.search.mutants import MUTANTS, Mutant
from simulation.proof.search.scopes import SCOPES
from simulation.proof.search.search import Found, Search

# The mutants that showed, before there was code, that each step of the protocol is needed.
NEEDED = {
    "noack", "nocount", "noclear", "stale", "oldack", "nolease", "volepoch", "volcount", "gwrollback", "oneperson", "sealexpiry",
    "volseal", "clearunseals", "restoreunseals", "fire",
}  # fmt: skip


@cache
def searched(scope: str) -> Found:
    (question,) = chosen(scope)
    return Search(question).run()


@cache
def killed(name: str) -> Found:
    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == name)
    return kill(mutant)


DAILY = [scope.name for scope in SCOPES if not scope.nightly]


@pytest.mark.parametrize("scope", DAILY)
def test_every_law_holds_in_every_state(scope: str) -> None:
    found = searched(scope)
    assert found.broken is None, "\n".join(found.story)
    assert found.complete
    assert found.states > 1_000


def test_whatever_can_happen_did_happen_or_the_searches_prove_nothing() -> None:
    found = [searched(scope) for scope in DAILY]
    assert never_seen(found) == frozenset()
    assert sum(f.states for f in found) > 200_000


def test_a_search_that_misses_something_says_what() -> None:
    assert never_seen([searched("groups")]) >= {"fire", "restore", "release", "crash"}
    assert never_seen([]) == KINDS


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.name for mutant in MUTANTS])
def test_leaving_out_a_step_breaks_a_law(mutant: Mutant) -> None:
    found = killed(mutant.name)
    assert found.broken is not None, f"{mutant.en}: no story shows what that costs"
    assert found.broken.startswith(laws.LAWS)
    assert found.story


def test_the_mutants_cover_every_step_of_the_design_and_every_law() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names)
    assert set(names) >= NEEDED
    assert all(mutant.zh and mutant.en for mutant in MUTANTS)


def test_a_mutant_is_gone_when_its_search_is_over() -> None:
    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == "noack")
    with pytest.raises(ZeroDivisionError), mutant.in_force():
        assert clearing.unheard is not UNHEARD
        raise ZeroDivisionError
    assert clearing.unheard is UNHEARD


UNHEARD = clearing.unheard


def test_the_story_of_a_mutant_is_told_in_sentences_that_end_with_the_meeting() -> None:
    story = killed("noack").story
    assert len(story) == 10
    assert story[-1].endswith("goes in")
    assert not any("{" in line for line in story), "doors and boards have names"
    entries = {line.split(" pulls ")[1].split()[0] for line in story if " pulls " in line}
    assert entries == {"door-a", "door-b"}, "one door has not heard of the change"


@pytest.mark.parametrize("mutant", ["noack", "volcount", "sweeponce", "nostaff"])
def test_a_story_keeps_to_its_doors_though_mirrored_states_count_as_one(mutant: str) -> None:
    granted: set[tuple[str, str]] = set()
    for line in killed(mutant).story:
        if asked := re.match(r"(\w+) shows a card at (door-.) and is granted|the gateway commands (door-.) to let staff in and is", line):
            granted.add((asked[1] or "STF", asked[2] or asked[3]))
        elif went := re.match(r"(\w+) (?:pulls|goes in by) (door-.)", line):
            assert (went[1], went[2]) in granted, f"nobody granted this: {line}"
    assert granted


def test_the_command_prints_what_it_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--scope", "groups", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["holds"] is True
    assert [search["scope"] for search in told["searches"]] == ["groups"]
    assert main(["--scope", "groups"]) == 0
    assert "成立 holds" in capsys.readouterr().out


def test_the_command_fails_when_a_law_is_broken_or_a_mutant_survives(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (harmless,) = (mutant for mutant in MUTANTS if mutant.name == "nolease")
    monkeypatch.setattr(cli, "MUTANTS", (Mutant("idle", "无", "nothing", "groups", harmless.where, harmless.function, lambda real: real),))
    assert main(["--scope", "groups", "--mutants"]) == 1
    assert "SURVIVES" in capsys.readouterr().out
    monkeypatch.setattr(clearing, "unheard", lambda domain, doors: ())
    assert main(["--scope", "groups"]) == 1
    out = capsys.readouterr().out
    assert "DOES NOT HOLD: Apart" in out
    assert "goes in" in out


def test_a_wrong_option_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--scope", "nowhere"]) == 2
    assert "--scope" in capsys.readouterr().err
