"""The buffer gives the same pieces however the bytes arrive."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portineria.mail.buffer import Buffer, LineTooLong

LIMIT = 8


def pieces(chunks: list[bytes]) -> list[bytes | str]:
    buffer = Buffer()
    found: list[bytes | str] = []
    for chunk in chunks:
        buffer.feed(chunk)
        while True:
            try:
                line = buffer.line(LIMIT)
            except LineTooLong:
                found.append("too long")
                continue
            if line is None:
                break
            found.append(line)
    return found


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = [0, *sorted(p % (len(data) + 1) for p in places), len(data)]
    return [data[a:b] for a, b in pairwise(marks)]


@given(
    st.lists(st.sampled_from([b"a", b"\r", b"\n", b"\r\n", b"bcd"]), max_size=40).map(b"".join),
    st.lists(st.integers(0, 200), max_size=12),
)
def test_any_split_gives_the_same_lines(data: bytes, places: list[int]) -> None:
    assert pieces(cut(data, places)) == pieces([data])


def test_a_line_ends_with_crlf_or_lf_and_loses_one_end_only() -> None:
    assert pieces([b"a\r\nb\nc\r\r\n"]) == [b"a", b"b", b"c\r"]


def test_a_long_line_is_reported_once_and_dropped_to_its_end() -> None:
    assert pieces([b"123456789", b"still the same line", b"\r\nnext\r\n"]) == ["too long", b"next"]


def test_a_line_of_exactly_the_limit_passes() -> None:
    assert pieces([b"123456\r\n", b"1234567\r\n"]) == [b"123456", "too long"]


def test_counted_octets_wait_until_they_are_all_there() -> None:
    buffer = Buffer()
    buffer.feed(b"abc")
    assert buffer.exactly(4) is None
    buffer.feed(b"de")
    assert buffer.exactly(4) == b"abcd"
    assert buffer.some(10) == b"e"


def test_clear_forgets_what_was_not_taken() -> None:
    buffer = Buffer()
    buffer.feed(b"injected\r\n")
    assert buffer.clear() == 10
    assert buffer.line(LIMIT) is None


def test_what_waits_is_counted_and_nothing_is_taken_from_a_line_that_was_too_long() -> None:
    buffer = Buffer()
    buffer.feed(b"x" * 10)
    assert len(buffer) == 10
    with pytest.raises(LineTooLong):
        buffer.line(5)
    assert buffer.some(3) == b""
    buffer.feed(b"tail\r\nnext")
    assert buffer.some(10) == b"next"
