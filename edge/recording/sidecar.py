"""What is written beside a segment, from what its bytes hold; and the order in which both come to their final names."""

from dataclasses import replace
from pathlib import Path

from edge.core.recording import Ended, Gap, Identity, SegmentMeta, encode_sidecar
from edge.recording import disk
from edge.recording.sealing import Seal


def describe(identity: Identity, seal: Seal, file_name: str, ended: Ended, gaps: tuple[Gap, ...] = ()) -> SegmentMeta:
    """Of the whole fragments alone.  The end is reckoned from media time; who saw the frames arrive knows better."""
    follower = seal.follower
    init, fragments = follower.init, tuple(follower.fragments)
    assert init is not None, "a file with a fragment has its beginning"
    sha256, sm3 = seal.digests.of_marked()
    duration_ns = fragments[-1].start_ns + fragments[-1].duration_ns - fragments[0].start_ns
    return SegmentMeta(
        camera=identity.camera,
        project=identity.project,
        lot=identity.lot,
        room=identity.room,
        track=identity.track,
        scene_run=identity.scene_run,
        seq=identity.seq,
        file=file_name,
        ended=ended,
        start_utc_ns=identity.start_utc_ns,
        end_utc_ns=identity.start_utc_ns + duration_ns,
        host_step_ns=0,
        camera_clock=None,
        media_duration_ns=duration_ns,
        frames=sum(fragment.frames for fragment in fragments),
        keyframes=sum(fragment.keyframes for fragment in fragments),
        codecs=init.codecs,
        bytes=follower.sealed_bytes,
        sha256=sha256,
        sm3=sm3,
        init_bytes=init.bytes,
        fragments=fragments,
        gaps=gaps,
    )


def put_in_place(open_path: Path, meta: SegmentMeta) -> None:
    """Sidecar first: whatever bears a final name is described.  The file's bytes are durable before this is called."""
    final = disk.sealed_name(open_path)
    disk.write_durably(disk.sidecar_of(final), encode_sidecar(meta))
    disk.sync_folder(final.parent)
    open_path.rename(final)
    disk.sync_folder(final.parent)


def mark_stopped(folder: Path, gaps: tuple[Gap, ...]) -> SegmentMeta | None:
    """What was wanted after the track's last segment is wanted no more: its sidecar says so from now on, its bytes stay.

    None: there is no such segment, or it was ended by a stop already.
    """
    last = disk.last_meta(folder)
    if last is None or last.ended == "stop":
        return None
    meta = replace(last, ended="stop", gaps=(*last.gaps, *gaps))
    disk.write_durably(disk.sidecar_of(folder / meta.file), encode_sidecar(meta))
    disk.sync_folder(folder)
    return meta
