"""A rollout over the API: who may begin it, who has to agree, what boards are told and fetch, and that a restart forgets nothing."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from day_case import APPROVER_KEYS
from fake_agents import POLICY_KEY
from people_case import services_of
from test_api import RELEASE_KEY, Case, case, keys, refused  # noqa: F401  fixtures

from gateway.core.twin.rollout import SOAK_S, Course
from gateway.shell.rollout_desk import RolloutDesk
from venue_model import signing
from venue_model.bundles import pack
from venue_model.commissioning import decode_commission
from venue_model.ids import BoardId
from venue_model.signed import rollout_bytes
from venue_model.wire import Command, Meta, RolloutReport, SlotReport, decode

OLD, NEW = pack("1.0", 1, {"bidhall.py": b""}, RELEASE_KEY), pack("2.0", 2, {"bidhall.py": b""}, RELEASE_KEY)
OLD_DIGEST, NEW_DIGEST = (hashlib.sha256(data).hexdigest() for data in (OLD, NEW))
API = "/api/v1"


class Boards:
    """Every board with slots, that takes what it is told at the next look."""

    def __init__(self, case: Case) -> None:  # noqa: F811
        self.case = case
        self.reports = {board: RolloutReport({"program": SlotReport(OLD_DIGEST, "1.0", 1, "", False)}) for board in case.stage.venue.boards}
        self.fails: set[BoardId] = set()
        self.orders: list[tuple[BoardId, Command]] = []
        self.sent = case.stage.coordinator.link.publish
        case.stage.coordinator.agents.link.publish = self.heard  # type: ignore[method-assign]
        self.tell()

    def heard(self, topic: str, payload: bytes, *, retain: bool) -> None:
        place = self.case.stage.topics.parse_agent(topic)
        command = decode(Command, payload) if place is not None and place[1] == "command" else None
        if place is None or command is None or command.kind != "rollout":
            self.sent(topic, payload, retain=retain)  # the agents of the stage know nothing of slots
        else:
            message = rollout_bytes(place[0], command.id, command.issued_utc_ns, command.body)
            assert signing.verifies(signing.public_key_of(POLICY_KEY), message, bytes.fromhex(command.signature))
            self.orders.append((place[0], command))
            held = self.reports[place[0]].slots["program"]
            if place[0] in self.fails:
                self.reports[place[0]] = RolloutReport({"program": held}, command.id, "returned", "no link")
            else:
                taken = SlotReport(str(command.body["digest"]), "x", 2, held.digest, False)
                self.reports[place[0]] = RolloutReport({"program": taken}, command.id, "kept")

    def tell(self) -> None:
        for board, report in self.reports.items():
            self.case.stage.tell(self.case.stage.agents[board], "meta", Meta(board, "1.0", (), (), "00", report))

    def wait(self, desk: RolloutDesk, seconds: int) -> None:
        for _ in range(seconds):
            self.case.stage.wait(1000, 1000)
            desk.tick(self.case.stage.now)
            self.tell()


@pytest.fixture
def boards(case: Case) -> Boards:  # noqa: F811
    stage = case.stage
    stage.coordinator.clock = lambda: stage.now
    return Boards(case)


def desk_of(case: Case) -> RolloutDesk:  # noqa: F811
    desk = services_of(case).rollouts
    assert desk is not None
    return desk


def began(case: Case, **body: Any) -> dict[str, Any]:  # noqa: F811
    case["integrator"].post(f"{API}/programs", content=NEW)
    answer = case["integrator"].post(f"{API}/rollouts", json={"kind": "program", "digest": NEW_DIGEST, "batch": 2, **body})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def signatures(text: str, *names: str) -> dict[str, Any]:
    return {"approvals": [{"approver": n, "signature": signing.sign(APPROVER_KEYS[n], text.encode()).hex()} for n in names]}


TWO = tuple(APPROVER_KEYS)[:2]


def test_only_a_bundle_that_the_release_key_signed_is_taken(case: Case) -> None:  # noqa: F811
    refused(case["integrator"].post(f"{API}/programs", content=pack("9", 9, {}, bytes(32))), 409, "bundle")
    assert case["integrator"].post(f"{API}/programs", content=NEW).json() == {"id": NEW_DIGEST}
    assert [program["version"] for program in case["integrator"].get(f"{API}/programs").json()] == ["2.0"]
    assert case["staff"].post(f"{API}/programs", content=NEW).status_code == 403


def test_a_board_fetches_what_it_was_told_to_without_an_account_and_nothing_else(case: Case) -> None:  # noqa: F811
    case["integrator"].post(f"{API}/programs", content=NEW)
    assert case["nobody"].get(f"{API}/bundles/{NEW_DIGEST}").content == NEW
    for other in ("0" * 64, "..%2Fvenue.db", "x"):
        assert case["nobody"].get(f"{API}/bundles/{other}").status_code == 404


def test_a_program_begins_only_with_two_people_of_two_roles(case: Case, boards: Boards) -> None:  # noqa: F811
    rollout = began(case)
    assert (rollout["course"], rollout["waits_name"] is not None or rollout["text"] != "") == ("asked", True)
    boards.wait(desk_of(case), 3)
    assert boards.orders == []
    place = f"{API}/rollouts/{rollout['id']}/approvals"
    refused(case["supervisor"].post(place, json=signatures(rollout["text"], TWO[0])), 409, "approval")
    refused(case["supervisor"].post(place, json=signatures(rollout["text"], TWO[0], TWO[0])), 409, "approval")
    refused(case["supervisor"].post(place, json=signatures(rollout["text"] + " ", *TWO)), 409, "approval")
    assert case["supervisor"].post(place, json=signatures(rollout["text"], *TWO)).json()["course"] == "canary"
    boards.wait(desk_of(case), 2)
    assert len(boards.orders) == 1


def approved(case: Case, **body: Any) -> str:  # noqa: F811
    rollout = began(case, **body)
    answer = case["supervisor"].post(f"{API}/rollouts/{rollout['id']}/approvals", json=signatures(rollout["text"], *TWO))
    assert answer.status_code == 200, answer.text
    return str(rollout["id"])


def test_all_boards_get_it_one_first_and_the_journal_tells(case: Case, boards: Boards) -> None:  # noqa: F811
    id = approved(case)
    boards.wait(desk_of(case), SOAK_S + 60)
    found = case["integrator"].get(f"{API}/rollouts/{id}").json()
    assert (found["course"], {row["stand"] for row in found["rows"]}) == ("done", {"well"})
    told = list(dict.fromkeys(board for board, _ in boards.orders))
    assert told[0] == found["canary"] and set(told) == set(case.stage.venue.boards)
    _, order = boards.orders[0]
    assert order.body["url"].endswith(f"{API}/bundles/{NEW_DIGEST}") and order.body["bytes"] == len(NEW)
    courses = [line["course"] for line in case.stage.lines("rollout") if "course" in line]
    assert courses == ["asked", "canary", "batches", "done"]


def test_one_board_that_fails_brings_all_back_with_one_alarm(case: Case, boards: Boards) -> None:  # noqa: F811
    *_, last = sorted(case.stage.venue.boards, key=lambda b: (len(case.stage.venue.doors_of_board(b)), b))
    boards.fails.add(last)
    id = approved(case)
    boards.wait(desk_of(case), SOAK_S + 120)
    found = case["integrator"].get(f"{API}/rollouts/{id}").json()
    assert found["course"] == "returned" and last in found["why"]
    assert {report.slots["program"].digest for report in boards.reports.values()} == {OLD_DIGEST}
    assert len([line for line in case.stage.lines("alarm") if line["code"] == "rollout-failed"]) == 1


def test_boards_of_a_room_in_which_a_lot_is_at_work_are_left_alone(case: Case, boards: Boards) -> None:  # noqa: F811
    stage = case.stage
    stage.press("opening_preparation")
    stage.press("check_in")
    busy = {device.board for device in stage.venue.devices.values() if device.room == "o1"}
    approved(case)
    boards.wait(desk_of(case), SOAK_S + 60)
    assert not busy & {board for board, _ in boards.orders}
    assert busy != set(stage.venue.boards)


def test_a_gateway_that_restarts_in_the_middle_goes_on_with_the_same_orders(case: Case, boards: Boards) -> None:  # noqa: F811
    approved(case)
    boards.wait(desk_of(case), 5)
    before = desk_of(case).open
    case.stage.restart()
    case.stage.coordinator.clock = lambda: case.stage.now
    boards.case.stage.coordinator.agents.link.publish = boards.heard  # type: ignore[method-assign]
    boards.tell()
    again = RolloutDesk(case.stage.coordinator, desk_of(case)._folder)
    assert again.open == before
    boards.wait(again, SOAK_S + 60)
    assert again.all()[0].course is Course.DONE
    assert len({command.id for _, command in boards.orders}) == len(case.stage.venue.boards)


def test_a_second_rollout_waits_for_the_end_of_the_first_and_a_person_can_bring_it_back(case: Case, boards: Boards) -> None:  # noqa: F811
    id = approved(case)
    body = {"kind": "configuration"}
    refused(case["integrator"].post(f"{API}/rollouts", json=body), 409, "rollout-open")
    boards.wait(desk_of(case), 10)
    assert case["integrator"].post(f"{API}/rollouts/{id}/give-up", json={"reason": "doors are slow"}).json()["course"] == "returning"
    boards.wait(desk_of(case), 60)
    assert case["integrator"].get(f"{API}/rollouts/{id}").json()["course"] == "returned"
    assert case["integrator"].post(f"{API}/rollouts", json=body).status_code == 201


def test_the_records_of_boards_are_what_the_gateway_has_for_each(case: Case, boards: Boards) -> None:  # noqa: F811
    answer = case["integrator"].post(f"{API}/rollouts", json={"kind": "configuration"})
    assert answer.json()["course"] == "canary"
    rollout = desk_of(case).open
    assert rollout is not None
    for row in rollout.rows:
        record = case["nobody"].get(f"{API}/bundles/{row.digest}").content
        assert decode_commission(record, "").agent == row.board


def test_what_is_wrong_with_devices_is_filtered_and_counted(case: Case, boards: Boards) -> None:  # noqa: F811
    case.stage.wait(2000, 500)
    whole = case["staff"].get(f"{API}/twins").json()
    assert whole["count"] == len(whole["twins"])
    signs = case["staff"].get(f"{API}/twins", params={"kind": "sign", "room": "o1"}).json()["twins"]
    assert [twin["id"] for twin in signs] == ["o1-sign"]
    wrong = case["staff"].get(f"{API}/twins", params={"only_wrong": True}).json()
    assert len(wrong["twins"]) == whole["wrong"] and all(twin["finding"]["remedy"]["zh"] for twin in wrong["twins"])
    assert case["staff"].get(f"{API}/twins/door:o1-door").json()["kind"] == "door"
    assert case["staff"].get(f"{API}/twins/nothing").status_code == 404
    refused(case["integrator"].delete(f"{API}/twins/o1-sign/quarantine"), 409, "not-quarantined")
    assert case["supervisor"].delete(f"{API}/twins/o1-sign/quarantine").status_code == 403


def test_nothing_is_lost_of_a_rollout_by_being_stored(case: Case, boards: Boards) -> None:  # noqa: F811
    approved(case)
    boards.wait(desk_of(case), 3)
    rollout = desk_of(case).open
    assert rollout is not None
    [stored] = case.stage.store.sql.execute("SELECT rollout_json FROM rollout").fetchone()
    assert json.loads(stored)["rows"][0]["board"] == rollout.rows[0].board
    assert replace(rollout) == desk_of(case).find(rollout.id)
