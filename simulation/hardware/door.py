"""`VirtualDoor`: leaf, strike, contact and exit bar as metal behaves.  Pure: the caller gives time and randomness.

Terminals: `strike` (to the door; active releases it), `contact` and, with two leaves, `contact2` (active while that
leaf is away from its frame), `exit` (active while the bar is pushed).
"""

import random

from simulation.hardware.mechanics import MS, Bolt, Contact, Edge, S

CLOSER_S = (1.5, 4.0)  # from letting go of the leaf to the latch
PUSH_MS = (300, 600)  # how long a hand stays on the bar


class _Leaf:
    def __init__(self, contact: Contact) -> None:
        self.contact = contact
        self.open = False
        self.wedged = False
        self.shuts_ns: int | None = None  # None while shut or wedged


class VirtualDoor:
    """Call `advance` when `wake_ns` says so, and after every act."""

    outputs = ("strike",)

    def __init__(self, rng: random.Random, *, leaves: int = 1, fail_safe: bool = False, pace: float = 1.0) -> None:
        """`fail_safe`: the lock lets go when the fire input cuts its power.  `pace` multiplies the closer's time."""
        assert leaves in (1, 2), "a door has one leaf or two"
        self._rng = rng
        self._pace = pace
        self._fail_safe = fail_safe
        self._bolt = Bolt(rng)
        self._strike = False
        self._fire = False
        self._leaves = [_Leaf(Contact(name, rng)) for name in ("contact", "contact2")[:leaves]]
        self._bar = Contact("exit", rng)
        self._bar_back_ns: int | None = None
        self._edges: list[Edge] = []

    @property
    def inputs(self) -> tuple[str, ...]:
        return (*(leaf.contact.terminal for leaf in self._leaves), "exit")

    @property
    def is_open(self) -> bool:
        return any(leaf.open for leaf in self._leaves)

    def state(self, now_ns: int) -> dict[str, object]:
        return {
            "open": [leaf.open for leaf in self._leaves],
            "released": self._bolt.released(now_ns),
            "propped": any(leaf.wedged for leaf in self._leaves),
            "fire": self._fire,
        }

    def drive(self, terminal: str, active: bool, now_ns: int) -> None:
        """The board's relay."""
        assert terminal == "strike", "a door has no other coil"
        self._run_to(now_ns)
        self._strike = active
        self._power_bolt(now_ns)

    def fire(self, active: bool, now_ns: int) -> None:
        """The fire contact sits in the lock's supply: no program is asked."""
        self._run_to(now_ns)
        self._fire = active
        self._power_bolt(now_ns)

    def pull(self, now_ns: int, *, leaf: int = 1) -> bool:
        """Someone pulls; False when the leaf stays shut.  The second leaf is held by the first one's edge."""
        self._run_to(now_ns)
        free = self._bolt.released(now_ns) if leaf == 1 else self._leaves[0].open
        if not free and not self._leaves[leaf - 1].open:
            return False
        self._open(self._leaves[leaf - 1], now_ns)
        return True

    def push_exit(self, now_ns: int) -> None:
        """Someone inside pushes the bar.  It draws the latch by hand: the door opens whatever coil and programs do."""
        self._run_to(now_ns)
        if self._bar_back_ns is None:
            self._bar.settle_on(True, now_ns)
        self._bar_back_ns = now_ns + self._rng.randint(*PUSH_MS) * MS
        self._open(self._leaves[0], now_ns)

    def force(self, now_ns: int) -> None:
        """A crowbar: the leaf opens past a bolt that holds."""
        self._run_to(now_ns)
        self._open(self._leaves[0], now_ns)

    def prop(self, propped: bool, now_ns: int) -> bool:
        """Wedge every open leaf, or take the wedge away; False when there is no open leaf to wedge."""
        self._run_to(now_ns)
        if propped and not self.is_open:
            return False
        for leaf in self._leaves:
            if leaf.open and leaf.wedged != propped:
                leaf.wedged = propped
                leaf.shuts_ns = None if propped else self._closer_ns(now_ns)
        return True

    def advance(self, now_ns: int) -> list[Edge]:
        """What the lines did since the last call, oldest first."""
        self._run_to(now_ns)
        edges, self._edges = self._edges, []
        return sorted(edges, key=lambda edge: edge.at_ns)

    def wake_ns(self, now_ns: int) -> int | None:
        """When something will move next by itself."""
        contacts = [leaf.contact.wake_ns() for leaf in self._leaves]
        waits = (*contacts, *(leaf.shuts_ns for leaf in self._leaves), self._bar.wake_ns(), self._bar_back_ns)
        return min((wake for wake in waits if wake is not None), default=None)

    def _power_bolt(self, now_ns: int) -> None:
        self._bolt.drive(self._strike or (self._fire and self._fail_safe), now_ns)

    def _open(self, leaf: _Leaf, now_ns: int) -> None:
        if not leaf.open:
            leaf.open = True
            leaf.contact.settle_on(True, now_ns)
        leaf.shuts_ns = None if leaf.wedged else self._closer_ns(now_ns)

    def _closer_ns(self, now_ns: int) -> int:
        return now_ns + int(self._rng.uniform(*CLOSER_S) * self._pace * S)

    def _run_to(self, now_ns: int) -> None:
        for leaf in self._leaves:
            if leaf.shuts_ns is not None and leaf.shuts_ns <= now_ns:
                self._edges += leaf.contact.advance(leaf.shuts_ns)
                leaf.contact.settle_on(False, leaf.shuts_ns)
                leaf.open, leaf.shuts_ns = False, None
            self._edges += leaf.contact.advance(now_ns)
        if self._bar_back_ns is not None and self._bar_back_ns <= now_ns:
            self._edges += self._bar.advance(self._bar_back_ns)
            self._bar.settle_on(False, self._bar_back_ns)
            self._bar_back_ns = None
        self._edges += self._bar.advance(now_ns)
