"""The templates beside the folders, as CSV and as a workbook: the header, what each column may hold, and an example."""

import csv
import io
from pathlib import Path

from gateway.trading.folder_columns import TABLES, lines_of


def write_templates(folder: Path) -> None:
    """Write those that are not there.  OSError when the folder cannot be written."""
    for name, columns in TABLES.items():
        lines = lines_of(columns)
        if not (path := folder / f"{name}.csv").exists():
            text = io.StringIO(newline="")
            csv.writer(text, lineterminator="\r\n").writerows(lines)
            path.write_bytes(("\ufeff" + text.getvalue()).encode())  # the mark tells spreadsheets that it is UTF-8
        if not (path := folder / f"{name}.xlsx").exists():
            _write_workbook(path, name, lines)


def _write_workbook(path: Path, title: str, lines: list[list[str]]) -> None:
    import openpyxl
    from openpyxl.utils import get_column_letter

    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = title
    for line in lines:
        sheet.append(line)
    for number in range(1, len(lines[0]) + 1):
        column = sheet.column_dimensions[get_column_letter(number)]
        column.width, column.number_format = 22, "@"  # text: a card number keeps its leading zeros
    sheet.freeze_panes = "A2"
    fresh = path.with_suffix(".new")
    book.save(fresh)
    fresh.replace(path)
