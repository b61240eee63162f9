"""Two slots on a board's disk and a pointer to the one that runs.  Whenever the power goes, the pointer points at a whole slot.

    DIR/a, DIR/b        what was installed, each whole: it is written beside and renamed
    DIR/current         the pointer: a link that is replaced in one rename
    DIR/trial.json      on disk before the pointer moves: the slot is on trial, and which one ran before
    DIR/returned.json   what did not pass its trial here, and why: the gateway is told, and does not get it taken again
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

NAMES = ("a", "b")
LABEL = "slot.json"
TRIAL, RETURNED, CURRENT = "trial.json", "returned.json", "current"
INCOMING, GONE = "incoming", "gone"


class SlotError(OSError):
    """The slots cannot be used.  The text names folder, fault and way out."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is in a slot.  `digest`: SHA-256 of what was fetched, as the order named it."""

    digest: str
    version: str
    number: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """A slot that has yet to prove itself.  `begun`: it was started once; found so at a start, that start ended in the dark."""

    slot: str
    former: str
    order: str
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """What was tried here and given up."""

    digest: str
    order: str
    why: str


class Slots:
    """The slots of one folder.  One process at a time writes.  `at` is told before each step that a power cut could part."""

    def __init__(self, folder: Path, *, at: Callable[[str], None] = lambda step: None) -> None:
        self.folder = folder
        self._at = at

    # looks

    @property
    def current(self) -> str | None:
        """The slot that runs, or shall run next; None before anything was installed."""
        try:
            name = (self.folder / CURRENT).readlink().name
        except OSError:
            return None
        return name if name in NAMES else None

    @property
    def other(self) -> str:
        """The slot that does not run."""
        return NAMES[1] if self.current == NAMES[0] else NAMES[0]

    def path(self, slot: str) -> Path:
        """Where a slot's files are."""
        return self.folder / slot

    def label(self, slot: str | None) -> Label | None:
        """What a slot holds; None for an empty one."""
        found = self._read(Path(slot) / LABEL) if slot else None
        return Label(str(found["digest"]), str(found["version"]), int(found["number"])) if found else None

    @property
    def trial(self) -> Trial | None:
        """The trial that is not over."""
        found = self._read(Path(TRIAL))
        return Trial(str(found["slot"]), str(found["former"]), str(found["order"]), bool(found["begun"])) if found else None

    @property
    def returned(self) -> Returned | None:
        """What was last given up here."""
        found = self._read(Path(RETURNED))
        return Returned(str(found["digest"]), str(found["order"]), str(found["why"])) if found else None

    # changes

    def install(self, files: Mapping[str, bytes], label: Label, order: str) -> None:
        """Write a slot and move the pointer to it, on trial.  The first slot of all needs no trial: there is none to return to.

        Raises SlotError when the disk does not take it; then the pointer is where it was.
        """
        try:
            target = self._write_slot(files, label)
            self._switch(target, order)
        except OSError as fault:
            raise SlotError(f"{self.folder}: the slot cannot be written ({fault}); make room on the card, or replace it") from fault

    def back(self, order: str) -> None:
        """Move the pointer to the slot that ran before, on trial like any other."""
        try:
            self._switch(self.other, order)
        except OSError as fault:
            raise SlotError(f"{self.folder}: the pointer cannot be moved ({fault}); make room on the card, or replace it") from fault

    def begin(self) -> None:
        """The slot on trial is started now: from here on an end without a word returns to the former."""
        trial = self.trial
        assert trial is not None, "only a slot on trial begins one"
        self._at("begin")
        self._put(TRIAL, asdict(replace(trial, begun=True)))

    def pause(self) -> None:
        """The slot on trial was told to end, and has not failed: its trial begins anew with the next start."""
        if (trial := self.trial) is not None:
            self._put(TRIAL, asdict(replace(trial, begun=False)))

    def keep(self) -> None:
        """The trial is passed."""
        self._at("keep")
        self._drop(TRIAL)

    def give_up(self, why: str) -> Returned:
        """Return to the slot that ran before, and say so."""
        trial = self.trial
        assert trial is not None, "only a slot on trial is given up"
        label = self.label(trial.slot)
        told = Returned(label.digest if label else "", trial.order, why)
        self._at("tell")
        self._put(RETURNED, asdict(told))
        self._at("point back")
        self._point(trial.former)
        self._at("end trial")
        self._drop(TRIAL)
        return told

    def settle(self) -> Returned | None:
        """Bring into order what a crash or power cut left; what was given up by that, if anything."""
        trial = self.trial
        if trial is None:
            return None
        if self.current != trial.slot:  # the cut came before the pointer moved, or after it moved back
            self._drop(TRIAL)
            return None
        return self.give_up("the board lost power, or its launcher ended, during the trial") if trial.begun else None

    # steps

    def _write_slot(self, files: Mapping[str, bytes], label: Label) -> str:
        target = self.other if self.current else NAMES[0]
        incoming = self.folder / INCOMING
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in (INCOMING, GONE):
            shutil.rmtree(self.folder / left, ignore_errors=True)
        self._at("write")
        for path, data in {**files, LABEL: json.dumps(asdict(label)).encode()}.items():
            file = incoming / path
            file.parent.mkdir(parents=True, exist_ok=True)
            _write(file, data)
        for folder in (incoming, *(path for path in incoming.rglob("*") if path.is_dir())):
            _sync_folder(folder)
        self._at("clear")
        if (self.folder / target).exists():
            (self.folder / target).rename(self.folder / GONE)
        self._at("name")
        incoming.rename(self.folder / target)
        _sync_folder(self.folder)
        self._at("sweep")
        shutil.rmtree(self.folder / GONE, ignore_errors=True)
        return target

    def _switch(self, target: str, order: str) -> None:
        former = self.current
        if former is not None:
            self._at("flag")
            self._put(TRIAL, asdict(Trial(target, former, order)))
        self._at("point")
        self._point(target)
        self._at("pointed")

    def _point(self, slot: str) -> None:
        draft = self.folder / f"{CURRENT}.new"
        draft.unlink(missing_ok=True)
        draft.symlink_to(slot)
        draft.replace(self.folder / CURRENT)
        _sync_folder(self.folder)

    def _put(self, name: str, record: dict[str, Any]) -> None:
        put_record(self.folder / name, record)

    def _drop(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)
        _sync_folder(self.folder)

    def _read(self, name: Path) -> dict[str, Any] | None:
        """A record; None when there is none.  One that is damaged counts as none: it was whole on disk before anything hung on it."""
        return read_record(self.folder / name)


def put_record(path: Path, record: Mapping[str, Any]) -> None:
    """Write a record beside and rename: whole on disk when it returns, and never half."""
    draft = path.with_name(f"{path.name}.new")
    _write(draft, json.dumps(record).encode())
    draft.replace(path)
    _sync_folder(path.parent)


def read_record(path: Path) -> dict[str, Any] | None:
    """A record that `put_record` wrote, or None."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """A rename is on disk once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
