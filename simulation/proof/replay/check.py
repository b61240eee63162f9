"""The whole run: each board's journal by itself, then what all boards say of each domain, then what the gateway says of the same acts."""

from collections import defaultdict
from collections.abc import Iterable

from simulation.proof.replay.board import Board
from simulation.proof.replay.domain import check_domain
from simulation.proof.replay.lines import GATEWAY, Finding, Line, finding
from venue_model.commissioning import commission
from venue_model.ids import BoardId, ComponentId
from venue_model.venue import Venue


def replay(lines: Iterable[Line], venue: Venue) -> list[Finding]:
    """Everything in a run that the rules do not allow; nothing, when the run is one of the model's.

    Pure.  The lines of one journal are taken by their numbers, whatever order they come in; no clock is believed.
    """
    journals: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        journals[line.agent, line.journal].append(line)
    ordered = {key: sorted(found, key=lambda line: line.seq) for key, found in sorted(journals.items())}
    own = [line for (agent, _), found in ordered.items() if agent == GATEWAY for line in found]
    findings: list[Finding] = []
    boards: list[Board] = []
    for (agent, _), found in ordered.items():
        if agent == GATEWAY:
            continue
        if agent not in venue.boards:
            because = f"{agent} is no board of {venue.id}; replay with the venue file of this run"
            findings.append(finding(found[0], "strange-board", because))
            continue
        board = Board(commission(venue, BoardId(agent), ""), whole=found[0].seq == 1)
        board.play(found)
        boards.append(board)
        findings += board.findings
    for component in venue.components:
        findings += _domain(component, boards, own, venue)
    return findings + (_explained(boards, own) if own else [])


def _domain(component: ComponentId, boards: list[Board], own: list[Line], venue: Venue) -> list[Finding]:
    acts = frozenset(line.text("act") for line in own if line.kind == "approval" and line.text("component") == component)
    return check_domain(
        component,
        [taken for board in boards for taken in board.taken if taken.policy.component == component],
        [counted for board in boards for counted in board.counted if counted.component == component],
        tuple(door.id for door in venue.doors_of(component)),
        venue.profile.separated,
        acts,
    )


def _explained(boards: list[Board], own: list[Line]) -> list[Finding]:
    """Acts that the gateway must have recorded, too: commands to let staff in, and the word of those who lifted a seal."""
    findings = []
    commands = {(line.text("door"), line.text("command")) for line in own if line.kind == "pulse"}
    signers = [frozenset(map(str, line.body.get("approvers", ()))) for line in own if line.kind in ("press", "approval")]
    for board in boards:
        for line in board.pulses:
            if (line.text("door"), line.text("command")) not in commands:
                because = f"staff were let in by {line.text('command')}, which the gateway did not record"
                findings.append(finding(line, "no-command", because))
        for taken in board.taken:
            releases = [{a.approver for a in act.approvals} for act in taken.policy.approved if act.act == "release"]
            if taken.lifts and not any(people and people <= told for people in releases for told in signers):
                findings.append(finding(taken.line, "no-press", "a seal was lifted, and the gateway recorded no press by those who signed"))
    return findings

