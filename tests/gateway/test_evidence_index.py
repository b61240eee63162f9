"""The index of recordings, as sealing reads it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.shell.database import open_database
from gateway.shell.evidence_index import EvidenceIndex, GapRow, SegmentRow
from gateway.shell.store import Store

ROW = SegmentRow("P1", "L1", "o1-near", 1, "o1", 10, 20, "P1/L1/o1-near/000001.mp4", 5, "a" * 64, "b" * 64, {"ended": "rotation"})


@pytest.fixture
def index(tmp_path: Path) -> Iterator[EvidenceIndex]:
    db = open_database(tmp_path / "venue.db")
    yield EvidenceIndex(Store(db))
    db.close()


def test_the_same_segment_told_again_may_say_how_it_ended(index: EvidenceIndex) -> None:
    index.add_segment(ROW)
    index.add_segment(replace(ROW, meta={"ended": "stop"}))
    assert [segment.meta["ended"] for segment in index.segments("P1")] == ["stop"]


def test_other_bytes_never_take_the_place_of_a_segment(index: EvidenceIndex) -> None:
    index.add_segment(ROW)
    index.add_segment(replace(ROW, sha256="c" * 64, meta={"ended": "stop"}))
    assert index.segments("P1") == [ROW]
    assert index.segment("c" * 64) is None and index.segment("a" * 64) == ROW


def test_a_gap_told_twice_is_one_gap(index: EvidenceIndex) -> None:
    gap = GapRow("P1", "L1", "o1-near", 20, 30, "no-frames")
    index.add_gap(gap)
    index.add_gap(gap)
    assert index.gaps("P1") == [gap]
