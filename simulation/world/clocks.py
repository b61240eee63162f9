"""The clocks of one machine: a monotonic one that begins anew with each boot and runs a little wrong, and a UTC that may be set."""

from simulation.world.kernel import World
from venue_model.moments import MS, Now

PPM = 1_000_000
MOST_DRIFT_PPM = 5_000  # half a percent; the proofs assume that a lease is measured to 1 % (docs/parts/reliability.md 4, A4)


class MachineClock:
    """`now` is what the machine believes; `world_ns` tells when its monotonic clock will show a time."""

    def __init__(self, world: World, name: str) -> None:
        rng = world.stream(f"clock {name}")
        self._world = world
        self._rng = rng
        self._boot_ns = world.now_ns
        self._drift_ppm = rng.randint(-50, 50)
        self._step_ns = rng.randint(-20, 20) * MS  # of UTC
        self.error_ns = 50 * MS  # what the machine says about its own UTC

    def reboot(self) -> None:
        """The monotonic clock starts at zero.  UTC is kept by a battery."""
        self._step_ns += self._drifted_ns
        self._boot_ns = self._world.now_ns

    def step(self, by_ns: int) -> None:
        """Somebody sets the clock."""
        self._step_ns += by_ns

    def drift(self, ppm: int) -> None:
        """The crystal runs faster or slower from the next boot on."""
        assert abs(ppm) <= MOST_DRIFT_PPM, "beyond that the proofs do not hold"
        self._drift_ppm = ppm

    def now(self) -> Now:
        """What the machine's clocks show."""
        world = self._world
        mono_ns = (world.now_ns - self._boot_ns) * (PPM + self._drift_ppm) // PPM
        return Now(mono_ns, world.start_utc_ns + self._boot_ns + mono_ns + self._step_ns, self.error_ns)

    def world_ns(self, mono_ns: int) -> int:
        """When the monotonic clock shows at least this."""
        return self._boot_ns - (-mono_ns * PPM // (PPM + self._drift_ppm))

    @property
    def offset_ns(self) -> int:
        """By how much UTC is wrong at this moment."""
        return self._step_ns + self._drifted_ns

    @property
    def _drifted_ns(self) -> int:
        return self.now().mono_ns - (self._world.now_ns - self._boot_ns)
