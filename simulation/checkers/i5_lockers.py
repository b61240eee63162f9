"""I5: no phone past the gate: the person's locker is bound and shut before the corridor's door says yes."""

from simulation.checkers.law import COMMITTEE, Granted, GrantLaw, Grants
from simulation.world.contract import House, See, Seen
from venue_model.venue import DeviceKind
from venue_model.zones import Zone


class PhonesAway(GrantLaw):
    """The board's own lines say whose a locker is; its true door says whether it was shut."""

    law = "I5"
    zh = "手机入柜后方可通过主门禁"
    en = "the phone is locked away before the gate"
    kinds: tuple[See, ...] = (*Grants.KINDS, See.LOCKER)

    def __init__(self, house: House) -> None:
        super().__init__(house)
        self._asked = any(device.kind is DeviceKind.LOCKER for device in self.venue.devices.values())
        self._bound: dict[str, str] = {}  # person → locker
        self._open: dict[str, bool] = {}

    def judge(self, grant: Granted, house: House) -> str:
        component = self.inner(grant.door)
        if not self._asked or grant.group not in COMMITTEE or component is None or Zone.CORRIDOR not in self.venue.zones_of(component):
            return ""
        locker = self._bound.get(grant.believed)
        if locker is None:
            return "no locker is bound to this person"
        return f"{locker} stands open" if self._open.get(locker) else ""

    def other(self, seen: Seen, house: House) -> None:
        fields = seen.fields
        if seen.kind is See.LOCKER:
            self._open[fields["device"]] = fields["open"]
        elif seen.kind is See.LINE and fields["line"] == "locker":
            person, act = str(fields["body"]["person"]), fields["body"]["act"]
            if act == "bound":
                self._bound[person] = str(fields["body"]["locker"])
            else:
                self._bound.pop(person, None)
