"""IMAP commands as they arrive: tags, atoms, strings, literals, lists, sequence sets.

RFC 3501 section 9. Atoms become `str`, quoted strings and literals `bytes`, lists `tuple`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portineria.mail.events import Argument

_TAG = rb'[^\x00-\x20(){%*"\\+\x7f-\xff]{1,64}'
_HEAD = re.compile(rb"(" + _TAG + rb")(?: ([A-Za-z0-9]{1,32})(?: (.*))?)?", re.DOTALL)
_LITERAL = re.compile(rb"\{(\d{1,12})(\+?)\}$")
# An atom may hold one bracketed section with spaces: BODY[HEADER.FIELDS (FROM "TO")]<0.100>
_TOKEN = re.compile(
    rb'(?P<space> )|(?P<open>\()|(?P<close>\))|"(?P<quoted>(?:[^"\\\r\n]|\\["\\])*)"'
    rb'|(?P<atom>(?:\[(?:[^\]"\r\n]|"[^"\r\n]*")*\]|[^\x00-\x20()"{\[\x7f])+)'
)
_DEPTH = 8


class ImapSyntax(Exception):
    """The command does not parse."""


@dataclass(frozen=True, slots=True)
class Head:
    tag: str
    verb: str
    rest: bytes


@dataclass(frozen=True, slots=True)
class LiteralMark:
    """`{size}` at the end of a line; the client waits for leave unless it is `{size+}`."""

    before: bytes
    size: int
    waits: bool


def head(line: bytes) -> Head | None:
    """Tag and verb of a command's first line; None without a tag, verb "" without a verb."""
    found = _HEAD.fullmatch(line)
    if found is None:
        tag = re.match(rb"(" + _TAG + rb")(?: |$)", line)
        return Head(tag[1].decode(), "", b"") if tag else None
    return Head(found[1].decode(), (found[2] or b"").decode().upper(), found[3] or b"")


def literal_mark(line: bytes) -> LiteralMark | None:
    """The literal announced at the end of a line (RFC 3501 section 4.3, RFC 7888)."""
    found = _LITERAL.search(line)
    return found and LiteralMark(line[: found.start()], int(found[1]), not found[2])


def arguments(parts: Sequence[bytes]) -> tuple[Argument, ...]:
    """The arguments from text, literal, text, ... , text. Raises ImapSyntax."""
    builder = _Builder()
    for index, part in enumerate(parts):
        if index % 2:
            builder.value(part)
        else:
            _tokens(part, builder)
    return builder.done()


def _tokens(text: bytes, builder: _Builder) -> None:
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise ImapSyntax
        place = found.end()
        match found.lastgroup:
            case "space":
                builder.space()
            case "open":
                builder.open()
            case "close":
                builder.close()
            case "quoted":
                builder.value(re.sub(rb"\\(.)", rb"\1", found["quoted"]))
            case _:
                builder.value(_atom(found["atom"]))


def _atom(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise ImapSyntax from None


class _Builder:
    """Nests values; one space between two of them and nowhere else."""

    def __init__(self) -> None:
        self._levels: list[list[Argument]] = [[]]
        self._may_begin = True
        self._after_space = False

    def space(self) -> None:
        if self._may_begin:
            raise ImapSyntax
        self._may_begin = self._after_space = True

    def value(self, value: Argument) -> None:
        if not self._may_begin:
            raise ImapSyntax
        self._levels[-1].append(value)
        self._may_begin = self._after_space = False

    def open(self) -> None:
        if not self._may_begin or len(self._levels) > _DEPTH:
            raise ImapSyntax
        self._levels.append([])
        self._after_space = False

    def close(self) -> None:
        if len(self._levels) == 1 or self._after_space:
            raise ImapSyntax
        inner = tuple(self._levels.pop())
        self._may_begin = True
        self.value(inner)

    def done(self) -> tuple[Argument, ...]:
        if len(self._levels) != 1 or self._after_space:
            raise ImapSyntax
        return tuple(self._levels[0])


def word(argument: Argument) -> str:
    """An astring as text. Raises ImapSyntax for a list or for octets that are not UTF-8."""
    if isinstance(argument, str):
        return argument
    if isinstance(argument, bytes):
        return _atom(argument)
    raise ImapSyntax


def sequence(text: str) -> tuple[tuple[int, int], ...]:
    """A sequence set as pairs; `*` is 0 (RFC 3501 sequence-set). Raises ImapSyntax."""
    pairs = []
    for item in text.split(","):
        found = re.fullmatch(r"([1-9]\d{0,9}|\*)(?::([1-9]\d{0,9}|\*))?", item)
        if found is None:
            raise ImapSyntax
        first = _number(found[1])
        pairs.append((first, first if found[2] is None else _number(found[2])))
    return tuple(pairs)


def _number(text: str) -> int:
    return 0 if text == "*" else int(text)


def chosen(pairs: Iterable[tuple[int, int]], numbers: Sequence[int]) -> list[int]:
    """Which of the ascending `numbers` a sequence set names; `*` is the last of them."""
    last = numbers[-1] if numbers else 0
    places: set[int] = set()
    for first, second in pairs:
        low, high = sorted((first or last, second or last))
        places.update(range(bisect_left(numbers, low), bisect_right(numbers, high)))
    return [numbers[place] for place in sorted(places)]


def as_set(numbers: Sequence[int]) -> str:
    """Numbers as a sequence set, runs drawn together; the order is kept (RFC 4315 section 3)."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ",".join(":".join(map(str, run)) for run in runs)
