"""Footage is there, or a gap says from when to when and why."""

import json

import pytest

from venue_model.canonical import Plain, canonical_bytes, parse_canonical
from venue_model.manifest import (
    Gap,
    Problem,
    Segment,
    Track,
    chain_lines,
    check_chain,
    check_coverage,
    check_events,
    check_segments,
    entries,
    gap_record,
    merkle_record,
    read_gap,
    read_segment,
    read_track,
    segment_record,
    unexplained_gaps,
)
from venue_model.merkle import leaf_hash, node_hash
from venue_model.moments import S, utc_ns

T0 = utc_ns("2026-09-21T01:00:00+00:00")
CAM = Track("cam-1", T0, T0 + 60 * S)


def segment(seq: int, begin_s: int, end_s: int, project: str = "P1", track: str = "cam-1") -> Segment:
    path = f"data/media/{track}/{seq:06d}.mp4"
    return Segment(project, track, seq, path, T0 + begin_s * S, T0 + end_s * S, 10, "aa" * 32, "bb" * 32)


def gap(begin_s: int, end_s: int, cause: str = "rtsp-timeout") -> Gap:
    return Gap("cam-1", T0 + begin_s * S, T0 + end_s * S, cause, "recorder")


def kinds(problems: list[Problem]) -> list[str]:
    return [problem.kind for problem in problems]


def test_a_day_without_a_break_has_no_problem() -> None:
    whole = [segment(1, 0, 20), segment(2, 20, 40), segment(3, 40, 60)]
    assert check_segments("P1", whole, []) == [] == check_coverage([CAM], whole, [])


@pytest.mark.parametrize(
    ("segments", "hole_s"),
    [
        ([segment(1, 0, 20), segment(2, 40, 60)], (20, 40)),
        ([segment(1, 5, 60)], (0, 5)),
        ([segment(1, 0, 55)], (55, 60)),
        ([], (0, 60)),
        ([segment(1, 0, 50), segment(2, 10, 20)], (50, 60)),  # a short one inside a long one hides nothing
        ([segment(1, 100, 120)], (0, 60)),
    ],
)
def test_a_hole_is_a_problem_until_a_gap_declares_it(segments: list[Segment], hole_s: tuple[int, int]) -> None:
    (problem,) = check_coverage([CAM], segments, [])
    assert problem.kind == "coverage" and "cam-1" in problem.detail
    assert check_coverage([CAM], segments, [gap(*hole_s)]) == []


def test_the_wait_for_a_key_frame_is_no_hole() -> None:
    assert check_coverage([CAM], [segment(1, 2, 30), segment(2, 32, 60)], []) == []


def test_a_gap_of_another_camera_excuses_nothing() -> None:
    other = Gap("cam-2", T0, T0 + 60 * S, "disk", "recorder")
    cam_2 = Track("cam-2", T0, T0 + 60 * S)
    assert kinds(check_coverage([CAM, cam_2], [], [other])) == ["coverage"]


def test_footage_of_a_camera_that_nobody_knows_is_a_problem() -> None:
    stray = segment(1, 0, 60, track="cam-9")
    assert "cam-9" in check_coverage([CAM], [segment(1, 0, 60), stray], [])[0].detail


def test_footage_of_another_project_is_named() -> None:
    (problem,) = check_segments("P1", [segment(1, 0, 60, project="P2")], [])
    assert problem == Problem("foreign-project", "data/media/cam-1/000001.mp4 belongs to project P2, not to P1")


def test_a_segment_taken_out_is_missed_even_when_the_times_were_closed_over_it() -> None:
    closed = [segment(1, 0, 30), segment(3, 30, 60)]
    assert check_coverage([CAM], closed, []) == []
    (problem,) = check_segments("P1", closed, [])
    assert problem.kind == "sequence" and "segments 2 to 2 are missing" in problem.detail
    assert check_segments("P1", closed, [gap(29, 31, "disk")]) == []


