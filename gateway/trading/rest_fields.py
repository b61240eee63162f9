"""The field names of the REST interface, and the way in: JSON that a stranger wrote becomes neutral objects or a clear refusal.

Names follow the published provincial interfaces (domain brief 5.1).  Unified codes are opaque: never parsed, never changed.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from gateway.trading.base import EventKind, LotWarning, PhaseEvent, Pulled, Rejected
from gateway.trading.fields import (
    FOREVER_UTC_NS,
    MAX_PAGE,
    MAX_PEOPLE,
    PLATFORM_ROLES,
    CardNumber,
    Code,
    Count,
    Id,
    PhoneKey,
    Text,
    checked,
    code_warnings,
    in_time,
    ref_of,
    why,
)
from venue_model.canonical import EXACT_LIMIT
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey, ProjectId, RoomId
from venue_model.lots import Lot, Person
from venue_model.moments import utc_ns


def _time(text: object) -> int:
    if not isinstance(text, str):
        raise ValueError("is not an RFC 3339 time such as 2027-01-15T16:00:00+08:00")
    try:
        value = utc_ns(text)
    except (ValueError, OverflowError):
        raise ValueError("is not an RFC 3339 time with a zone, such as 2027-01-15T16:00:00+08:00") from None
    return in_time(value)


def _platform_role(text: object) -> Role:
    if not isinstance(text, str) or text not in set(Role):
        raise ValueError(f"is not one of {', '.join(sorted(PLATFORM_ROLES))}")
    role = Role(text)
    if role not in PLATFORM_ROLES:
        raise ValueError(f"{role} is issued by the venue, not by the platform")
    return role


def _event_kind(text: object) -> EventKind:
    try:
        return EventKind(text.lower() if isinstance(text, str) else "")
    except ValueError:
        raise ValueError(f"is not one of {', '.join(kind.upper() for kind in EventKind)}") from None


Time = Annotated[int, BeforeValidator(_time)]
Two = Annotated[list[Id], Field(min_length=2, max_length=2)]


class _Wire(BaseModel):
    """Unknown fields are ignored: provinces add them without notice.  Known ones are strict: "3" is not 3."""

    model_config = ConfigDict(alias_generator=str.upper, strict=True, frozen=True)


class WirePerson(_Wire):
    """One person of a roster.  There is no name field: a name sent by mistake is dropped here (I9)."""

    person_key: Id
    role: Annotated[Role, BeforeValidator(_platform_role)]
    card_no: CardNumber | None = None
    phone_key: PhoneKey | None = None
    valid_from: Time = 0
    valid_until: Time = FOREVER_UTC_NS
    withdrawn: bool = False
    seat_room: Id | None = None
    duress_card_no: CardNumber | None = None

    def neutral(self) -> Person:
        """In the words of the venue.  ValueError for a window that ends before it begins."""
        if self.valid_until <= self.valid_from:
            raise ValueError("VALID_UNTIL is not after VALID_FROM")
        return Person(
            PersonKey(self.person_key), self.role, self.card_no or "", self.phone_key or "",
            self.valid_from, self.valid_until, self.withdrawn,
            None if self.seat_room is None else RoomId(self.seat_room), self.duress_card_no or "",
        )  # fmt: skip


class WireLot(_Wire):
    """A lot with its booking and roster."""

    bid_section_id: Id
    tender_project_id: Id
    project_name: Text
    bid_section_name: Text
    opening_room: Id | None = None
    evaluation_room: Id | None = None
    bid_opening_time: Time
    project_code: Code = ""
    bid_section_code: Code = ""
    unified_deal_code: Code = ""
    agency_credit_code: Code = ""
    tenderer_credit_code: Code = ""
    bidder_count: Count | None = None
    people: Annotated[list[WirePerson], Field(max_length=MAX_PEOPLE)] = []
    conflicts: Annotated[list[Two], Field(max_length=MAX_PEOPLE)] = []
    version: Annotated[int, Field(ge=1, le=EXACT_LIMIT)]

    def neutral(self) -> Lot:
        """In the words of the venue.

        ValueError when two people of the roster cannot be told apart, somebody is to avoid himself, or no room is named at all.
        """
        lot = Lot(
            id=LotId(self.bid_section_id),
            project=ProjectId(self.tender_project_id),
            project_name=self.project_name,
            name=self.bid_section_name,
            opening_room=None if self.opening_room is None else RoomId(self.opening_room),
            evaluation_room=None if self.evaluation_room is None else RoomId(self.evaluation_room),
            opening_utc_ns=self.bid_opening_time,
            project_code=self.project_code,
            lot_code=self.bid_section_code,
            deal_code=self.unified_deal_code,
            bidders=self.bidder_count,
            people=tuple(person.neutral() for person in self.people),
            version=self.version,
            conflicts=tuple((PersonKey(one), PersonKey(other)) for one, other in self.conflicts),
        )
        return checked(lot)

    def warnings(self) -> list[LotWarning]:
        """Codes that look mistyped.  They are carried all the same."""
        return code_warnings(
            LotId(self.bid_section_id), AGENCY_CREDIT_CODE=self.agency_credit_code, TENDERER_CREDIT_CODE=self.tenderer_credit_code
        )


class WireEvent(_Wire):
    """Something that happened on the platform's side."""

    event_id: Id
    event_type: Annotated[EventKind, BeforeValidator(_event_kind)]
    tender_project_id: Id
    bid_section_id: Id
    event_time: Time
    bidder_count: Count | None = None
    person_key: Id | None = None

    def neutral(self) -> PhaseEvent:
        """In the words of the venue.  ValueError when the kind asks for a field that is missing."""
        if self.event_type is EventKind.BIDDER_COUNT and self.bidder_count is None:
            raise ValueError("BIDDER_COUNT is missing")
        if self.event_type is EventKind.WITHDRAWN and self.person_key is None:
            raise ValueError("PERSON_KEY is missing")
        return PhaseEvent(
            self.event_id, ProjectId(self.tender_project_id), LotId(self.bid_section_id), self.event_type, self.event_time,
            self.bidder_count, None if self.person_key is None else PersonKey(self.person_key),
        )  # fmt: skip


