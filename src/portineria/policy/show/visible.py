"""Names in a terminal: what people called things, shown so that a line stays readable.

A name may hold signs that steer a terminal, hide text or turn its direction. They are shown as
escapes, never printed raw. A run of right-to-left letters is put between bidi isolates, so that
the words around it stay where they are (UAX 9, explicit isolates), and columns are as wide as a
terminal draws them, which is not the number of characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from unicodedata import bidirectional

FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"

_JOINERS = "\u200c\u200d"
"""They join emoji and the letters of some scripts; between other signs they only hide."""
_RIGHT_TO_LEFT = {"R", "AL", "AN"}


def visible(text: str) -> str:
    """One line of signs that only show: every control and format sign becomes its escape."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or _joins(text, at) else _escape(sign)
        for at, sign in enumerate(text)
    )


def _joins(text: str, at: int) -> bool:
    if text[at] not in _JOINERS or at in (0, len(text) - 1):
        return False
    before, after = text[at - 1], text[at + 1]
    return all(not side.isascii() and side.isprintable() for side in (before, after))


def _escape(sign: str) -> str:
    if sign.isspace() and sign not in "\r\n\t\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029":
        return " "  # no-break and other wide blanks
    return sign.encode("unicode_escape", "surrogatepass").decode("ascii")


def line(text: str) -> str:
    """A line for the terminal: visible, with runs of right-to-left letters isolated.

    Of a line that is one already it is the same: lines are put together from lines.
    """
    if text.isascii():
        return visible(text)
    shown = visible(_isolated().sub(r"\1", text))
    return _runs().sub(rf"{FIRST_STRONG_ISOLATE}\g<0>{POP_ISOLATE}", shown)


@cache
def _runs() -> re.Pattern[str]:
    return re.compile(_run())


@cache
def _isolated() -> re.Pattern[str]:
    return re.compile(f"{FIRST_STRONG_ISOLATE}({_run()}){POP_ISOLATE}")


@cache
def _run() -> str:
    """A name in right-to-left letters: blanks, digits and such between them belong to it, the
    signs that part one name from the next do not.
    """
    letters, marks = _ranges(_RIGHT_TO_LEFT), _ranges({"NSM"})
    return f"[{letters}](?:[{letters}{marks}{_INSIDE}]*[{letters}{marks}])?"


_INSIDE = "0-9 .'\\-\u05f3\u05f4\u200c\u200d"
_SCRIPTS = (
    (0x590, 0x900),
    (0xFB1D, 0xFE00),
    (0xFE70, 0xFF00),
    (0x10800, 0x11000),
    (0x1E800, 0x1F000),
)
"""Where the scripts that run from right to left are. Source: Unicode, Blocks."""


def _ranges(classes: set[str]) -> str:
    """The signs of these bidi classes in those scripts, as inside a character class: `א-ת`."""
    codes = (code for first, last in _SCRIPTS for code in range(first, last))
    signs = [code for code in codes if bidirectional(chr(code)) in classes]
    starts = [code for before, code in zip([-1, *signs], signs, strict=False) if before != code - 1]
    ends = [code for code, after in zip(signs, [*signs[1:], -1], strict=True) if after != code + 1]
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))


def width(text: str) -> int:
    """Columns that a terminal gives to this text; escapes and isolates are counted as drawn."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth  # its tables take a tenth of a second to load

    return max(wcswidth(text), 0)


def columns(rows: Sequence[Sequence[str]], gap: str = "  ") -> Iterator[str]:
    """The rows as lines whose columns begin under each other."""
    shown = [[line(cell) for cell in row] for row in rows]
    if not shown:
        return
    widest = [max(map(width, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        padded = (cell + " " * (wide - width(cell)) for cell, wide in zip(row, widest, strict=True))
        yield gap.join(padded).rstrip(" ")
