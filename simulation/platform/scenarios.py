"""Days worth rehearsing.  A scenario is a value made from a seed: what the platform tells, and the badges that people carry."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.trading.credit_code import check_character
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey, ProjectId, RoomId
from venue_model.lots import Lot, Person
from venue_model.moments import S, utc_text
from venue_model.signing import public_key_of

HOUR_NS = 3_600 * S


@dataclass(frozen=True, slots=True)
class Rooms:
    """Opening and evaluation room of the two lots."""

    o1: RoomId
    e1: RoomId
    o2: RoomId
    e2: RoomId


@dataclass(frozen=True, slots=True)
class DayScenario:
    """Two projects of one lot each.  Everybody holds a card or a phone, never both."""

    lots: tuple[Lot, Lot]  # the one that runs to the end, the one that fails for want of bidders
    cards: dict[PersonKey, bytes]  # what a reader reads
    phones: dict[PersonKey, bytes]  # Ed25519 private keys, for the virtual phones only
    credit_codes: dict[LotId, dict[str, str]]  # of agency and tenderer

    def people(self, lot: Lot, role: Role) -> tuple[PersonKey, ...]:
        """The people of one role, in the order of the roster."""
        return tuple(person.person for person in lot.people if person.role is role)


def county_day(*, start_utc_ns: int, rooms: Rooms, seed: int = 1, opening_after_s: int = 3_600) -> DayScenario:
    """A day in a county centre: a full lot with 3 bidders, and one with 2, which must not open.

    Passes are good from an hour before `start_utc_ns` for 24 hours.  Supervisor and witness serve both lots with one card each.
    """
    day = _Day(seed, start_utc_ns - HOUR_NS, start_utc_ns + 23 * HOUR_NS)
    both = [day.card(Role.SUP, "sup"), day.card(Role.WIT, "wit")]
    full = [
        day.card(Role.BID, "1-bid-1"),
        day.phone(Role.BID, "1-bid-2"),
        day.card(Role.BID, "1-bid-3"),
        day.card(Role.AGT, "1-agt"),
        day.card(Role.OWN, "1-own"),
        *(day.card(Role.EXP, f"1-exp-{number}") for number in range(1, 6)),  # an odd number of at least 5
        *both,
    ]
    short = [
        day.card(Role.BID, "2-bid-1"),
        day.phone(Role.BID, "2-bid-2"),
        day.card(Role.AGT, "2-agt"),
        day.card(Role.OWN, "2-own"),
        *both,
    ]
    opening_utc_ns = start_utc_ns + opening_after_s * S
    lots = (
        day.lot(1, "县人民医院门诊楼改造工程", "一标段 土建与安装", rooms.o1, rooms.e1, opening_utc_ns, full),
        day.lot(2, "城东小学课桌椅采购", "采购包 1", rooms.o2, rooms.e2, opening_utc_ns, short),
    )
    codes = {lot.id: {"agency": day.credit_code("agency"), "tenderer": day.credit_code(f"tenderer-{lot.id}")} for lot in lots}
    return DayScenario(lots, day.cards, day.phones, codes)


class _Day:
    """Makes people and codes from a seed."""

    def __init__(self, seed: int, from_utc_ns: int, until_utc_ns: int) -> None:
        self._seed = seed
        self._from_utc_ns = from_utc_ns
        self._until_utc_ns = until_utc_ns
        self.cards: dict[PersonKey, bytes] = {}
        self.phones: dict[PersonKey, bytes] = {}

    def card(self, role: Role, who: str) -> Person:
        """A person with a card of 4 bytes (MIFARE UID) or 7 (its longer form)."""
        key = self._key(who)
        number = self._bytes("card", who)
        self.cards[key] = number[1 : 5 if number[0] % 2 else 8]
        return Person(key, role, self.cards[key].hex(), "", self._from_utc_ns, self._until_utc_ns)

    def phone(self, role: Role, who: str) -> Person:
        """A person with a phone instead of a card."""
        key = self._key(who)
        self.phones[key] = self._bytes("phone", who)
        return Person(key, role, "", public_key_of(self.phones[key]).hex(), self._from_utc_ns, self._until_utc_ns)

    def lot(
        self, number: int, project: str, name: str, opening: RoomId, evaluation: RoomId, opening_utc_ns: int, people: Sequence[Person]
    ) -> Lot:
        """A lot in its own project.  The bid count is told at the deadline, not here."""
        date = utc_text(opening_utc_ns)[:10].replace("-", "")
        code = f"{date}{self._seed % 10_000:04d}{number:02d}"
        return Lot(
            id=LotId(f"L{code}-1"),
            project=ProjectId(f"P{code}"),
            project_name=project,
            name=name,
            opening_room=opening,
            evaluation_room=evaluation,
            opening_utc_ns=opening_utc_ns,
            project_code=f"2412-{code[:6]}-04-01-{code[6:12]}",
            lot_code=f"E{code}001",
            deal_code=f"A01-{self.credit_code('platform')}-{date}-{number:06d}-X",
            people=tuple(people),
        )

    def credit_code(self, who: str) -> str:
        """A unified social credit code that passes the check and belongs to nobody we know."""
        first17 = "91" + "500000" + self._bytes("credit", who).hex().upper()[:9]
        return first17 + check_character(first17)

    def _key(self, who: str) -> PersonKey:
        """A pseudonym that does not tell the role."""
        return PersonKey(f"k{self._bytes('person', who).hex()[:12]}")

    def _bytes(self, what: str, who: str) -> bytes:
        return hashlib.sha256(f"bidhall scenario|{self._seed}|{what}|{who}".encode()).digest()
