"""Fragmented MP4 as its bytes go by: where the last complete fragment ends, and what each one holds.  Pure.

Layout that the recorder writes: `ftyp moov (moof mdat)*`, ISO/IEC 14496-12.  A fragment counts when its `mdat` is whole.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

S = 1_000_000_000
HEADER_BYTES_MAX = 16  # size, type, and the 64-bit size that replaces a 32-bit size of 1
INDEX_BYTES_MAX = 4 << 20  # a `moov` or `moof` of ours has a few KB; more is a torn or foreign file
NOT_SYNC = 0x10000  # sample_is_non_sync_sample


class BoxError(ValueError):
    """The bytes are not a fragmented MP4 from here on."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """One `moof` with its `mdat`.  Times are of its video, or of its sound where it has no video."""

    offset: int
    bytes: int
    start_ns: int
    duration_ns: int
    frames: int
    keyframes: int
    independent: bool  # begins with a keyframe


@dataclass(frozen=True, slots=True)
class Track:
    kind: str  # "vide", "soun"
    timescale: int
    codec: str  # as RFC 6381 writes it
    default_duration: int
    default_flags: int


@dataclass(frozen=True, slots=True)
class Init:
    """What comes before the first fragment."""

    bytes: int
    tracks: dict[int, Track]
    comment: str

    @property
    def codecs(self) -> tuple[str, ...]:
        return tuple(track.codec for track in self.tracks.values())


class FragmentFollower:
    """Feed it a file from its first byte, in pieces of any size.

    Where the bytes stop making sense it stops: `broken` says why, and what follows is ignored.
    """

    def __init__(self) -> None:
        self.position = 0
        self.sealed_bytes = 0  # up to here the file is whole; what follows may be torn
        self.init: Init | None = None
        self.fragments: list[Fragment] = []
        self.broken = ""
        self._begin = 0  # of the present box
        self._kept = bytearray()  # of the present box: its header, and its body if it is an index
        self._type = b""
        self._left = 0  # bytes of the present box still to come, once its header is known
        self._moof: bytes | None = None
        self._moof_at = 0

    def feed(self, data: bytes) -> list[int]:
        """The places in `data` right after which a fragment is complete."""
        ends: list[int] = []
        try:
            self._follow(data, ends)
        except BoxError as error:
            self.broken = str(error)
        return ends

    def _follow(self, data: bytes, ends: list[int]) -> None:
        at = 0
        while at < len(data) and not self.broken:
            if not self._type:
                at += self._take_header(data, at)
            if self._type:
                step = min(self._left, len(data) - at)
                if self._type != b"mdat":
                    self._kept += data[at : at + step]
                at += step
                self._left -= step
                self.position += step
                if self._left == 0 and self._end_box():
                    ends.append(at)

    def _take_header(self, data: bytes, at: int) -> int:
        """Move the next bytes into the header; returns how many.  Sets `_type` when it is whole."""
        wanted = HEADER_BYTES_MAX if self._kept[:4] == b"\0\0\0\1" else 8
        taken = data[at : at + wanted - len(self._kept)]
        self._kept += taken
        self.position += len(taken)
        if len(self._kept) < wanted:
            return len(taken)
        size = int.from_bytes(self._kept[:4])
        if size == 1 and wanted == 8:
            return len(taken)
        if size == 1:
            size = int.from_bytes(self._kept[8:16])
        kind = bytes(self._kept[4:8])
        if size < len(self._kept) or (kind != b"mdat" and size > INDEX_BYTES_MAX):
            raise BoxError(f"byte {self._begin}: box {kind!r} of {size} bytes")
        self._type, self._left = kind, size - len(self._kept)
        return len(taken)

    def _end_box(self) -> bool:
        """The present box is whole.  True when it completes a fragment."""
        kind, body, begin = self._type, bytes(self._kept), self._begin
        self._type, self._begin = b"", self.position
        self._kept.clear()
        if kind == b"moov":
            self.init = read_init(body, self.position)
            self.sealed_bytes = self.position
        elif kind == b"moof":
            self._moof, self._moof_at = body, begin
        elif kind == b"mdat" and self._moof is not None and self.init is not None:
            size = self.position - self._moof_at
            self.fragments.append(read_fragment(self._moof, self._moof_at, size, self.init))
            self._moof = None
            self.sealed_bytes = self.position
            return True
        return False


def boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(type, begin of body, end) of the boxes in data[at:end]; all have 32-bit sizes inside an index."""
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        if size < 8 or at + size > end:
            raise BoxError(f"box {kind!r} of {size} bytes does not fit its parent")
        yield kind, at + 8, at + size
        at += size


def _find(data: bytes, at: int, end: int, *path: bytes) -> Iterator[tuple[int, int]]:
    for kind, begin, stop in boxes(data, at, end):
        if kind == path[0]:
            if len(path) == 1:
                yield begin, stop
            else:
                yield from _find(data, begin, stop, *path[1:])


def read_init(moov: bytes, file_bytes: int) -> Init:
    """From a whole `moov` box, header included."""
    try:
        defaults: dict[int, tuple[int, int]] = {}
        for at, _ in _find(moov, 8, len(moov), b"mvex", b"trex"):
            track, _, duration, _, flags = struct.unpack_from(">5I", moov, at + 4)
            defaults[track] = (duration, flags)
        tracks = dict(_read_track(moov, at, end, defaults) for at, end in _find(moov, 8, len(moov), b"trak"))
        return Init(file_bytes, tracks, _comment(moov))
    except (struct.error, IndexError, StopIteration) as error:
        raise BoxError(f"moov: {error or 'incomplete'}") from error


