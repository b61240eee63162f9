"""The way in from a provincial interface: rows of its data sets, under its own field names, become neutral objects or a clear refusal.

Field names are those of the national data sets for construction tenders as provinces use them (domain brief 5.1): a section row with
its experts (BID_EVALUATION_EXPERT) and the people of the opening.  Such rows name people and their identity cards: names are dropped
here, and an identity card becomes a pseudonym at once (I9).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from gateway.trading.base import EventKind, LotWarning, PhaseEvent, Pulled, Rejected
from gateway.trading.fields import (
    FOREVER_UTC_NS,
    MAX_PAGE,
    MAX_PEOPLE,
    CardNumber,
    Code,
    Count,
    Id,
    PhoneKey,
    Text,
    checked,
    code_warnings,
    id_from,
    why,
)
from gateway.trading.province_words import ACTOR_TYPES, EVENT_TYPES, EXPERT_TYPES, FURTHER_CODES, listed, person_key
from gateway.trading.wall import local_time
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey, ProjectId, RoomId
from venue_model.lots import Lot, Person


@dataclass(frozen=True, slots=True)
class Borders:
    """What the way in needs to know of the venue."""

    rooms: Mapping[str, RoomId]  # by the names that the platform may use
    pseudonym_key: bytes  # under which identity cards become pseudonyms


Time = Annotated[int, BeforeValidator(local_time)]
Flag = Literal["0", "1"]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}$")]
OwnCode = Annotated[Code, StringConstraints(min_length=1)]


class _Row(BaseModel):
    """Unknown fields are ignored: a data set has dozens.  Known ones are strict."""

    model_config = ConfigDict(alias_generator=str.upper, strict=True, frozen=True)


class _PersonRow(_Row):
    person_code: Id | None = None  # the platform's own pseudonym, for instance the number in the expert pool
    id_card: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None
    card_no: CardNumber | None = None
    phone_key: PhoneKey | None = None
    valid_begin_time: Time = 0
    valid_end_time: Time = FOREVER_UTC_NS
    is_withdrawn: Flag = "0"
    seat_address: Text | None = None
    duress_card_no: CardNumber | None = None

    def of_role(self, role: Role, borders: Borders) -> Person:
        """In the words of the venue."""
        if self.person_code is None and self.id_card is None:
            raise ValueError("has neither PERSON_CODE nor ID_CARD")
        if self.valid_end_time <= self.valid_begin_time:
            raise ValueError("VALID_END_TIME is not after VALID_BEGIN_TIME")
        key = PersonKey(self.person_code) if self.person_code else person_key(borders.pseudonym_key, self.id_card or "")
        return Person(
            key, role, self.card_no or "", self.phone_key or "", self.valid_begin_time, self.valid_end_time, self.is_withdrawn == "1",
            _room(borders, "SEAT_ADDRESS", self.seat_address), self.duress_card_no or "",
        )  # fmt: skip


class ExpertRow(_PersonRow):
    """A row of BID_EVALUATION_EXPERT.  EXPERT_NAME is not read."""

    expert_type: Annotated[Role, BeforeValidator(listed(EXPERT_TYPES))]
    is_chair_man: Flag = "0"


class ActorRow(_PersonRow):
    """Somebody else of the lot's day."""

    actor_type: Annotated[Role, BeforeValidator(listed(ACTOR_TYPES))]


class SectionRow(_Row):
    """A section (标段) with its booking and everybody who comes."""

    tender_project_code: OwnCode
    bid_section_code: OwnCode
    tender_project_name: Text
    bid_section_name: Text
    bid_opening_address: Text | None = None
    bid_evaluation_address: Text | None = None
    bid_opening_time: Time
    m_version: Number
    project_code: Code = ""
    unified_deal_code: Code = ""
    platform_code: Code = ""
    pub_service_plat_code: Code = ""
    tenderer_code: Code = ""
    tender_agency_code: Code = ""
    bidder_num: Count | None = None
    bid_evaluation_expert: Annotated[list[ExpertRow], Field(max_length=MAX_PEOPLE)] = []
    bid_opening_actor: Annotated[list[ActorRow], Field(max_length=MAX_PEOPLE)] = []
    avoid_list: Annotated[list[Annotated[list[Id], Field(min_length=2, max_length=2)]], Field(max_length=MAX_PEOPLE)] = []

    def neutral(self, borders: Borders) -> Lot:
        """In the words of the venue.  M_VERSION orders the rows of a section: DATA_TIMESTAMP is a clock, and clocks are set back."""
        actors = [actor.of_role(actor.actor_type, borders) for actor in self.bid_opening_actor]
        experts = [expert.of_role(expert.expert_type, borders) for expert in self.bid_evaluation_expert]
        codes = [(name, str(getattr(self, name.lower()))) for name in FURTHER_CODES]
        lot = Lot(
            id=LotId(id_from(self.bid_section_code)),
            project=ProjectId(id_from(self.tender_project_code)),
            project_name=self.tender_project_name,
            name=self.bid_section_name,
            opening_room=_room(borders, "BID_OPENING_ADDRESS", self.bid_opening_address),
            evaluation_room=_room(borders, "BID_EVALUATION_ADDRESS", self.bid_evaluation_address),
            opening_utc_ns=self.bid_opening_time,
            project_code=self.project_code,
            lot_code=self.bid_section_code,
            deal_code=self.unified_deal_code,
            bidders=self.bidder_num,
            people=(*actors, *experts),
            version=int(self.m_version),
            conflicts=tuple((PersonKey(one), PersonKey(other)) for one, other in self.avoid_list),
            further_codes=tuple((name, code) for name, code in codes if code),
        )
        if lot.version < 1:
            raise ValueError("M_VERSION: counts from 1")
        return checked(lot)

    def warnings(self, unusable: frozenset[str]) -> list[LotWarning]:
        """What is odd, though the lot is taken: codes, chairs, rooms that the platform itself calls unusable."""
        lot = LotId(id_from(self.bid_section_code))
        found = code_warnings(lot, TENDERER_CODE=self.tenderer_code, TENDER_AGENCY_CODE=self.tender_agency_code)
        chairs = sum(expert.is_chair_man == "1" for expert in self.bid_evaluation_expert)
        if chairs > 1:
            found.append(LotWarning(lot, f"IS_CHAIR_MAN: {chairs} chairs in one committee"))
        for name, address in (
            ("BID_OPENING_ADDRESS", self.bid_opening_address), ("BID_EVALUATION_ADDRESS", self.bid_evaluation_address),
        ):  # fmt: skip
            if address in unusable:
                found.append(LotWarning(lot, f"{name}: the platform's own room list says that this room is not usable (isok)"))
        return found


