"""What a browser gets: who may do what, refusals in two languages, media by hash alone, and every reading on record."""

import hashlib
import sqlite3
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from day_case import APPROVER_KEYS, PEOPLE, card, lot
from evidence_case import venue_keys
from fake_agents import Stage
from starlette.websockets import WebSocketDisconnect

from gateway.api.accounts import Accounts
from gateway.api.app import make_app
from gateway.api.live import LiveFeed
from gateway.api.route_actions import ROUTES
from gateway.api.services import Services
from gateway.core.rights import Action
from gateway.evidence.keys import SealKeys
from gateway.evidence.translog import TransparencyLog
from gateway.people.secret_box import SecretBox
from gateway.shell.booking_desk import BookingDesk
from gateway.shell.evidence_desk import EvidenceDesk
from gateway.shell.evidence_index import GapRow, PackageRow, SegmentRow
from gateway.shell.facts_desk import FactsConfig, FactsDesk
from gateway.shell.platform_desk import PlatformDesk
from gateway.shell.rollout_desk import RolloutDesk
from gateway.shell.view import View
from gateway.trading.sync import Health
from venue_model import signing
from venue_model.lots import Phase
from venue_model.moments import S

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # starlette would like httpx2 instead of httpx; both speak ASGI to the application
    from fastapi.testclient import TestClient

RELEASE_KEY = bytes(range(32))
MEDIA = bytes(range(256)) * 8
SHA = hashlib.sha256(MEDIA).hexdigest()
AT = 1_800_000_000 * S
PLACE = "P-L1/L1/o1-near/0001.mp4"
PASSWORDS = {"staff": "kai-biao", "supervisor": "jian-du", "integrator": "ji-cheng"}


@dataclass
class Case:
    """A venue's API with one client for each role, and one that is nobody."""

    stage: Stage
    root: Path
    log: TransparencyLog
    clients: dict[str, TestClient]

    def __getitem__(self, role: str) -> TestClient:
        return self.clients[role]

    def reads(self) -> list[dict[str, Any]]:
        return self.stage.lines("evidence-read")

    def leaves(self) -> int:
        with sqlite3.connect(self.root.parent / "translog.db") as db:
            found = int(db.execute("SELECT count(*) FROM leaf WHERE kind = 'read'").fetchone()[0])
        db.close()
        return found


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SealKeys:
    return venue_keys(tmp_path_factory.mktemp("seal"))


