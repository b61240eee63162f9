"""I12: over night the seals stand and the network is cut, and staff hear of an evaluation that goes on past the curfew."""

import datetime
from collections.abc import Sequence

from gateway.core.parts import parts
from simulation.checkers.law import NOTHING, Law
from simulation.world.contract import House, See, Seen, Violation
from venue_model.ids import LotId
from venue_model.lots import Phase
from venue_model.moments import S
from venue_model.scenes import Part, SceneId
from venue_model.venue import DeviceKind

LOOKED_NS = 60 * S  # the gateway looks at the clock on the wall three times a minute
_CHINA = datetime.timezone(datetime.timedelta(hours=8))


class Overnight(Law):
    """Judged when the scene has its result, and at the end of the run."""

    law = "I12"
    zh = "隔夜封闭:封条不动、断网、超时告警"
    en = "over night the seals stand, the network is cut, and a late evaluation is told"
    kinds: tuple[See, ...] = (See.TAKEN, See.LIGHT)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._relays: dict[str, bool] = {}
        self._told: dict[str, bool] = {}  # lots of which staff heard
        self._evaluating_ns: dict[str, int] = {}  # since when

    def on(self, seen: Seen, house: House) -> Sequence[Violation]:
        fields = seen.fields
        if seen.kind is See.LIGHT:
            self._relays[fields["device"]] = fields["on"]
            return NOTHING
        lot = str(fields["lot"] or "")
        if fields["line"] == "alarm" and fields["body"].get("code") == "curfew":
            self._told[lot] = True
        if fields["line"] != "scene" or not lot:
            return NOTHING
        state = house.lot_state(LotId(lot))
        if state is not None and state.phase is Phase.EVALUATION:
            self._evaluating_ns.setdefault(lot, seen.time_ns)
        else:
            self._evaluating_ns.pop(lot, None)
        return self._held_over_night(seen, house) if fields["body"]["scene"] == SceneId.OVERNIGHT else NOTHING

    def at_end(self, house: House) -> Sequence[Violation]:
        if not self.venue.curfew or house.coordinator is None:
            return NOTHING
        now_ns = house.world.now_ns
        clock = datetime.datetime.fromtimestamp(house.world.utc_ns // S, _CHINA)
        hour, minute = (int(part) for part in self.venue.curfew.split(":"))
        past_ns = ((clock.hour - hour) * 3600 + (clock.minute - minute) * 60 + clock.second) * S
        return [
            v
            for lot, since_ns in self._evaluating_ns.items()
            if past_ns > LOOKED_NS and now_ns - since_ns > LOOKED_NS and not self._told.get(lot)
            for v in self.broken(f"lot {lot} is evaluated past {self.venue.curfew}, and staff were not told", now_ns)
        ]

    def _held_over_night(self, seen: Seen, house: House) -> Sequence[Violation]:
        lot = LotId(str(seen.fields["lot"]))
        state = house.lot_state(lot)
        if state is None or house.coordinator is None or state.phase is not Phase.OVERNIGHT:
            return NOTHING
        found: list[Violation] = []
        for part, room in parts(self.venue, state):
            if part is not Part.EVALUATION:
                continue
            component = self.domain(room)
            if component is not None and not house.coordinator.warden.domains[component].seal:
                found += self.broken(f"{room} of lot {lot} is not sealed over night", seen.time_ns)
            failed = {str(row["id"]) for row in seen.fields["body"]["failed"]}
            for device in self.venue.devices_in(room, DeviceKind.NETWORK):
                if device.id not in failed and not self._relays.get(device.id):
                    found += self.broken(f"{device.id} of lot {lot} is not cut over night", seen.time_ns)
        return found
