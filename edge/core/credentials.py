"""From what a reader saw to a digest that passes are known by.  A QR badge must answer this door's present challenge, once."""

from dataclasses import dataclass

from venue_model.ids import DoorId
from venue_model.moments import S
from venue_model.passes import QrBadge, card_digest, key_digest, parse_badge

NONCE_NS = 30 * S  # a badge answers the present nonce or the one before: it is worth at most a minute


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a door asks of phones.  Nonces are random and live in memory, so that no badge survives a restart of the board.

    `used` holds the badges that opened this door under either nonce; older ones fail as stale.
    """

    current: str
    previous: str = ""
    change_at_ns: int = 0
    used: frozenset[tuple[str, bytes]] = frozenset()


def renewed(challenge: Challenge | None, nonce: str, now_ns: int) -> Challenge:
    """The challenge with its next nonce."""
    if challenge is None:
        return Challenge(nonce, "", now_ns + NONCE_NS)
    used = frozenset(badge for badge in challenge.used if badge[0] == challenge.current)
    return Challenge(nonce, challenge.current, now_ns + NONCE_NS, used)


def check_badge(text: str, door: DoorId, challenge: Challenge | None) -> QrBadge | str:
    """The badge in `text` when it is genuine and answers this door now, else the code of the rule that it breaks."""
    badge = parse_badge(text)
    if badge is None:
        return "QR-FORM"
    if badge.door != door:
        return "QR-DOOR"
    if challenge is None or badge.nonce not in (challenge.current, challenge.previous):
        return "QR-STALE"
    if not badge.genuine():
        return "QR-SIGNATURE"
    if (badge.nonce, badge.public_key) in challenge.used:
        return "QR-REPLAY"
    return badge


def digest_of(seen: bytes | QrBadge, salt: str) -> str:
    """The digest of a card number or of a badge's key, under a policy's salt."""
    key = bytes.fromhex(salt)
    return key_digest(key, seen.public_key) if isinstance(seen, QrBadge) else card_digest(key, seen)
