"""Virtual IP cameras: a real RTSP server whose picture and sound prove themselves (see `reading`)."""

from simulation.hardware.cameras.camera import CameraStatus, VirtualCamera
from simulation.hardware.cameras.farm import CameraFarm
from simulation.hardware.cameras.spec import CameraError, CameraSpec, UnknownCameraError

__all__ = ["CameraError", "CameraFarm", "CameraSpec", "CameraStatus", "UnknownCameraError", "VirtualCamera"]
