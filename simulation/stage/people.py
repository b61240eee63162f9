"""People at doors: they hold cards to readers, phones to cameras, pull handles, push exit bars.  They know no software."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from simulation.stage.house import House
from venue_model.ids import DeviceId, DoorId, PersonKey, RoomId
from venue_model.passes import make_badge, parse_challenge
from venue_model.venue import DeviceKind, Side

PATIENCE_S = 2.5  # how long somebody stands at a door that does nothing
STEP_S = 0.3  # to the next door: a contact settles in 50 ms, nobody walks faster
PRESENTATIONS = 3  # … before they hold the card up again, and how often they do
RED_S = 2.2  # a reader flashes red for 2 s; who steps up before that cannot tell whose refusal it is
_RECT = re.compile(r"M(\d+) (\d+)h(\d+)v1h-\d+z")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One person's try at one door."""

    person: PersonKey
    door: DoorId
    entered: bool
    by: str  # "card" or "phone"
    took_ms: int
    utc_ns: int


@dataclass(frozen=True, slots=True)
class Exit:
    """One person's way out through one door."""

    person: PersonKey
    door: DoorId
    opened: bool
    utc_ns: int


@dataclass(slots=True)
class Crowd:
    """All people of a day, with what they carry."""

    house: House
    cards: dict[PersonKey, bytes]
    phones: dict[PersonKey, bytes]
    attempts: list[Attempt] = field(default_factory=list)
    exits: list[Exit] = field(default_factory=list)
    where: dict[PersonKey, RoomId] = field(default_factory=dict)  # the truth, whatever the system believes
    stored: dict[PersonKey, DeviceId] = field(default_factory=dict)  # whose phone lies in which locker
    red_until_s: dict[DeviceId, float] = field(default_factory=dict)
    labels: dict[str, PersonKey] = field(default_factory=dict)  # how somebody at a keyboard names them
    moved: Callable[[], None] = lambda: None  # called after every step that somebody takes

    def badge(self, person: PersonKey, door: DoorId) -> bool:
        """Hold the card to the door's reader and pull the handle; True when the person is in."""
        began, utc_ns = time.monotonic(), time.time_ns()
        reader = self._device(door, DeviceKind.READER)
        self._wait_shut(door)
        time.sleep(max(0.0, self.red_until_s.get(reader, 0.0) - time.monotonic()))
        entered: bool | None = None
        for _ in range(PRESENTATIONS):
            self.house.doors.do("card", reader=reader, card=self.cards[person].hex())
            entered = self._pull(door, lambda: self._lamp(reader) == "red")
            if entered is not None:
                break  # an answer; a reader that shows amber or nothing wants the card again
        if not entered:
            self.red_until_s[reader] = time.monotonic() + RED_S
        return self._note(Attempt(person, door, bool(entered), "card", int((time.monotonic() - began) * 1000), utc_ns))

    def scan(self, person: PersonKey, door: DoorId) -> str:
        """Scan the code on the door's kiosk with the phone; the badge that the phone then shows."""
        port = self.house.kiosk_ports[self._device(door, DeviceKind.KIOSK)]
        found = parse_challenge(_read_svg(httpx.get(f"http://127.0.0.1:{port}/challenge.svg", trust_env=False).raise_for_status().text))
        if found is None:
            raise AssertionError(f"the kiosk of {door} shows no challenge")
        return make_badge(found[0], found[1], self.phones[person])

    def show(self, person: PersonKey, door: DoorId, badge: str, seconds: float = 3.0) -> bool:
        """Hold the phone with `badge` before the door's camera and pull the handle; True when the person is in."""
        began, utc_ns = time.monotonic(), time.time_ns()
        assert self.house.lenses is not None, "this venue has no cameras"
        self._wait_shut(door)
        self.house.lenses.do("show", camera=self._device(door, DeviceKind.QR_CAMERA), qr=badge, seconds=seconds)
        entered = self._pull(door, lambda: False, patience_s=seconds + 1.5)
        self.house.lenses.do("show", camera=self._device(door, DeviceKind.QR_CAMERA), qr=badge, seconds=0)
        return self._note(Attempt(person, door, bool(entered), "phone", int((time.monotonic() - began) * 1000), utc_ns))

    def lock_phone_away(self, person: PersonKey, reader: DeviceId) -> DeviceId:
        """Badge at the lockers, lay the phone into the one that opens, push it shut, walk to the gate."""
        shut = self._lockers(lambda state: not state["open"])
        self.house.doors.do("card", reader=reader, card=self.cards[person].hex())
        locker = _until(lambda: next(iter(self._lockers(lambda state: state["open"]) & shut), None), f"no locker opened for {person}")
        self.house.doors.do("locker_put", locker=locker)
        _until(lambda: locker in self._lockers(lambda state: not state["open"]) or None, f"{locker} did not shut")
        time.sleep(STEP_S)
        self.stored[person] = DeviceId(locker)
        return self.stored[person]

    def fetch_phone(self, person: PersonKey, reader: DeviceId) -> DeviceId:
        """Badge at the lockers and take the phone out of the one that opens."""
        shut = self._lockers(lambda state: not state["open"])
        self.house.doors.do("card", reader=reader, card=self.cards[person].hex())
        locker = _until(lambda: next(iter(self._lockers(lambda state: state["open"]) & shut), None), f"no locker opened for {person}")
        self.house.doors.do("locker_take", locker=locker)
        _until(lambda: locker in self._lockers(lambda state: not state["open"]) or None, f"{locker} did not shut")
        self.stored.pop(person, None)
        return DeviceId(locker)

    def leave(self, person: PersonKey, door: DoorId) -> bool:
        """Push the exit bar.  Nothing may ever keep this from opening the door (I11)."""
        self._wait_shut(door)
        utc_ns = time.time_ns()
        self.house.doors.do("push_exit", door=door)
        opened = self._is_open(door) or bool(_try_until(lambda: self._is_open(door) or None, 1.0))
        self.exits.append(Exit(person, door, opened, utc_ns))
        self.where[person] = self.house.venue.doors[door].outside
        self.moved()
        self._wait_shut(door)
        return opened

    def _pull(self, door: DoorId, refused: Callable[[], bool], patience_s: float = PATIENCE_S) -> bool | None:
        """Try the handle until it yields (True), the reader says no (False), or patience ends (None)."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if self.house.doors.try_("pull", door=door).get("ok"):
                return True
            if refused():
                return False
            time.sleep(0.03)
        return None

    def _note(self, attempt: Attempt) -> bool:
        self.attempts.append(attempt)
        if attempt.entered:
            self.where[attempt.person] = self.house.venue.doors[attempt.door].inside
            self.moved()
            self._wait_shut(attempt.door)
        return attempt.entered

    def _device(self, door: DoorId, kind: DeviceKind) -> DeviceId:
        return next(d.id for d in self.house.venue.devices.values() if d.kind is kind and d.door == door and d.side is Side.OUTSIDE)

    def _things(self, kind: str) -> dict[str, Any]:
        found: dict[str, Any] = self.house.doors.do("state")["things"][kind]
        return found

    def _lamp(self, reader: DeviceId) -> str:
        return str(self.house.doors.do("lamp", reader=reader)["lamp"])

    def _is_open(self, door: DoorId) -> bool:
        return any(self._things("door")[door]["open"])

    def _wait_shut(self, door: DoorId) -> None:
        """Let the leaf fall shut and the bolt back: who follows at once walks in on somebody else's badge."""

        def shut() -> bool | None:
            state = self._things("door")[door]
            return (not any(state["open"]) and not state["released"]) or None

        _until(shut, f"{door} does not shut")

    def _lockers(self, wanted: Callable[[dict[str, Any]], bool]) -> set[str]:
        return {locker for locker, state in self._things("locker").items() if wanted(state)}


def _try_until(look: Callable[[], Any], limit_s: float) -> Any:
    deadline = time.monotonic() + limit_s
    while (found := look()) is None and time.monotonic() < deadline:
        time.sleep(0.03)
    return found


def _until(look: Callable[[], Any], otherwise: str, limit_s: float = 10.0) -> Any:
    """What `look` finds; AssertionError after `limit_s` of None."""
    found = _try_until(look, limit_s)
    if found is None:
        raise AssertionError(otherwise)
    return found


def _read_svg(svg: str) -> str:
    """What a phone's camera reads from a kiosk's QR picture: drawn as pixels first, then decoded."""
    import cv2
    import numpy as np

    side = int(re.findall(r'viewBox="0 0 (\d+)', svg)[0])
    picture = np.full((side, side), 255, np.uint8)
    for x, y, run in (map(int, found) for found in _RECT.findall(svg)):
        picture[y, x : x + run] = 0
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(cv2.resize(picture, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST))
    return str(text)
