"""The figures of `bidhall bench`: small halls on real parts, and that a wrong result is not reported as a figure."""

import json
from typing import Any

import pytest

from simulation.bench import hall, main
from simulation.bench.agents import Answers
from simulation.bench.figures import as_table, figure, percentile
from simulation.bench.scene import Measured, Sample
from simulation.bench.scene_cli import check
from venue_model.door_policy import ComponentPolicy, PolicyBody
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, RoomId, RunId, VenueId
from venue_model.load import load_venue
from venue_model.profiles import DoorMode
from venue_model.tools.files import shipped_profiles
from venue_model.wire import Desired, Reported, RoomScene, SignedPolicy, Status, Topics, decode, encode

TOPICS = Topics(VenueId("bench"))
BOARDS = [BoardId(name) for name in hall.board_names(3)]


def figures_of(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, dict[str, dict[str, Any]]]:
    code = main([*argv, "--json"])
    said = capsys.readouterr()
    assert said.out, said.err
    return code, {f["what"]: f for f in json.loads(said.out)["figures"]}


@pytest.mark.parts
def test_a_small_hall_answers_and_each_figure_has_its_floor(capsys: pytest.CaptureFixture[str]) -> None:
    code, figures = figures_of(capsys, "scene", "--devices", "5", "--rounds", "1", "--dead", "0")
    assert code == 0
    acks = [f for what, f in figures.items() if "last ack" in what]
    assert len(acks) == 4
    assert all(f["n"] == 5 and f["unit"] == "ms" and f["value"] > f["floor"] > 0 and f["ratio"] > 1 for f in acks)
    assert next(f for what, f in figures.items() if " lost" in what)["value"] == 0
    assert next(f for what, f in figures.items() if "documents delivered" in what)["value"] > 0
    assert next(f for what, f in figures.items() if "RSS" in what)["value"] > 20


@pytest.mark.parts
def test_of_a_hall_with_a_dead_device_exactly_that_one_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    code, figures = figures_of(capsys, "scene", "--devices", "5", "--rounds", "1", "--dead", "20", "--broker", "nats")
    assert code == 0, "the result was not partial, or another device was named"
    assert any("(nats)" in what for what in figures)
    assert next(f for what, f in figures.items() if "1 dead, result" in what)["value"] >= 2_000, "signs have two seconds"


@pytest.mark.parts
def test_a_card_is_timed_in_process_and_over_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, figures = figures_of(capsys, "door", "--n", "5", "--entries", "10", "--line", "3")
    assert code == 0
    assert len(figures) == 12
    assert len([what for what in figures if "every rule" in what]) == 4
    assert all(f["value"] > 0 for f in figures.values())
    poll = next(f for what, f in figures.items() if "at reader to strike p99" in what)
    assert poll["floor"] > 1, "a card waits for its turn in the poll cycle"


@pytest.mark.parametrize(
    ("result", "failed", "dead", "wrong"),
    [
        ("ok", (), (), 0),
        ("partial", ("a",), ("a",), 0),
        ("ok", (), ("a",), 1),
        ("partial", ("a",), (), 1),
        ("partial", ("a", "b"), ("a",), 1),
        ("partial", ("b",), ("a",), 1),
    ],
)
def test_a_run_that_names_others_than_the_dead_is_told(result: str, failed: tuple[str, ...], dead: tuple[str, ...], wrong: int) -> None:
    sample = Sample(1.0, 2.0, 3.0, result, failed, 0)
    alive, without = ((), (sample,)) if dead else ((sample,), ())
    assert len(check(Measured(2, alive, (1.0,), (1.0,), dead, without, 0.1, 50.0, "mosquitto"))) == wrong


def test_simulated_agents_speak_the_real_wire() -> None:
    answers = Answers(TOPICS, BOARDS)
    (_, status), (topic, report) = answers.birth(1)
    assert decode(Status, status) == Status(True, 1)
    assert topic == TOPICS.agent(BOARDS[1], "reported")
    assert decode(Reported, report).generation == 0

    wanted = Desired(3, 7, RunId("r"), 0, {})
    ((_, report),) = answers.answer(1, TOPICS.agent(BOARDS[1], "desired"), encode(wanted))
    told = decode(Reported, report)
    assert (told.epoch, told.generation) == (3, 7)
    sign = told.devices[DeviceId(hall.sign_of(BOARDS[1]))]
    assert (sign.code, sign.run) == (200, "r")

    clear = ComponentPolicy(ComponentId("o1"), 1, 4, DoorMode.CLEAR, (), False)
    signed = SignedPolicy(PolicyBody(VenueId("bench"), BOARDS[0], 1, 1, 0, 60, "", (clear,)), "")
    ((_, report),) = answers.answer(0, TOPICS.agent(BOARDS[0], "policy"), encode(signed))
    door = decode(Reported, report).doors[DoorId(hall.DOOR)]
    assert (door.components[ComponentId("o1")].epoch, door.components[ComponentId("o1")].settled) == (4, True)

    broadcast = RoomScene(3, RunId("r2"), RoomId("o1"), "opening", {BOARDS[1]: 8}, {})
    ((_, report),) = answers.answer(1, TOPICS.room_scene("o1"), encode(broadcast))
    told = decode(Reported, report)
    assert (told.generation, told.devices[DeviceId(hall.sign_of(BOARDS[1]))].ahead) == (7, (3, 8)), "ahead of its document"
    assert answers.answer(2, TOPICS.room_scene("o1"), encode(broadcast)) == [], "not in it"

    answers.silence([1])
    assert answers.answer(1, TOPICS.agent(BOARDS[1], "desired"), encode(wanted)) == []


def test_a_hall_of_any_size_is_a_venue_and_one_room_stays_one_room() -> None:
    for n in (1, hall.A_ROOM, 45):
        venue = load_venue(hall.hall_text(n), "bench.toml", shipped_profiles().get)
        assert (len(venue.boards), len(venue.devices)) == (n, n)
        assert len([d for d in venue.devices.values() if d.room == "o1"]) == min(n, hall.A_ROOM)


def test_columns_stand_under_each_other_also_in_chinese() -> None:
    lines = as_table([figure("末台 last", 5, 12.5, "ms", 5.0), figure("内存 RSS of it", 1000, 91.0, "MB")]).splitlines()
    assert len(lines) == 3
    heads = [line[: line.index(unit)] for line, unit in zip(lines, ("单位", "ms", "MB"), strict=True)]
    ends = [sum(2 if ord(c) > 0x2FFF else 1 for c in head) for head in heads]
    assert len(set(ends)) == 1
    assert "2.5" in lines[1]
    assert lines[2].count("–") == 2


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert [percentile([5, 1, 9], p) for p in (1, 50, 99)] == [1, 5, 9]


@pytest.mark.parametrize(
    "argv",
    [
        [], ["kitchen"], ["scene", "--devices", "some"], ["scene", "--devices", "0"], ["scene", "--rounds", "0"],
        ["scene", "--dead", "100"], ["door", "--n", "1"], ["door", "--entries", "0"],
    ],
)  # fmt: skip
def test_what_cannot_be_measured_is_refused_with_a_remedy(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 2
    said = capsys.readouterr()
    assert "scene" in said.out + said.err or "--" in said.err


@pytest.mark.parts
def test_a_part_that_does_not_start_is_no_figure(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(hall, "hall_text", lambda n: "schema = 2")
    assert main(["scene", "--devices", "1"]) == 2
    said = capsys.readouterr()
    assert (said.out, "gateway" in said.err) == ("", True)
