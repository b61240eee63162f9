"""The way in from a dropped table: rows of text become neutral objects, or a list of faults with row and column.

A table is taken whole or not at all: half a roster would look like a whole one.  A fault never repeats the cell: it may be a person's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from gateway.trading.base import EventKind, LotWarning, PhaseEvent
from gateway.trading.fields import FOREVER_UTC_NS, MAX_PAGE, checked, code_warnings, id_from, showable
from gateway.trading.folder_columns import EVENT_COLUMNS, EVENT_WORDS, LOT_COLUMNS, NO, PERSON_COLUMNS, ROLE_WORDS, YES, Column
from gateway.trading.folder_sheet import NumberCell, Sheet
from gateway.trading.wall import local_time
from venue_model.groups import Role
from venue_model.ids import LotId, PersonKey, ProjectId, RoomId, is_id
from venue_model.lots import Lot, Person

T = TypeVar("T")
MAX_FAULTS = 200  # told of one file
EXACT_DIGITS = 15  # that a spreadsheet keeps of a number
_AS_TEXT = ("单元格是数字格式,数字可能已丢失;请设为文本", "the cell is a number and may have lost digits; format it as text")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a table is not taken.  Row 0: the table as a whole."""

    row: int
    column: str
    zh: str
    en: str

    def __str__(self) -> str:
        where = f"第 {self.row} 行" if self.row else "整个文件"
        place = f"{where} {self.column}".rstrip()
        return f"{place}: {self.zh} / row {self.row}: {self.en}" if self.row else f"{place}: {self.zh} / {self.en}"


@dataclass(frozen=True, slots=True)
class Table:
    """What a file says.  Lots have version 1: the folder counts."""

    lots: tuple[Lot, ...] = ()
    events: tuple[PhaseEvent, ...] = ()
    warnings: tuple[LotWarning, ...] = ()
    faults: tuple[Fault, ...] = ()


def read_table(sheet: Sheet, rooms: Mapping[str, RoomId]) -> Table:
    """Lots with their rosters, or events: the header says which."""
    events = _places(sheet.header, EVENT_COLUMNS[:1])
    columns = EVENT_COLUMNS if events else (*LOT_COLUMNS, *PERSON_COLUMNS)
    places = _places(sheet.header, columns)
    missing = [column.zh for column in columns if column.needed and column.field not in places]
    if missing:
        names = "、".join(missing)
        return Table(faults=(Fault(0, "", f"缺少列:{names};请用模板", f"columns are missing: {names}; use the template"),))
    reader = _Reader(places, {column.field: column for column in columns}, rooms)
    return reader.events(sheet) if events else reader.lots(sheet)


def _places(header: tuple[str, ...], columns: tuple[Column, ...]) -> dict[str, int]:
    """Field → place in a row, by its Chinese or its English name."""
    cells = [cell.strip() for cell in header]
    return {c.field: cells.index(name) for c in columns for name in (c.field, c.zh) if name in cells}


