"""What stands over scenes: single devices in somebody's hands, rooms locked down, the house called out, boards that burn or are away.

Whose word counts is `core.priority`; every word is journaled with who said it and why, and stored before a device hears of it.
"""

from collections.abc import Callable, Collection

from pydantic import TypeAdapter

from gateway.core.day import Refusal
from gateway.core.overlays import Over, Overlay, burning, overlays
from gateway.core.priority import Claim, Level, claimed, in_force, phase_changed, relinquished
from gateway.shell.agents import AgentBook
from gateway.shell.journal_desk import JournalDesk
from gateway.shell.scene_desk import SceneDesk
from gateway.shell.store import Store
from venue_model.ids import BoardId, ComponentId, DeviceId
from venue_model.moments import Now
from venue_model.templates import ANNOUNCEMENTS, LOCKED_DOWN
from venue_model.venue import DeviceKind, Name, Venue
from venue_model.wire import Reported, Want

EMERGENCY = "emergency"
_SWITCHED = (DeviceKind.LIGHT, DeviceKind.CLIMATE)
_CLAIM, _OVERLAY = TypeAdapter(Claim), TypeAdapter(Overlay)


class OverrideDesk:
    """One venue's stronger words."""

    def __init__(
        self, venue: Venue, store: Store, agents: AgentBook, scenes: SceneDesk, journal: JournalDesk, changed: Callable[[], None]
    ) -> None:
        self.venue = venue
        self.store = store
        self.agents = agents
        self.orders = scenes.orders
        self.journal = journal
        self.changed = changed  # told when an overlay has come or gone
        self.fires: dict[BoardId, int] = {}  # boards that burn, since when
        stored = store.setting(EMERGENCY)
        self.called: Overlay | None = _OVERLAY.validate_json(stored) if stored else None
        claims: dict[DeviceId, tuple[Claim, ...]] = {}
        for row in store.sql.execute("SELECT claim_json FROM device_claim ORDER BY device, level"):
            claims = claimed(claims, _CLAIM.validate_json(row[0]))
        # Nothing is sent: whoever connects is told everything.
        self.orders.claims = claims
        self.orders.overlay = EMERGENCY if self.called else ""
        self.orders.ask(self.orders.asked)
        scenes.phase_over = self._phase_over

    # single devices

    def command(self, device_id: str, level: Level, on: bool | None, say: str, by: str, reason: str, now: Now) -> Claim | Refusal:
        """Staff or a supervisor want one device otherwise than the scene, until they give it back or the phase changes."""
        device = self.venue.devices.get(DeviceId(device_id))
        if device is None:
            return Refusal("unknown-device", Name(f"没有设备 {device_id}", f"there is no device {device_id}"))
        want = self._want(device.id, device.kind, on, say, now)
        if isinstance(want, Refusal):
            return want
        claim = Claim(device.id, level, want, by, reason, now.utc_ns)
        with self.store.transaction():
            self.store.sql.execute(
                "INSERT OR REPLACE INTO device_claim VALUES (?, ?, ?)", (device.id, level, _CLAIM.dump_json(claim).decode())
            )
            body = {"device": device.id, "level": level, "on": want.on, "say": want.say, "by": by, "reason": reason}
            self.journal.note("device-command", body, now)
        self.orders.overrule(claimed(self.orders.claims, claim), now)
        return claim

    def _want(self, device: DeviceId, kind: DeviceKind, on: bool | None, say: str, now: Now) -> Want | Refusal:
        if kind in _SWITCHED and on is not None and not say:
            return Want(on=on)
        if kind is DeviceKind.SPEAKER and (say or on is not None):
            said = ANNOUNCEMENTS.get(say)
            if say and (said is None or said.life_safety):
                listed = ", ".join(id for id, a in ANNOUNCEMENTS.items() if not a.life_safety)
                return Refusal("value", Name(f"广播只能从模板中选择:{listed}", f"announcements are recorded ones: {listed}"))
            if say and self.orders.asked.get(device, Want(on=True)).on is False:
                return Refusal("law", Name("评标与开标中的房间不得广播", "a room at work is not spoken to (T16)"))
            return Want(on=on is not False, say=say, since_utc_ns=now.utc_ns if say else 0)
        return Refusal("law", Name("门、录像、屏幕与断网只随场景", "doors, recording, signs and the network follow scenes alone"))

    def relinquish(self, device_id: str, level: Level, by: str, now: Now) -> Refusal | None:
        """Give a device back: a word of this level, and the hand at its switch.  The next stronger word, or the scene, is in force."""
        device = DeviceId(device_id)
        if device not in self.venue.devices:
            return Refusal("unknown-device", Name(f"没有设备 {device_id}", f"there is no device {device_id}"))
        with self.store.transaction():
            self.store.sql.execute("DELETE FROM device_claim WHERE device = ? AND level = ?", (device, level))
            self.journal.note("device-relinquish", {"device": device, "level": level, "by": by}, now)
        self.orders.overrule(relinquished(self.orders.claims, device, level), now)
        if self._switched_by_hand(device):
            self.orders.relinquish(self.orders.relinquishing | {device}, now)
        return None

    def _switched_by_hand(self, device: DeviceId) -> bool:
        reported = self.agents[self.venue.devices[device].board].reported
        return reported is not None and device in reported.devices and reported.devices[device].state.get("source") == Level.LOCAL

    def claim_on(self, device: DeviceId) -> Claim | None:
        """Who has a device, when it is not the scene."""
        found = in_force(self.orders.claims.get(device, ()))
        return Claim(device, Level.LOCAL, Want()) if found is None and self._switched_by_hand(device) else found

    def _phase_over(self, devices: Collection[DeviceId], now: Now) -> None:
        if not self.orders.claims:
            return
        left = phase_changed(self.orders.claims, devices)
        if left.keys() == self.orders.claims.keys() and all(left[d] == self.orders.claims[d] for d in left):
            return
        ended = [c for d, made in self.orders.claims.items() for c in made if c not in left.get(d, ())]
        for claim in ended:
            self.store.sql.execute("DELETE FROM device_claim WHERE device = ? AND level = ?", (claim.device, claim.level))
            self.journal.note("device-relinquish", {"device": claim.device, "level": claim.level, "by": ""}, now)
        self.orders.overrule(left, now)

    # the whole house

    def call_out(self, by: str, reason: str, now: Now) -> Refusal | None:
        """Signs, lights and loudspeakers of the whole house see people out.  Doors need no word for it: they always open outward."""
        if not reason.strip():
            return Refusal("reason", Name("请写明原因", "say why"))
        self.called = Overlay(Over.EMERGENCY, tuple(self.venue.rooms), now.utc_ns, by, reason)
        with self.store.transaction():
            self.store.set_setting(EMERGENCY, _OVERLAY.dump_json(self.called).decode())
            self.journal.note("emergency", {"on": True, "by": by, "reason": reason}, now)
        self.orders.overlay_all(EMERGENCY, now)
        self.changed()
        return None

    def all_clear(self, by: str, now: Now) -> Refusal | None:
        """The danger is over: everything goes back to what the scenes ask.  A fire input that is still active is not overruled."""
        if self.called is None:
            return Refusal("not-called", Name("当前没有紧急疏散", "nobody has called the house out"))
        self.called = None
        with self.store.transaction():
            self.store.forget_setting(EMERGENCY)
            self.journal.note("emergency", {"on": False, "by": by, "reason": ""}, now)
        self.orders.overlay_all("", now)
        self.changed()
        return None

    def locked_down(self, components: Collection[ComponentId], by: str, now: Now) -> None:
        """Signs of rooms that are locked down say so.  Their doors are the guard desk's."""
        locked = {room for component in components for room in self.venue.components[component]}
        claims = {d: tuple(c for c in made if c.level is not Level.LOCKDOWN) for d, made in self.orders.claims.items()}
        claims = {d: made for d, made in claims.items() if made}
        for device in self.venue.devices.values():
            if device.kind is DeviceKind.SIGN and device.room in locked:
                number = self.venue.rooms[device.room].number or self.venue.rooms[device.room].name.zh
                want = Want(lines=(number, " ".join(LOCKED_DOWN)), colour="red")
                claims = claimed(claims, Claim(device.id, Level.LOCKDOWN, want, by))
        self.orders.overrule(claims, now)

    # overlays that boards bring

    def reported(self, board: BoardId, reported: Reported, now: Now) -> None:
        """A board has said how it stands: does it burn, and has it let go of what was switched by hand?"""
        burns = burning(self.venue, board, reported)
        if burns != (board in self.fires):
            self.fires = {**self.fires, board: now.utc_ns} if burns else {b: t for b, t in self.fires.items() if b != board}
            self.changed()
        waiting = self.orders.relinquishing
        if waiting:
            mine = {d for d in waiting if self.venue.devices[d].board == board and not self._switched_by_hand(d)}
            if mine and (reported.epoch, reported.generation) >= (self.orders.epoch, self.agents[board].generation):
                self.orders.relinquish(waiting - mine, now)

    def overlays(self) -> tuple[Overlay, ...]:
        """All that stand now."""
        away = {board: self.agents[board].since_utc_ns for board in sorted(self.agents.away)}
        return overlays(self.venue, self.fires, away, self.called)

