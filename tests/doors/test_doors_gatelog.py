"""The gateway's log: whatever is told, a line is one object of JSON."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

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
