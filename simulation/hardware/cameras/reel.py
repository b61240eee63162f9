"""What a camera sends at one frame's moment: the picture, the sound up to it, and the reports that tie both to UTC."""

from dataclasses import dataclass

from simulation.hardware.cameras.beeps import RATE_HZ, sound
from simulation.hardware.cameras.clock import CameraClock, S
from simulation.hardware.cameras.encoding import AAC_FRAME, VIDEO_CLOCK_HZ, AudioEncoder, VideoEncoder
from simulation.hardware.cameras.picture import Patch, Picture, draw_black
from simulation.hardware.cameras.rtp import RtpTrack, aac_payload, nal_payloads
from simulation.hardware.cameras.spec import CameraSpec
from simulation.hardware.cameras.stamp import Stamp, camera_mark

SENDER_REPORT_EVERY_NS = 1 * S
VIDEO, AUDIO = 0, 1  # tracks, in the order of the SDP


@dataclass(frozen=True, slots=True)
class Unit:
    """What belongs together on the wire: one picture, one sound frame, or one report."""

    track: int
    packets: tuple[bytes, ...]
    media_ns: int
    report: bool = False  # RTCP, not RTP
    key: bool = False  # a decoder can begin here


@dataclass(frozen=True, slots=True)
class Shot:
    """One frame to take: its number, its moment, and what is wrong with it."""

    number: int
    media_ns: int
    held: Patch | None
    frozen: bool
    black: bool
    key: bool  # a keyframe is asked for


class Reel:
    """The encoders of one filming, and where they are in media time.  Used by the camera's own thread only."""

    def __init__(self, spec: CameraSpec, picture: Picture, clock: CameraClock, tracks: tuple[RtpTrack, ...]) -> None:
        self._spec, self._picture, self._clock, self._tracks = spec, picture, clock, tracks
        self._mark = camera_mark(spec.camera)
        self._video = VideoEncoder(spec)
        self._drawn = False
        self.cut()

    def cut(self) -> None:
        """What follows does not continue what was before."""
        self._audio: AudioEncoder | None = None
        self._sample = 0
        self._report_due_ns = 0

    def shoot(self, shot: Shot) -> list[Unit]:
        units: list[Unit] = []
        if shot.key or shot.media_ns >= self._report_due_ns:
            units += self._reports()
            self._report_due_ns = shot.media_ns + SENDER_REPORT_EVERY_NS
        units.append(self._picture_unit(shot))
        units += self._sound_units(shot.media_ns)
        return units

    def _picture_unit(self, shot: Shot) -> Unit:
        if shot.black:
            draw_black(self._video.planes)
            self._drawn = False
        elif not (shot.frozen and self._drawn):
            stamp = Stamp(self._mark, self._clock.utc_ns(shot.media_ns) // 1_000_000, shot.number)
            self._picture.draw(self._video.planes, stamp, shot.held)
            self._drawn = True
        track = self._tracks[VIDEO]
        ticks = int(shot.number * VIDEO_CLOCK_HZ / self._spec.fps)
        nals, is_key = self._video.encode(ticks, keyframe=shot.key)
        payloads = [payload for nal in nals for payload in nal_payloads(nal)]
        packets = tuple(track.packet(p, ticks, marker=n == len(payloads)) for n, p in enumerate(payloads, 1))
        return Unit(VIDEO, packets, shot.media_ns, key=is_key)

    def _sound_units(self, until_media_ns: int) -> list[Unit]:
        track = self._tracks[AUDIO]
        until = track.ticks(until_media_ns)
        if self._audio is None:
            self._audio, self._sample = AudioEncoder(), until
        units: list[Unit] = []
        while self._sample + AAC_FRAME <= until:
            wave = sound(self._clock.utc_ns(self._sample * S // RATE_HZ), AAC_FRAME)
            for ticks, access_unit in self._audio.encode(wave, self._sample):
                packet = track.packet(aac_payload(access_unit), ticks, marker=True)
                units.append(Unit(AUDIO, (packet,), ticks * S // RATE_HZ))
            self._sample += AAC_FRAME
        return units

    def _reports(self) -> list[Unit]:
        media_ns = self._clock.media_ns()
        utc_ns, cname = self._clock.utc_ns(media_ns), f"{self._spec.camera}@bidhall"
        return [
            Unit(n, (track.sender_report(utc_ns, track.ticks(media_ns), cname),), media_ns, report=True)
            for n, track in enumerate(self._tracks)
        ]
