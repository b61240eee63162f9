"""Following a fragmented MP4 by its bytes."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recording_film import Stage, pieces

from edge.core.recording_boxes import FragmentFollower
from edge.recording.sealing import Seal


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    stage = Stage(tmp_path_factory.mktemp("boxes") / "evidence")
    stage.play(110, {0: stage.record, 100: stage.stop})
    [meta] = stage.sealed()
    return stage.path(meta).read_bytes()


def follow(data: bytes) -> FragmentFollower:
    follower = FragmentFollower()
    follower.feed(data)
    return follower


def test_it_counts_what_a_player_would_see(segment: bytes) -> None:
    follower = follow(segment)
    assert follower.init is not None
    assert [track.kind for track in follower.init.tracks.values()] == ["vide", "soun"]
    assert follower.init.codecs[0].startswith("avc1.")
    assert [fragment.frames for fragment in follower.fragments] == [25, 25, 25, 25]
    assert [fragment.independent for fragment in follower.fragments] == [True, False, True, False]
    assert sum(fragment.duration_ns for fragment in follower.fragments) == 4_000_000_000
    assert (follower.sealed_bytes, follower.broken) == (len(segment), "")


@given(seed=st.integers(0, 1000))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_does_not_matter_how_the_bytes_are_cut_into_pieces(segment: bytes, seed: int) -> None:
    follower, seal = FragmentFollower(), Seal()
    ends: list[int] = []
    at = 0
    for piece in pieces(segment, seed):
        ends += [at + end for end in follower.feed(piece)]
        seal.feed(piece)
        at += len(piece)
    whole, whole_seal = follow(segment), Seal()
    whole_seal.feed(segment)
    assert follower.fragments == whole.fragments
    assert ends == [fragment.offset + fragment.bytes for fragment in whole.fragments]
    assert seal.digests.of_marked() == whole_seal.digests.of_marked()


@given(cut=st.integers(0, 10**9))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_torn_anywhere_is_whole_up_to_its_last_complete_fragment(segment: bytes, cut: int) -> None:
    whole = follow(segment)
    cut %= len(segment)
    torn = follow(segment[:cut])
    kept = [fragment for fragment in whole.fragments if fragment.offset + fragment.bytes <= cut]
    assert torn.fragments == kept
    assert whole.init is not None
    first = whole.init.bytes if cut >= whole.init.bytes else 0
    assert torn.sealed_bytes == (kept[-1].offset + kept[-1].bytes if kept else first)


@given(noise=st.binary(min_size=1, max_size=400), cut=st.integers(0, 10**9))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_garbage_after_a_tear_adds_nothing(segment: bytes, noise: bytes, cut: int) -> None:
    whole = follow(segment)
    end = whole.fragments[1].offset + whole.fragments[1].bytes
    assert follow(segment[:end] + noise).fragments[:2] == whole.fragments[:2]
    assert follow(segment[:end] + bytes(len(noise))).sealed_bytes == end


def test_the_file_ends_in_zeros_after_a_power_cut(segment: bytes) -> None:
    whole = follow(segment)
    end = whole.fragments[2].offset + whole.fragments[2].bytes
    torn = follow(segment[:end] + bytes(50_000))
    assert (torn.sealed_bytes, len(torn.fragments)) == (end, 3)
    assert "byte" in torn.broken
