"""Journals on the disk: one folder a run, one line a promise, fsynced before it is believed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from portineria.fault import BadJournal, StateFault
from portineria.run.journal import RunState, progress_of, read_lines, write_line


class FileJournal:
    """`journal.jsonl` of one run; readable by its owner only.

    A last line that a crash cut off is dropped: it is reported by `torn`, and taken off the
    file by the next `append`. A line that the disk refuses leaves nothing of itself: StateFault
    is raised, and nothing is promised. Raises TypeError for an entry that JSON cannot hold.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._torn = False

    @property
    def _ballast(self) -> Path:
        return self._path.with_name("ballast")

    def append(self, entry: Mapping[str, Any]) -> None:
        line = write_line(entry).encode()
        try:
            self._append(line)
        except OSError as full:
            if not self._throw_ballast():
                raise self._refused(full) from full
            try:
                self._append(line)
            except OSError as still:
                raise self._refused(still) from still

    def reserve(self, octets: int) -> None:
        """Keep so much of the disk for this journal, in a file that makes room when it is full.

        Raises StateFault where it has no room.
        """
        new = not self._path.parent.exists()
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._ballast, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(handle, 0, octets)
            finally:
                os.close(handle)
        except OSError as full:
            self._throw_ballast()
            if new:
                self._forget()
            raise self._refused(full) from full

    def release(self) -> None:
        """Give back what was reserved."""
        self._throw_ballast()

    def entries(self) -> list[dict[str, Any]]:
        """Raises BadJournal where a whole line cannot be read."""
        try:
            data = self._path.read_bytes() if self._path.exists() else b""
            entries, torn = read_lines(data)
        except OSError as error:
            raise BadJournal(
                f"the journal cannot be read: {error.strerror}",
                where=str(self._path),
                try_=BadJournal.mend,
            ) from error
        except BadJournal as fault:
            fault.where = f"{self._path}, {fault.where}"
            raise
        self._torn = self._torn or torn > 0
        return entries

    @property
    def torn(self) -> bool:
        return self._torn

    def _append(self, line: bytes) -> None:
        new = not self._path.exists()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            whole = _take_off_torn_line(handle)
            try:
                _write_all(handle, line)
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, whole)
                raise
        except OSError:
            if new:
                self._forget()
            raise
        finally:
            os.close(handle)
        if new:
            _sync_folder(self._path.parent)

    def _forget(self) -> None:
        """A run that never said a word leaves no folder."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
            self._path.parent.rmdir()

    def _throw_ballast(self) -> bool:
        try:
            self._ballast.unlink()
        except OSError:
            return False
        return True

    def _refused(self, error: OSError) -> StateFault:
        return StateFault(
            f"the journal cannot be written: {error.strerror}",
            where=str(self._path),
            try_="make room on that disk, or take another state folder with --state",
            evidence={"errno": error.errno or 0},
        )


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
        """Where each run stands. Raises BadJournal, naming the file."""
        return list(self.each())

    def each(self, *, newest_first: bool = False) -> Iterator[RunState]:
        """The same one at a time: each may hold a plan of thousands of changes.

        A journal without one whole line promised nothing: it is left out.
        """
        for name in sorted(self.names(), reverse=newest_first):
            state = self._state(name)
            if state.run:
                yield state

    def unfinished(self) -> list[RunState]:
        """The runs that did not come to their end. Of the others only the last line is read."""
        waiting = (self._state(name) for name in self.names() if not self._has_ended(name))
        return [state for state in waiting if state.unfinished]

    def _has_ended(self, name: str) -> bool:
        path = self._folder / name / "journal.jsonl"
        try:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - _LAST))
                *_, last, _ = b"", b"", *file.read().split(b"\n")
            said = json.loads(last)
            return bool(said.get("kind") == "end" and said.get("result"))
        except (OSError, ValueError, AttributeError):
            return False

    def _state(self, name: str) -> RunState:
        entries = self.journal(name).entries()
        try:
            return progress_of(entries)
        except BadJournal as fault:
            fault.where = f"{self._folder / name / 'journal.jsonl'}, {fault.where}"
            raise


_LAST = 4096
"""Octets of a journal's end in which its last line stands, if that is a short one like `end`."""


def _take_off_torn_line(handle: int) -> int:
    """Leave the file at the end of its last whole line, and the position there, which it gives."""
    end = os.lseek(handle, 0, os.SEEK_END)
    whole = end
    while whole > 0 and os.pread(handle, 1, whole - 1) != b"\n":
        whole -= 1
    if whole < end:
        os.ftruncate(handle, whole)
        os.lseek(handle, whole, os.SEEK_SET)
    return whole


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
