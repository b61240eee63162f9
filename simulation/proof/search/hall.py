"""The smallest venue in which people could meet: one room, two doors on two boards, one person of each group, three approvers.

A board never sees another, so both are the same board to the search, and only the gateway tells their doors apart.

The keys are real and so are all signatures; what is signed twice is kept, because a search signs the same thing a thousand times.
"""

from dataclasses import dataclass, field

from edge.core.events import Event, PolicyArrived
from edge.core.site import Site, input_lines, output_lines, site_of
from edge.shell.inbox import Kept, read_message
from venue_model import signing
from venue_model.commissioning import Commission, DeviceRecord, DoorRecord
from venue_model.door_policy import Approval, ComponentPolicy, Pass, PolicyBody
from venue_model.groups import Pair, Role
from venue_model.ids import BoardId, ComponentId, DeviceId, DoorId, LotId, PersonKey, RoomId, VenueId
from venue_model.moments import Now, S
from venue_model.passes import card_digest
from venue_model.signed import lease_bytes, policy_bytes, policy_digest
from venue_model.venue import Approver, DeviceKind, Name, Side
from venue_model.wire import Command, SignedPolicy, Topics, encode
from venue_model.zones import Zone

NOW = Now(1_000_000 * S, 1_800_000_000 * S)  # every event happens now; what time brings is an event of its own
LEASE_S = 60
PULL_S = 5
SALT = "5a" * 16
VENUE = VenueId("hall")
ROOM = ComponentId("room")
BOARD = BoardId("board")
DOOR = DoorId("door")
READER = DeviceId("reader")
DOORS = (DoorId("door-a"), DoorId("door-b"))  # as the gateway knows them
FIRE = DeviceId("fire")
SESSION, FRESH, TAKEN = 1, 2, 1  # the present session; a renewal number that is news, and one that has been taken

_POLICY_KEY, _STRANGER_KEY = b"\x11" * 32, b"\x12" * 32
APPROVER_KEYS = {"witness-1": b"\x21" * 32, "supervisor": b"\x22" * 32, "witness-2": b"\x23" * 32}
APPROVERS = tuple(Approver(id, id.partition("-")[0], signing.public_key_of(key).hex()) for id, key in APPROVER_KEYS.items())
TWO_PEOPLE = ("witness-1", "supervisor")
ONE_PERSON = ("witness-1",)
ONE_ROLE = ("witness-1", "witness-2")

_LOT = LotId("lot")
_TOPICS = Topics(VENUE)


def card_of(group: Role) -> bytes:
    """The card of the one person of a group."""
    return group.encode()


def pass_of(group: Role) -> Pass:
    """The pass of the one person of a group; it is valid all day, so that only domain policies decide."""
    return Pass(card_digest(bytes.fromhex(SALT), card_of(group)), PersonKey(group.lower()), group, _LOT, 0, 2**62)


@dataclass
class Hall:
    """The venue, and what has been signed in it."""

    people: tuple[Role, ...]
    separated: frozenset[Pair]
    site: Site = field(init=False)
    passes: tuple[Pass, ...] = field(init=False)
    _arrivals: dict[tuple[ComponentPolicy, str], Event] = field(default_factory=dict)
    _renewals: dict[tuple[tuple[int, int], str], Event] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)  # by digest of a body
    _approvals: dict[tuple[bytes, tuple[str, ...]], tuple[Approval, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.site = site_of(self._commission())
        self.passes = tuple(pass_of(group) for group in self.people)

    def _commission(self) -> Commission:
        name = Name("门", "door")
        record = DoorRecord(DOOR, name, None, ROOM, DeviceId("strike"), DeviceId("contact"), DeviceId("exit"), True, PULL_S, 30)
        devices = (
            DeviceRecord(READER, DeviceKind.READER, RoomId("hall"), None, name, DOOR, Side.OUTSIDE),
            DeviceRecord(FIRE, DeviceKind.FIRE_INPUT, RoomId("hall"), None, name, None, Side.OUTSIDE),
        )
        # An inquiry room is the zone where the field lets bidders and experts follow each other through the same doors.
        return Commission(
            VENUE, BOARD, name, signing.public_key_of(_POLICY_KEY).hex(), {a.id: (a.role, a.public_key) for a in APPROVERS},
            tuple(sorted(tuple(sorted(both)) for both in self.separated)),  # type: ignore[misc]
            {ROOM: (Zone.INQUIRY,)}, (record,), devices, 300,
        )  # fmt: skip

    @property
    def lines(self) -> frozenset[str]:
        """All lines of a board."""
        return frozenset((*output_lines(self.site.commission), *input_lines(self.site.commission)))

    def approvals(self, message: bytes, who: tuple[str, ...]) -> tuple[Approval, ...]:
        """The signatures of some people under an exact text."""
        found = self._approvals.get((message, who))
        if found is None:
            found = tuple(Approval(id, signing.sign(APPROVER_KEYS[id], message).hex()) for id in who)
            self._approvals[message, who] = found
        return found

    def arrival(self, policy: ComponentPolicy, copy: str) -> Event:
        """What the board's link makes of a signed policy: decoded and verified by the shipping code.

        `copy`: "fresh"; or "spent" (its renewal was taken), "foreign" (of another session), "astray" (for another board), "forged"
        (by a stranger's key).
        """
        found = self._arrivals.get((policy, copy))
        if found is None:
            to, session, renewal, key = _addressed(copy)
            body = PolicyBody(VENUE, to, session, renewal, NOW.utc_ns, LEASE_S, SALT, (policy,))
            self._names[policy_digest(body)] = _name(policy)
            found = self._read("policy", SignedPolicy(body, signing.sign(key, policy_bytes(body)).hex()))
            if isinstance(found, PolicyArrived):
                # The wire makes a new policy of equal content each time; one object for each keeps comparing cheap.
                assert found.body == body, "the wire changes nothing"
                found = PolicyArrived(body)
            self._arrivals[policy, copy] = found
        return found

    def renewal(self, policy: ComponentPolicy, copy: str) -> Event:
        """What the board's link makes of a signed lease that names a policy; copies as in `arrival`."""
        found = self._renewals.get((policy.order, copy))
        if found is None:
            to, session, renewal, key = _addressed(copy)
            signature = signing.sign(key, lease_bytes(to, session, renewal, NOW.utc_ns, LEASE_S, _name(policy))).hex()
            body = {"session": session, "renewal": renewal, "lease_s": LEASE_S, "policy": _name(policy)}
            found = self._read("command", Command("lease", "lease", NOW.utc_ns, 60_000, body, signature))
            self._renewals[policy.order, copy] = found
        return found

    def name_of(self, digest: str) -> str:
        """A name for the body that a board took last: of its order alone, so that approvals that came later change no state."""
        return self._names.get(digest, digest)

    def _read(self, leaf: str, message: SignedPolicy | Command) -> Event:
        arrived = read_message(self.site.commission, _TOPICS, _TOPICS.agent(BOARD, leaf), encode(message))
        assert arrived is not None and not isinstance(arrived, Kept), f"a {leaf} is an event"
        return arrived


def _addressed(copy: str) -> tuple[BoardId, int, int, bytes]:
    """For whom, for which session, with which renewal, and by whose key a copy is signed."""
    return (
        BoardId("another") if copy == "astray" else BOARD,
        SESSION - 1 if copy == "foreign" else SESSION,
        TAKEN if copy == "spent" else FRESH,
        _STRANGER_KEY if copy == "forged" else _POLICY_KEY,
    )


def _name(policy: ComponentPolicy) -> str:
    return f"({policy.term}, {policy.epoch})"
