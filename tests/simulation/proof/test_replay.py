"""The replay: a day of the real coordinator and the real door cores is one that the rules allow; a tampered record of it is not."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from core_agents import Hall
from day_case import card, county, lot

from simulation.proof.replay import Line, replay
from simulation.proof.replay.cli import main
from simulation.proof.replay.lines import read_lines
from venue_model.groups import Role, pair
from venue_model.ids import DoorId
from venue_model.tools.files import example
from venue_model.venue import Venue

VENUE = county()


def _live(hall: Hall) -> None:
    """An opening with a power cut, an evaluation with a breach, a release, and staff let in by command."""
    hall.book(lot())
    hall.press("opening_preparation")
    hall.enter("o1-door", card("agt-1"))
    hall.press("check_in")
    hall.enter("o1-door", card("bid-1"))
    hall.present("o1-door", card("exp-1"))
    hall.present("o1-door", card("bid-2"))
    hall.restart("o1-door")
    hall.press("opening")
    hall.leave("o1-door")
    hall.press("opening_end")
    hall.leave("o1-door")
    hall.press("intake")
    hall.enter("intake-door", card("sup-1"))
    hall.enter("gate", card("sup-1"))
    hall.enter("e1-door", card("sup-1"))
    hall.enter("e1-door", card("agt-1"))
    hall.press("evaluation")
    hall.present("e1-door", card("agt-1"))
    hall.leave("e1-door")
    hall.press("report_signed", approvers=("zhang", "li"))
    assert hall.coordinator.pulse(DoorId("e1-door"), "wang", hall.now) is None
    hall.settle()
    hall.pull("e1-door")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    hall = Hall(folder, VENUE)
    _live(hall)
    hall.close()
    return folder / "venue.db"


@pytest.fixture(scope="module")
def lines(database: Path) -> list[Line]:
    return read_lines(database)


def found(lines: list[Line], venue: Venue = VENUE) -> set[tuple[str, str]]:
    return {(one.line, one.code) for one in replay(lines, venue)}


def find(lines: list[Line], kind: str, **body: object) -> Line:
    return next(line for line in lines if line.kind == kind and all(line.body.get(key) == value for key, value in body.items()))


def told(lines: list[Line], old: Line, **body: object) -> list[Line]:
    """The same run with one line telling something else."""
    return [replace(line, body={**line.body, **body}) if line == old else line for line in lines]


def without(lines: list[Line], *gone: Line) -> list[Line]:
    """The same run without some lines, numbered as if they had never been."""
    kept, skipped = [], dict.fromkeys({line.agent for line in lines}, 0)
    for line in lines:
        if line in gone:
            skipped[line.agent] += 1
        else:
            kept.append(replace(line, seq=line.seq - skipped[line.agent]))
    return kept


def test_the_day_was_one_that_the_rules_allow(lines: list[Line]) -> None:
    assert replay(lines, VENUE) == []
    kinds = [line.kind for line in lines]
    assert kinds.count("passage") >= 9 and kinds.count("breach") == 1 and kinds.count("pulse") == 1
    assert any(line.body.get("code") == "unseen" for line in lines)
    assert any(line.kind == "policy" and line.body["seal"] for line in lines)
    assert find(lines, "policy", component="e1", mode="release").body["approved"]


def test_the_order_in_which_lines_arrived_is_of_no_account(lines: list[Line]) -> None:
    assert replay(reversed(lines), VENUE) == []


def test_a_grant_without_a_policy_is_named(lines: list[Line]) -> None:
    opened = [line for line in lines if line.agent == "opening" and line.kind == "policy"]
    grant = without(lines, *opened)
    first = find(grant, "grant", door="o1-door")
    assert (first.name, "no-policy") in found(grant)


def test_a_grant_to_a_group_that_the_policy_does_not_admit_is_named(lines: list[Line]) -> None:
    grant = find(lines, "grant", door="o1-door", group="AGT")
    assert (grant.name, "phase") in found(told(lines, grant, group="MED"))


def test_a_passage_without_a_grant_is_named(lines: list[Line]) -> None:
    grant = find(lines, "grant", door="o1-door", group="BID")
    tampered = without(lines, grant)
    assert (find(tampered, "passage", door="o1-door", group="BID").name, "no-grant") in found(tampered)


def test_an_epoch_that_goes_back_is_named(lines: list[Line]) -> None:
    last = [line for line in lines if line.agent == "opening" and line.kind == "policy" and line.body["component"] == "o1"][-1]
    assert (last.name, "stale") in found(told(lines, last, epoch=1))


def test_a_passage_under_another_policy_than_the_board_held_is_named(lines: list[Line]) -> None:
    passage = find(lines, "passage", door="o1-door", group="BID")
    tampered = told(lines, passage, policy={"component": "o1", "term": 1, "epoch": 99})
    assert (passage.name, "order") in found(tampered)


@pytest.mark.parametrize("left", [0, 1])
def test_a_seal_lifted_without_two_peoples_word_is_named(lines: list[Line], left: int) -> None:
    lifted = next(line for line in lines if line.agent == "evaluation" and line.body.get("approved"))
    acts = [{**act, "approvals": act["approvals"][:left]} for act in lifted.body["approved"]]
    assert (lifted.name, "unapproved-release") in found(told(lines, lifted, approved=acts))


def test_a_forged_signature_lifts_no_seal(lines: list[Line]) -> None:
    lifted = next(line for line in lines if line.agent == "evaluation" and line.body.get("approved"))
    acts = [{**act, "approvals": [{**a, "signature": "00" * 64} for a in act["approvals"]]} for act in lifted.body["approved"]]
    assert (lifted.name, "unapproved-release") in found(told(lines, lifted, approved=acts))


def test_a_seal_that_the_gateway_recorded_no_press_for_is_named(lines: list[Line]) -> None:
    press = find(lines, "press", scene="report_signed")
    assert {code for _, code in found(told(lines, press, approvers=[]))} == {"no-press"}


def test_an_entry_into_a_sealed_room_is_named(lines: list[Line]) -> None:
    refusal = find(lines, "refusal", door="e1-door", rule="I8")
    grant = find(lines, "grant", door="e1-door", group="AGT")
    tampered = [replace(line, kind="grant", body=grant.body) if line == refusal else line for line in lines]
    assert (refusal.name, "sealed") in found(tampered)


def test_leaving_a_sealed_room_without_its_breach_is_named(lines: list[Line]) -> None:
    breach = find(lines, "breach")
    passage = next(line for line in lines if line.agent == breach.agent and line.seq == breach.seq - 1)
    assert (passage.name, "no-breach") in found(without(lines, breach))


def test_a_breach_of_no_seal_is_named(lines: list[Line]) -> None:
    sealed = next(line for line in lines if line.agent == "evaluation" and line.kind == "policy" and line.body["seal"])
    assert (find(lines, "breach").name, "no-seal") in found(told(lines, sealed, seal=False))


def test_bidders_admitted_without_a_clear_between_are_named(lines: list[Line]) -> None:
    opened = [line for line in lines if line.agent == "opening" and line.kind == "policy" and line.body["component"] == "o1"]
    clear = opened[2]
    assert clear.body["groups"] == []
    tampered = told(without(lines, clear), replace(opened[3], seq=opened[3].seq - 1), epoch=2)
    assert (replace(opened[3], seq=opened[3].seq - 1).name, "unsigned") in found(tampered)


def test_a_separated_group_admitted_while_somebody_is_inside_is_named(lines: list[Line]) -> None:
    """Under a profile that keeps notaries from staff, the check-in after the preparation would have been a meeting."""
    separated = VENUE.profile.separated | {pair(Role.STF, Role.NOT)}
    strict = replace(VENUE, profile=replace(VENUE.profile, separated=separated))
    checked_in = find(lines, "policy", component="o1", mode="check_in")
    assert {(checked_in.name, "unapproved-open"), (checked_in.name, "unsigned")} <= found(lines, strict)


def test_two_boards_that_tell_one_order_differently_are_named(lines: list[Line]) -> None:
    wing = [line for line in lines if line.kind == "policy" and line.body["component"] == "wing" and line.body["mode"] == "intake"]
    assert len({line.agent for line in wing}) == 2
    assert (wing[1].name, "conflict") in found(told(lines, wing[1], groups=["SUP"]))


def test_staff_let_in_by_a_command_that_nobody_gave_are_named(lines: list[Line]) -> None:
    grant = find(lines, "grant", how="pulse")
    assert (grant.name, "no-command") in found(told(lines, grant, command="pulse-7"))


def test_a_missing_line_is_named(lines: list[Line]) -> None:
    gone = find(lines, "passage", door="gate")
    after = next(line for line in lines if line.agent == gone.agent and line.seq == gone.seq + 1)
    assert (after.name, "hole") in found([line for line in lines if line != gone])


@pytest.mark.parametrize(("seal", "codes"), [(True, set()), (False, {"unsigned"})])
def test_a_new_term_must_begin_sealed(lines: list[Line], seal: bool, codes: set[str]) -> None:
    last = max((line for line in lines if line.agent == "front"), key=lambda line: line.seq)
    body = {"component": "monitor", "term": 1_800_000_000, "epoch": 1, "mode": "clear", "groups": [], "seal": seal, "result": "accepted"}
    restored = replace(last, seq=last.seq + 1, kind="policy", body=body)
    assert found([*lines, restored]) == {(restored.name, code) for code in codes}


def test_a_journal_that_begins_later_is_believed_at_its_start(lines: list[Line]) -> None:
    late = [line for line in lines if line.agent != "opening" or line.seq > 4]
    assert replay(late, VENUE) == []


def test_a_line_that_says_nonsense_is_named(lines: list[Line]) -> None:
    policy = find(lines, "policy", component="o1")
    assert (policy.name, "unreadable") in found(told(lines, policy, groups=["XYZ"]))


def test_a_board_of_another_venue_is_named(lines: list[Line]) -> None:
    strange = replace(lines[-1], agent="elsewhere")
    assert (strange.name, "strange-board") in found([*lines, strange])


def _venue_file(folder: Path, database: Path) -> Path:
    """The county's venue file with the approvers of these tests."""
    text = example("county_hall").read_text("utf-8")
    for approver in VENUE.approvers:
        text += f'\n[[approver]]\nid = "{approver.id}"\nrole = "{approver.role}"\npublic_key = "{approver.public_key}"\n'
    (folder / "gateway").mkdir()
    (folder / "gateway" / "venue.db").write_bytes(database.read_bytes())
    (folder / "venue.toml").write_text(text, "utf-8")
    return folder


def test_the_command_plays_a_folder_and_changes_nothing(database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _venue_file(tmp_path, database)
    before = (folder / "gateway" / "venue.db").read_bytes()
    assert main([str(folder)]) == 0
    assert "holds" in capsys.readouterr().out
    assert (folder / "gateway" / "venue.db").read_bytes() == before
    with sqlite3.connect(folder / "gateway" / "venue.db") as sql:
        sql.execute("DELETE FROM journal WHERE kind = 'breach'")
    sql.close()
    assert main([str(folder), "--json"]) == 1
    told_json = json.loads(capsys.readouterr().out)
    assert not told_json["holds"] and {"no-breach", "hole"} <= {one["code"] for one in told_json["findings"]}


@pytest.mark.parametrize("break_it", [lambda f: None, lambda f: (f / "venue.db").touch(), lambda f: (f / "venue.toml").touch()])
def test_what_cannot_be_read_is_said(break_it: Callable[[Path], object], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_it(tmp_path)
    assert main([str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
