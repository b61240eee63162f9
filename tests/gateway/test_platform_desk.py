"""What staff see of the exchange, and what they do with an item that the platform will not take."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from day_case import county, lot
from fake_agents import Stage
from people_case import client
from test_api import Case, case, keys, refused  # noqa: F401  fixtures

from gateway.config import ConfigError, PlatformConfig, read_config
from gateway.shell.platform_desk import PlatformDesk
from gateway.trading.base import ItemKind, LotWarning, OutboxItem, PlatformRefused, Pulled, Rejected
from gateway.trading.connect import connect, room_names
from gateway.trading.folder import FolderPlatform
from gateway.trading.province import ProvincePlatform
from gateway.trading.rest import RestPlatform
from venue_model.ids import LotId


@dataclass
class Choosy:
    """A platform that refuses what it is told to refuse."""

    refuses: dict[str, str] = field(default_factory=dict)
    got: list[str] = field(default_factory=list)
    page: Pulled = field(default_factory=lambda: Pulled((), (), "1"))

    async def pull_lots(self, cursor: str) -> Pulled:
        return self.page

    async def push(self, items: list[OutboxItem]) -> None:
        self.got += [item.key for item in items if item.key not in self.refuses]
        why = {item.key: self.refuses[item.key] for item in items if item.key in self.refuses}
        if why:
            raise PlatformRefused(why)

    async def close(self) -> None: ...


@dataclass
class Bench:
    stage: Stage
    platform: Choosy
    desk: PlatformDesk

    def put(self, *names: str) -> None:
        for name in names:
            self.stage.coordinator.outbox.put(ItemKind.SCENE, name, {"project": "P-L1", "lot": "L1"}, self.stage.now.utc_ns)

    def drain(self) -> None:
        assert self.desk.sync is not None
        asyncio.run(self.desk.sync.drain_once())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    stage = Stage(tmp_path)
    stage.coordinator.clock = lambda: stage.now
    stage.open()
    stage.book(lot())
    platform = Choosy()
    yield Bench(stage, platform, PlatformDesk(stage.coordinator, platform, "token", kind="rest"))
    stage.close()


def test_each_resent_letter_is_a_line_of_the_journal_in_its_lot(bench: Bench) -> None:
    bench.put("a", "b", "c")
    bench.platform.refuses = {"a": "标段未登记", "b": "标段未登记"}
    bench.drain()
    assert (bench.desk.health.dead, bench.platform.got) == (2, ["c"])
    bench.platform.refuses = {}
    assert bench.desk.resend(["a", "nothing"], "wang", bench.stage.now) == 1
    bench.drain()
    assert (bench.platform.got, bench.desk.health.dead) == (["c", "a"], 1)
    assert bench.desk.resend([], "li", bench.stage.now) == 1
    bench.drain()
    assert (bench.platform.got, bench.desk.health.dead) == (["c", "a", "b"], 0)
    lines = bench.stage.store.journal("kind = 'resend'")
    assert [(line["body"]["key"], line["body"]["by"], line["lot"], line["project"]) for line in lines] == [
        ("a", "wang", "L1", "P-L1"), ("b", "li", "L1", "P-L1"),
    ]  # fmt: skip
    assert lines[0]["body"]["why"] == "标段未登记"


def test_what_was_rejected_and_doubtful_is_still_shown_after_a_restart(bench: Bench) -> None:
    warned = LotWarning(LotId("L1"), "AGENCY_CREDIT_CODE: credit code has 4 characters; GB 32100 asks for 18")
    bench.platform.page = Pulled((), (), "1", rejected=(Rejected("L9", "PEOPLE.0.ROLE: is not one of"),), warnings=(warned,))
    assert bench.desk.sync is not None
    asyncio.run(bench.desk.sync.pull_once())
    bench.stage.restart()
    again = PlatformDesk(bench.stage.coordinator, Choosy(), "token", kind="rest")
    assert sorted((notice.kind, notice.ref, notice.utc_ns) for notice in again.notices()) == [
        ("rejected", "L9", bench.stage.now.utc_ns), ("warning", "L1", bench.stage.now.utc_ns),
    ]  # fmt: skip


def test_without_a_platform_people_see_what_waits_for_one(tmp_path: Path) -> None:
    stage = Stage(tmp_path)
    desk = PlatformDesk(stage.coordinator)
    stage.coordinator.outbox.put(ItemKind.SCENE, "a", {"project": "P"}, 7)
    assert (desk.kind, desk.health.waiting, desk.health.oldest_utc_ns) == ("", 1, 7)
    desk.start()
    asyncio.run(desk.close())
    stage.close()


def test_unified_codes_go_into_the_outbox_and_the_evidence_as_they_came(bench: Bench) -> None:
    told = {"project_code": " 2412-A/7 ", "lot_code": "０１号", "deal_code": "a01-x-?"}
    bench.stage.book(replace(lot(), version=2, further_codes=(("PLATFORM_CODE", "A01"),), **told))
    bench.put("a")
    (item,) = bench.stage.coordinator.outbox.due(bench.stage.now.utc_ns)
    assert item.body["codes"] == told | {"PLATFORM_CODE": "A01"}
    line = bench.stage.store.journal("kind = 'lot'")[-1]
    assert (line["body"]["codes"], line["body"]["version"], line["project"]) == (told | {"PLATFORM_CODE": "A01"}, 2, "P-L1")


# over HTTP


def test_staff_and_integrators_see_dead_letters_and_resend_them(case: Case) -> None:  # noqa: F811
    outbox = case.stage.coordinator.outbox
    outbox.put(ItemKind.SCENE, "scene-1", {"project": "P-L1", "lot": "L1"}, 5)
    outbox.put(ItemKind.ANOMALY, "anomaly:2/x", {"project": "P-L1", "lot": "L1"}, 6)
    outbox.mark_dead("scene-1", "标段未登记")
    outbox.mark_failed(["anomaly:2/x"], "answered 500", 7, alone=1)
    page = client(case, "wang", "staff")
    letters = page.get("/api/v1/platform/letters").json()
    assert [(one["key"], one["kind"], one["lot"], one["state"], one["why"]) for one in letters] == [
        ("scene-1", "scene", "L1", "dead", "标段未登记"), ("anomaly:2/x", "anomaly", "L1", "apart", "answered 500"),
    ]  # fmt: skip
    state = page.get("/api/v1/platform").json()
    assert (state["dead"], state["apart"], state["waiting"], state["oldest_utc_ns"], state["kind"]) == (1, 1, 1, 6, "")
    assert page.post("/api/v1/platform/resend", json={"keys": ["scene-1"]}).json() == {"count": 1}
    assert client(case, "chen", "integrator").get("/api/v1/platform").json()["dead"] == 0
    assert [line["by"] for line in case.stage.lines("resend")] == ["wang"]
    assert page.post("/api/v1/platform/resend", json={"keys": "all"}).status_code == 422


def test_watchers_have_no_part_in_it(case: Case) -> None:  # noqa: F811
    for method, path in (("GET", "/platform"), ("GET", "/platform/letters"), ("POST", "/platform/resend")):
        refused(case["supervisor"].request(method, f"/api/v1{path}", json={}), 403, "not-allowed")


# configuration


@pytest.mark.parametrize(
    ("config", "kind"),
    [
        ({}, type(None)),
        ({"url": "https://platform.example", "token": "t"}, RestPlatform),
        ({"kind": "province", "url": "https://platform.example", "token": "t", "client": "c"}, ProvincePlatform),
        ({"kind": "folder", "folder": "exchange"}, FolderPlatform),
    ],
)
def test_the_configuration_names_the_kind_of_platform(config: dict[str, Any], kind: type, tmp_path: Path) -> None:
    found = connect(PlatformConfig(**config), tmp_path, county())
    assert type(found) is kind
    if found is not None:
        asyncio.run(found.close())


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"url": "http://platform.example", "token": "t"}, "use https"),
        ({"url": "https://platform.example"}, "token is empty"),
        ({"kind": "province", "url": "https://platform.example", "token": "t"}, "client or token is empty"),
        ({"url": "https://platform.example", "token": "t", "authority": "ca.pem"}, "ca.pem: no certificate authority"),
    ],
)
def test_a_configuration_that_cannot_be_right_is_told_at_the_start(config: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=says):
        connect(PlatformConfig(**config), tmp_path, county())


def test_an_unknown_kind_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text('venue = "v"\ndata = "d"\n[platform]\nkind = "fax"\n')
    with pytest.raises(ConfigError, match=r"platform\.kind: Input should be 'rest', 'province' or 'folder'"):
        read_config(tmp_path / "gateway.toml")


def test_rooms_are_known_by_name_number_and_id_and_a_shared_name_is_nobodys() -> None:
    venue = county()
    names = room_names(venue)
    room = venue.rooms[next(iter(names.values()))]
    assert names[room.id] == room.id
    for one in venue.rooms.values():
        same = [other for other in venue.rooms.values() if one.name.zh in (other.name.zh, other.number, other.id)]
        assert (names.get(one.name.zh) == one.id) == (len(same) == 1)