class EventRow(_Row):
    """Something that happened on the platform's side.  DATA_KEY is the record's own key."""

    data_key: Id
    event_type: Annotated[EventKind, BeforeValidator(listed(EVENT_TYPES))]
    tender_project_code: OwnCode
    bid_section_code: OwnCode
    event_time: Time
    bidder_num: Count | None = None
    person_code: Id | None = None
    id_card: Annotated[str, StringConstraints(min_length=1, max_length=40)] | None = None

    def neutral(self, borders: Borders) -> PhaseEvent:
        """In the words of the venue.  ValueError when the kind asks for a field that is missing."""
        person = PersonKey(self.person_code) if self.person_code else None
        if person is None and self.id_card is not None:
            person = person_key(borders.pseudonym_key, self.id_card)
        if self.event_type is EventKind.BIDDER_COUNT and self.bidder_num is None:
            raise ValueError("BIDDER_NUM is missing")
        if self.event_type is EventKind.WITHDRAWN and person is None:
            raise ValueError("PERSON_CODE and ID_CARD are missing")
        return PhaseEvent(
            self.data_key, ProjectId(id_from(self.tender_project_code)), LotId(id_from(self.bid_section_code)), self.event_type,
            self.event_time, self.bidder_num, person,
        )  # fmt: skip


class RoomRow(BaseModel):
    """One room in the platform's list of rooms."""

    name: Text
    isok: bool


class Page(BaseModel):
    """`data` of an answer: rows in the order of their changes, each with the key to go on from."""

    rows: Annotated[list[dict[str, Any]], Field(max_length=MAX_PAGE, alias="list")]
    more: Annotated[bool, Field(alias="hasNext")] = False
    rooms: Annotated[list[RoomRow], Field(max_length=MAX_PAGE, alias="venueStatus")] = []


def read_rows(data: object, cursor: str, borders: Borders) -> Pulled:
    """The rows after `cursor` as neutral objects.  ValueError only when the envelope itself is broken."""
    try:
        page = Page.model_validate(data)
        keys = [str(row["sourceDataKey"]) for row in page.rows]
    except ValidationError as error:
        raise ValueError(why(error)) from None
    except KeyError:
        raise ValueError("list: a row has no sourceDataKey, so that nobody could go on after it") from None
    unusable = frozenset(room.name for room in page.rooms if not room.isok)
    lots: list[Lot] = []
    events: list[PhaseEvent] = []
    rejected: list[Rejected] = []
    warnings: list[LotWarning] = []
    for place, row in enumerate(page.rows):
        try:
            if row.get("DATA_TYPE") == "BID_SECTION_EVENT":
                events.append(EventRow.model_validate(row).neutral(borders))
            else:
                section = SectionRow.model_validate(row)
                lots.append(section.neutral(borders))
                warnings.extend(section.warnings(unusable))
        except ValueError as error:
            rejected.append(Rejected(_ref(row, f"list[{place}]"), why(error)))
    return Pulled(tuple(lots), tuple(events), keys[-1] if keys else cursor, page.more, tuple(rejected), tuple(warnings))


def _ref(row: Mapping[str, Any], otherwise: str) -> str:
    for field in ("DATA_KEY", "BID_SECTION_CODE"):
        code = row.get(field)
        if isinstance(code, str) and code:
            return id_from(code)
    return otherwise


def _room(borders: Borders, field: str, address: str | None) -> RoomId | None:
    if address is None or not address.strip():
        return None
    found = borders.rooms.get(address.strip())
    if found is None:
        raise ValueError(f"{field}: no room of this venue has this name or number; rooms: {', '.join(sorted(set(borders.rooms)))[:200]}")
    return found
