"""The gateway's log: whatever is told, a line is one object of JSON."""

from __future__ import annotations

import io
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from portineria.doors.gate import gatelog
from portineria.doors.gate.house import Record, told
from portineria.tenant.mailbox import Protocol

LOG = gatelog.log


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    stream, handler = io.StringIO(), logging.StreamHandler()
    handler.setStream(stream)
    handler.setFormatter(gatelog.Lines())
    LOG.addHandler(handler)
    before = LOG.level
    LOG.setLevel(logging.INFO)
    yield stream
    LOG.setLevel(before)
    LOG.removeHandler(handler)


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_session_is_told_by_its_own_keys(stream: io.StringIO) -> None:
    record = Record(Protocol.IMAP, "192.0.2.7", began=1.0, user="scan", why="the client hung up")
    LOG.info(told(record, now=3.5))
    (line,) = _lines(stream)
    assert str(line.pop("time")).endswith("+00:00")
    assert line == {
        "level": "info",
        "protocol": "imap",
        "from": "192.0.2.7",
        "user": "scan",
        "in": 0,
        "out": 0,
        "messages": 0,
        "refused": 0,
        "ambiguous": 0,
        "seconds": 2.5,
        "why": "the client hung up",
    }


def test_nobody_writes_a_line_of_his_own_into_it(stream: io.StringIO) -> None:
    for name in ('x"}\n{"level": "error"', "x\r\ny", "x\u2028y", "\x1b[2J"):
        LOG.info(told(Record(Protocol.POP, "::1", began=0.0, user=name), now=0.0))
    assert len(_lines(stream)) == 4
    assert stream.getvalue().isascii()
    assert "\x1b" not in stream.getvalue()


def test_what_goes_wrong_is_a_line_too(stream: io.StringIO) -> None:
    LOG.error("%s (%s)", "it cannot be read", "doors.json")
    try:
        raise ValueError("of our own")
    except ValueError:
        LOG.exception("a session met a fault")
    first, second = _lines(stream)
    assert (first["level"], first["message"]) == ("error", "it cannot be read (doors.json)")
    assert "ValueError: of our own" in str(second["exception"])


# --- files ---


def _say(handler: logging.Handler, number: int) -> None:
    handler.handle(logging.makeLogRecord({"msg": {"number": number}, "levelname": "INFO"}))


def _file(path: Path) -> gatelog.LogFile:
    handler = gatelog.LogFile(path)
    handler.setFormatter(gatelog.Lines())
    return handler


def _numbers(*files: Path) -> list[int]:
    return [json.loads(line)["number"] for one in files for line in one.read_text().splitlines()]


def test_processes_begin_another_file_together_and_lose_no_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gatelog, "MOST", 20_000)
    monkeypatch.setattr(gatelog, "KEPT", 100)
    path = tmp_path / "gateway.log"
    several = [_file(path) for _ in range(3)]
    for number in range(3000):
        _say(several[number % 3], number)
    files = sorted(
        tmp_path.iterdir(), key=lambda one: int(one.suffix.lstrip(".").replace("log", "0"))
    )
    assert len(files) > 4
    assert sorted(_numbers(*files)) == list(range(3000))
    assert max(one.stat().st_size for one in files) < 40_000
    assert {one.stat().st_mode & 0o777 for one in files} == {0o600}
    for one in several:
        one.close()


def test_as_many_older_files_are_kept_as_was_said_and_the_youngest_lines_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gatelog, "MOST", 5_000)
    path = tmp_path / "gateway.log"
    handler = _file(path)
    for number in range(2000):
        _say(handler, number)
    handler.close()
    older = [tmp_path / f"gateway.log.{number}" for number in range(gatelog.KEPT, 0, -1)]
    assert sorted(tmp_path.iterdir()) == sorted([path, *older])
    kept = _numbers(*older, path)
    assert kept == list(range(kept[0], 2000))


def test_what_another_program_moved_away_is_begun_again(tmp_path: Path) -> None:
    path = tmp_path / "gateway.log"
    handler = _file(path)
    _say(handler, 1)
    path.rename(tmp_path / "gateway.log-20261127")
    _say(handler, 2)
    handler.close()
    assert _numbers(path) == [2]


def test_a_log_whose_folder_is_gone_ends_no_session_and_goes_on_when_it_is_back(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    handler = _file(folder / "gateway.log")
    _say(handler, 1)
    folder.rename(tmp_path / "away")
    _say(handler, 2)
    _say(handler, 3)
    assert "No such file" in capfd.readouterr().err
    folder.mkdir()
    _say(handler, 4)
    handler.close()
    assert _numbers(folder / "gateway.log") == [4]


def test_standard_error_goes_to_the_next_file_too_where_it_is_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gatelog, "MOST", 5_000)
    path, before = tmp_path / "gateway.log", os.dup(2)
    with path.open("a") as file:
        os.dup2(file.fileno(), 2)
    try:
        handler = _file(path)
        for number in range(200):
            _say(handler, number)
        os.write(2, b"crashed\n")
        handler.close()
    finally:
        os.dup2(before, 2)
        os.close(before)
    assert path.read_bytes().endswith(b"crashed\n")
    assert (tmp_path / "gateway.log.1").exists()


def test_standard_error_stays_where_it_is_otherwise(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    handler = _file(tmp_path / "gateway.log")
    os.write(2, b"said to the terminal\n")
    handler.close()
    assert capfd.readouterr().err == "said to the terminal\n"
