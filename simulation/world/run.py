"""One run: a seed, a venue, some hours; what was seen, what was broken, and how to see it again."""

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from simulation.world import calm
from simulation.world.contract import Checker, See, Seen, Violation
from simulation.world.faults import KINDS, FaultOptions, draw
from simulation.world.house import House, Options, build, power_on
from simulation.world.kernel import Trace, World, digest_of, wanted
from simulation.world.mischief import Mischief
from simulation.world.signatures import ideal_signatures
from venue_model.lots import Lot
from venue_model.moments import S
from venue_model.venue import Venue

HOUR_NS = 3_600 * S
Populate = Callable[[House, tuple[Lot, ...]], None]
NewChecker = Callable[[House], Checker]


@dataclass(slots=True)
class Result:
    """What a run shows."""

    seed: int
    hours: float
    events: int
    violations: list[Violation]
    times_real_time: float
    cpu_s: float
    steps: int  # of the kernel
    options: dict[str, float]
    lots: int
    people: int
    trace: list[Seen] = field(repr=False)

    @property
    def digest(self) -> str:
        """The hash of everything that was seen."""
        return digest_of(self.trace)


def run(
    seed: int,
    hours: float,
    venue: Venue,
    faults: Iterable[str] = tuple(KINDS),
    *,
    everything: bool = True,
    lots: int | tuple[Lot, ...] = 2,
    checkers: Iterable[NewChecker] | None = None,
    populate: Populate | None = None,
    told: Callable[[FaultOptions], None] = lambda options: None,
    real_signatures: bool = False,
) -> Result:
    """Run a house for some hours under what the seed draws from `faults`, then in calm until it has come to rest.

    `everything`: each of `faults` is on in half of the runs only (`--faults all`); else each is on for sure.
    `real_signatures`: Ed25519, instead of an ideal that costs nothing.
    """
    began_s = time.process_time()
    world = World(seed, int(hours * HOUR_NS))
    trace = Trace(world)
    options = draw(faults, everything, world.stream)
    told(options)
    with nullcontext() if real_signatures else ideal_signatures(), _without_garbage_collection():
        house = build(venue, world, trace, options, Options())
        found = Judges(house, checkers)
        booked = _book(house, lots)
        power_on(house)
        (populate or _crowd)(house, booked)
        mischief = Mischief(house, {}, [])
        mischief.start()
        world.run_until(world.span_ns)
        _settle(house, mischief)
        found.at_end()
    cpu_s = max(time.process_time() - began_s, 1e-6)
    people = len({person.person for lot in booked for person in lot.people})
    return Result(
        seed, hours, len(trace.events), house.violations, round(world.now_ns / S / cpu_s, 1), round(cpu_s, 3), world.steps,
        {name: rate for name, rate in options.rates.items() if rate}, len(booked), people, trace.events,
    )  # fmt: skip


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """A house is one knot of references until its end: looking for loose ends in it costs a fifth of the time and finds none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Judges:
    """The checkers of a run.  One that raises is itself a violation: a law that nobody watches is not held."""

    def __init__(self, house: House, checkers: Iterable[NewChecker] | None) -> None:
        self._house = house
        self._checkers = [new(house) for new in (_all_checkers() if checkers is None else checkers)]
        house.trace.listen((See.LINE,), self._core_faults)
        for kind in See:
            watching = [checker for checker in self._checkers if kind in wanted(tuple(checker.kinds))]
            if watching:
                house.trace.listen((kind,), self._watch(watching))

    def at_end(self) -> None:
        """After the calm."""
        for checker in self._checkers:
            self._judge(checker, lambda c=checker: c.at_end(self._house))  # type: ignore[misc]

    def _watch(self, checkers: list[Checker]) -> Callable[[Seen], None]:
        """One listener for all of them: an event has four checkers, and most look at it and find nothing."""
        house = self._house

        def judge(seen: Seen) -> None:
            for checker in checkers:
                try:
                    house.violations.extend(checker.on(seen, house))
                except Exception as error:
                    house.broken(f"checker {checker.law}", error)

        return judge

    def _judge(self, checker: Checker, ask: Callable[[], Iterable[Violation]]) -> None:
        try:
            self._house.violations.extend(ask())
        except Exception as error:
            self._house.broken(f"checker {checker.law}", error)

    def _core_faults(self, seen: Seen) -> None:
        if seen.fields["line"] == "alarm" and seen.fields["body"].get("code") == "fault":
            text = f"{seen.fields['board']}: {seen.fields['body']['detail']}"
            self._house.violations.append(Violation("Sound", text, seen.time_ns))


def _book(house: House, lots: int | tuple[Lot, ...]) -> tuple[Lot, ...]:
    if isinstance(lots, int):
        from simulation.crowd import draw_lots

        lots = draw_lots(house.venue, house.world, lots, house.world.span_ns)
    for lot in lots:
        house.platform.tell_lot(lot)
    return lots


def _crowd(house: House, lots: tuple[Lot, ...]) -> None:
    from simulation.crowd import populate

    populate(house, lots, house.world, house.faults)


def _all_checkers() -> Iterable[NewChecker]:
    from simulation.checkers import ALL

    return ALL


def _settle(house: House, mischief: Mischief) -> None:
    """Faults end; the house comes to rest within the limit, or says what does not."""
    world = house.world
    house.faults.calm = house.calm = True
    house.trace.see(See.CALM)
    mischief.end()
    limit_ns = world.now_ns + calm.LIMIT_NS
    open_ends = ["nothing was looked at"]
    while open_ends and world.now_ns < limit_ns:
        world.run_until(world.now_ns + calm.LOOK_NS)
        open_ends = list(calm.unfinished(house))
    house.violations.extend(Violation("Converge", text, world.now_ns) for text in open_ends)
