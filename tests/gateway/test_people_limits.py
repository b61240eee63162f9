"""An account that is held to one lot sees and does nothing of another, on whichever page it looks."""

from dataclasses import replace

import pytest
from coordinator_case import passage
from day_case import lot, person
from people_case import API, Client, client, reason, services_of
from test_api import AT, SHA, Case, case, keys  # noqa: F401  fixtures

from gateway.core.rights import Viewer
from gateway.people.account_book import Limits
from gateway.shell.evidence_index import SegmentRow
from venue_model.groups import Role
from venue_model.ids import LotId
from venue_model.moments import S

OTHER = "c" * 64


@pytest.fixture
def house(case: Case) -> Case:  # noqa: F811
    """L2 has an expert, a recording and a line of the journal; project P-L1 has a second lot that is not L1's."""
    stage = case.stage
    stage.book(
        replace(lot("L2", opening="o2", evaluation=None), people=(person("other-1", Role.BID),)),
        replace(lot("L3", opening="o2", evaluation=None), project=lot().project, people=()),
    )
    for name, project in (("L2", "P-L2"), ("L3", "P-L1")):
        sha = OTHER if name == "L2" else "d" * 64
        stage.index.add_segment(SegmentRow(project, name, "o2-near", 1, "o2", AT, AT + S, "nowhere", 1, sha, "0" * 64, {}))
        stage.coordinator.journal.note("press", {"scene": "opening", "by": "wang"}, stage.now, lot=name)
    came = passage(2, "other-1", group="BID")
    stage.journal("front", passage(1), replace(came, lot=LotId("L2"), body={**came.body, "lot": "L2"}))
    return case


@pytest.fixture
def own(house: Case) -> Client:
    return client(house, "jian", "supervisor", Limits(lots=("L1",)))


def test_lists_show_own_lots_alone(house: Case, own: Client) -> None:
    assert {row["project"]: row["lots"] for row in own.get(f"{API}/projects").json()} == {"P-L1": ["L1"]}
    assert list(own.get(f"{API}/state").json()["lots"]) == ["L1"]
    assert {line["lot"] for line in own.get(f"{API}/events").json()} <= {"L1", None}
    assert "L2" in {line["lot"] for line in house["supervisor"].get(f"{API}/events").json()}


def test_a_project_shows_the_own_lot_of_it(own: Client) -> None:
    found = own.get(f"{API}/projects/P-L1").json()
    assert [out["id"] for out in found["lots"]] == ["L1"]
    assert {track["lot"] for track in found["tracks"]} == {"L1"}
    assert {line["lot"] for line in found["events"]} <= {"L1"}
    assert reason(own.get(f"{API}/projects/P-L2")) == (403, "not-yours")


def test_a_recording_of_another_lot_is_not_played(own: Client) -> None:
    assert own.get(f"{API}/media/{SHA}.mp4").status_code == 200
    assert reason(own.get(f"{API}/media/{OTHER}.mp4")) == (403, "not-yours")
    assert reason(own.get(f"{API}/media/{'0' * 64}.mp4")) == (403, "not-yours"), "nobody learns what there is"


def test_people_of_another_lot_are_on_no_list_and_have_no_way(own: Client) -> None:
    told = own.get(f"{API}/muster").text
    assert "exp-1" in told and "other-1" not in told
    day = "2027-01-15"
    assert own.get(f"{API}/people/exp-1/trajectory", params={"day": day}).status_code == 200
    assert reason(own.get(f"{API}/people/other-1/trajectory", params={"day": day})) == (403, "not-yours")
    assert reason(own.post(f"{API}/muster/other-1", json={"outside": True})) == (403, "not-yours")


def test_the_live_feed_tells_of_own_lots_alone(house: Case, own: Client) -> None:
    s = services_of(house)
    lines = [
        {
            "agent": "", "seq": n, "utc_ns": AT, "kind": "alarm", "lot": name, "project": None, "room": None, "person": None,
            "body": {"code": "x"},
        }
        for n, name in enumerate(("L1", "L2", None))
    ]  # fmt: skip
    s.view.take_lines(lines)
    viewer = Viewer("supervisor", s.accounts.book.limit(Limits(lots=("L1",))))
    patch = s.view.patch(1, {"lots": {"L1", "L2", "gone"}}, lines, s.coordinator.clock(), viewer)
    assert list(patch.lots) == ["L1"]
    assert [line.lot for line in patch.events] == ["L1", None]
    with own.websocket_connect("wss://venue/api/v1/live") as page:
        assert list(page.receive_json()["lots"]) == ["L1"]


def test_an_alarm_of_another_lot_is_neither_shown_nor_acknowledged(house: Case, own: Client) -> None:
    note, now = house.stage.coordinator.journal.note, house.stage.now
    note("alarm", {"code": "held", "place": "mine"}, now, lot="L1")
    note("alarm", {"code": "held", "place": "theirs"}, now, lot="L2")
    assert {a for a in own.get(f"{API}/state").json()["alarms"] if a.startswith("held")} == {"held:mine"}
    assert own.post(f"{API}/alarms/held:mine/acknowledge").status_code == 204
    assert reason(own.post(f"{API}/alarms/held:theirs/acknowledge")) == (403, "not-yours")


def test_an_exception_pass_is_given_for_an_own_lot_alone(own: Client) -> None:
    body = {
        "person": "plumber", "role": "STF", "card": "0011", "rooms": ["wing"], "lot": "L2", "reason": "leak", "escort": ["WIT"],
        "minutes": 5,
    }  # fmt: skip
    assert reason(own.post(f"{API}/exceptions", json=body)) == (403, "not-yours")
    assert own.post(f"{API}/exceptions", json={**body, "lot": "L1"}).status_code != 403


def test_doors_of_rooms_that_another_lot_holds_stay_shut(house: Case) -> None:
    staff = client(house, "kai", "staff", Limits(lots=("L1",)))
    assert reason(staff.post(f"{API}/doors/o1-door/pulse")) == (403, "not-yours"), "nobody holds the room yet"
    house.stage.press("opening_preparation", "L1")
    house.stage.press("opening_preparation", "L2")
    assert staff.post(f"{API}/doors/o1-door/pulse").status_code == 202
    assert reason(staff.post(f"{API}/doors/o2-door/pulse")) == (403, "not-yours")
    assert reason(staff.post(f"{API}/lockdown", json={"reason": "x"})) == (403, "not-yours")


def test_an_industry_is_known_by_the_beginning_of_its_project_codes(house: Case) -> None:
    services_of(house).accounts.book.industries = {"water": ("W01",)}
    house.stage.book(replace(lot("L4", opening="o2", evaluation=None), project_code="W01-9", people=()))
    page = client(house, "shui", "supervisor", Limits(industries=("water",)))
    assert list(page.get(f"{API}/state").json()["lots"]) == ["L4"]
    forgotten = client(house, "lin", "supervisor", Limits(industries=("forestry",)))
    assert forgotten.get(f"{API}/state").json()["lots"] == {}, "an industry that the configuration no longer names lets nothing through"
