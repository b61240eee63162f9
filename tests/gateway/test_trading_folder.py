"""Tables that people drop into a folder: whole and sound ones are taken once, others come back with row and column."""

import asyncio
import csv
import io
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from gateway.trading.base import EventKind, ItemKind, Json, OutboxItem, PlatformAway, Pulled
from gateway.trading.folder import FolderPlatform
from gateway.trading.folder_columns import EVENT_COLUMNS, LOT_COLUMNS, PERSON_COLUMNS
from gateway.trading.folder_sheet import MAX_BYTES, MAX_UNPACKED_BYTES
from venue_model.groups import Role
from venue_model.ids import RoomId
from venue_model.moments import utc_ns

ROOMS = {"o1": RoomId("o1"), "第一开标室": RoomId("o1"), "e1": RoomId("e1")}
AT = utc_ns("2027-01-15T16:00:00+08:00")
HEADER = [column.zh for column in (*LOT_COLUMNS, *PERSON_COLUMNS)]
LOT = {
    "招标项目编号": "T1", "项目名称": "门诊楼", "标段编号": "S1", "标段名称": "一标段", "开标时间": "2027-01-15 16:00",
    "开标室": "第一开标室", "评标室": "e1", "统一交易标识码": " A01 / x ",
}  # fmt: skip
EXPERT = {"标段编号": "S1", "人员编号": "exp-1", "身份": "评标专家", "证卡号": "04A1B2C3"}
BIDDER = {"标段编号": "S1", "人员编号": "bid-1", "身份": "投标人", "证卡号": "00000017", "回避": "exp-1；exp-2"}


class Folder:
    def __init__(self, path: Path, settle_s: float = 0) -> None:
        self.path = path
        self.platform = FolderPlatform(path, ROOMS, settle_s=settle_s, clock_utc_ns=lambda: AT)
        self.cursor = ""

    def drop(self, name: str, *rows: dict[str, str], encoding: str = "utf-8-sig", header: list[str] | None = None) -> None:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, header or HEADER, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
        self.put(name, text.getvalue().encode(encoding))

    def put(self, name: str, data: bytes) -> None:
        (self.path / "in").mkdir(exist_ok=True)
        (self.path / "in" / name).write_bytes(data)

    def pull(self) -> Pulled:
        pulled = asyncio.run(self.platform.pull_lots(self.cursor))
        self.cursor = pulled.cursor
        return pulled

    def push(self, *keys: str, **body: Json) -> None:
        items = [OutboxItem(key, ItemKind.SCENE, {"project": "T1", "lot": "S1", "utc_ns": AT, **body}, AT) for key in keys]
        asyncio.run(self.platform.push(items))

    def names(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.path / folder).iterdir())

    def errors(self, name: str) -> str:
        return (self.path / "refused" / f"{name}.errors.txt").read_text("utf-8-sig")

    def out(self) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = []
        for path in sorted((self.path / "out").glob("*.csv")):
            rows += csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""))
        return rows


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030"])
def test_a_table_as_a_spreadsheet_saves_it_is_taken(folder: Folder, encoding: str) -> None:
    folder.drop("projects.csv", LOT, EXPERT, BIDDER, encoding=encoding)
    pulled = folder.pull()
    (lot,) = pulled.lots
    assert (lot.id, lot.project, lot.opening_room, lot.evaluation_room, lot.opening_utc_ns) == ("S1", "T1", "o1", "e1", AT)
    assert [(p.person, p.role, p.card) for p in lot.people] == [("exp-1", Role.EXP, "04a1b2c3"), ("bid-1", Role.BID, "00000017")]
    assert lot.conflicts == (("bid-1", "exp-1"), ("bid-1", "exp-2"))
    assert (pulled.rejected, folder.names("in"), folder.names("taken")) == ((), [], ["000001-20270115160000-projects.csv"])


