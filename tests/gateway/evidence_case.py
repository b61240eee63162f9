"""A small project to seal: two cameras, twenty seconds, random bytes for media."""

import datetime
import hashlib
import random
from pathlib import Path

from gateway.evidence.bag import sm3_hex
from gateway.evidence.dossier import Dossier, SegmentRef
from gateway.evidence.keys import SealKeys, load_or_create_keys
from gateway.evidence.seal import Sealed, TimeStampAuthority, seal_project
from gateway.evidence.translog import TransparencyLog
from venue_model.manifest import Gap
from venue_model.moments import S, utc_ns, utc_text

PROJECT = "P2026-0001"
BEGIN_NS = utc_ns("2026-09-21T01:00:00+00:00")
END_NS = BEGIN_NS + 20 * S
NOW = datetime.datetime.now(datetime.UTC)  # openssl judges certificates by today's clock
NOW_NS = int(NOW.timestamp()) * S


def segment(folder: Path, track: str, seq: int, begin_s: int, end_s: int, size: int = 700) -> SegmentRef:
    path = folder / "recorder" / track / f"{seq}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = random.Random(f"{track}/{seq}").randbytes(size)
    path.write_bytes(content)
    return SegmentRef(
        path=path,
        sha256=hashlib.sha256(content).hexdigest(),
        sm3=sm3_hex(content),
        bytes=size,
        project=PROJECT,
        track=track,
        seq=seq,
        begin_utc_ns=BEGIN_NS + begin_s * S,
        end_utc_ns=BEGIN_NS + end_s * S,
        clock={"offset_ns": 1_200_000, "error_ns": 400_000},
    )


def track(name: str) -> dict[str, object]:
    return {"track": name, "begin_utc": utc_text(BEGIN_NS), "end_utc": utc_text(END_NS), "room": "opening-1"}


def dossier(folder: Path, segments: list[SegmentRef] | None = None, gaps: tuple[Gap, ...] = ()) -> Dossier:
    if segments is None:
        segments = [segment(folder, name, n + 1, n * 10, n * 10 + 10) for name in ("cam-1", "cam-2") for n in range(2)]
    return Dossier(
        project=PROJECT,
        title="某工程施工招标\n开标全程录像",
        venue="venue-a",
        organisation="某公共资源交易中心",
        begin_utc_ns=BEGIN_NS,
        end_utc_ns=END_NS,
        tracks=[track("cam-1"), track("cam-2")],
        segments=segments,
        gaps=gaps,
        events=[
            {"utc": utc_text(BEGIN_NS + 5 * S), "event": "bid-opened"},
            {"utc": utc_text(BEGIN_NS), "event": "expert-enters", "person": "p-7f3a"},
        ],
        access=[{"who": "u-12", "role": "supervisor", "utc": utc_text(END_NS + n * S), "why": "查看"} for n in range(3)],
        rooms=["opening-1"],
        lots=["LOT-1"],
    )


def venue_keys(folder: Path) -> SealKeys:
    return load_or_create_keys(folder / "keys", "venue-a", NOW)


def seal(folder: Path, case: Dossier, authority: TimeStampAuthority | None = None) -> Sealed:
    """Seal into `folder`/out with the keys and the log that live in `folder`."""
    keys = venue_keys(folder)
    with TransparencyLog(folder / "log.sqlite", "bidhall.example/venue-a", keys.log_key) as log:
        return seal_project(case, folder / "out", keys, log, NOW_NS, authority)
