"""The journal's contract, for the one on the disk and the one in memory alike."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portineria.doors.journal import FileJournal, Runs
from portineria.fault import BadJournal, StateFault
from portineria.run.ports import Journal
from portineria.secret import Secret

sys.path.insert(0, str(Path(__file__).parent.parent / "run"))
from run_fakes import MemoryJournal

Opener = Callable[[bytes | None], Journal]
"""Opens the one journal of a test, after putting bytes in the place of what it held."""


@pytest.fixture(params=["file", "memory"])
def open_journal(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    path = tmp_path / "runs" / "run-1" / "journal.jsonl"
    memory = bytearray()

    def on_disk(data: bytes | None) -> Journal:
        if data is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return FileJournal(path)

    def in_memory(data: bytes | None) -> Journal:
        if data is not None:
            memory[:] = data
        return MemoryJournal(data=memory)

    return on_disk if request.param == "file" else in_memory


def test_a_new_journal_is_empty_and_whole(open_journal: Opener) -> None:
    journal = open_journal(None)
    assert (journal.entries(), journal.torn) == ([], False)


def test_what_was_appended_is_there_for_the_next_process(open_journal: Opener) -> None:
    first = open_journal(None)
    first.append({"kind": "begin", "run": "perché\u2028"})
    first.append({"kind": "end"})
    second = open_journal(None)
    assert second.entries() == [{"kind": "begin", "run": "perché\u2028"}, {"kind": "end"}]
    assert not second.torn


def test_a_torn_last_line_is_dropped_and_reported(open_journal: Opener) -> None:
    journal = open_journal(b'{"kind":"begin"}\n{"kind":"prom')
    assert journal.entries() == [{"kind": "begin"}]
    assert journal.torn


def test_a_line_without_its_newline_is_torn_even_if_it_reads_well(open_journal: Opener) -> None:
    journal = open_journal(b'{"kind":"begin"}\n{"kind":"end"}')
    assert journal.entries() == [{"kind": "begin"}]
    assert journal.torn


def test_what_follows_a_torn_line_stands_on_a_line_of_its_own(open_journal: Opener) -> None:
    journal = open_journal(b'{"kind":"begin"}\n{"kind":"prom')
    journal.append({"kind": "resumed"})
    assert open_journal(None).entries() == [{"kind": "begin"}, {"kind": "resumed"}]


def test_a_journal_that_is_one_torn_line_holds_nothing(open_journal: Opener) -> None:
    journal = open_journal(b'{"kind":"beg')
    assert (journal.entries(), journal.torn) == ([], True)
    journal.append({"kind": "begin"})
    assert open_journal(None).entries() == [{"kind": "begin"}]


def test_a_secret_is_refused_and_leaves_no_trace(open_journal: Opener) -> None:
    journal = open_journal(None)
    with pytest.raises(TypeError):
        journal.append({"kind": "promise", "fields": {"password": Secret("hunter2")}})
    assert journal.entries() == []


def test_each_line_is_synced_before_append_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    path = tmp_path / "runs" / "run-1" / "journal.jsonl"
    real = os.fsync

    def fsync(handle: int) -> None:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            synced.append(os.fstat(handle).st_size)
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    journal = FileJournal(path)
    for _ in range(3):
        journal.append({"kind": "resumed"})
    assert synced == [19, 38, 57]


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    Runs(tmp_path).journal("run-1").append({"kind": "resumed"})
    folder = tmp_path / "runs" / "run-1"
    assert stat.S_IMODE((folder / "journal.jsonl").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_runs_of_a_state_folder_are_told_oldest_first(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    for name in ("20260322T000000Z-b", "20260321T000000Z-a"):
        runs.journal(name).append(
            {
                "t": "2026-03-22T00:00:00+00:00",
                "kind": "begin",
                "run": name,
                "tenant_id": "t",
                "digest": "",
                "plan": {},
            }
        )
    torn = tmp_path / "runs" / "20260323T000000Z-c"
    torn.mkdir()
    (torn / "journal.jsonl").write_bytes(b'{"kind":"beg')
    assert runs.names() == ["20260321T000000Z-a", "20260322T000000Z-b", "20260323T000000Z-c"]
    assert [state.run for state in runs.states()] == ["20260321T000000Z-a", "20260322T000000Z-b"]


def begun(runs: Runs, name: str, *more: dict[str, Any]) -> None:
    first = {"t": "", "kind": "begin", "run": name, "tenant_id": "t", "digest": "", "plan": {}}
    for entry in (first, *more):
        runs.journal(name).append(entry)


def test_the_newest_run_can_be_had_without_reading_the_older_ones(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    for name in ("20260321T000000Z-a", "20260322T000000Z-b"):
        begun(runs, name)
    (tmp_path / "runs" / "20260321T000000Z-a" / "journal.jsonl").write_bytes(b"no journal\n")
    assert next(runs.each(newest_first=True)).run == "20260322T000000Z-b"
    with pytest.raises(BadJournal):
        next(runs.each())


def test_of_runs_that_ended_only_the_last_line_is_read(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    done = {"t": "", "kind": "end", "result": "done"}
    begun(runs, "1-ended", {"t": "", "kind": "stopped", "why": "x" * 9000}, done)
    begun(runs, "2-stopped", {"t": "", "kind": "stopped", "why": "x" * 9000})
    begun(runs, "3-torn", done)
    begun(runs, "4-begun")
    ended = tmp_path / "runs" / "1-ended" / "journal.jsonl"
    ended.write_bytes(b"never looked at\n" + ended.read_bytes())
    with (tmp_path / "runs" / "3-torn" / "journal.jsonl").open("ab") as file:
        file.write(b'{"kind":"resu')
    (tmp_path / "runs" / "5-empty").mkdir()
    (tmp_path / "runs" / "5-empty" / "journal.jsonl").write_bytes(b"")
    assert [state.run for state in runs.unfinished()] == ["2-stopped", "4-begun"]


def test_a_journal_that_may_hide_an_unfinished_run_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "runs" / "run-1" / "journal.jsonl"
    path.parent.mkdir(parents=True)
    for content in (b"[1]\n", b"nothing\n", b'{"kind":"new"}\n'):
        path.write_bytes(content)
        with pytest.raises(BadJournal):
            Runs(tmp_path).unfinished()


class Disk:
    """`os.write` of a disk with so many octets left; a line is cut where they end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, left: int) -> None:
        self.left = left
        self._write = os.write
        monkeypatch.setattr(os, "write", self.write)

    def write(self, handle: int, data: bytes) -> int:
        if self.left <= 0:
            raise OSError(28, "No space left on device")
        written = self._write(handle, data[: self.left])
        self.left -= written
        return written