def test_a_workbook_is_taken_like_a_table(folder: Folder) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADER)
    for row in (LOT, EXPERT, BIDDER):
        sheet.append([row.get(name) for name in HEADER])
    data = io.BytesIO()
    book.save(data)
    folder.put("projects.XLSX", data.getvalue())
    (lot,) = folder.pull().lots
    assert (lot.name, len(lot.people), lot.people[1].card) == ("一标段", 2, "00000017")


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_the_template_with_one_row_filled_in_is_a_sound_table(folder: Folder, suffix: str) -> None:
    assert folder.pull() == Pulled((), (), folder.cursor)
    template = folder.path / f"项目模板.{suffix}"
    if suffix == "csv":
        filled = template.read_bytes() + ",".join(LOT.get(name, "") for name in HEADER).encode() + b"\r\n"
    else:
        book = openpyxl.load_workbook(template)
        for column, name in enumerate(HEADER, 1):
            book.worksheets[0].cell(4, column).value = LOT.get(name)
        data = io.BytesIO()
        book.save(data)
        filled = data.getvalue()
    folder.put(f"今天.{suffix}", filled)
    pulled = folder.pull()
    assert [lot.id for lot in pulled.lots] == ["S1"], folder.names("refused")


def test_events_are_known_by_their_header(folder: Folder) -> None:
    header = [column.zh for column in EVENT_COLUMNS]
    event = {"事件编号": "ev-1", "招标项目编号": "T1", "标段编号": "S1", "事件": "报告已签署", "时间": "2027/01/15 18:30"}
    folder.drop("x.csv", event, event | {"事件编号": "ev-2", "事件": "退出", "人员编号": "bid-1"}, header=header)
    pulled = folder.pull()
    assert [(e.id, e.kind, e.person) for e in pulled.phase_events] == [
        ("ev-1", EventKind.REPORT_SIGNED, None), ("ev-2", EventKind.WITHDRAWN, "bid-1"),
    ]  # fmt: skip
    folder.drop("y.csv", event | {"事件": "退出"}, event | {"事件": "party", "时间": ""}, header=header)
    folder.pull()
    assert "第 2 行 “人员编号” PERSON_KEY" in folder.errors("y.csv")
    assert "第 3 行 “事件” EVENT_TYPE" in folder.errors("y.csv") and "第 3 行 “时间” EVENT_TIME" in folder.errors("y.csv")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([LOT | {"开标时间": "明天"}], "第 2 行 “开标时间” BID_OPENING_TIME: 无法识别"),
        ([LOT | {"开标室": "ballroom"}], "第 2 行 “开标室” OPENING_ROOM: 本场地没有这个房间"),
        ([LOT | {"投标人数": "3个"}], "“投标人数” BIDDER_COUNT"),
        ([LOT | {"标段编号": ""}], "“标段编号” BID_SECTION_CODE: 不能为空"),
        ([LOT, EXPERT | {"身份": "保安"}], "第 3 行 “身份” ROLE"),
        ([LOT, EXPERT | {"人员编号": "张三"}], "第 3 行 “人员编号” PERSON_KEY"),
        ([LOT, EXPERT | {"人员编号": ""}], "有人员信息但没有人员编号"),
        ([LOT, EXPERT | {"证卡号": "12"}], "“证卡号” CARD_NO: 须为 8 至 16 位十六进制"),
        ([LOT, EXPERT | {"已退出": "也许"}], "“已退出” WITHDRAWN"),
        ([LOT, EXPERT | {"生效时间": "2027-01-15 09:00", "失效时间": "2027-01-15 08:00"}], "“失效时间” VALID_UNTIL"),
        ([LOT, EXPERT, EXPERT], "one PERSON_KEY stands twice"),
        ([LOT, EXPERT | {"项目名称": "别的项目"}], "第 3 行 “项目名称” PROJECT_NAME: 与本标段上面的行不一致"),
        ([LOT | {"开标室": "", "评标室": ""}], "nothing of it happens here"),
        ([], "没有数据行"),
    ],
)
def test_a_table_with_a_fault_comes_back_whole_with_row_and_column_and_no_value(
    folder: Folder, rows: list[dict[str, str]], says: str
) -> None:
    folder.drop("projects.csv", *rows)
    pulled = folder.pull()
    assert says in folder.errors("projects.csv")
    assert "张三" not in folder.errors("projects.csv") and "04A1" not in folder.errors("projects.csv")
    assert (pulled.lots, [r.ref for r in pulled.rejected]) == ((), ["projects.csv"])
    assert (folder.names("in"), folder.names("taken")) == ([], [])
    assert folder.names("refused") == ["projects.csv", "projects.csv.errors.txt"]


