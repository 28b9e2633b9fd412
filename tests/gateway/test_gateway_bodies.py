"""A message on its way has one end, the same however its octets arrive, and smuggles nothing."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portineria.gateway.bodies import Body

OCTETS = st.lists(
    st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n", b"\r\n.", b"\r\n.\r\n", b"\n.\n", b"\r.\r"])
).map(b"".join)


def through(octets: bytes, cuts: list[int]) -> tuple[bytes, bytes | None, int]:
    """What went on, what came behind the end, how many lines were mended."""
    body, sent, last = Body(), b"", 0
    for cut in [*sorted(cuts), len(octets)]:
        if body.rest is not None:
            return sent, body.rest + octets[last:], body.lines_mended
        sent += body.feed(octets[last:cut])
        last = cut
    return sent, body.rest, body.lines_mended


@given(OCTETS, st.lists(st.integers(0, 40)))
@example(b"\n.\r\nMAIL FROM:<x>\r\n.\r\n", [1, 2, 3])
def test_any_split_gives_the_same(octets: bytes, cuts: list[int]) -> None:
    inside = [cut for cut in cuts if cut <= len(octets)]
    assert through(octets, inside) == through(octets, [])


@given(OCTETS)
def test_only_the_standard_end_ends_it_and_no_other_goes_on(octets: bytes) -> None:
    sent, rest, _ = through(octets, [])
    end = (b"\r\n" + octets).find(b"\r\n.\r\n")
    assert (rest is None) == (end < 0)
    if rest is None:
        # Whoever takes any mixture of CR and LF for a line end finds no dot alone in it.
        assert not re.search(rb"(?:^|\r\n)\.(?=\r\n)", sent)
    else:
        assert rest == octets[end + 3 :]
        assert (b"\r\n" + sent).endswith(b"\r\n.\r\n")
        assert (b"\r\n" + sent).find(b"\r\n.\r\n") == len(sent) - 3
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", sent)


@given(st.lists(st.binary().map(lambda line: re.sub(rb"[\r\n]", b"", line))))
def test_what_is_in_order_goes_through_as_it_came(lines: list[bytes]) -> None:
    octets = b"".join((b"." if line[:1] == b"." else b"") + line + b"\r\n" for line in lines)
    sent, rest, mended = through(octets + b".\r\nQUIT\r\n", [])
    assert (sent, rest, mended) == (octets + b".\r\n", b"QUIT\r\n", 0)


@pytest.mark.parametrize(
    ("octets", "sent"),
    [
        (b"a\nb\r\n.\r\n", b"a\r\nb\r\n.\r\n"),
        (b"a\rb\r\n.\r\n", b"a b\r\n.\r\n"),
        (b"a\n.\nb\r\n.\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\n.\r\nb\r\n.\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\r\n.\nb\r\n.\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\r\n.\rb\r\n.\r\n", b"a\r\n. b\r\n.\r\n"),
        (b"\n.\n.\n.\r\n\r\n.\r\n", b"\r\n..\r\n..\r\n..\r\n\r\n.\r\n"),
        (b".\r\n", b".\r\n"),
    ],
)
def test_lone_line_ends_are_mended(octets: bytes, sent: bytes) -> None:
    body = Body()
    assert body.feed(octets) == sent
    assert body.rest == b""


@given(OCTETS, st.lists(st.integers(0, 40)))
@example(b"a\n.\nQUIT\n", [2, 3])
@example(b"a\r\n.\r\nb", [2])
def test_where_lf_ends_lines_it_is_as_if_each_had_its_cr(octets: bytes, cuts: list[int]) -> None:
    """However it arrives: nothing ends it that would not end it with CR before each LF."""
    body, sent, last = Body(lf_ends=True), b"", 0
    for cut in [*sorted(cut for cut in cuts if cut <= len(octets)), len(octets)]:
        if body.rest is None:
            sent += body.feed(octets[last:cut])
            last = cut
    wanted, rest, _ = through(re.sub(rb"(?<!\r)\n", b"\r\n", octets), [])
    assert sent == wanted
    assert (body.rest is None) == (rest is None)
    if rest is not None:
        left = (body.rest or b"") + octets[last:]
        assert re.sub(rb"(?<!\r)\n", b"\r\n", left) == rest