def _read_track(moov: bytes, begin: int, end: int, defaults: dict[int, tuple[int, int]]) -> tuple[int, Track]:
    at, _ = next(_find(moov, begin, end, b"tkhd"))
    (number,) = struct.unpack_from(">I", moov, at + (20 if moov[at] == 1 else 12))
    at, _ = next(_find(moov, begin, end, b"mdia", b"mdhd"))
    (timescale,) = struct.unpack_from(">I", moov, at + (20 if moov[at] == 1 else 12))
    at, _ = next(_find(moov, begin, end, b"mdia", b"hdlr"))
    kind = moov[at + 8 : at + 12].decode("latin-1")
    at, stop = next(_find(moov, begin, end, b"mdia", b"minf", b"stbl", b"stsd"))
    entry, at, stop = next(boxes(moov, at + 8, stop))
    duration, flags = defaults.get(number, (0, 0))
    return number, Track(kind, timescale, _codec(moov, entry, at, stop), duration, flags)


def _codec(moov: bytes, entry: bytes, at: int, end: int) -> str:
    name = entry.decode("latin-1")
    if entry == b"avc1":
        for config, _ in _find(moov, at + 78, end, b"avcC"):  # 78 bytes of VisualSampleEntry come first
            return f"avc1.{moov[config + 1 : config + 4].hex()}"
    return "mp4a.40.2" if entry == b"mp4a" else name  # the recorder lets no other MPEG-4 sound than AAC-LC's family in


def _comment(moov: bytes) -> str:
    """What iTunes calls `©cmt`: udta / meta / ilst / ©cmt / data."""
    for at, end in _find(moov, 8, len(moov), b"udta", b"meta"):
        for begin, stop in _find(moov, at + 4, end, b"ilst", b"\xa9cmt", b"data"):
            return moov[begin + 8 : stop].decode("utf-8", "replace")
    return ""


def read_fragment(moof: bytes, offset: int, size: int, init: Init) -> Fragment:
    """From a whole `moof` box, header included."""
    frames = keyframes = 0
    independent = False
    spans: dict[str, tuple[int, int]] = {}
    try:
        for begin, end in _find(moof, 8, len(moof), b"traf"):
            at, _ = next(_find(moof, begin, end, b"tfhd"))
            track, duration, flags = _read_tfhd(moof, at, init)
            at, _ = next(_find(moof, begin, end, b"tfdt"))
            (start,) = struct.unpack_from(">Q" if moof[at] == 1 else ">I", moof, at + 4)
            length = 0
            for at, _ in _find(moof, begin, end, b"trun"):
                samples = _read_trun(moof, at, duration, flags)
                length += sum(sample[0] for sample in samples)
                if track.kind == "vide":
                    independent = independent or (frames == 0 and bool(samples) and not samples[0][1] & NOT_SYNC)
                    frames += len(samples)
                    keyframes += sum(not sample[1] & NOT_SYNC for sample in samples)
            spans[track.kind] = (start * S // track.timescale, length * S // track.timescale)
    except (struct.error, IndexError, KeyError, StopIteration) as error:
        raise BoxError(f"byte {offset}: moof: {error or 'incomplete'}") from error
    start_ns, duration_ns = spans.get("vide") or next(iter(spans.values()), (0, 0))
    return Fragment(offset, size, start_ns, duration_ns, frames, keyframes, independent)


def _read_tfhd(moof: bytes, at: int, init: Init) -> tuple[Track, int, int]:
    present, number = struct.unpack_from(">II", moof, at)
    track = init.tracks[number]
    at += 8
    at += 8 if present & 0x1 else 0  # base data offset
    at += 4 if present & 0x2 else 0  # sample description
    duration, flags = track.default_duration, track.default_flags
    if present & 0x8:
        (duration,) = struct.unpack_from(">I", moof, at)
        at += 4
    at += 4 if present & 0x10 else 0  # sample size
    if present & 0x20:
        (flags,) = struct.unpack_from(">I", moof, at)
    return track, duration, flags


def _read_trun(moof: bytes, at: int, duration: int, flags: int) -> list[tuple[int, int]]:
    """(duration, flags) of each sample."""
    present, count = struct.unpack_from(">II", moof, at)
    at += 8
    at += 4 if present & 0x1 else 0  # data offset
    first_flags: int | None = None
    if present & 0x4:
        (first_flags,) = struct.unpack_from(">I", moof, at)
        at += 4
    columns = [bit for bit in (0x100, 0x200, 0x400, 0x800) if present & bit]
    rows = struct.iter_unpack(f">{len(columns)}I", moof[at : at + 4 * len(columns) * count]) if columns else ()
    samples = []
    for index, row in enumerate(rows) if columns else ((i, ()) for i in range(count)):
        seen = dict(zip(columns, row, strict=True))
        first = first_flags if index == 0 else None
        samples.append((seen.get(0x100, duration), first if first is not None else seen.get(0x400, flags)))
    if len(samples) != count:
        raise BoxError("trun is cut short")
    return samples
