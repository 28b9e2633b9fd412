"""A message as a tree of parts that point into its octets (RFC 5322, RFC 2045, RFC 2046).

Nothing is decoded and nothing is copied: a part knows where its header and its body lie, so
what is cut out of it is, octet by octet, what was sent. Depth and number of parts are bounded;
what lies beyond is shown as one part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

DEPTH = 20  # nested multiparts and messages
PARTS = 1_000  # in one message

_BLANK = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"[^\r\n]+(?:\r?\n[ \t][^\r\n]*)*")
_FOLD = re.compile(rb"\r?\n(?=[ \t])")
_WORD = r"[^\s()<>@,;:\\\"/\[\]?=]+"
_TYPE = re.compile(rf"\s*({_WORD})/({_WORD})")
_PARAMETER = re.compile(r";\s*([^\s=;\"]+)\s*=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^;\s]*))", re.DOTALL)

Parameters = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Valued:
    """A header field's value and its parameters: Content-Type, Content-Disposition."""

    value: str
    parameters: Parameters = ()

    def get(self, name: str) -> str | None:
        return next((value for key, value in self.parameters if key == name), None)


@dataclass(frozen=True, slots=True)
class Part:
    """`source[start:middle]` is the header with its blank line, `source[middle:end]` the body.

    `kind` and `subtype` are in lower case. `parts` are those of a multipart, or the one message
    inside a message/rfc822.
    """

    source: bytes = field(repr=False)
    start: int
    middle: int
    end: int
    kind: str = "text"
    subtype: str = "plain"
    parameters: Parameters = ()
    parts: tuple[Part, ...] = ()

    @property
    def header(self) -> bytes:
        return self.source[self.start : self.middle]

    @property
    def body(self) -> bytes:
        return self.source[self.middle : self.end]

    @property
    def whole(self) -> bytes:
        return self.source[self.start : self.end]

    @property
    def is_multipart(self) -> bool:
        return self.kind == "multipart"

    @property
    def is_message(self) -> bool:
        return (self.kind, self.subtype) == ("message", "rfc822") and bool(self.parts)


def parse(content: bytes) -> Part:
    """The tree of a whole message. Never fails: what makes no sense is plain text."""
    return _Reader(content).part(0, len(content), 0, ("text", "plain"))


def fields(header: bytes) -> Iterator[tuple[str, bytes]]:
    """Every field: its name in lower case, and its octets without the last line end."""
    for found in _FIELD.finditer(header):
        name, colon, _ = found[0].partition(b":")
        if colon:
            yield name.decode("latin-1").strip().lower(), found[0]


def first(header: bytes, name: str) -> bytes | None:
    """The value of the first field of that name (lower case), unfolded and stripped."""
    return next(all_of(header, name), None)


def all_of(header: bytes, name: str) -> Iterator[bytes]:
    """The values of all fields of that name (lower case), unfolded and stripped."""
    for key, octets in fields(header):
        if key == name:
            yield _FOLD.sub(b"", octets.partition(b":")[2]).strip()


def valued(raw: bytes | None) -> Valued | None:
    """A value with parameters, names in lower case; what RFC 2231 encodes stays as it stands."""
    if raw is None:
        return None
    text = raw.decode("latin-1")
    value, _, _ = text.partition(";")
    found = _PARAMETER.finditer(text, len(value))
    return Valued(
        value.strip(),
        tuple((m[1].lower(), _unquoted(m[2]) if m[2] is not None else m[3]) for m in found),
    )


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


class _Reader:
    """One parse: the source, and how many parts may still be made."""

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._left = PARTS

    def part(self, start: int, end: int, depth: int, default: tuple[str, str]) -> Part:
        self._left -= 1
        middle = self._body_begins(start, end)
        type_ = valued(first(self._source[start:middle], "content-type"))
        found = _TYPE.match(type_.value) if type_ else None
        kind, subtype = default
        parameters: Parameters = ()
        if type_ is not None and found is not None:
            kind, subtype, parameters = found[1].lower(), found[2].lower(), type_.parameters
        parts = self._inside(middle, end, depth, (kind, subtype, Valued("", parameters)))
        if kind == "multipart" and not parts:
            kind, subtype, parameters = "text", "plain", ()
        return Part(self._source, start, middle, end, kind, subtype, parameters, parts)

    def _body_begins(self, start: int, end: int) -> int:
        for blank in (b"\r\n", b"\n"):
            if self._source.startswith(blank, start, end):
                return start + len(blank)
        found = _BLANK.search(self._source, start, end)
        return found.end() if found else end

    def _inside(
        self, start: int, end: int, depth: int, type_: tuple[str, str, Valued]
    ) -> tuple[Part, ...]:
        kind, subtype, parameters = type_
        if depth >= DEPTH or self._left <= 0:
            return ()
        if (kind, subtype) == ("message", "rfc822"):
            return (self.part(start, end, depth + 1, ("text", "plain")),)
        boundary = parameters.get("boundary")
        if kind != "multipart" or not boundary:
            return ()
        default = ("message", "rfc822") if subtype == "digest" else ("text", "plain")
        spans = self._spans(start, end, boundary.encode("latin-1"))
        return tuple(self.part(*span, depth + 1, default) for span in spans)

    def _spans(self, start: int, end: int, boundary: bytes) -> list[tuple[int, int]]:
        """Where the parts lie between the delimiter lines (RFC 2046 section 5.1.1)."""
        line = re.compile(rb"(?<=\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
        spans: list[tuple[int, int]] = []
        begins = None
        for found in line.finditer(self._source, start, end):
            if begins is not None:
                if len(spans) + 1 >= self._left:
                    break
                spans.append((begins, self._before_line_end(begins, found.start())))
            begins = None if found[1] else found.end()
            if begins is None:
                break
        if begins is not None:
            spans.append((begins, end))
        return spans

    def _before_line_end(self, begins: int, ends: int) -> int:
        """A delimiter's line owns the line end in front of it."""
        for mark in (b"\r\n", b"\n"):
            if self._source.endswith(mark, begins, ends):
                return ends - len(mark)
        return ends