class WirePage(_Wire):
    """The envelope of one page; its items are judged one by one."""

    cursor: Annotated[str, StringConstraints(max_length=512)]
    more: bool = False
    lots: Annotated[list[Any], Field(max_length=MAX_PAGE)] = []
    events: Annotated[list[Any], Field(max_length=MAX_PAGE)] = []


def read_page(answer: object) -> Pulled:
    """A parsed answer as neutral objects.  ValueError only when the envelope itself is broken."""
    try:
        page = WirePage.model_validate(answer)
    except ValidationError as error:
        raise ValueError(why(error)) from None
    lots: list[Lot] = []
    rejected: list[Rejected] = []
    warnings: list[LotWarning] = []
    for place, item in enumerate(page.lots):
        try:
            wire = WireLot.model_validate(item)
            lots.append(wire.neutral())
            warnings.extend(wire.warnings())
        except ValueError as error:
            # The whole lot is refused, not one person of it: half a roster would look like a whole one.
            rejected.append(Rejected(ref_of(item, "BID_SECTION_ID", f"LOTS[{place}]"), why(error)))
    events, malformed = read_events(page.events)
    return Pulled(tuple(lots), tuple(events), page.cursor, page.more, (*rejected, *malformed), tuple(warnings))


def read_events(items: Sequence[object]) -> tuple[list[PhaseEvent], list[Rejected]]:
    """Phase events, and those that were not understood: each is judged by itself."""
    events: list[PhaseEvent] = []
    rejected: list[Rejected] = []
    for place, item in enumerate(items):
        try:
            events.append(WireEvent.model_validate(item).neutral())
        except ValueError as error:
            rejected.append(Rejected(ref_of(item, "EVENT_ID", f"EVENTS[{place}]"), why(error)))
    return events, rejected
