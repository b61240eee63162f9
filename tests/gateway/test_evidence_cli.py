"""A supervisor lists and takes packages without a browser; what goes wrong is one line with a way out."""

import hashlib
import io
import json
import stat
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from argon2 import PasswordHasher
from day_case import lot
from evidence_case import venue_keys
from fake_agents import Stage

from gateway.api.accounts import Accounts
from gateway.api.app import make_app
from gateway.api.live import LiveFeed
from gateway.api.services import Services
from gateway.evidence.bag import sm3_hex
from gateway.evidence.keys import SealKeys
from gateway.evidence.translog import TransparencyLog
from gateway.evidence.unpack import UnpackError, unpack
from gateway.evidence_cli import main
from gateway.people.secret_box import SecretBox
from gateway.shell.booking_desk import BookingDesk
from gateway.shell.evidence_desk import EvidenceDesk
from gateway.shell.evidence_index import SegmentRow
from gateway.shell.facts_desk import FactsConfig, FactsDesk
from gateway.shell.platform_desk import PlatformDesk
from gateway.shell.view import View
from gateway.trading.sync import Health
from venue_model.moments import S

MEDIA = bytes(range(256)) * 40
AT = 1_800_000_000 * S
PLACE = "P-L1/L1/o1-near/0001.mp4"
PASSWORD = "jian-du-mi-ma"


@dataclass
class House:
    """A gateway's web server with one project, whose package is sealed by `seal`."""

    url: str
    stage: Stage
    evidence: Path

    def seal(self) -> None:
        with httpx.Client(base_url=self.url, trust_env=False) as staff:
            staff.post("/api/v1/session", json={"account": "staff", "password": PASSWORD}).raise_for_status()
            staff.post("/api/v1/projects/P-L1/seal").raise_for_status()

    def run(self, *argv: str) -> int:
        return main([*argv, "--url", self.url])


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SealKeys:
    return venue_keys(tmp_path_factory.mktemp("seal"))