def cheap_hash(password: str) -> str:
    """A hash says by itself what it costs to check: real ones take a while by design, and every test signs in three people."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(password)


@pytest.fixture
def case(tmp_path: Path, keys: SealKeys) -> Iterator[Case]:
    stage = Stage(tmp_path)
    stage.open()
    stage.book(lot())
    root = tmp_path / "evidence"
    file = root / PLACE
    file.parent.mkdir(parents=True)
    file.write_bytes(MEDIA)
    (tmp_path / "secret.mp4").write_bytes(b"secret")
    end = AT + 60 * S
    stage.index.add_segment(SegmentRow("P-L1", "L1", "o1-near", 1, "o1", AT, end, PLACE, len(MEDIA), SHA, "0" * 64, {"ended": "stop"}))
    stage.index.add_gap(GapRow("P-L1", "L1", "o1-near", AT + 60 * S, AT + 61 * S, "stall"))
    view = View(stage.coordinator, Health, lambda: True)
    feed = LiveFeed(view)
    stage.coordinator.journal.lines = feed.lines
    log = TransparencyLog(tmp_path / "translog.db", "bidhall/test", keys.log_key)
    accounts = Accounts(stage.store)
    for role, password in PASSWORDS.items():
        stage.db.execute("INSERT INTO account VALUES (?, ?, ?)", (role, role, cheap_hash(password)))
    desk = EvidenceDesk(stage.venue, stage.coordinator, keys, log, root)
    facts = FactsDesk(stage.coordinator, stage.index, SecretBox(bytes(32)), FactsConfig({"data": tmp_path}), alarms=lambda: view.alarms)
    booking, platform = BookingDesk(stage.coordinator), PlatformDesk(stage.coordinator)
    rollouts = RolloutDesk(stage.coordinator, tmp_path / "bundles", release_key=signing.public_key_of(RELEASE_KEY))
    parts = Services(stage.coordinator, view, feed, accounts, desk, stage.index, root, booking, facts, platform, rollouts=rollouts)
    app = make_app(parts, None)
    clients = {role: TestClient(app, base_url="https://venue") for role in ("nobody", *PASSWORDS)}
    for role, password in PASSWORDS.items():
        assert clients[role].post("/api/v1/session", json={"account": role, "password": password}).status_code == 200
    yield Case(stage, root, log, clients)
    for client in clients.values():
        client.close()
    log.close()
    stage.close()


def refused(answer: Any, status: int, code: str) -> None:
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["zh"] and error["en"]


PRESS = {"scene": "opening_preparation"}

# who may do what


def test_every_route_asks_who_is_there(case: Case) -> None:
    listed = case["nobody"].get("/api/v1/openapi.json").json()["paths"]
    assert len(listed) >= 14
    for path, methods in listed.items():
        for method in methods:
            if ROUTES.get(f"{method.upper()} {path}", Action.PUBLIC) is Action.PUBLIC:
                continue
            concrete = path.replace("{lot}", "L1").replace("{seal}", "1").replace("{sha256}", SHA).replace("{project}", "P-L1")
            concrete = concrete.replace("{run}", "r").replace("{person}", "p") + ("?scene=opening" if "preview" in path else "")
            answer = case["nobody"].request(method.upper(), concrete, json=PRESS if method == "post" else None)
            refused(answer, 401, "signed-out")


ROLE_LIMITS = (
    ("supervisor", "POST", "/lots/L1/scenes"),
    ("integrator", "POST", "/lots/L1/scenes"),
    ("supervisor", "POST", "/lots/L1/people/exp-1/authorise"),
    ("supervisor", "POST", "/projects/P-L1/seal"),
    ("integrator", "GET", f"/media/{SHA}.mp4"),
    ("staff", "GET", "/projects/P-L1/packages/1.zip"),
    ("integrator", "GET", "/projects/P-L1/packages/1.zip"),
    ("integrator", "GET", "/projects/P-L1"),
)


def test_a_role_does_only_its_own_work(case: Case) -> None:
    for role, method, path in ROLE_LIMITS:
        refused(case[role].request(method, f"/api/v1{path}", json=PRESS if method == "POST" else None), 403, "not-allowed")
    assert case.reads() == []


def test_a_wrong_password_and_an_unknown_account_look_the_same(case: Case) -> None:
    wrong = case["nobody"].post("/api/v1/session", json={"account": "staff", "password": "x"})
    unknown = case["nobody"].post("/api/v1/session", json={"account": "ghost", "password": "x"})
    refused(wrong, 401, "wrong-password")
    assert wrong.json() == unknown.json()


def test_an_account_rests_after_five_wrong_passwords(case: Case) -> None:
    for _ in range(5):
        refused(case["nobody"].post("/api/v1/session", json={"account": "staff", "password": "x"}), 401, "wrong-password")
    refused(case["nobody"].post("/api/v1/session", json={"account": "staff", "password": PASSWORDS["staff"]}), 429, "locked")


def test_a_new_account_can_sign_in_and_its_password_is_kept_as_a_costly_hash(case: Case) -> None:
    Accounts(case.stage.store).create("zhou", "supervisor", "a-b-c")
    assert case["nobody"].post("/api/v1/session", json={"account": "zhou", "password": "a-b-c"}).json()["role"] == "supervisor"
    kept = case.stage.db.execute("SELECT password FROM account WHERE id = 'zhou'").fetchone()[0]
    assert kept.startswith("$argon2id$") and "m=65536" in kept


def test_signing_out_ends_the_session(case: Case) -> None:
    who = case["staff"].get("/api/v1/session").json()
    assert (who["account"], who["role"]) == ("staff", "staff")
    token = case["staff"].cookies["bidhall_session"]
    assert case["staff"].delete("/api/v1/session").status_code == 204
    refused(case["nobody"].get("/api/v1/session", headers={"cookie": f"bidhall_session={token}"}), 401, "signed-out")


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(case: Case) -> None:
    answer = case["nobody"].post("/api/v1/session", json={"account": "staff", "password": PASSWORDS["staff"]})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie


# refusals


UNKNOWN = (
    ("GET", "/lots/L9"), ("GET", "/lots/L9/preview?scene=opening"), ("POST", "/lots/L9/scenes"), ("GET", "/runs/r9"),
    ("POST", "/lots/L1/people/ghost/authorise"), ("GET", "/projects/P9"), ("GET", f"/media/{'0' * 64}.mp4"),
    ("GET", "/projects/P-L1/packages/9.zip"),
)  # fmt: skip


def test_what_does_not_exist_is_told_in_both_languages(case: Case) -> None:
    for method, path in UNKNOWN:
        role = "supervisor" if method == "GET" else "staff"
        refused(case[role].request(method, f"/api/v1{path}", json=PRESS if method == "POST" else None), 404, "not-found")


def test_a_scene_out_of_turn_is_refused_and_changes_nothing(case: Case) -> None:
    refused(case["staff"].post("/api/v1/lots/L1/scenes", json={"scene": "evaluation"}), 409, "wrong-phase")
    refused(case["staff"].post("/api/v1/lots/L1/scenes", json={"scene": "party"}), 409, "unknown-scene")
    assert case["staff"].get("/api/v1/lots/L1").json()["phase"] == Phase.BOOKED


BAD_INPUT: tuple[tuple[str, object, str], ...] = (
    ("/session", {"account": "a"}, "body.password"),
    ("/session", {"account": "a" * 65, "password": "x"}, "body.account"),
    ("/session", [], "body"),
    ("/lots/L1/scenes", {}, "body.scene"),
    ("/lots/L1/scenes", {"scene": 3}, "body.scene"),
    ("/lots/L1/scenes", {"scene": "opening", "approvals": [{}]}, "body.approvals.0.component"),
)


def test_bad_input_names_its_field(case: Case) -> None:
    for path, body, place in BAD_INPUT:
        answer = case["staff"].post(f"/api/v1{path}", json=body)
        refused(answer, 422, "bad-input")
        assert answer.json()["error"]["en"].startswith(f"{place}: ")


def test_a_body_that_is_too_large_is_not_even_read(case: Case) -> None:
    assert case["staff"].post("/api/v1/lots/L1/scenes", content=b"x" * (1 << 20) + b"x").status_code == 413


def test_an_unreadable_length_is_bad_input(case: Case) -> None:
    assert case["staff"].get("/api/v1/venue", headers={"content-length": "many"}).status_code == 400


# pressing


def test_a_press_answers_with_its_run_and_the_run_can_be_looked_up(case: Case) -> None:
    answer = case["staff"].post("/api/v1/lots/L1/scenes", json=PRESS)
    assert answer.status_code == 202
    run = answer.json()
    assert (run["lot"], run["scene"], run["by"], run["result"]) == ("L1", "opening_preparation", "staff", None)
    case.stage.settle()
    ended = case["supervisor"].get(f"/api/v1/runs/{run['id']}").json()
    assert ended["result"] == "ok"
    assert {row["code"] for row in ended["members"]} == {200}
    assert case["staff"].get("/api/v1/lots/L1").json()["phase"] == Phase.PREPARATION


def test_a_preview_says_what_would_happen_and_does_nothing(case: Case) -> None:
    found = case["staff"].get("/api/v1/lots/L1/preview?scene=opening_preparation").json()
    assert found["allowed"] is True
    assert "o1-near" in {row["id"] for row in found["members"]}
    assert any("招标代理" in door["zh"] for door in found["doors"])
    refused_preview = case["staff"].get("/api/v1/lots/L1/preview?scene=close").json()
    assert (refused_preview["allowed"], refused_preview["why_not"]["en"]) == (False, "Close cannot follow phase P1")
    assert case.stage.store.runs() == []


def test_a_seal_is_lifted_by_two_signatures_over_the_text_of_the_preview(case: Case) -> None:
    for scene in ("opening_preparation", "check_in", "opening", "opening_end", "intake", "evaluation"):
        assert case["staff"].post("/api/v1/lots/L1/scenes", json={"scene": scene}).status_code == 202
        case.stage.settle()
    [command] = case["staff"].get("/api/v1/lots/L1/preview?scene=report_signed").json()["approvals"]
    assert "201" in command["name"]["zh"]
    signatures = {name: signing.sign(APPROVER_KEYS[name], command["text"].encode()).hex() for name in ("zhang", "li")}
    signed = [{"component": command["component"], "approver": name, "signature": text} for name, text in signatures.items()]
    one = {"scene": "report_signed", "approvals": signed[:1]}
    refused(case["staff"].post("/api/v1/lots/L1/scenes", json=one), 409, "approval")
    assert case["staff"].get("/api/v1/state").json()["components"]["e1"]["seal"] is True
    both = {"scene": "report_signed", "approvals": signed}
    assert case["staff"].post("/api/v1/lots/L1/scenes", json=both).status_code == 202
    case.stage.settle()
    assert case["staff"].get("/api/v1/state").json()["components"]["e1"]["seal"] is False


def test_an_expert_is_authorised_anew_by_staff(case: Case) -> None:
    assert case["staff"].post("/api/v1/lots/L1/people/exp-1/authorise").status_code == 204
    assert case.stage.lines("authorise") == [{"person": "exp-1", "by": "staff"}]


# looking


def test_the_state_tells_every_board_device_door_and_lot(case: Case) -> None:
    state = case["supervisor"].get("/api/v1/state").json()
    venue = case.stage.venue
    assert state["devices"].keys() == venue.devices.keys()
    assert state["doors"].keys() == {d.id for d in venue.doors.values() if d.board}
    assert state["components"].keys() == venue.components.keys()
    assert {b["online"] for b in state["boards"].values()} == {True}
    assert state["lots"]["L1"]["expected"] == {"BID": 2, "AGT": 1, "EXP": 2, "SUP": 1, "STF": 1}


def test_an_agent_that_is_away_leaves_its_door_unknown(case: Case) -> None:
    from venue_model.wire import Status

    agent = case.stage.agents["opening"]  # type: ignore[index]
    case.stage.tell(agent, "status", Status(False, 1))
    state = case["staff"].get("/api/v1/state").json()
    assert state["doors"]["o1-door"]["position"] == "unknown"
    assert state["devices"]["o1-sign"]["online"] is False


def test_no_answer_holds_a_card_number(case: Case) -> None:
    for path in ("/venue", "/state", "/lots/L1", "/projects/P-L1", "/projects", "/events"):
        text = case["supervisor"].get(f"/api/v1{path}").text
        assert not [p for p in PEOPLE if card(p.person) in text], path


def test_projects_are_found_by_any_part_of_id_code_or_name(case: Case) -> None:
    for wanted in ("p-l1", "L1工程", ""):
        assert [row["project"] for row in case["supervisor"].get("/api/v1/projects", params={"q": wanted}).json()] == ["P-L1"]
    assert case["supervisor"].get("/api/v1/projects", params={"q": "nothing"}).json() == []


def test_events_are_found_by_what_they_are_about(case: Case) -> None:
    case["staff"].post("/api/v1/lots/L1/scenes", json=PRESS)
    found = case["staff"].get("/api/v1/events", params={"kind": "press", "lot": "L1"}).json()
    assert [event["body"]["scene"] for event in found] == ["opening_preparation"]
    assert case["staff"].get("/api/v1/events", params={"lot": "' OR 1=1 --"}).json() == []
    assert len(case["staff"].get("/api/v1/events", params={"limit": -5}).json()) == 1


# evidence


def test_a_project_is_one_timeline_and_the_look_is_on_record(case: Case) -> None:
    found = case["supervisor"].get("/api/v1/projects/P-L1").json()
    [track] = found["tracks"]
    assert (track["track"], track["segments"][0]["url"], track["gaps"][0]["cause"]) == ("o1-near", f"/api/v1/media/{SHA}.mp4", "stall")
    assert case.reads() == [{"who": "supervisor", "role": "supervisor", "what": "timeline"}]
    assert case.leaves() == 1


def test_media_comes_by_its_hash_in_any_range(case: Case) -> None:
    url = f"/api/v1/media/{SHA}.mp4"
    whole = case["supervisor"].get(url)
    assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, MEDIA, "video/mp4")
    part = case["supervisor"].get(url, headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, MEDIA[100:200], f"bytes 100-199/{len(MEDIA)}")
    assert case["supervisor"].get(url, headers={"range": f"bytes={len(MEDIA)}-"}).status_code == 416


@pytest.mark.parametrize("wanted", [None, "bytes=0-", "bytes=1-", "bytes=-5", "bytes=100-101"])
def test_whichever_bytes_are_read_first_the_reading_is_on_record(case: Case, wanted: str | None) -> None:
    headers = {"range": wanted} if wanted else {}
    for _ in range(3):
        assert case["supervisor"].get(f"/api/v1/media/{SHA}.mp4", headers=headers).status_code in (200, 206)
    assert case.reads() == [{"who": "supervisor", "role": "supervisor", "what": "play L1/o1-near/1"}], "one look is one line"
    assert case.leaves() == 1
    case["staff"].get(f"/api/v1/media/{SHA}.mp4", headers=headers)
    assert [read["who"] for read in case.reads()] == ["supervisor", "staff"]


def test_no_path_of_a_caller_reaches_the_disk(case: Case) -> None:
    for name in ("../secret", "..%2Fsecret", "%2e%2e/secret", "....//secret", "/etc/passwd%00", PLACE, "secret"):
        answer = case["supervisor"].get(f"/api/v1/media/{name}.mp4")
        assert answer.status_code == 404
        assert answer.content != b"secret"
        assert case["supervisor"].get(f"/api/v1/projects/{name}/packages/1.zip").status_code == 404


def test_a_file_that_is_gone_is_told_and_not_hidden(case: Case) -> None:
    (case.root / PLACE).unlink()
    refused(case["supervisor"].get(f"/api/v1/media/{SHA}.mp4"), 410, "gone")


def test_a_package_is_taken_away_as_one_file_and_that_is_on_record(case: Case) -> None:
    folder = case.root / "_packages" / "P-L1-1"
    folder.mkdir(parents=True)
    (folder / "bagit.txt").write_text("BagIt-Version: 1.0\n")
    case.stage.index.add_package(PackageRow("P-L1", 1, "_packages/P-L1-1", AT, "ab" * 32))
    answer = case["supervisor"].get("/api/v1/projects/P-L1/packages/1.zip")
    assert (answer.status_code, answer.content[:2]) == (200, b"PK")
    assert 'filename="P-L1-1.zip"' in answer.headers["content-disposition"]
    assert case.reads() == [{"who": "supervisor", "role": "supervisor", "what": "package 1"}]


def test_a_project_with_nothing_in_it_cannot_be_sealed_and_says_why(case: Case) -> None:
    case.stage.book(lot("L2", opening="o2"))
    refused(case["staff"].post("/api/v1/projects/P-L2/seal"), 409, "not-sealed")
    refused(case["staff"].post("/api/v1/projects/P-L9/seal"), 409, "not-sealed")


# the live feed and the pages


def test_a_page_begins_with_the_whole_state(case: Case) -> None:
    with case["staff"].websocket_connect("wss://venue/api/v1/live") as page:
        first = page.receive_json()
    assert (first["kind"], first["lots"]["L1"]["phase"]) == ("state", "P1")


@pytest.mark.parametrize(("role", "origin", "code"), [("nobody", None, 4401), ("staff", "https://evil.example", 4403)])
def test_strangers_and_other_sites_do_not_get_the_feed(case: Case, role: str, origin: str | None, code: int) -> None:
    headers = {"origin": origin} if origin else {}
    with pytest.raises(WebSocketDisconnect) as closed, case[role].websocket_connect("wss://venue/api/v1/live", headers=headers):
        pass
    assert closed.value.code == code


def test_pages_keep_to_themselves(case: Case) -> None:
    answer = case["nobody"].get("/")
    assert "bidhall" in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