class _Reader:
    """One pass over one table; faults gather."""

    def __init__(self, places: Mapping[str, int], columns: Mapping[str, Column], rooms: Mapping[str, RoomId]) -> None:
        self._places = places
        self._columns = columns
        self._rooms = rooms
        self._faults: list[Fault] = []
        self._row = 0
        self._cells: tuple[str, ...] = ()

    def lots(self, sheet: Sheet) -> Table:
        """A lot is all rows with its section code."""
        groups: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
        for row, cells in sheet.rows:
            self._row, self._cells = row, cells
            code = self._needed("BID_SECTION_CODE")
            if code:
                groups.setdefault(code, []).append((row, cells))
        if len(groups) > MAX_PAGE:
            self._faults.append(Fault(0, "", f"超过 {MAX_PAGE} 个标段", f"more than {MAX_PAGE} lots"))
        found = [self._lot(code, rows) for code, rows in groups.items()] if not self._faults else []
        if not sheet.rows:
            self._faults.append(Fault(0, "", "没有数据行", "there is no row of data"))
        if self._faults:
            return Table(faults=tuple(self._faults[:MAX_FAULTS]))
        lots = tuple(lot for lot, _ in found if lot is not None)
        return Table(lots=lots, warnings=tuple(warning for _, warnings in found for warning in warnings))

    def events(self, sheet: Sheet) -> Table:
        """One event a row."""
        found = []
        for row, cells in sheet.rows:
            self._row, self._cells = row, cells
            found.append(self._event())
        if self._faults:
            return Table(faults=tuple(self._faults[:MAX_FAULTS]))
        return Table(events=tuple(event for event in found if event is not None))

    def _lot(self, code: str, rows: list[tuple[int, tuple[str, ...]]]) -> tuple[Lot | None, list[LotWarning]]:
        first = self._merged(rows)
        self._row, self._cells = rows[0][0], first
        head = {
            "tender": self._needed("TENDER_PROJECT_CODE"), "project_name": self._needed("PROJECT_NAME"),
            "name": self._needed("BID_SECTION_NAME"),
        }  # fmt: skip
        opening_utc_ns = self._read("BID_OPENING_TIME", local_time, 0) if self._needed("BID_OPENING_TIME") else 0
        opening, evaluation = self._room("OPENING_ROOM"), self._room("EVALUATION_ROOM")
        bidders = self._read("BIDDER_COUNT", _count, None)
        codes = {name: self._text(name) for name in ("PROJECT_CODE", "UNIFIED_DEAL_CODE", "AGENCY_CREDIT_CODE", "TENDERER_CREDIT_CODE")}
        people, conflicts = self._people(rows)
        if self._faults:
            return None, []
        lot = Lot(
            LotId(id_from(code)), ProjectId(id_from(head["tender"])), head["project_name"], head["name"], opening, evaluation,
            opening_utc_ns, codes["PROJECT_CODE"], code, codes["UNIFIED_DEAL_CODE"], bidders, people, 1, conflicts,
            (("TENDER_PROJECT_CODE", head["tender"]),),
        )  # fmt: skip
        self._row = rows[0][0]
        try:
            checked(lot)
        except ValueError as error:
            self._fault("BID_SECTION_CODE", "名单或房间有误", str(error))
        credit = {name: codes[name] for name in ("AGENCY_CREDIT_CODE", "TENDERER_CREDIT_CODE")}
        return lot, code_warnings(lot.id, **credit)

    def _merged(self, rows: list[tuple[int, tuple[str, ...]]]) -> tuple[str, ...]:
        """The lot's own cells over all its rows: two rows may not say different things of one lot."""
        width = max(len(cells) for _, cells in rows)
        merged = [""] * width
        for column in LOT_COLUMNS:
            place = self._places.get(column.field)
            for row, cells in rows:
                said = cells[place] if place is not None and place < len(cells) else ""
                if place is None or not said:
                    continue
                if merged[place] and merged[place] != said:
                    self._row = row
                    self._fault(column.field, "与本标段上面的行不一致", "differs from a row of the same lot above")
                merged[place] = merged[place] or said
        return tuple(merged)

    def _people(self, rows: list[tuple[int, tuple[str, ...]]]) -> tuple[tuple[Person, ...], tuple[tuple[PersonKey, PersonKey], ...]]:
        people: list[Person] = []
        conflicts: list[tuple[PersonKey, PersonKey]] = []
        for self._row, self._cells in rows:
            key = self._text("PERSON_KEY")
            if not key:
                for column in PERSON_COLUMNS[1:]:
                    if self._text(column.field):
                        self._fault("PERSON_KEY", "有人员信息但没有人员编号", "the row tells of a person but has no person key")
                        break
                continue
            person = self._person(key)
            people.append(person)
            for other in filter(None, (part.strip() for part in self._text("AVOIDS").replace("；", ";").split(";"))):
                if not is_id(other):
                    self._fault("AVOIDS", "不是人员编号", "is not a person key")
                else:
                    conflicts.append((person.person, PersonKey(other)))
        return tuple(people), tuple(conflicts)

    def _person(self, key: str) -> Person:
        if not is_id(key):
            self._fault("PERSON_KEY", "只能用字母、数字和 . _ -,不写姓名", "letters, digits and . _ - only; never a name")
        begin, end = self._read("VALID_FROM", local_time, 0), self._read("VALID_UNTIL", local_time, FOREVER_UTC_NS)
        if end <= begin:
            self._fault("VALID_UNTIL", "不晚于生效时间", "is not after the time of validity's begin")
        role = self._read("ROLE", _role, None)
        if role is None:
            self._fault("ROLE", f"须为 {'、'.join(ROLE_WORDS)} 之一", f"must be one of {', '.join(sorted(set(ROLE_WORDS.values())))}")
        return Person(
            PersonKey(key), role or Role.BID, self._hex("CARD_NO", range(8, 17, 2)), self._hex("PHONE_KEY", range(64, 65)), begin, end,
            self._read("WITHDRAWN", _flag, False), self._room("SEAT_ROOM"), self._hex("DURESS_CARD_NO", range(8, 17, 2)),
        )  # fmt: skip

    def _event(self) -> PhaseEvent | None:
        before = len(self._faults)
        id, tender, code = (self._needed(field) for field in ("EVENT_ID", "TENDER_PROJECT_CODE", "BID_SECTION_CODE"))
        if id and not is_id(id):
            self._fault("EVENT_ID", "只能用字母、数字和 . _ -", "letters, digits and . _ - only")
        kind = self._read("EVENT_TYPE", _event_kind, None)
        if kind is None:
            self._fault("EVENT_TYPE", f"须为 {'、'.join(EVENT_WORDS)} 之一", "must be one of these words")
        utc_ns = self._read("EVENT_TIME", local_time, 0) if self._needed("EVENT_TIME") else 0
        bidders, person = self._read("BIDDER_COUNT", _count, None), self._text("PERSON_KEY")
        if kind is EventKind.BIDDER_COUNT and bidders is None:
            self._fault("BIDDER_COUNT", "缺少投标人数", "the number is missing")
        if kind is EventKind.WITHDRAWN and not is_id(person):
            self._fault("PERSON_KEY", "缺少退出人员的编号", "the key of the person who withdrew is missing")
        if kind is None or len(self._faults) > before:
            return None
        return PhaseEvent(
            id, ProjectId(id_from(tender)), LotId(id_from(code)), kind, utc_ns, bidders, PersonKey(person) if person else None
        )

    # cells

    def _text(self, field: str) -> str:
        place = self._places.get(field)
        text = self._cells[place] if place is not None and place < len(self._cells) else ""
        if isinstance(text, NumberCell) and len(text) > EXACT_DIGITS:
            self._fault(field, *_AS_TEXT)
        try:
            return showable(text)
        except ValueError as error:
            self._fault(field, "含有控制字符", str(error))
            return ""

    def _needed(self, field: str) -> str:
        text = self._text(field)
        if not text:
            self._fault(field, "不能为空", "is empty")
        return text

    def _read(self, field: str, read: Callable[[str], T], otherwise: T) -> T:
        text = self._text(field)
        if not text:
            return otherwise
        try:
            return read(text)
        except ValueError as error:
            self._fault(field, "无法识别", str(error))
            return otherwise

    def _room(self, field: str) -> RoomId | None:
        text = self._text(field)
        if text and text not in self._rooms:
            names = ", ".join(sorted(set(self._rooms)))[:200]
            self._fault(field, f"本场地没有这个房间;有:{names}", f"is no room of this venue; there are: {names}")
        return self._rooms.get(text)

    def _hex(self, field: str, lengths: range) -> str:
        text = self._text(field)
        if isinstance(text, NumberCell):
            self._fault(field, *_AS_TEXT)
        elif text and (len(text) not in lengths or any(digit not in "0123456789abcdefABCDEF" for digit in text)):
            self._fault(field, f"须为 {lengths[0]} 至 {lengths[-1]} 位十六进制", f"must be {lengths[0]} to {lengths[-1]} hex digits")
        return text.lower()

    def _fault(self, field: str, zh: str, en: str) -> None:
        self._faults.append(Fault(self._row, f"“{self._columns[field].zh}” {field}", zh, en))


def _count(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise ValueError("is not a number from 0 to 9999")
    return int(text)


def _role(text: str) -> Role | None:
    return ROLE_WORDS.get(text) or ROLE_WORDS.get(text.upper())


def _event_kind(text: str) -> EventKind | None:
    return EVENT_WORDS.get(text) or EVENT_WORDS.get(text.upper())


def _flag(text: str) -> bool:
    if text.upper() not in YES | NO:
        raise ValueError("is neither yes nor no")
    return text.upper() in YES
