"""Displays: after the calm every sign shows what its room's lot asks, and a sealed room's sign says so."""

from collections.abc import Sequence

from simulation.checkers.law import NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.ids import DeviceId
from venue_model.venue import DeviceKind


class Displays(Law):
    """What hangs on the walls is what the gateway wants; notices of a kiosk pass by themselves.

    A database that was put back without its mark repeats old generations, which boards refuse (law Generations): then nothing is judged.
    """

    law = "Displays"
    zh = "屏幕内容与场景一致"
    en = "signs show what the scene asks"
    kinds: tuple[See, ...] = (See.SCREEN, See.RESTORED)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._shown: dict[str, tuple[tuple[str, ...], str]] = {}
        self._unmarked = False

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        if seen.kind is See.RESTORED:
            self._unmarked |= not seen.fields["marked"]
            return NOTHING
        self._shown[seen.fields["device"]] = (tuple(seen.fields["lines"]), seen.fields["colour"])
        return NOTHING

    def at_end(self, house: House) -> Sequence[Violation]:
        found: list[Violation] = []
        for device in self.venue.devices.values():
            want = house.wanted(DeviceId(device.id)) if device.kind is DeviceKind.SIGN else None
            if want is None or want.lines is None or house.coordinator is None or self._unmarked:
                continue
            shown = self._shown.get(device.id, ((), ""))
            if shown[0] != tuple(want.lines):
                text = f"{device.id} shows {' / '.join(shown[0]) or 'nothing'}, wanted: {' / '.join(want.lines)}"
                found += self.broken(text, house.world.now_ns)
        return found
