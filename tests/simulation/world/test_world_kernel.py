"""Virtual time: order, streams, alarms and the trace's hash."""

from simulation.world.clocks import MachineClock
from simulation.world.contract import See
from simulation.world.kernel import Alarm, Trace, World, digest_of
from venue_model.moments import S


def test_what_is_due_at_one_moment_happens_in_the_order_in_which_it_was_asked_for() -> None:
    world, done = World(1, 10), []
    world.at(5, lambda: done.append("second"))
    world.at(3, lambda: (done.append("first"), world.after(2, lambda: done.append("third"))))  # type: ignore[func-returns-value]
    world.at(9, lambda: done.append("not yet"))
    world.run_until(9)
    assert (done, world.now_ns, world.steps) == (["first", "second", "third"], 9, 3)


def test_one_purpose_that_draws_more_does_not_shift_another() -> None:
    one, other = World(7, 0), World(7, 0)
    one.stream("people").random()
    assert one.stream("network").random() == other.stream("network").random()
    assert World(8, 0).stream("network").random() != World(7, 0).stream("network").random()


def test_an_alarm_rings_once_at_the_earliest_of_its_dates() -> None:
    world, rings = World(1, 10), []
    alarm = Alarm(world, lambda: rings.append(world.now_ns))
    alarm.set(8)
    alarm.set(4)
    alarm.set(6)
    world.run_until(20)
    assert rings == [4]
    alarm.set(25)
    alarm.clear()
    world.run_until(30)
    assert rings == [4]


def test_a_trace_tells_its_listeners_and_hashes_all_but_messages() -> None:
    def trace(*kinds: See) -> tuple[str, list[str]]:
        world = World(1, 10)
        found, heard = Trace(world), []
        found.listen((See.LEAF, See.MESSAGE), lambda seen: heard.append(seen.kind))
        for kind in kinds:
            found.see(kind, door="d")
        return digest_of(found.events), heard

    assert trace(See.LEAF, See.MESSAGE, See.FIRE) == (trace(See.LEAF, See.FIRE)[0], [See.LEAF, See.MESSAGE])
    assert trace(See.LEAF)[0] != trace(See.FIRE)[0]


def test_a_clock_drifts_steps_and_begins_anew_with_each_boot() -> None:
    world = World(3, 0)
    clock = MachineClock(world, "m")
    clock.drift(5_000)
    clock.reboot()
    began_utc_ns = clock.now().utc_ns
    world.run_until(1_000 * S)
    assert clock.now().mono_ns == 1_005 * S
    assert clock.now().utc_ns - began_utc_ns == 1_005 * S
    assert clock.world_ns(1_005 * S) == 1_000 * S
    offset_ns = clock.offset_ns
    clock.step(-3_600 * S)
    clock.reboot()
    assert (clock.now().mono_ns, clock.offset_ns) == (0, offset_ns - 3_600 * S)
