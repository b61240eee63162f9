"""The adapter for centres without an interface: tables dropped into a folder, results written beside.

`in/` is where staff or a script drop a table.  A whole and sound one moves to `taken/` under the next number; `taken/` is the feed, and
the cursor is a number in it.  An unsound one moves to `refused/` with its faults beside it.  Results are in `out/`.
"""

import asyncio
import hashlib
import json
import logging
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.trading.base import OutboxItem, PlatformAway, Pulled, Rejected
from gateway.trading.fields import showable
from gateway.trading.folder_fields import Fault, Table, read_table
from gateway.trading.folder_out import OutFiles
from gateway.trading.folder_sheet import MAX_BYTES, SUFFIXES, SheetError, read_sheet
from gateway.trading.folder_template import write_templates
from gateway.trading.wall import wall_time
from venue_model.canonical import plain
from venue_model.ids import RoomId
from venue_model.lots import Lot

LOG = logging.getLogger(__name__)
SETTLE_S = 2.0  # a file that is still being copied grows within this time
KEPT_LOTS = 500  # whose last words the cursor remembers: a table that says the same again changes nothing
KEPT_NAME = 60  # characters of a file's name: a number and a time go before it
IN, TAKEN, REFUSED, OUT = "in", "taken", "refused", "out"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the gateway stands in `taken/`, and what each lot said last: (version, digest)."""

    number: int
    said: Mapping[str, tuple[int, str]]

    @classmethod
    def of(cls, cursor: str) -> "Place":
        """"" or anything that is no cursor of ours: at the beginning."""
        try:
            found = json.loads(cursor)
            return cls(int(found["n"]), {str(lot): (int(version), str(digest)) for lot, (version, digest) in found["said"].items()})
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls(0, {})

    def text(self) -> str:
        """The cursor."""
        return json.dumps({"n": self.number, "said": dict(list(self.said.items())[-KEPT_LOTS:])}, separators=(",", ":"))


class FolderPlatform:
    """A `Platform` that is a folder, on this machine or a share.  The folder itself must exist: a share that is not mounted is away."""

    def __init__(
        self,
        folder: Path,
        rooms: Mapping[str, RoomId],
        *,
        settle_s: float = SETTLE_S,
        clock_utc_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._folder = folder
        self._rooms = rooms
        self._settle_s = settle_s
        self._clock_utc_ns = clock_utc_ns
        self._out = OutFiles(folder / OUT)

    async def pull_lots(self, cursor: str) -> Pulled:
        """Take in what was dropped, then give the next table after `cursor`."""
        place = Place.of(cursor)
        try:
            looked = await asyncio.to_thread(self._look)
            if looked and self._settle_s:
                await asyncio.sleep(self._settle_s)
            return await asyncio.to_thread(self._pull, place, looked)
        except OSError as error:
            raise PlatformAway(self._words(error)) from None

    async def push(self, items: Sequence[OutboxItem]) -> None:
        """Write the items; those whose keys stand there already are left as they are."""
        try:
            await asyncio.to_thread(self._push, items)
        except OSError as error:
            raise PlatformAway(self._words(error)) from None

    async def close(self) -> None:
        """Nothing is held."""

    def _words(self, error: OSError) -> str:
        where = error.filename or self._folder
        return f"{where}: {error.strerror}; create the folder {self._folder}, mount the share, or free its disk"

    def _look(self) -> dict[Path, tuple[int, int]]:
        """The files that may be taken, with size and time: one that is being written changes."""
        if not self._folder.is_dir():
            raise FileNotFoundError(2, "there is no such folder", str(self._folder))
        for name in (IN, TAKEN, REFUSED, OUT):
            (self._folder / name).mkdir(exist_ok=True)
        write_templates(self._folder)
        found = {}
        for path in sorted((self._folder / IN).iterdir()):
            state = path.lstat()
            if path.suffix.lower() in SUFFIXES and not path.name.startswith((".", "~")) and stat.S_ISREG(state.st_mode):
                found[path] = (state.st_size, state.st_mtime_ns)
        return found

    def _pull(self, place: Place, looked: Mapping[Path, tuple[int, int]]) -> Pulled:
        rejected = [fault for path, state in looked.items() if (fault := self._take_in(path, state, place)) is not None]
        waiting = [(number, path) for number, path in self._taken() if number > place.number]
        if not waiting:
            return Pulled((), (), place.text(), rejected=tuple(rejected))
        number, path = waiting[0]
        table = self._read(path.name, path.read_bytes())
        if table.faults:  # the venue has changed since it was taken: a room is gone
            rejected.append(Rejected(_shown(path.name), "; ".join(map(str, table.faults[:3]))))
        said, lots = dict(place.said), []
        for lot in table.lots:
            digest = _digest(lot)
            before = said.pop(lot.id, None)
            unchanged = before is not None and before[1] == digest
            said[lot.id] = before if before is not None and unchanged else (number, digest)
            if not unchanged:
                lots.append(replace(lot, version=number))
        cursor = Place(number, said).text()
        return Pulled(tuple(lots), table.events, cursor, len(waiting) > 1, tuple(rejected), table.warnings)

    def _take_in(self, path: Path, state: tuple[int, int], place: Place) -> Rejected | None:
        """Move a file that has not changed meanwhile: to `taken/` when it is sound, else to `refused/`."""
        try:
            now = path.lstat()
            if (now.st_size, now.st_mtime_ns) != state:
                return None
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
            return self._file_away(path, self._read(path.name, data), place)
        except FileNotFoundError:
            return None  # somebody took it back
        except OSError as error:  # one file must not hold up the others
            return Rejected(_shown(path.name), f"cannot be taken: {error.strerror}; close it, or let the gateway read and move it")

    def _file_away(self, path: Path, table: Table, place: Place) -> Rejected | None:
        name = f"{path.stem[:KEPT_NAME]}{path.suffix}"
        if table.faults:
            refused = self._folder / REFUSED / name
            refused.with_name(f"{name}.errors.txt").write_text("".join(f"{fault}\r\n" for fault in table.faults), "utf-8-sig")
            path.replace(refused)
            LOG.warning("folder: %s refused: %s", _shown(path.name), table.faults[0])
            return Rejected(_shown(path.name), "; ".join(map(str, table.faults[:3])))
        number = max([place.number, *(number for number, _ in self._taken())]) + 1
        path.replace(self._folder / TAKEN / f"{number:06d}-{wall_time(self._clock_utc_ns())}-{name}")
        return None

    def _taken(self) -> list[tuple[int, Path]]:
        found = []
        for path in (self._folder / TAKEN).iterdir():
            number = path.name.partition("-")[0]
            if number.isascii() and number.isdigit() and path.suffix.lower() in SUFFIXES:
                found.append((int(number), path))
        return sorted(found)

    def _read(self, name: str, data: bytes) -> Table:
        try:
            return read_table(read_sheet(name, data), self._rooms)
        except SheetError as error:
            zh, _, en = str(error).partition(" / ")
            return Table(faults=(Fault(0, "", zh, en),))

    def _push(self, items: Sequence[OutboxItem]) -> None:
        if not (self._folder / OUT).is_dir() and self._folder.is_dir():
            (self._folder / OUT).mkdir()
        self._out.add(items)


def _digest(lot: Lot) -> str:
    return hashlib.sha256(json.dumps(plain(lot), sort_keys=True).encode()).hexdigest()[:16]


def _shown(name: str) -> str:
    """A file's name as it may stand in a log and on a page."""
    try:
        return showable(name)[:100]
    except ValueError:
        return f"{name!a}"[:100]
