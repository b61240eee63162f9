"""The second model: it holds, also with a stolen gateway; with any one rule left out the verifier tells the story that ends badly."""

import json
import re
import shutil
from importlib import resources

import pytest

from simulation.proof.promela.cli import MUTANTS, main, mutant, searches
from simulation.proof.promela.spin import SpinError, check

needs_spin = pytest.mark.skipif(not (shutil.which("spin") and shutil.which("gcc")), reason="needs spin and gcc: apt-get install spin gcc")
MODEL = resources.files("simulation.proof.promela").joinpath("venue.pml").read_text("utf-8")

# Mutant → a part of the assertion that it must run into.
MEETING = "inside"
BREAKS = dict.fromkeys(MUTANTS, MEETING) | {
    "ONE_APPROVER": "released",
    "CLEAR_UNSEALS": "released",
    "BELIEVE": "approved",
    "VOLATILE_SEAL": "signed_seal",
    "SEAL_HOLDS": "sealed",
    "NO_BREACH": "signed_seal",
    "RESTORED_OPEN": "seal",
}


@needs_spin
@pytest.mark.parametrize("name", searches(2))
def test_the_model_holds(name: str) -> None:
    checked = check(name, searches(2)[name])
    assert checked.error == ""
    assert checked.states > 50_000


@needs_spin
@pytest.mark.parametrize("name", MUTANTS)
def test_a_rule_left_out_is_found(name: str) -> None:
    assert BREAKS[name] in mutant(name).error


def test_every_rule_that_the_model_can_leave_out_is_tried() -> None:
    switches = set(re.findall(r"^#ifn?def (\w+)", MODEL, re.MULTILINE)) - {"EPOCHS", "RESTORES", "FULL", "SEALS", "STOLEN"}
    assert switches == MUTANTS.keys()


@needs_spin
def test_people_do_come_and_go_in_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model in which nobody ever enters would hold, too: here the expert's entry after the bidder's is taken for the error."""
    entered = MODEL.replace("#define LAW_APART ", "#define LAW_APART assert(!(last == EXPERT && inside == EXPERT)); ")
    assert entered != MODEL
    monkeypatch.setattr("simulation.proof.promela.spin.model_text", lambda: entered)
    assert "last" in check("both in turn", {"EPOCHS": "3", "RESTORES": "0", "SEALS": "false"}, 400).error


@needs_spin
def test_the_command_says_how_much_it_visited(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("simulation.proof.promela.cli.searches", lambda epochs: {"one term": searches(epochs)["one term"]})
    assert main(["--epochs", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["holds"] and [search["name"] for search in told["searches"]] == ["one term"]
    assert told["searches"][0]["states"] > 1_000


def test_no_epochs_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--epochs", "0"]) == 2
    assert "--epochs 0" in capsys.readouterr().err


def test_without_spin_the_command_says_what_to_install(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SpinError, match="apt-get install spin gcc"):
        check("any", {})
    assert main([]) == 2
    assert "apt-get install spin gcc" in capsys.readouterr().err