def test_a_clock_that_was_set_back_must_be_declared() -> None:
    back = [segment(1, 0, 40), segment(2, 30, 60)]
    assert kinds(check_segments("P1", back, [])) == ["sequence"]
    assert check_segments("P1", back, [gap(30, 40, "clock-step")]) == []


def test_a_number_used_twice_and_a_time_that_runs_backward_are_named() -> None:
    assert "sequence" in kinds(check_segments("P1", [segment(1, 0, 30), segment(1, 30, 60)], []))
    assert "record" in kinds(check_segments("P1", [segment(1, 30, 0)], []))


def test_a_seal_declares_what_nobody_else_did_and_is_then_satisfied() -> None:
    torn = [segment(1, 0, 20), segment(3, 20, 30), segment(4, 25, 40)]
    found = unexplained_gaps([CAM], torn, [])
    assert {g.cause for g in found} == {"unexplained"}
    assert check_segments("P1", torn, found) == [] == check_coverage([CAM], torn, found)


def test_records_come_back_as_they_were_written() -> None:
    one, lost = segment(1, 0, 20), gap(20, 60)
    assert read_segment(parse_canonical(canonical_bytes(segment_record(one, {"offset_ns": 5})))) == one
    assert read_gap(parse_canonical(canonical_bytes(gap_record(lost)))) == lost
    record = {"track": "cam-1", "begin_utc": "2026-09-21T09:00:00+08:00", "end_utc": "2026-09-21T01:01:00Z"}
    assert read_track(parse_canonical(canonical_bytes(record))) == CAM


@pytest.mark.parametrize(("field", "value"), [("seq", "1"), ("seq", True), ("seq", -1), ("begin_utc", "2026-09-21T01:00:00"), ("path", "")])
def test_a_record_with_a_wrong_field_names_it(field: str, value: object) -> None:
    record = segment_record(segment(1, 0, 20), {}) | {field: value}
    with pytest.raises(ValueError, match=field):
        read_segment(json.loads(json.dumps(record)))


def test_events_are_in_order_and_name_nobody() -> None:
    good: dict[str, Plain] = {"utc": "2026-09-21T01:00:00Z", "event": "enters", "person": "p-7f3a"}
    late: dict[str, Plain] = {"utc": "2026-09-21T00:00:00Z", "event": "leaves"}
    assert check_events([good]) == []
    assert kinds(check_events([good, late])) == ["record"]
    for person in ("张三", "350102199001011234", "35010219900101123X", 7):
        assert kinds(check_events([{**good, "person": person}])) == ["person"]


def test_an_access_log_shows_a_line_changed_taken_out_or_torn() -> None:
    log = chain_lines([{"who": f"u-{number}"} for number in range(3)])
    lines = log.splitlines(keepends=True)
    assert check_chain(log) == [] == check_chain(b"")
    assert kinds(check_chain(log.replace(b"u-1", b"u-9"))) == ["chain"]
    assert kinds(check_chain(lines[0] + lines[2])) == ["chain"]
    assert kinds(check_chain(b"".join(lines[1:]))) == ["chain"]
    assert kinds(check_chain(log[:-1])) == ["chain"]
    assert kinds(check_chain(lines[0] + b"{}\n")) == ["chain"]


def test_one_segment_can_be_proven_from_the_merkle_record() -> None:
    record = merkle_record([segment(1, 0, 20), segment(2, 20, 60)])
    leaf = leaf_hash(b"\xaa" * 32)
    assert record["root"] == node_hash(leaf, leaf).hex()


def test_a_records_file_of_another_project_or_shape_is_refused() -> None:
    assert entries({"project": "P1", "gaps": []}, "gaps", "P1") == []
    wrong: list[Plain] = [{"project": "P2", "gaps": []}, {"project": "P1"}, {"project": "P1", "gaps": {}}, []]
    for document in wrong:
        with pytest.raises(ValueError):
            entries(document, "gaps", "P1")