def test_a_card_number_that_the_spreadsheet_made_a_number_is_noticed(folder: Folder) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(HEADER)
    sheet.append([{**LOT, **EXPERT, "证卡号": 17}.get(name) for name in HEADER])
    data = io.BytesIO()
    book.save(data)
    folder.put("a.xlsx", data.getvalue())
    folder.pull()
    assert "“证卡号” CARD_NO: 单元格是数字格式" in folder.errors("a.xlsx")


def zipped(**members: bytes) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def with_entities() -> bytes:
    """A sound workbook whose sheet says one thing a billion times."""
    book = openpyxl.Workbook()
    book.worksheets[0].append(["here"])
    data = io.BytesIO()
    book.save(data)
    with zipfile.ZipFile(data) as source:
        members = {name: source.read(name) for name in source.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"]
    assert b"here" in sheet
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE worksheet [<!ENTITY e0 "ha">{levels}]>'.encode()
    members["xl/worksheets/sheet1.xml"] = doctype + sheet.replace(b"here", b"&e9;")
    return zipped(**members)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.xlsx", b"PK\x03\x04 cut off", "不是 Excel 工作簿"),
        ("a.xlsx", zipped(bomb=b"\0" * (MAX_UNPACKED_BYTES + 1)), "工作簿展开后超过"),
        ("a.xlsx", zipped(**{str(n): b"" for n in range(300)}), "工作簿展开后超过"),
        ("a.xlsx", zipped(nothing=b""), "工作簿损坏"),
        ("a.xlsx", with_entities(), "工作簿损坏"),
        ("a.csv", b"x" * (MAX_BYTES + 1), "文件超过"),
        ("a.csv", b"", "文件是空的"),
        ("a.csv", b"\xff\xff\xff", "文字编码"),
        ("a.csv", b'a,"b\r\n', "不是 CSV"),
        ("a.csv", b"a\r\n" * 20_002, "超过 20000 行"),
        ("a.csv", b"a,b,c\r\n1,2,3\r\n", "缺少列"),
        ("a.csv", b"a" * 501, "超过 500 字"),
    ],
)
def test_bombs_and_rubbish_are_refused_quickly_and_hold_up_nobody(folder: Folder, name: str, data: bytes, says: str) -> None:
    folder.put(name, data)
    folder.drop("z-good.csv", LOT)
    began = time.process_time()
    pulled = folder.pull()
    assert time.process_time() - began < 5
    assert says in folder.errors(name)
    assert [lot.id for lot in pulled.lots] == ["S1"]


def test_a_file_that_still_grows_is_left_until_it_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path, settle_s=1)
    folder.drop("projects.csv", LOT, EXPERT)
    path = tmp_path / "in" / "projects.csv"
    rest = [path.read_bytes()[-40:]]
    path.write_bytes(path.read_bytes()[:-40])

    async def grows(_: float) -> None:
        if rest:
            path.write_bytes(path.read_bytes() + rest.pop())

    monkeypatch.setattr("gateway.trading.folder.asyncio.sleep", grows)
    first, second = folder.pull(), folder.pull()
    assert (first.lots, first.rejected, len(second.lots)) == ((), (), 1)


@pytest.mark.parametrize("name", ["~$projects.xlsx", ".projects.csv", "projects.csv.part", "projects.xls", "notes.txt"])
def test_files_that_are_no_tables_are_left_alone(folder: Folder, name: str) -> None:
    folder.put(name, b"anything")
    assert folder.pull().rejected == ()
    assert folder.names("in") == [name]


def test_links_and_folders_are_not_followed(folder: Folder, tmp_path: Path) -> None:
    folder.pull()
    secret = tmp_path / "secret.csv"
    secret.write_text("secret")
    (tmp_path / "in" / "link.csv").symlink_to(secret)
    (tmp_path / "in" / "deep.csv").mkdir()
    assert folder.pull().rejected == ()
    assert folder.names("in") == ["deep.csv", "link.csv"]


def test_the_same_table_again_changes_nothing_and_a_change_is_a_new_version(folder: Folder) -> None:
    folder.drop("a.csv", LOT, EXPERT)
    assert [lot.version for lot in folder.pull().lots] == [1]
    folder.drop("a.csv", LOT, EXPERT)
    assert folder.pull().lots == ()
    folder.drop("a.csv", LOT, EXPERT, BIDDER)
    assert [(lot.version, len(lot.people)) for lot in folder.pull().lots] == [(3, 2)]
    folder.drop("a.csv", LOT, EXPERT)
    assert [(lot.version, len(lot.people)) for lot in folder.pull().lots] == [(4, 1)], "back to what it was is a change too"


