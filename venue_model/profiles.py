"""Policy profiles: which practice of separation a centre follows (domain brief 1.4).  Data, in `profiles_data/*.toml`.

A profile says, for each door mode and zone, which groups may enter, and under which conditions.  It can separate more pairs of
groups than `groups.ALWAYS_SEPARATED`, never fewer, and cannot admit a group where `zones.NEVER_IN` bars it.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from venue_model.groups import ALWAYS_SEPARATED, Pair, Role, pair, separated_pairs
from venue_model.zones import Serves, Zone, never_admits

Area = tuple[Zone, Serves]  # a zone, or one side of the inquiry rooms


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


class Seating(StrEnum):
    """Where the members of a committee sit."""

    ROOM = "room"  # all in the lot's evaluation room
    SEAT = "seat"  # each in the room of their own seat, where the platform gave them one (分散席位)


@dataclass(frozen=True, slots=True)
class Profile:
    """One practice of separation."""

    id: str
    zh: str
    en: str
    separated: frozenset[Pair]
    admits: Mapping[DoorMode, Mapping[Area, tuple[Role, ...]]]
    seating: Seating = Seating.ROOM
    escort: Mapping[Zone, Mapping[Role, tuple[Role, ...]]] = field(default_factory=dict)
    checkout: tuple[Role, ...] = ()  # leave the opening area after staff's word (I15): told when they do not, never held

    def groups(self, mode: DoorMode, zone: Zone, serves: Serves | None = None) -> tuple[Role, ...]:
        """Who may enter a room of `zone` in `mode`; nobody where the profile is silent.

        `serves` asks for one side of an inquiry; None for both sides together, which never admits anybody: it tells who belongs.
        """
        areas = self.admits.get(mode, {})
        if serves is None:
            return tuple(sorted({role for (of, _), roles in areas.items() if of is zone for role in roles}))
        return areas.get((zone, serves), areas.get((zone, Serves.NOBODY), ()))

    def escorts(self, zone: Zone, role: Role) -> tuple[Role, ...]:
        """The roles of which one must accompany `role` into `zone`; none: it may enter alone."""
        return self.escort.get(zone, {}).get(role, ())


class ProfileError(ValueError):
    """A profile file breaks a rule that no profile may break.  The text lists every problem, one a line."""


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True)
class _File:
    id: str
    zh: str
    en: str
    separated: list[list[str]] = field(default_factory=list)
    seating: Seating = Seating.ROOM
    checkout: list[str] = field(default_factory=list)
    escort: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    mode: dict[str, dict[str, list[str]]] = field(default_factory=dict)


_ADAPTER = TypeAdapter(_File)
_REMEDIES = {"missing": "missing; add it", "unexpected_keyword_argument": "not a key of a profile; remove it, or mend its spelling"}
# Whom each side of an inquiry is about: nobody who must not meet them is admitted to their side.
_SIDES = {Serves.COMMITTEE: (Role.EXP, Role.OWN_C), Serves.PARTIES: (Role.BID,)}


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
    return _Reader(file, source).read()


class _Reader:
    """Collects problems while it turns words into values."""

    def __init__(self, file: _File, source: str) -> None:
        self.file = file
        self.source = source
        self.problems: list[str] = []

    def fault(self, place: str, fault: str) -> None:
        self.problems.append(f"{self.source}: {place}: {fault}")

    def read(self) -> Profile:
        file = self.file
        separated = self._separated()
        admits: dict[DoorMode, dict[Area, tuple[Role, ...]]] = {}
        for name, areas in file.mode.items():
            if name not in set(DoorMode) - CLOSED_MODES:
                self.fault(f"mode.{name}", f"no such mode; modes: {', '.join(m for m in DoorMode if m not in CLOSED_MODES)}")
                continue
            for key, codes in areas.items():
                place = f"mode.{name}.{key}"
                groups = self._roles(codes, place)
                area = self._area(key, place)
                if area is not None:
                    self._check_groups(area, groups, separated, place)
                    admits.setdefault(DoorMode(name), {})[area] = groups
        escort = {}
        for key, needs in file.escort.items():
            zone = self._zone(key, f"escort.{key}")
            read = {
                role: self._roles(codes, f"escort.{key}.{code}")
                for code, codes in needs.items()
                for role in self._roles([code], f"escort.{key}")
            }
            if zone is not None:
                escort[zone] = read
                self._check_escort(zone, read, separated, admits)
        checkout = self._roles(file.checkout, "checkout")
        for role in checkout:
            if not any(role in groups for areas in admits.values() for (zone, _), groups in areas.items() if zone is Zone.OPENING):
                self.fault("checkout", f"{role} is never admitted to {Zone.OPENING}, so there is nothing to leave; remove it")
        if self.problems:
            raise ProfileError("\n".join(self.problems))
        return Profile(file.id, file.zh, file.en, separated, admits, file.seating, escort, checkout)

    def _separated(self) -> frozenset[Pair]:
        found = set(ALWAYS_SEPARATED)
        for index, codes in enumerate(self.file.separated):
            both = self._roles(codes, f"separated[{index}]")
            if len(both) < len(codes):
                continue
            if len(set(both)) == len(both) == 2:
                found.add(pair(both[0], both[1]))
            else:
                self.fault(f"separated[{index}]", f"a pair has two different roles, this has {', '.join(codes) or 'none'}")
        return frozenset(found)

    def _roles(self, codes: list[str], place: str) -> tuple[Role, ...]:
        for code in codes:
            if code not in set(Role):
                self.fault(place, f"{code!r} is no role; roles: {', '.join(Role)}")
        return tuple(Role(code) for code in codes if code in set(Role))

    def _zone(self, name: str, place: str) -> Zone | None:
        if name in set(Zone):
            return Zone(name)
        self.fault(place, f"no such zone; zones: {', '.join(Zone)}")
        return None

    def _area(self, key: str, place: str) -> Area | None:
        """`Z5`, or one side of the inquiry rooms: `Z7.committee`."""
        name, dot, side = key.partition(".")
        zone = self._zone(name, place)
        if zone is None or not dot:
            return None if zone is None else (zone, Serves.NOBODY)
        if zone is not Zone.INQUIRY:
            self.fault(place, f"{zone} has no sides; write {zone} alone")
        elif side not in set(Serves) - {Serves.NOBODY}:
            self.fault(place, f"no such side; sides: {', '.join(s for s in Serves if s)}")
        else:
            return zone, Serves(side)
        return None

    def _check_groups(self, area: Area, groups: tuple[Role, ...], separated: frozenset[Pair], place: str) -> None:
        zone, serves = area
        for group in groups:
            if never_admits(zone, group):
                self.fault(place, f"{group} is never admitted to {zone} (I1); remove it")
            for theirs in _SIDES.get(serves, ()):
                if pair(group, theirs) in separated:
                    self.fault(place, f"{group} must never meet {theirs}, whose side this is (I7); remove it")
                    break
        for one, other in separated_pairs(groups, separated):
            self.fault(place, f"{one} and {other} must never meet; remove one of them")

    def _check_escort(
        self,
        zone: Zone,
        needs: Mapping[Role, tuple[Role, ...]],
        separated: frozenset[Pair],
        admits: Mapping[DoorMode, Mapping[Area, tuple[Role, ...]]],
    ) -> None:
        """An escort that can never be there would be a lock by another name."""
        for role, by in needs.items():
            if not by or role in by:
                self.fault(f"escort.{zone}.{role}", "name one or more other roles that accompany it")
            for other in by:
                if pair(role, other) in separated:
                    self.fault(f"escort.{zone}.{role}", f"{role} and {other} must never meet; name somebody else")
        for mode, areas in admits.items():
            for (of, serves), groups in areas.items():
                alone = {role for role in groups if role not in needs}  # who needs an escort is none
                for role in groups if of is zone else ():
                    if role in needs and not alone & set(needs[role]):
                        area = f"{zone}.{serves}" if serves else zone
                        them = ", ".join(needs[role])
                        self.fault(
                            f"escort.{zone}.{role}", f"in mode {mode} nobody of {them} may enter {area} alone; admit one there"
                        )


def _shape_problem(source: str, found: Any) -> str:
    place = ".".join(str(part) for part in found["loc"]) or "file"
    return f"{source}: {place}: {_REMEDIES.get(found['type'], found['msg'])}"
