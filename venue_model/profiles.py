"""Policy profiles: which practice of separation a centre follows (domain brief 1.4).  Data, in `profiles_data/*.toml`.

A profile says, for each door mode and zone, which groups may enter.  It can separate more pairs of groups than
`groups.ALWAYS_SEPARATED`, never fewer, and cannot admit a group where `zones.NEVER_IN` bars it.
"""

import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from venue_model.groups import ALWAYS_SEPARATED, Pair, Role, pair, separated_pairs
from venue_model.zones import Zone, never_admits


class DoorMode(StrEnum):
    """What a guarded room is being used for, as far as its doors are concerned."""

    CLEAR = "clear"  # nobody enters, everybody may leave
    LOCKDOWN = "lockdown"  # CLEAR by staff's order, above every scene
    PREPARATION = "preparation"
    CHECK_IN = "check_in"
    OPENING = "opening"
    INTAKE = "intake"
    EVALUATION = "evaluation"
    INQUIRY = "inquiry"  # the committee asks, the parties answer from the room of their own side (I7)
    DUTY = "duty"  # rooms that no lot is bound to: those on duty may enter all day
    RELEASE = "release"  # after the report is signed: staff may come and help people out


CLOSED_MODES = frozenset({DoorMode.CLEAR, DoorMode.LOCKDOWN})  # nobody enters: no profile admits anybody in them


@dataclass(frozen=True, slots=True)
class Profile:
    """One practice of separation."""

    id: str
    zh: str
    en: str
    separated: frozenset[Pair]
    admits: dict[DoorMode, dict[Zone, tuple[Role, ...]]]

    def groups(self, mode: DoorMode, zone: Zone) -> tuple[Role, ...]:
        """Who may enter a room of `zone` in `mode`; nobody where the profile is silent."""
        return self.admits.get(mode, {}).get(zone, ())


class ProfileError(ValueError):
    """A profile file breaks a rule that no profile may break.  The text lists every problem, one a line."""


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class _File:
    id: str
    zh: str
    en: str
    separated: list[list[str]] = field(default_factory=list)
    mode: dict[str, dict[str, list[str]]] = field(default_factory=dict)


_ADAPTER = TypeAdapter(_File)
_REMEDIES = {"missing": "missing; add it", "unexpected_keyword_argument": "not a key of a profile; remove it, or mend its spelling"}


def load_profile(text: str, source: str) -> Profile:
    """Build a profile from TOML text; `source` names the file in errors.

    Raises ProfileError with all problems at once.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{source}: not TOML: {error}") from None
    try:
        file = _ADAPTER.validate_python(raw)
    except ValidationError as error:
        raise ProfileError("\n".join(_shape_problem(source, found) for found in error.errors(include_url=False))) from None
    problems: list[str] = []

    def role(code: str, place: str) -> Role | None:
        try:
            return Role(code)
        except ValueError:
            problems.append(f"{source}: {place}: {code!r} is no role; roles: {', '.join(Role)}")
            return None

    separated = set(ALWAYS_SEPARATED)
    for index, codes in enumerate(file.separated):
        both = [role(code, f"separated[{index}]") for code in codes]
        if len(set(both)) == len(both) == 2 and both[0] is not None and both[1] is not None:
            separated.add(pair(both[0], both[1]))
        elif None not in both:
            problems.append(f"{source}: separated[{index}]: a pair has two different roles, this has {', '.join(codes) or 'none'}")
    admits: dict[DoorMode, dict[Zone, tuple[Role, ...]]] = {}
    for mode_name, zones in file.mode.items():
        if mode_name not in set(DoorMode) - CLOSED_MODES:
            modes = ", ".join(m for m in DoorMode if m not in CLOSED_MODES)
            problems.append(f"{source}: mode.{mode_name}: no such mode; modes: {modes}")
            continue
        for zone_name, codes in zones.items():
            place = f"mode.{mode_name}.{zone_name}"
            if zone_name not in set(Zone):
                problems.append(f"{source}: {place}: no such zone; zones: {', '.join(Zone)}")
                continue
            groups = tuple(g for g in (role(code, place) for code in codes) if g is not None)
            for group in groups:
                if never_admits(Zone(zone_name), group):
                    problems.append(f"{source}: {place}: {group} is never admitted to {zone_name} (I1); remove it")
            for one, other in separated_pairs(groups, frozenset(separated)):
                problems.append(f"{source}: {place}: {one} and {other} must never meet; remove one of them")
            admits.setdefault(DoorMode(mode_name), {})[Zone(zone_name)] = groups
    if problems:
        raise ProfileError("\n".join(problems))
    return Profile(file.id, file.zh, file.en, frozenset(separated), admits)


def _shape_problem(source: str, found: Any) -> str:
    place = ".".join(str(part) for part in found["loc"]) or "file"
    return f"{source}: {place}: {_REMEDIES.get(found['type'], found['msg'])}"
