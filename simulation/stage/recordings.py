"""Proof of the recordings in a package: the pictures' own stamps say which camera, when, and whether anything is missing."""

from pathlib import Path
from typing import Any

from simulation.hardware.cameras.reading import camera_mark, prove_recording
from venue_model.moments import MS

SLACK_MS = 2_500  # a camera's picture is up to 160 ms old, a track begins at a keyframe: at most two GOPs
AV_LIMIT_MS = 60


def prove_package(package: Path, tracks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One proof for each track of a project, with everything that is wrong with it in `problems`.

    `tracks` is the API's list: lot, track, segments with times, gaps.
    """
    return [_prove(package, track) for track in tracks]


def _prove(package: Path, track: dict[str, Any]) -> dict[str, Any]:
    name = f"{track['lot']}.{track['track']}"
    files = sorted((package / "data" / "media" / name).glob("*.mp4"))
    if not files:
        return {"track": name, "files": 0, "problems": [f"{name}: no file in the package"]}
    proof = prove_recording(files[0], *files[1:])
    first_ms = track["segments"][0]["from_utc_ns"] // MS
    last_ms = track["segments"][-1]["to_utc_ns"] // MS
    problems = []
    if set(proof.cameras) != {camera_mark(track["track"])}:
        problems.append(f"{name}: pictures of other cameras: {sorted(proof.cameras)}")
    if not proof.audio or not proof.beeps:
        problems.append(f"{name}: no sound")
    if proof.first_utc_ms is None or abs(proof.first_utc_ms - first_ms) > SLACK_MS:
        problems.append(f"{name}: begins at {proof.first_utc_ms}, the record says {first_ms}")
    if proof.last_utc_ms is None or abs(proof.last_utc_ms - last_ms) > SLACK_MS:
        problems.append(f"{name}: ends at {proof.last_utc_ms}, the record says {last_ms}")
    if proof.missing_frames and not track["gaps"]:
        problems.append(f"{name}: {proof.missing_frames} frames are missing and no gap says why")
    if proof.unreadable or proof.damaged:
        problems.append(f"{name}: {proof.unreadable} unreadable pictures, damaged: {proof.damaged}")
    if proof.av_offset_ms is not None and abs(proof.av_offset_ms) > AV_LIMIT_MS:
        problems.append(f"{name}: sound is {proof.av_offset_ms} ms off")
    return {
        "track": name, "files": len(files), "frames": proof.frames, "missing_frames": proof.missing_frames, "beeps": proof.beeps,
        "first_utc_ms": proof.first_utc_ms, "last_utc_ms": proof.last_utc_ms, "av_offset_ms": proof.av_offset_ms, "problems": problems,
    }  # fmt: skip
