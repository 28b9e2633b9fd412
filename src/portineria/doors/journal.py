"""Journals on the disk: one folder a run, one line a promise, fsynced before it is believed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portineria.run.journal import RunState, progress_of, read_lines, write_line


class FileJournal:
    """`journal.jsonl` of one run; readable by its owner only.

    A last line that a crash cut off is dropped: it is reported by `torn`, and taken off the
    file by the next `append`. Raises OSError where the disk refuses, before anything is
    promised, and TypeError for an entry that JSON cannot hold.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._torn = False

    def append(self, entry: Mapping[str, Any]) -> None:
        line = write_line(entry).encode()
        new = not self._path.exists()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _take_off_torn_line(handle)
            _write_all(handle, line)
            os.fsync(handle)
        finally:
            os.close(handle)
        if new:
            _sync_folder(self._path.parent)

    def entries(self) -> list[dict[str, Any]]:
        """Raises OperatorFault where a whole line cannot be read."""
        data = self._path.read_bytes() if self._path.exists() else b""
        entries, torn = read_lines(data)
        self._torn = self._torn or torn > 0
        return entries

    @property
    def torn(self) -> bool:
        return self._torn


class Runs:
    """The runs of a state folder: `runs/ID/journal.jsonl`."""

    def __init__(self, state: Path) -> None:
        self._folder = state / "runs"

    def journal(self, run: str) -> FileJournal:
        return FileJournal(self._folder / run / "journal.jsonl")

    def names(self) -> list[str]:
        """Every run, oldest first: their ids sort by time."""
        return sorted(path.parent.name for path in self._folder.glob("*/journal.jsonl"))

    def states(self) -> list[RunState]:
        """Where each run stands. A journal without one whole line promised nothing: left out."""
        states = (progress_of(self.journal(name).entries()) for name in self.names())
        return [state for state in states if state.run]


def _take_off_torn_line(handle: int) -> None:
    """Leave the file at the end of its last whole line, and the position there."""
    end = os.lseek(handle, 0, os.SEEK_END)
    whole = end
    while whole > 0 and os.pread(handle, 1, whole - 1) != b"\n":
        whole -= 1
    if whole < end:
        os.ftruncate(handle, whole)
        os.lseek(handle, whole, os.SEEK_SET)


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _sync_folder(folder: Path) -> None:
    """A new file is there after a power cut only when its folder was synced too."""
    for each in (folder, folder.parent):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
