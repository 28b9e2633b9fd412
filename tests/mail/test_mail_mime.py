"""Messages as trees of parts: exact octets, odd ones, bounds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portineria.mail import mime
from portineria.mail.mime import Part, Valued


def shape(part: Part) -> object:
    """The tree as nested lists of types."""
    name = f"{part.kind}/{part.subtype}"
    return [name, *(shape(inner) for inner in part.parts)] if part.parts else name


def multipart(*parts: bytes, kind: str = "mixed", boundary: str = "b", end: str = "\r\n") -> bytes:
    lines = [f'Content-Type: multipart/{kind}; boundary="{boundary}"', ""]
    text = end.join(lines).encode() + end.encode()
    for part in parts:
        text += f"--{boundary}{end}".encode() + part + end.encode()
    return text + f"--{boundary}--{end}".encode()


def test_header_and_body_meet_at_the_blank_line() -> None:
    for content, header, body in [
        (b"A: b\r\n\r\nbody", b"A: b\r\n\r\n", b"body"),
        (b"A: b\n\nbody\n", b"A: b\n\n", b"body\n"),
        (b"\r\nbody", b"\r\n", b"body"),
        (b"\nbody", b"\n", b"body"),
        (b"A: b\r\n", b"A: b\r\n", b""),
        (b"", b"", b""),
    ]:
        part = mime.parse(content)
        assert (part.header, part.body, part.whole) == (header, body, content)


def test_parts_are_the_octets_between_the_delimiters() -> None:
    for end in ("\r\n", "\n"):
        content = multipart(b"one", b"Content-Type: text/html\r\n\r\ntwo\r\n", end=end)
        parts = mime.parse(content).parts
        assert [part.whole for part in parts] == [b"one", b"Content-Type: text/html\r\n\r\ntwo\r\n"]
        assert shape(mime.parse(content)) == ["multipart/mixed", "text/plain", "text/html"]


def test_messages_inside_messages() -> None:
    inner = b"Content-Type: message/rfc822\r\n\r\n" + multipart(b"deep", boundary="x")
    assert shape(mime.parse(multipart(inner))) == [
        "multipart/mixed",
        ["message/rfc822", ["multipart/mixed", "text/plain"]],
    ]
    digest = multipart(b"\r\nSubject: a\r\n\r\none", kind="digest")
    assert shape(mime.parse(digest)) == ["multipart/digest", ["message/rfc822", "text/plain"]]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"Content-Type: multipart/mixed\r\n\r\n--b\r\nx", "text/plain"),  # no boundary named
        (b"Content-Type: multipart/mixed; boundary=b\r\n\r\nnone", "text/plain"),
        (b"Content-Type: nonsense\r\n\r\nx", "text/plain"),
        (b"Content-Type: IMAGE/PNG; a\r\n\r\nx", "image/png"),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b \r\nnever ended",
            ["multipart/mixed", "text/plain"],
        ),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--b\r\n\r\n--bb\r\n--b--",
            ["multipart/mixed", "text/plain", "text/plain"],
        ),
    ],
)
def test_what_makes_no_sense_is_shown_as_it_can_be(content: bytes, expected: object) -> None:
    assert shape(mime.parse(content)) == expected


def test_depth_and_number_of_parts_are_bounded() -> None:
    content = b"end"
    for _ in range(mime.DEPTH + 5):
        content = b"Content-Type: message/rfc822\r\n\r\n" + content
    part, depth = mime.parse(content), 0
    while part.parts:
        part, depth = part.parts[0], depth + 1
    assert depth == mime.DEPTH
    many = mime.parse(multipart(*[b"x"] * (mime.PARTS + 5)))
    assert len(many.parts) == mime.PARTS - 1
    assert many.parts[-1].whole.count(b"--b\r") == 6
    full = mime.parse(
        multipart(multipart(*[b"x"] * mime.PARTS, boundary="i"), b"", multipart(b"", boundary="j"))
    )
    assert [len(part.parts) for part in full.parts] == [mime.PARTS - 2, 0, 0]


def test_fields_are_unfolded_and_found_in_any_case() -> None:
    header = b"Subject: one\r\n\ttwo\r\nno field\r\nsubject: three\r\nTO :x\n y\r\n\r\n"
    assert mime.first(header, "subject") == b"one\ttwo"
    assert list(mime.all_of(header, "subject")) == [b"one\ttwo", b"three"]
    assert mime.first(header, "to") == b"x y"
    assert mime.first(header, "cc") is None
    assert [name for name, _ in mime.fields(header)] == ["subject", "subject", "to"]


def test_a_value_has_parameters() -> None:
    assert mime.valued(None) is None
    found = mime.valued(
        b'attachment; FileName="a \\"b\\"; c" ; size = 3; filename*=utf-8\'\'x; q="'
    )
    assert found == Valued(
        "attachment",
        (("filename", 'a "b"; c'), ("size", "3"), ("filename*", "utf-8''x"), ("q", '"')),
    )
    assert found.get("size") == "3"
    assert found.get("nothing") is None


WORDS = [
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Type: multipart/digest; boundary=b\n",
    b"Content-Type: message/rfc822\r\n",
    b"\r\n",
    b"\n",
    b"--b",
    b"--b--",
    b"--",
    b"text",
    b"\x00\xff",
    b"\r",
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=40).map(b"".join))
def test_no_message_crashes_and_every_part_lies_inside_its_parent(content: bytes) -> None:
    waiting = [mime.parse(content)]
    while waiting:
        part = waiting.pop()
        assert 0 <= part.start <= part.middle <= part.end <= len(content)
        for inner in part.parts:
            assert part.middle <= inner.start <= inner.end <= part.end
        waiting += part.parts


@given(st.lists(st.binary(max_size=30).filter(lambda octets: b"--" not in octets), max_size=6))
def test_what_was_put_together_comes_apart_again(bodies: list[bytes]) -> None:
    parts = [b"\r\n" + body for body in bodies]
    assert [part.body for part in mime.parse(multipart(*parts)).parts] == bodies
