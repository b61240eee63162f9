"""A loudspeaker plays recordings by their id, once or until told otherwise, and says when it cannot."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.drivers.protocols import DeviceError, DeviceHealth
from edge.drivers.speaker_player import PlayerSpeaker
from edge.shell.drivers import build, check_wiring
from venue_model.templates import ANNOUNCEMENTS

# A stand-in for aplay: notes what it plays, for a moment or until it is ended.
PLAYER = "import sys, time, pathlib; f = pathlib.Path(sys.argv[1]); open(f.parent / 'heard', 'a').write(f.stem + chr(10)); time.sleep({s})"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for id in ANNOUNCEMENTS:
        (tmp_path / f"{id}.wav").write_bytes(b"RIFF")
    return tmp_path


@pytest.fixture
def speaker(folder: Path) -> Iterator[Callable[..., PlayerSpeaker]]:
    made: list[PlayerSpeaker] = []

    def make(seconds: float = 0.0, code: str = "") -> PlayerSpeaker:
        made.append(PlayerSpeaker("pa", str(folder), player=(sys.executable, "-c", code or PLAYER.format(s=seconds))))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def heard(folder: Path) -> list[str]:
    file = folder / "heard"
    return file.read_text().split() if file.exists() else []


def until(seen: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_recording_is_played_once(folder: Path, speaker: Callable[..., PlayerSpeaker]) -> None:
    speaker().announce("check-in", heard=True, repeat=False)
    until(lambda: heard(folder) == ["check-in"])


def test_an_evacuation_is_said_until_it_is_over(folder: Path, speaker: Callable[..., PlayerSpeaker]) -> None:
    one = speaker()
    one.announce("evacuation", heard=True, repeat=True)
    until(lambda: len(heard(folder)) >= 3)
    one.announce("", heard=True, repeat=False)
    said = len(heard(folder))
    time.sleep(0.5)
    assert len(heard(folder)) <= said + 1
    assert set(heard(folder)) == {"evacuation"}


def test_muting_ends_what_is_being_said(folder: Path, speaker: Callable[..., PlayerSpeaker]) -> None:
    one = speaker(600)
    one.announce("check-in", heard=True, repeat=False)
    before = time.monotonic()
    one.announce("check-in", heard=False, repeat=False)
    assert time.monotonic() - before < 10
    until(lambda: len(heard(folder)) <= 1)


@pytest.mark.parametrize("say", ["../../etc/passwd", "no-such", "check-in; reboot"])
def test_what_is_no_announcement_is_never_played(say: str, folder: Path, speaker: Callable[..., PlayerSpeaker]) -> None:
    with pytest.raises(DeviceError, match="there is no recording"):
        speaker().announce(say, heard=True, repeat=False)
    assert heard(folder) == []


def test_a_player_that_fails_is_told_with_what_to_look_at(folder: Path, speaker: Callable[..., PlayerSpeaker]) -> None:
    # A player that takes longer than BEGUN_S to fail counts as begun: on a busy machine python itself may.
    with pytest.raises(DeviceError, match="cannot be started"):
        PlayerSpeaker("pa", str(folder), player=("/no/such/player",)).announce("check-in", heard=True, repeat=False)


def test_recordings_that_are_missing_are_told_before_anybody_needs_them(folder: Path) -> None:
    (folder / "evacuation.wav").unlink()
    told: list[object] = []
    PlayerSpeaker("pa", str(folder)).start(told.append)
    [health] = told
    assert isinstance(health, DeviceHealth) and health.ok and health.code == "incomplete"
    assert "evacuation" in health.detail


def test_a_loudspeaker_is_wired_by_one_entry(folder: Path) -> None:
    wiring, options = check_wiring("pa", {"driver": "speaker", "folder": str(folder)})
    assert isinstance(build("pa", wiring, options), PlayerSpeaker)