def test_a_line_that_the_disk_refuses_leaves_nothing_of_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = FileJournal(tmp_path / "runs" / "run-1" / "journal.jsonl")
    journal.append({"kind": "begin"})
    Disk(monkeypatch, left=5)
    with pytest.raises(StateFault, match="No space left") as caught:
        journal.append({"kind": "promise"})
    assert str(tmp_path) in caught.value.where
    assert "make room" in caught.value.try_
    again = FileJournal(tmp_path / "runs" / "run-1" / "journal.jsonl")
    assert (again.entries(), again.torn) == ([{"kind": "begin"}], False)


def test_a_run_that_never_said_a_word_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Disk(monkeypatch, left=5)
    with pytest.raises(StateFault):
        FileJournal(tmp_path / "runs" / "run-1" / "journal.jsonl").append({"kind": "begin"})
    assert list((tmp_path / "runs").iterdir()) == []


def test_what_was_reserved_makes_room_for_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs" / "run-1" / "journal.jsonl"
    journal = FileJournal(path)
    journal.reserve(4096)
    assert (path.parent / "ballast").stat().st_size == 4096
    disk = Disk(monkeypatch, left=5)
    unlink = Path.unlink

    def freeing(file: Path, missing_ok: bool = False) -> None:
        disk.left += 4096 if file.name == "ballast" else 0
        unlink(file, missing_ok)

    monkeypatch.setattr(Path, "unlink", freeing)
    journal.append({"kind": "begin"})
    assert journal.entries() == [{"kind": "begin"}]
    assert [file.name for file in path.parent.iterdir()] == ["journal.jsonl"]


def test_what_is_reserved_is_given_back_and_leaves_nothing(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path / "runs" / "run-1" / "journal.jsonl")
    journal.append({"kind": "begin"})
    journal.reserve(4096)
    journal.release()
    journal.release()
    assert [file.name for file in (tmp_path / "runs" / "run-1").iterdir()] == ["journal.jsonl"]


def test_where_nothing_can_be_reserved_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(StateFault, match="No space left"):
        FileJournal(tmp_path / "runs" / "run-1" / "journal.jsonl").reserve(4096)
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\n", "line 1 of the journal cannot be read"),
        (b"[" * 100_000 + b"\n", "line 1 of the journal cannot be read"),
        (b'{"kind":"begin"}\n', "a line of kind 'begin' in the journal is damaged"),
        (b'{"kind":"confirmed","phase":"CLOSE"}\n', "does not begin with its plan"),
        (
            b'{"t":"","kind":"begin","run":"r","tenant_id":"t","digest":"d","plan":{}}\n'
            b'{"kind":"confirmed","phase":"LUNCH"}\n',
            "of kind 'confirmed'",
        ),
        (b'{"kind":"party"}\n', "of kind 'party', unknown to this version"),
    ],
)
def test_a_journal_that_cannot_be_believed_is_named_with_its_file(
    tmp_path: Path, content: bytes, why: str
) -> None:
    path = tmp_path / "runs" / "run-1" / "journal.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(BadJournal) as caught:
        Runs(tmp_path).states()
    assert why in caught.value.why
    assert str(path) in caught.value.where


def test_a_folder_in_the_place_of_a_journal_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs" / "run-1" / "journal.jsonl").mkdir(parents=True)
    with pytest.raises(BadJournal, match="Is a directory"):
        Runs(tmp_path).states()
