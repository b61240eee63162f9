"""`bidhall check`: its exit status, its JSON, and what people read."""

import json
import re
from importlib import resources
from pathlib import Path

import pytest
from mistakes import COUNTY, approver, door, without

from simulation.prover.cli import main
from venue_model.tools.files import example, shipped_profiles

NAMES = sorted(f.name.removesuffix(".toml") for f in resources.files("venue_model.examples").iterdir() if f.name.endswith(".toml"))


PROFILES = sorted(shipped_profiles())
# The large one stands for the others under the profile that separates most, and under the common one.
SHIPPED = [(name, profile) for name in NAMES for profile in (PROFILES if name != "hunan_2016" else ("classic", "zero-contact"))]


@pytest.mark.parametrize(("name", "profile"), SHIPPED)
def test_the_shipped_venues_hold_under_every_shipped_profile(
    name: str, profile: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "venue.toml"
    path.write_text(re.sub(r'profile = "[\w-]+"', f'profile = "{profile}"', example(name).read_text("utf-8")), "utf-8")
    assert main([str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["holds"], said["problems"]) == (True, [])
    assert said["states"] > 100
    assert said["seconds"] < 60


def test_an_example_goes_by_its_name_and_the_answer_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["county_hall"]) == 0
    out, err = capsys.readouterr()
    assert "成立 holds: county_hall.toml" in out
    assert "提示 note [I8] approver" in out
    assert err == ""


def test_two_approvers_of_two_roles_are_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "venue.toml"
    path.write_text(COUNTY + approver("zhang", "SUP", "ab") + approver("li", "WIT", "cd"), "utf-8")
    assert main([str(path), "--json"]) == 0
    assert "approver" not in {note["place"] for note in json.loads(capsys.readouterr().out)["notes"]}


def test_a_counterexample_is_a_story_on_standard_error_chinese_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "venue.toml"
    path.write_text(door("side", "wing", "o1"), "utf-8")
    assert main([str(path)]) == 1
    out, err = capsys.readouterr()
    assert out.count("\n") == out.count("提示 note")
    steps = re.findall(r"^ +(\d+)\) (.+)\n +(.+)$", err, re.MULTILINE)
    assert [int(number) for number, _, _ in steps] == list(range(1, len(steps) + 1))
    assert any("开标室101" in zh and "opening room 101" in en for _, zh, en in steps)
    assert "办法 remedy:" in err
    assert "不成立 does not hold: 1 个问题 problems" in err


def test_a_house_without_any_room_for_lots_is_proven_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "venue.toml"
    name = 'name = { zh = "厅", en = "hall" }'
    path.write_text(f'schema = 1\n[venue]\nid = "v"\nprofile = "classic"\n{name}\n[[room]]\nid = "hall"\nzone = "Z0"\n{name}\n', "utf-8")
    assert main([str(path)]) == 0
    assert "没有标明室外" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [("rooms = [", "not TOML"), ("\udcff", "not UTF-8")],
    ids=["not TOML", "not text"],
)
def test_what_is_no_venue_file_is_bad_input(text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "venue.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert main([str(path)]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nowhere.toml"]) == 2
    assert "nowhere.toml" in capsys.readouterr().err


def test_a_wrong_option_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["county_hall", "--yaml"])
    assert stop.value.code == 2
    assert "--yaml" in capsys.readouterr().err


def test_all_faults_of_a_file_come_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "venue.toml"
    path.write_text(without("door", "e1-door").replace('"classic"', '"clasic"'), "utf-8")
    assert main([str(path)]) == 1
    err = capsys.readouterr().err
    assert "[PROFILE]" in err
    assert all(profile in err for profile in shipped_profiles())
    assert 'device "e1-reader"' in err
    assert 'room "e1"' in err