def test_a_gateway_that_lost_its_database_hears_all_again_from_what_was_taken(folder: Folder) -> None:
    folder.drop("a.csv", LOT)
    folder.pull()
    folder.drop("b.csv", LOT | {"标段编号": "S2"})
    folder.pull()
    again = Folder(folder.path)
    first, second = again.pull(), again.pull()
    assert [lot.id for lot in (*first.lots, *second.lots)] == ["S1", "S2"]
    assert (first.more, second.more) == (True, False)


def test_a_cleaned_out_taken_folder_does_not_make_new_tables_look_old(folder: Folder) -> None:
    for _ in range(3):
        folder.drop("a.csv", LOT | {"项目名称": f"第{len(folder.names('taken')) if (folder.path / 'taken').exists() else 0}版"})
        folder.pull()
    for path in (folder.path / "taken").iterdir():
        path.unlink()
    folder.drop("a.csv", LOT, EXPERT)
    assert [lot.version for lot in folder.pull().lots] == [4]


@pytest.mark.parametrize("cursor", ["1.2", "{}", '{"n":"x","said":{}}', '{"n":1,"said":[]}', "null"])
def test_a_cursor_of_another_platform_starts_over(folder: Folder, cursor: str) -> None:
    folder.drop("a.csv", LOT)
    folder.cursor = cursor
    assert [lot.id for lot in folder.pull().lots] == ["S1"]


def test_a_share_that_is_not_mounted_is_away_and_nothing_is_written_beneath(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "share")
    with pytest.raises(PlatformAway, match=r"no such folder; create the folder .*share, mount the share"):
        folder.pull()
    with pytest.raises(PlatformAway):
        folder.push("a")
    assert not (tmp_path / "share").exists()


def test_results_stand_in_a_table_each_key_once(folder: Folder) -> None:
    folder.pull()
    folder.push("k1", "k2", result="ok", codes={"deal_code": " A01 / x "})
    folder.push("k2", "k3", result="ok", surprise="new")
    again = Folder(folder.path)
    again.push("k1", "k3", "k4", result="partial")
    rows = folder.out()
    assert [row["幂等键 KEY"] for row in rows] == ["k1", "k2", "k3", "k4"]
    assert rows[0]["UNIFIED_DEAL_CODE"] == " A01 / x " and rows[3]["RESULT"] == "partial"
    assert rows[2]["其他 OTHER"] == '{"SURPRISE": "new"}'
    assert folder.names("out") == ["scene-20270115.csv"]


def test_a_row_that_a_crash_cut_off_is_written_again_whole(folder: Folder) -> None:
    folder.pull()
    folder.push("k1", "k2")
    path = folder.path / "out" / "scene-20270115.csv"
    path.write_bytes(path.read_bytes()[:-7])
    Folder(folder.path).push("k2", "k3")
    assert [row["幂等键 KEY"] for row in folder.out()] == ["k1", "k2", "k3"]


def test_a_result_that_a_spreadsheet_would_run_is_only_text(folder: Folder) -> None:
    folder.pull()
    folder.push("k1", info='=HYPERLINK("x")\r\nsecond line')
    assert folder.out()[0]["INFO"] == "'=HYPERLINK(\"x\")  second line"


def test_a_table_that_somebody_has_open_is_passed_by(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.pull()
    folder.push("k1")
    opened = Path.open

    def held(path: Path, *args: Any, **kwargs: Any) -> Any:
        if path.name == "scene-20270115.csv" and args and "+" in args[0]:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", held)
    folder.push("k1", "k2")
    monkeypatch.undo()
    assert folder.names("out") == ["scene-20270115-2.csv", "scene-20270115.csv"]
    assert sorted(row["幂等键 KEY"] for row in folder.out()) == ["k1", "k2"]


def test_a_full_disk_is_away_and_the_items_come_again(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.pull()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PlatformAway, match="No space left"):
        folder.push("k1")
    monkeypatch.undo()
    folder.push("k1")
    assert [row["幂等键 KEY"] for row in folder.out()] == ["k1"]
