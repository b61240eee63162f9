"""What the venue tells, as CSV files that a script or a person takes away: one row for each item, each key once.

A file is named by kind and day.  A row is whole or not there: what a crash cut off is cut away before the next row is written.
"""

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gateway.trading.base import Json, OutboxItem
from gateway.trading.rest_items import item_fields
from gateway.trading.wall import wall_time

KEY, REST = "幂等键 KEY", "其他 OTHER"
_FIRST = (KEY, "时间 DATA_TIMESTAMP")
_RISKY = ("=", "+", "-", "@")  # a spreadsheet would run what begins like this
_TRIES = 9  # files of one kind and day: a spreadsheet program may hold one


class OutFiles:
    """The folder of results."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys: dict[Path, tuple[int, set[str]]] = {}  # file → its size when read, and the keys in it

    def add(self, items: Sequence[OutboxItem]) -> None:
        """Write the items that are not there yet, in their order; durable on return.  OSError when nothing can be written."""
        files: dict[str, list[OutboxItem]] = {}
        for item in items:
            files.setdefault(f"{item.kind.value}-{wall_time(item.created_utc_ns)[:8]}", []).append(item)
        for name, of_file in files.items():
            self._add(name, of_file)

    def _add(self, name: str, items: Iterable[OutboxItem]) -> None:
        paths = [self._folder / f"{name}{f'-{number}' if number > 1 else ''}.csv" for number in range(1, _TRIES + 1)]
        known: set[str] = set()
        for path in paths:
            known |= self._keys_of(path)
        new = [item for item in items if item.key not in known]
        if not new:
            return
        for path in paths:
            try:
                self._append(path, new)
                return
            except PermissionError:  # somebody has it open in a spreadsheet
                if path == paths[-1]:
                    raise

    def _append(self, path: Path, items: Sequence[OutboxItem]) -> None:
        rows = [_row(item) for item in items]
        with path.open("r+b" if path.exists() else "w+b") as file:
            whole = _whole(file.read())
            header = _header(whole) if whole else (*_FIRST, *(name for name in rows[0] if name not in _FIRST), REST)
            text = io.StringIO(newline="")
            writer = csv.writer(text, lineterminator="\r\n")
            if not whole:
                writer.writerow(header)
            for row in rows:
                writer.writerow(_cells(header, row))
            file.seek(len(whole))
            file.truncate()
            file.write(("" if whole else "\ufeff").encode() + text.getvalue().encode())
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        self._keys[path] = size, self._keys.get(path, (0, set()))[1] | {item.key for item in items}

    def _keys_of(self, path: Path) -> set[str]:
        """The keys in a file; of one that has been taken away, none: its taker has them."""
        try:
            size = path.stat().st_size
            if path in self._keys and self._keys[path][0] == size:
                return self._keys[path][1]
            whole = _whole(path.read_bytes())
        except (FileNotFoundError, PermissionError):
            return self._keys.pop(path, (0, set()))[1] if path.exists() else set()
        lines = csv.reader(io.StringIO(whole.decode("utf-8-sig", "replace"), newline=""))
        keys = {line[0] for line in lines if line}
        self._keys[path] = size, keys
        return keys


def _row(item: OutboxItem) -> dict[str, str]:
    fields = item_fields(item)
    body = fields["BODY"]
    assert isinstance(body, Mapping), "the body of an item is a record"
    stamp = wall_time(item.created_utc_ns)
    when = f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]} {stamp[8:10]}:{stamp[10:12]}:{stamp[12:]}"
    return {KEY: item.key, "时间 DATA_TIMESTAMP": when} | {name: _text(value) for name, value in body.items()}


def _cells(header: Sequence[str], row: Mapping[str, str]) -> list[str]:
    """The row under the file's header; what has no column goes into the last one."""
    other = {name: text for name, text in row.items() if name not in header}
    return [*(_safe(row.get(name, "")) for name in header[:-1]), json.dumps(other, ensure_ascii=False) if other else ""]


def _text(value: Json) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(character if character.isprintable() else " " for character in text)


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_RISKY) else text


def _whole(data: bytes) -> bytes:
    """Without a last line that was cut off."""
    return data[: data.rfind(b"\n") + 1]


def _header(data: bytes) -> tuple[str, ...]:
    return tuple(next(csv.reader(io.StringIO(data.decode("utf-8-sig", "replace"), newline=""))))
