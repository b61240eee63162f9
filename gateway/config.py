"""The gateway's configuration: one TOML file, every key with a default that works on one machine."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

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
class GatewayConfig:
    """Paths may be relative to the file."""

    venue: str
    data: str
    evidence: str = ""  # empty: `evidence` in the data folder
    host: str = "127.0.0.1"
    port: int = 8000
    broker: BrokerConfig = field(default_factory=BrokerConfig)
    platform: PlatformConfig = field(default_factory=PlatformConfig)


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