@pytest.fixture
def house(tmp_path: Path, keys: SealKeys, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("BIDHALL_PASSWORD", PASSWORD)
    stage = Stage(tmp_path)
    stage.open()
    stage.book(lot())
    evidence = tmp_path / "evidence"
    file = evidence / PLACE
    file.parent.mkdir(parents=True)
    file.write_bytes(MEDIA)
    sha256, sm3 = hashlib.sha256(MEDIA).hexdigest(), sm3_hex(MEDIA)
    row = SegmentRow("P-L1", "L1", "o1-near", 1, "o1", AT, AT + 60 * S, PLACE, len(MEDIA), sha256, sm3, {"ended": "stop"})
    stage.index.add_segment(row)
    view = View(stage.coordinator, Health, lambda: True)
    feed = LiveFeed(view)
    stage.coordinator.journal.lines = feed.lines
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    for role in ("staff", "supervisor"):
        stage.db.execute("INSERT INTO account VALUES (?, ?, ?)", (role, role, cheap))
    with TransparencyLog(tmp_path / "translog.db", "bidhall/test", keys.log_key) as log:
        desk = EvidenceDesk(stage.venue, stage.coordinator, keys, log, evidence)
        booking = BookingDesk(stage.coordinator)
        facts = FactsDesk(stage.coordinator, stage.index, SecretBox(bytes(32)), FactsConfig({"data": tmp_path}), alarms=lambda: view.alarms)
        accounts, platform = Accounts(stage.store), PlatformDesk(stage.coordinator)
        app = make_app(Services(stage.coordinator, view, feed, accounts, desk, stage.index, evidence, booking, facts, platform), None)
        server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", 0, log_level="critical", ws="none", lifespan="off"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield House(f"http://127.0.0.1:{port}", stage, evidence)
        server.should_exit = True
        thread.join()
    stage.close()


def test_a_package_is_pulled_and_holds(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    house.seal()
    assert house.run("pull", "P-L1", "--out", str(tmp_path / "taken")) == 0
    said = capsys.readouterr().out
    assert "校验通过" in said
    (folder,) = (tmp_path / "taken").iterdir()
    assert str(folder) in said
    assert (folder / "bagit.txt").is_file()
    assert [path.read_bytes() for path in (folder / "data" / "media").rglob("*.mp4")] == [MEDIA]
    assert [line["what"] for line in house.stage.lines("evidence-read")] == ["timeline", "package 1"], "every reading is recorded"


def test_programs_read_the_result(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    house.seal()
    assert house.run("list", "--json") == 0
    assert [p["project"] for p in json.loads(capsys.readouterr().out)["projects"]] == ["P-L1"]
    assert house.run("list", "P-L1", "--json") == 0
    (package,) = json.loads(capsys.readouterr().out)["packages"]
    assert (package["seal"], len(package["tagmanifest_sha256"])) == (1, 64)
    assert house.run("pull", "P-L1", "--seal", "1", "--out", str(tmp_path / "taken"), "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["holds"], result["findings"], Path(result["package"]).is_dir()) == (True, [], True)


def test_people_read_tables(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    assert house.run("list", "P-L1") == 0
    assert "尚无证据包" in capsys.readouterr().out
    house.seal()
    assert house.run("list", "P-L1") == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.startswith("封装 seal")
    assert row.startswith("1 ")
    assert house.run("list") == 0
    assert "P-L1" in capsys.readouterr().out


def test_a_package_that_was_changed_at_the_gateway_does_not_hold(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    house.seal()
    (media,) = (house.evidence / "_packages").rglob("*.mp4")
    media.unlink()
    media.write_bytes(MEDIA[:-1] + b"!")
    assert house.run("pull", "P-L1", "--out", str(tmp_path / "taken")) == 1
    assert "校验不通过" in capsys.readouterr().out


def one_line(capsys: pytest.CaptureFixture[str], *words: str) -> None:
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1, said.err
    for word in words:
        assert word in said.err


def test_what_is_not_there_is_told_with_a_way_out(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ("--out", str(tmp_path / "taken"))
    assert house.run("pull", "P-9", *out) == 2
    one_line(capsys, "没有项目 P-9", "no project P-9", "evidence list")
    assert house.run("list", "../P-L1") == 2
    one_line(capsys, "不是项目编号", "evidence list")
    assert house.run("pull", "P-L1", *out) == 2
    one_line(capsys, "尚无证据包", "last lot is closed")
    house.seal()
    assert house.run("pull", "P-L1", "--seal", "7", *out) == 2
    one_line(capsys, "没有第 7 次封装", "choose one of 1")
    assert not (tmp_path / "taken").exists()


def test_a_folder_that_is_there_is_never_written_over(house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    house.seal()
    out = tmp_path / "taken"
    assert house.run("pull", "P-L1", "--out", str(out)) == 0
    (folder,) = out.iterdir()
    (folder / "mark").write_text("mine")
    capsys.readouterr()
    assert house.run("pull", "P-L1", "--out", str(out)) == 2
    one_line(capsys, "is there already", "--out")
    assert (folder / "mark").read_text() == "mine"
    assert list(out.iterdir()) == [folder], "nothing half-done is left behind"


def test_who_may_not_is_told_so(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    house.seal()
    assert house.run("pull", "P-L1", "--account", "staff", "--out", str(tmp_path)) == 2
    one_line(capsys, "无权", "supervisor's account")
    monkeypatch.setenv("BIDHALL_PASSWORD", "wrong")
    assert house.run("list") == 2
    one_line(capsys, "账号或密码错误", "wrong account or password", "--account")
    (tmp_path / "password").write_text(PASSWORD + "\n")
    assert house.run("list", "--password-file", str(tmp_path / "password")) == 0
    capsys.readouterr()
    assert house.run("list", "--password-file", str(tmp_path / "none")) == 2
    one_line(capsys, "无法读取密码", "--password-file")


def test_without_a_password_or_a_gateway_there_is_a_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("BIDHALL_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert main(["list"]) == 2
    one_line(capsys, "没有密码", "BIDHALL_PASSWORD")
    monkeypatch.setenv("BIDHALL_PASSWORD", "x")
    assert main(["list", "--url", "http://127.0.0.1:9"]) == 2
    one_line(capsys, "网关没有应答", "does not answer", "--url")


def archive(folder: Path, *entries: tuple[str, bytes], kind: int = stat.S_IFREG, how: int = zipfile.ZIP_STORED) -> Path:
    path = folder / "sent.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            info.external_attr = (kind | 0o644) << 16
            info.compress_type = how
            with zipped.open(info, "w") as entry:
                entry.write(content)
    return path


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "names",
    [
        ("../evil",), ("p/../../evil",), ("/etc/evil",), ("p/./a",), ("p//a",), ("p\\..\\..\\evil",), ("p/a", "q/b"), ("evil",), ("p/",),
        ("p/a", "p/a"), ("../p/a", "p/a"), ("..", "p/a"), (".hidden/a",), ("p q/a",), (),
    ],
)  # fmt: skip
def test_no_zip_writes_outside_its_own_new_folder(names: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    out.mkdir(parents=True)
    sent = archive(tmp_path, *((name, b"x") for name in names))
    with pytest.raises(UnpackError):
        unpack(sent, out)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["deep", "out", "sent.zip"]


@pytest.mark.parametrize(("kind", "how"), [(stat.S_IFLNK, zipfile.ZIP_STORED), (stat.S_IFREG, zipfile.ZIP_DEFLATED)])
def test_links_and_bombs_are_not_unpacked(kind: int, how: int, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(UnpackError):
        unpack(archive(tmp_path, ("p/a", b"/etc/passwd" * 1_000), kind=kind, how=how), out)
    assert list(out.iterdir()) == []


def test_a_torn_download_leaves_nothing(tmp_path: Path) -> None:
    whole = archive(tmp_path, ("p/a", b"x" * 5_000), ("p/b", b"y")).read_bytes()
    out = tmp_path / "out"
    out.mkdir()
    torn = tmp_path / "torn.zip"
    flipped = whole.replace(b"xxxx", b"xxzx", 1)
    for content in (whole[:3_000], b"", b"<html>", flipped):
        torn.write_bytes(content)
        with pytest.raises(UnpackError, match="no whole ZIP"):
            unpack(torn, out)
        assert list(out.iterdir()) == []
