"""Recording of cameras: RTSP in, sealed fragmented MP4 segments out, each with its hashes, clocks and gaps."""

from edge.core.recording import Binding, BindingError, Gap, SegmentMeta
from edge.recording.events import (
    GapClosed,
    GapOpened,
    RecorderEvent,
    RecorderHealth,
    RecordingConfirmed,
    RecordingRefused,
    SegmentClosed,
    event_fields,
)
from edge.recording.pool import RecorderPool
from edge.recording.recover import Recovery, recover
from edge.recording.settings import RecorderSettings, RefusedError

__all__ = [
    "Binding",
    "BindingError",
    "Gap",
    "GapClosed",
    "GapOpened",
    "RecorderEvent",
    "RecorderHealth",
    "RecorderPool",
    "RecorderSettings",
    "RecordingConfirmed",
    "RecordingRefused",
    "Recovery",
    "RefusedError",
    "SegmentClosed",
    "SegmentMeta",
    "event_fields",
    "recover",
]
