"""The gateway's configuration: one TOML file, every key with a default that works on one machine."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

_STRICT = ConfigDict(extra="forbid")


@with_config(_STRICT)
@dataclass(frozen=True)
class BrokerConfig:
    """`kind` empty: mosquitto when it is installed, else the bundled nats-server.  `port` 0: a free one."""

    kind: str = ""
    host: str = "127.0.0.1"
    port: int = 0


@with_config(_STRICT)
@dataclass(frozen=True)
class PlatformConfig:
    """`url` empty: no trading platform; lots then come by nobody."""

    url: str = ""
    token: str = ""
    pull_s: float = 15.0


@with_config(_STRICT)
@dataclass(frozen=True)
class BookingConfig:
    """How long the calendar plans with.  `lapse_min` 0: a booking that nobody confirmed stays."""

    turn_around_min: Annotated[int, Field(ge=0, le=240)] = 15
    opening_min: Annotated[int, Field(ge=5, le=1440)] = 25  # from the opening until the experts are called
    evaluation_min: Annotated[int, Field(ge=36, le=1440)] = 110  # intake and leaving take 35 of them
    lapse_min: Annotated[int, Field(ge=0, le=240)] = 0
    rehearsal_s: Annotated[float, Field(gt=0)] = 120.0  # a rehearsal that takes longer is stopped


@with_config(_STRICT)
@dataclass(frozen=True)
class ScheduleConfig:
    """What the clock presses by itself: nothing, unless a venue says when."""

    preparation_min: Annotated[int, Field(ge=0, le=480)] = 0  # so long before an opening
    release_at: Annotated[str, Field(pattern=r"^$|^([01]\d|2[0-3]):[0-5]\d$")] = ""  # local time such as "19:00" from which empty rooms are freed


@with_config(_STRICT)
@dataclass(frozen=True)
class GatewayConfig:
    """Paths may be relative to the file."""

    venue: str
    data: str
    evidence: str = ""  # empty: `evidence` in the data folder
    host: str = "127.0.0.1"
    port: int = 8000
    broker: BrokerConfig = field(default_factory=BrokerConfig)
    platform: PlatformConfig = field(default_factory=PlatformConfig)
    booking: BookingConfig = field(default_factory=BookingConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)


class ConfigError(ValueError):
    """The configuration cannot be used.  The text names file, place, fault and remedy, one a line."""


_ADAPTER = TypeAdapter(GatewayConfig)


def read_config(path: Path) -> GatewayConfig:
    """Read a configuration file.  Raises ConfigError with all problems at once."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}; name an existing file with --config") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}; mend the line") from None
    try:
        return _ADAPTER.validate_python(raw)
    except ValidationError as error:
        lines = [
            f"{path}: {'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}; see docs/integrator.md" for e in error.errors(include_url=False)
        ]
        raise ConfigError("\n".join(lines)) from None
