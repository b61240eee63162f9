"""A table that somebody dropped, as rows of text: CSV as Chinese and Western spreadsheets save it, or an Excel workbook.

Limits come before parsing: a file is read whole, and a workbook is a zip archive that may unpack to anything (fault F19).
"""

import csv
import datetime
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_BYTES = 4 << 20
MAX_UNPACKED_BYTES = 32 << 20
MAX_MEMBERS = 200  # parts of a workbook; a plain one has about 12
MAX_ROWS = 20_000
MAX_COLUMNS = 60
MAX_CELL = 500  # characters
SUFFIXES = (".csv", ".xlsx")


class SheetError(ValueError):
    """The file is no table that could be read.  Two languages, for the note beside the file."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(f"{zh} / {en}")


class NumberCell(str):
    """The text of a cell that a spreadsheet holds as a number: leading zeros are gone."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A header and the rows below it, with their numbers in the file.  Rows without content and those that begin with # are left out."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def read_sheet(name: str, data: bytes) -> Sheet:
    """The table in a file.  SheetError when there is none."""
    if len(data) > MAX_BYTES:
        raise SheetError(f"文件超过 {MAX_BYTES >> 20} MiB", f"the file is larger than {MAX_BYTES >> 20} MiB")
    lines = _workbook(data) if name.lower().endswith(".xlsx") else _csv(data)
    header: tuple[str, ...] | None = None
    rows: list[tuple[int, tuple[str, ...]]] = []
    for number, cells in enumerate(lines, 1):
        if number > MAX_ROWS:
            raise SheetError(f"超过 {MAX_ROWS} 行", f"more than {MAX_ROWS} rows")
        if not any(cells) or cells[0].startswith("#"):
            continue
        if len(cells) > MAX_COLUMNS and any(cells[MAX_COLUMNS:]):
            raise SheetError(f"第 {number} 行超过 {MAX_COLUMNS} 列", f"row {number} has more than {MAX_COLUMNS} columns")
        if any(len(cell) > MAX_CELL for cell in cells):
            raise SheetError(f"第 {number} 行有单元格超过 {MAX_CELL} 字", f"row {number}: a cell has more than {MAX_CELL} characters")
        if header is None:
            header = cells
        else:
            rows.append((number, cells))
    if header is None:
        raise SheetError("文件是空的", "the file is empty")
    return Sheet(header, tuple(rows))


def _csv(data: bytes) -> Iterator[tuple[str, ...]]:
    text = _decoded(data)
    first = text.partition("\n")[0]
    delimiter = "\t" if "\t" in first and "," not in first else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for line in reader:
            yield tuple(cell.strip() for cell in line)
    except csv.Error as error:
        raise SheetError(f"第 {reader.line_num} 行不是 CSV", f"row {reader.line_num} is not CSV: {error}") from None


def _decoded(data: bytes) -> str:
    """UTF-8 with or without a mark, else the code page of a Chinese Excel."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetError("文字编码既不是 UTF-8 也不是 GB18030", "the text is neither UTF-8 nor GB18030; save it as “CSV UTF-8”")


def _workbook(data: bytes) -> Iterable[tuple[str, ...]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise SheetError("不是 Excel 工作簿 (.xlsx)", "this is no Excel workbook (.xlsx)") from None
    # What the directory says is binding: no more is ever unpacked of a member than it names.
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise SheetError(
            f"工作簿展开后超过 {MAX_UNPACKED_BYTES >> 20} MiB", f"the workbook unpacks to more than {MAX_UNPACKED_BYTES >> 20} MiB"
        )
    try:
        return _first_sheet(data)
    except SheetError:
        raise
    except Exception as error:  # whatever a damaged or hostile workbook makes the reader do
        raise SheetError("工作簿损坏,无法读取", f"the workbook is damaged: {type(error).__name__}") from None


def _first_sheet(data: bytes) -> list[tuple[str, ...]]:
    import openpyxl

    if not openpyxl.DEFUSEDXML:
        raise SheetError("本机缺少 defusedxml,不读取工作簿", "defusedxml is missing here: workbooks are not read; use CSV")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of drop-down lists and other extensions that nobody reads
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # what the file says of its size is not believed
            found = []
            for number, values in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS + 1, values_only=True), 1):
                found.append(tuple(_text(value) for value in values))
                if number > MAX_ROWS:
                    break
            return found
        finally:
            book.close()


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float) and value.is_integer():
        return NumberCell(int(value))
    if isinstance(value, int | float):
        return NumberCell(value)
    return str(value).strip()
