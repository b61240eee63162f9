"""`VirtualLocker`: a phone locker whose door springs open when its lock lets go.  Pure, as `VirtualDoor` is.

Terminals: `lock` (to the locker; active releases it), `contact` (active while the door is open), `phone` (active while
something lies inside).
"""

import random

from simulation.hardware.mechanics import Bolt, Contact, Edge, S

HANDLING_S = (0.8, 1.5)  # to lay a phone in, or take it, and push the door shut


class VirtualLocker:
    """Call `advance` when `wake_ns` says so, and after every act."""

    inputs = ("contact", "phone")
    outputs = ("lock",)

    def __init__(self, rng: random.Random, *, pace: float = 1.0) -> None:
        self._rng = rng
        self._pace = pace
        self._bolt = Bolt(rng)
        self._contact = Contact("contact", rng)
        self._sensor = Contact("phone", rng)
        self._shut_at_ns: int | None = None  # when a hand pushes the door
        self._now_ns = 0
        self._edges: list[Edge] = []
        self.is_open = False
        self.phone_inside = False

    def state(self, now_ns: int) -> dict[str, object]:
        return {"open": self.is_open, "released": self._bolt.released(now_ns), "phone_inside": self.phone_inside}

    def drive(self, terminal: str, active: bool, now_ns: int) -> None:
        assert terminal == "lock", "a locker has no other coil"
        self._run_to(now_ns)
        self._bolt.drive(active, now_ns)

    def fire(self, active: bool, now_ns: int) -> None:
        """A locker holds no person: the fire input leaves it shut."""

    def put(self, now_ns: int) -> bool:
        """Lay a phone in and push the door shut; False when the door is shut or the locker is taken."""
        return self._handle(True, now_ns)

    def take(self, now_ns: int) -> bool:
        """Take the phone out and push the door shut; False when the door is shut or nothing is inside."""
        return self._handle(False, now_ns)

    def advance(self, now_ns: int) -> list[Edge]:
        """What the lines did since the last call, oldest first."""
        self._run_to(now_ns)
        edges, self._edges = self._edges, []
        return sorted(edges, key=lambda edge: edge.at_ns)

    def wake_ns(self, now_ns: int) -> int | None:
        """When something will move next by itself."""
        waits = [self._contact.wake_ns(), self._sensor.wake_ns(), self._bolt.wake_ns(now_ns)]
        if not self._bolt.released(now_ns):  # pushed against a released lock, a door only springs back
            waits.append(self._shut_at_ns)
        return min((wake for wake in waits if wake is not None), default=None)

    def _handle(self, phone: bool, now_ns: int) -> bool:
        self._run_to(now_ns)
        if not self.is_open or self.phone_inside == phone:
            return False
        self.phone_inside = phone
        self._sensor.switch_to(phone, now_ns)
        self._shut_at_ns = now_ns + int(self._rng.uniform(*HANDLING_S) * self._pace * S)
        return True

    def _run_to(self, now_ns: int) -> None:
        while (due_ns := self.wake_ns(self._now_ns)) is not None and due_ns <= now_ns:
            self._now_ns = max(self._now_ns, due_ns)
            self._happen(self._now_ns)
        self._now_ns = max(self._now_ns, now_ns)
        self._happen(self._now_ns)

    def _happen(self, at_ns: int) -> None:
        released = self._bolt.released(at_ns)
        if released and not self.is_open:
            self.is_open = True
            self._contact.settle_on(True, at_ns)
        elif not released and self._shut_at_ns is not None and self._shut_at_ns <= at_ns:
            self.is_open, self._shut_at_ns = False, None
            self._contact.settle_on(False, at_ns)
        self._edges += self._contact.advance(at_ns)
        self._edges += self._sensor.advance(at_ns)
