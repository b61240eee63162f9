"""Rules that both ends of the MQTT link share: whose last will counts, when to try again, what may be sent at all."""

import hashlib
from collections.abc import Iterable

from venue_model.ids import BoardId, RoomId
from venue_model.wire import MAX_BYTES, Status, Topics

KEEPALIVE_S = 15  # with UNANSWERED_MS a peer that went silent is noticed within 20 s
UNANSWERED_MS = 5_000  # TCP gives up on bytes that nobody acknowledged for this long
CONNECT_TIMEOUT_S = 5.0
BACKOFF_BASE_S = 0.25
BACKOFF_CAP_S = 5.0  # a thousand agents are back within seconds of the broker, and knock 400 times a second until then
STEADY_S = 30.0  # a link that lasted this long starts its back-off anew; one that is kicked sooner does not
WINDOW = 1_000  # messages under way without the broker's acknowledgement; the broker's own limit is the same


def is_will_stale(living_session: int, status: Status) -> bool:
    """True for the last will of a session that a later one has replaced: the agent lives.

    A half-open connection dies minutes after its agent has connected anew.  Births always count, even with a smaller
    session: an agent whose disk was replaced counts from the start.

    >>> is_will_stale(8, Status(on=False, session=7)), is_will_stale(8, Status(on=False, session=8))
    (True, False)
    """
    return not status.on and status.session < living_session


def backoff_s(attempt: int, chance: float, cap_s: float = BACKOFF_CAP_S) -> float:
    """Seconds to wait before try number `attempt` (from 0), with full jitter: `chance` is a random number in [0, 1).

    >>> [backoff_s(attempt, 1.0) for attempt in (0, 1, 2, 9, 100_000)]
    [0.25, 0.5, 1.0, 5.0, 5.0]
    """
    return chance * min(cap_s, BACKOFF_BASE_S * 2.0 ** min(attempt, 16))


def next_attempt(attempt: int, lasted_s: float) -> int:
    """The number of the next try after a link that lasted `lasted_s` (0 when it never came up).

    >>> next_attempt(3, 0.0), next_attempt(3, 2.0), next_attempt(3, 60.0)
    (4, 4, 0)
    """
    return 0 if lasted_s >= STEADY_S else attempt + 1


def client_id(user: str, secret: bytes = b"") -> str:
    """The MQTT client id of a user.  NATS refuses a dot in it; no id of ours contains `~`, so nothing collides.

    A broker hands a session to whoever names its client id, and only Mosquitto can be told otherwise: so a user who has a `secret`, a
    password or a key, is known by an id that nobody else can name.

    >>> client_id("pi4.door-3"), client_id("pi4.door-3", b"guess")
    ('pi4~door-3', 'pi4~door-3~d7c95e57c87647a9')
    """
    name = user.replace(".", "~")
    return f"{name}~{hashlib.sha256(name.encode() + secret).hexdigest()[:16]}" if secret else name


def check_publishable(topic: str, payload: bytes) -> None:
    """Raise ValueError for what a broker would answer by cutting the connection: the link would resend it for ever."""
    if not topic or "+" in topic or "#" in topic or "\0" in topic:
        raise ValueError(f"topic {topic!r} cannot be published to: it is empty or holds a wildcard")
    if len(payload) > MAX_BYTES:
        raise ValueError(f"{topic}: {len(payload)} bytes, at most {MAX_BYTES} are sent; split the message")


def agent_reads(
    topics: Topics, agent: BoardId | str, rooms: Iterable[RoomId | str] = ("+",), *, certified: bool = False
) -> tuple[str, ...]:
    """The topic filters that an agent may subscribe to; with the `rooms` that it has devices in, those that it does.  `certified`: with
    its next certificate.

    Other rooms' broadcasts would be carried to it for nothing: among a thousand agents they made a scene 16 times slower.

    >>> from venue_model.ids import VenueId
    >>> agent_reads(Topics(VenueId("v")), "a", ["o1"])[3:]
    ('bidhall/v1/v/room/o1/scene', 'bidhall/v1/v/gateway')
    """
    leaves = ("desired", "policy", "command", *(("certificate",) if certified else ()))
    own = tuple(topics.agent(agent, leaf) for leaf in leaves)
    return (*own, *map(topics.room_scene, rooms), topics.gateway)


def agent_writes(topics: Topics, agent: BoardId | str) -> tuple[str, ...]:
    """The topics that an agent may publish to."""
    return tuple(topics.agent(agent, leaf) for leaf in ("meta", "status", "reported", "event", "renewal"))


def gateway_reads(topics: Topics) -> tuple[str, ...]:
    """The topic filters that the gateway subscribes to: what agents write."""
    return agent_writes(topics, "+")
