"""The gateway's configuration: one TOML file, every key with a default that works on one machine."""

import ipaddress
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, with_config

from gateway.facts.addresses import WebhookConfig

_STRICT = ConfigDict(extra="forbid")
Switch = Literal["auto", "on", "off"]


@with_config(_STRICT)
@dataclass(frozen=True)
class BrokerConfig:
    """`kind` empty: mosquitto when it is installed, else the bundled nats-server.  `port` 0: a free one.

    `tls`: "auto" is on for every address but this machine's own, and there it can only be on.
    """

    kind: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    tls: Switch = "auto"


@with_config(_STRICT)
@dataclass(frozen=True)
class TlsConfig:
    """The web server's, and what its certificate says.  `web`: "auto" is HTTPS for every address but this machine's own."""

    web: Switch = "auto"
    hosts: list[str] = field(default_factory=list)  # names and addresses by which people and boards reach this machine
    certificate: str = ""  # PEM chain for browsers by an authority that they know; empty: by the venue's own
    key: str = ""
    http_port: int = 0  # a port that tells plain HTTP browsers where to go; 0: none


@with_config(_STRICT)
@dataclass(frozen=True)
class PlatformConfig:
    """`url` empty: no trading platform, unless its kind is a folder; lots then come by nobody.  docs/platform.md tells the kinds."""

    kind: Literal["rest", "province", "folder"] = "rest"
    url: str = ""
    token: str = ""  # shared with the platform; also under its calls to us
    client: str = ""  # province: the Client-Id that it gave this venue
    authority: str = ""  # PEM of the one certificate authority that its address is believed with; empty: those of this machine
    folder: str = "exchange"  # folder: where tables are dropped; it must exist
    pull_s: float = 15.0


@with_config(_STRICT)
@dataclass(frozen=True)
class PeopleConfig:
    """Accounts: docs/people.md tells what each key is for."""

    idle_min: int = 120  # a session that nobody uses ends
    second_factor_roles: list[str] = field(default_factory=list)  # these roles must have one
    export_needs_two: bool = False  # a package is taken only after another person has released it
    industries: dict[str, list[str]] = field(default_factory=dict)  # name → beginnings of project codes


@with_config(_STRICT)
@dataclass(frozen=True)
class OidcConfig:
    """`issuer` empty: everybody signs in with a password here."""

    issuer: str = ""
    name: str = "统一身份认证"  # what the button says
    client_id: str = ""
    client_secret_file: str = ""  # empty: a public client, which PKCE alone protects
    redirect_url: str = ""  # empty: from the address that the browser used
    account_claim: str = "preferred_username"
    role_claim: str = "roles"
    roles: dict[str, str] = field(default_factory=dict)  # value of the claim → role of the account here


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
    # local time such as "19:00" from which empty rooms are freed
    release_at: Annotated[str, Field(pattern=r"^$|^([01]\d|2[0-3]):[0-5]\d$")] = ""


@with_config(_STRICT)
@dataclass(frozen=True)
class MetricsConfig:
    """`token` empty: /metrics and /api/v1/health answer, without signing in, to programs on this machine alone."""

    token: str = ""


@with_config(_STRICT)
@dataclass(frozen=True)
class RolloutConfig:
    """Programs and records for boards.  `release_key` empty: no programs are taken; `url` empty: worked out from the web server's."""

    release_key: str = ""  # public half, 64 hex digits; the private half lies with whoever releases programs
    url: str = ""  # by which boards reach this gateway's web server, such as "https://10.0.0.2:8443"


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
    tls: TlsConfig = field(default_factory=TlsConfig)
    platform: PlatformConfig = field(default_factory=PlatformConfig)
    webhooks: WebhookConfig = field(default_factory=WebhookConfig)
    metrics: MetricsConfig = field(default_factory=MetricsConfig)
    booking: BookingConfig = field(default_factory=BookingConfig)
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    rollout: RolloutConfig = field(default_factory=RolloutConfig)
    people: PeopleConfig = field(default_factory=PeopleConfig)
    oidc: OidcConfig = field(default_factory=OidcConfig)

    @property
    def broker_tls(self) -> bool:
        """Whether boards log in with certificates."""
        return self.broker.tls == "on" or (self.broker.tls == "auto" and not is_loopback(self.broker.host))

    @property
    def web_tls(self) -> bool:
        """Whether the web server speaks HTTPS."""
        return self.tls.web == "on" or (self.tls.web == "auto" and not is_loopback(self.host))


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
        config: GatewayConfig = _ADAPTER.validate_python(raw)
    except ValidationError as error:
        lines = [
            f"{path}: {'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}; see docs/integrator.md" for e in error.errors(include_url=False)
        ]
        raise ConfigError("\n".join(lines)) from None
    _check_tls(path, config)
    return config


def is_loopback(host: str) -> bool:
    """True for an address that only this machine's own programs reach.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0"), is_loopback("gateway.lan")
    (True, True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_tls(path: Path, config: GatewayConfig) -> None:
    """Nothing that others could listen to goes without TLS."""
    faults = [
        f'{path}: {key}: "off" while {listens} {host} can be reached from other machines; write "on", or listen on 127.0.0.1{proxy}'
        for key, switch, listens, host, proxy in (
            ("broker.tls", config.broker.tls, "the broker at", config.broker.host, ""),
            ("tls.web", config.tls.web, "the web server at", config.host, " behind a proxy on this machine"),
        )
        if switch == "off" and not is_loopback(host)
    ]
    if bool(config.tls.certificate) != bool(config.tls.key):
        faults.append(f"{path}: tls: certificate and key belong together; name both files or neither")
    if faults:
        raise ConfigError("\n".join(faults))
