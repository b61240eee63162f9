"""What a virtual camera is, and what may be wrong with asking for one."""

import re
from dataclasses import dataclass
from fractions import Fraction

STAMP_COLUMNS = 64  # the strip at the foot of the picture is this many cells wide, so the width must divide by it
CAMERA_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class CameraError(ValueError):
    """A camera was asked for something it cannot do.  The text names camera, fault and way out."""


class UnknownCameraError(CameraError, LookupError):
    """Nobody here by that name."""


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """One camera: `camera` is the last part of its address, `name` is written into the picture (any script)."""

    camera: str
    name: str = ""
    width: int = 640
    height: int = 360
    fps: Fraction = Fraction(25, 2)
    gop_s: float = 1.0  # time between keyframes; 1 s, so that a recorder can cut where its fragments end

    def __post_init__(self) -> None:
        where = f"camera {self.camera!r}"
        if not CAMERA_ID.fullmatch(self.camera):
            raise CameraError(f"{where}: not usable in an address; take letters, digits, '.', '_' and '-'")
        if self.width % STAMP_COLUMNS or self.height % 2 or self.width < 320 or self.height < 180:
            raise CameraError(
                f"{where}: {self.width}x{self.height} cannot carry the strip; take a width that divides by "
                f"{STAMP_COLUMNS} and an even height, from 320x180 up"
            )
        if not 1 <= self.fps <= 60:
            raise CameraError(f"{where}: {float(self.fps)} frames/s is not a camera's rate; take 1 to 60")

    @property
    def frame_ns(self) -> Fraction:
        """Time from frame to frame."""
        return Fraction(1_000_000_000) / self.fps
