"""Any sequence of events at the doors of the small venue, and an independent memory of what was signed; for "always" tests."""

from dataclasses import dataclass, field, replace

from agent_hall import (
    AGENT,
    BIDDER,
    COMMISSION,
    EXPERT,
    LINES,
    PHONE_KEY,
    SECOND_EXPERT,
    SITE,
    SUPERVISOR,
    THREATENED,
    Hall,
    admit,
    approve,
    body,
    clear,
    entry_of,
    phone_entry,
    site_with,
)
from hypothesis import strategies as st

from edge.core.effects import Effect
from edge.core.events import DiskHealth, LineFailed, LinesHealth, NonceDrawn, PolicyArrived, PulseArrived, SessionBegan, Stopping
from edge.core.policy import Accepted, accept
from edge.core.site import Site
from edge.core.state import restored
from edge.drivers.protocols import QrRead
from venue_model.door_policy import ComponentPolicy, PolicyBody
from venue_model.groups import Role
from venue_model.ids import DoorId
from venue_model.moments import S
from venue_model.passes import make_badge
from venue_model.venue import AntiPassback

READERS = ("o1-reader", "gate-reader", "e1-reader", "e1-exit-reader", "locker-reader", "no-such-reader")
DOOR_IDS = ("o1-door", "gate", "e1-door")
CARDS = (BIDDER, EXPERT, SECOND_EXPERT, AGENT, SUPERVISOR, THREATENED, b"\x66")
ENTRIES = (
    entry_of(BIDDER), entry_of(EXPERT, once=True), entry_of(SECOND_EXPERT), entry_of(AGENT, escort=(Role.SUP,)), entry_of(SUPERVISOR),
    entry_of(THREATENED, duress=True), phone_entry(),
)  # fmt: skip
PLAIN = SITE
RULED = site_with(  # every rule that a door can have
    o1_door={"antipassback": AntiPassback.TIMED, "two_person": True, "interlock": ("gate",)},
    gate={"antipassback": AntiPassback.HARD, "interlock": ("e1-door", "o1-door")},
    e1_door={"antipassback": AntiPassback.AREA, "two_person": True, "interlock": ("gate",)},
)
SITES = st.sampled_from([PLAIN, RULED])


@st.composite
def policies(draw: st.DrawFn) -> ComponentPolicy:
    component = draw(st.sampled_from(["o1", "intake", "wing", "e1", "strange"]))
    epoch, term = draw(st.integers(1, 8)), draw(st.integers(1, 2))
    acts = draw(st.lists(st.tuples(st.sampled_from(["open", "release"]), st.integers(1, 8)), max_size=1))
    approved = tuple(approve(component, act, at, term=term) for act, at in acts)
    if draw(st.booleans()):
        return clear(component, epoch, seal=draw(st.booleans()), term=term, passes=ENTRIES, approved=approved)
    groups = draw(st.lists(st.sampled_from([Role.BID, Role.EXP, Role.AGT, Role.OWN, Role.SUP]), unique=True, min_size=1, max_size=3))
    limit, others = draw(st.none() | st.integers(1, 3)), draw(st.sampled_from([0, 0, 1, -1]))
    return replace(admit(component, epoch, groups, *ENTRIES, term=term, approved=approved), limit=limit, others=others)


Move = tuple[str, object, object]

MOVES = st.one_of(
    st.tuples(st.just("policy"), policies(), st.integers(0, 2)),
    st.tuples(st.just("card"), st.sampled_from(READERS), st.sampled_from(CARDS)),
    st.tuples(st.just("card"), st.sampled_from(READERS), st.sampled_from(CARDS)),
    st.tuples(st.just("contact"), st.sampled_from(DOOR_IDS), st.booleans()),
    st.tuples(st.just("contact"), st.sampled_from(DOOR_IDS), st.booleans()),
    st.tuples(st.just("exit"), st.sampled_from(DOOR_IDS), st.booleans()),
    st.tuples(st.just("fire"), st.just(""), st.booleans()),
    st.tuples(st.just("later"), st.just(""), st.sampled_from([0.1, 0.5, 2.0, 5.0, 31.0, 61.0])),
    st.tuples(st.just("board"), st.just(""), st.booleans()),
    st.tuples(st.just("disk"), st.just(""), st.booleans()),
    st.tuples(st.just("failed"), st.sampled_from(DOOR_IDS), st.just(True)),
    st.tuples(st.just("session"), st.just(""), st.integers(1, 4)),
    st.tuples(st.just("pulse"), st.sampled_from(DOOR_IDS), st.integers(1, 3)),
    st.tuples(st.just("phone"), st.just(""), st.sampled_from(["aaaa", "bbbb"])),
    st.tuples(st.just("restart"), st.just(""), st.just(True)),
    st.tuples(st.just("stop"), st.just(""), st.just(True)),
)


@dataclass
class Day:
    """Plays moves to the core, and knows independently what was signed and who is leaving."""

    hall: Hall
    accepted: dict[str, ComponentPolicy] = field(default_factory=dict)
    lease_ns: dict[str, int] = field(default_factory=dict)
    orders: dict[str, tuple[int, int]] = field(default_factory=dict)
    pressed: dict[str, int] = field(default_factory=dict)  # door → since when somebody leaves by its button

    @classmethod
    def at(cls, site: Site) -> "Day":
        """A day in the small venue, with or without rules at its doors."""
        return cls(Hall(restored(site, {})))

    def play(self, move: Move) -> list[Effect]:
        what, where, value = move
        hall = self.hall
        match what:
            case "policy":
                return self.policy(where, value)  # type: ignore[arg-type]
            case "card":
                return hall.card(str(where), value)  # type: ignore[arg-type]
            case "contact":
                return hall.line(f"{where}.contact", bool(value))
            case "exit":
                return hall.line(f"{where}.exit", bool(value))
            case "fire":
                return hall.line("fire", bool(value))
            case "later":
                return hall.later(float(value))  # type: ignore[arg-type]
            case "board":
                return hall.tell(LinesHealth(LINES, bool(value), "up or down"))
            case "disk":
                return hall.tell(DiskHealth(bool(value), "full"))
            case "failed":
                return hall.tell(LineFailed(f"{where}.strike", "relay gone"))
            case "session":
                return hall.tell(SessionBegan(int(value)))  # type: ignore[call-overload]
            case "pulse":
                return hall.tell(PulseArrived(f"p{value}", DoorId(str(where)), hall.now.utc_ns, 5_000))
            case "phone":
                hall.tell(NonceDrawn(DoorId("o1-door"), str(value)))
                return hall.tell(QrRead("o1-qr", make_badge(DoorId("o1-door"), "aaaa", PHONE_KEY), hall.now.mono_ns))
            case "restart":
                self.hall = hall.restart()
                self.lease_ns.clear()
                return list(self.hall.effects)
            case _:
                return hall.tell(Stopping())

    def policy(self, offered: ComponentPolicy, stale: int) -> list[Effect]:
        hall = self.hall
        hall.renewal += 1
        signed: PolicyBody = body(offered, session=(hall.state.session or 0) - (stale == 2), renewal=max(0, hall.renewal - stale))
        fits = signed.session == hall.state.session and signed.renewal > hall.state.renewal
        verdict = accept(hall.state.held.get(offered.component), offered, signed.salt, COMMISSION)
        if fits and isinstance(verdict, Accepted):
            self.accepted[offered.component] = offered
            self.lease_ns[offered.component] = hall.now.mono_ns + 60 * S
        return hall.tell(PolicyArrived(signed))
