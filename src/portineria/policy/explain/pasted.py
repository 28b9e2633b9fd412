"""What people paste, made fit to be searched: one text of lower case that knows its line numbers.

Mail programs, web pages and consoles change a line on its way: HTML entities, quoted-printable,
escapes of Python, JSON and JavaScript, typographic quotes, stamps in front, `535-` on several
lines. Lines stay apart, by a line feed each; nothing is joined that a reader would not join.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from dataclasses import dataclass
from unicodedata import normalize

_STAMP = (
    r"\[?\d{4}-\d\d-\d\d[t ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:z|[+-]\d\d:?\d\d)?\]?",
    r"\[?\d\d?[./-]\d\d?[./-]\d{4},? \d\d?:\d\d:\d\d(?:[.,]\d+)?(?: [ap]m)?\]?",
    r"\[?\d\d:\d\d:\d\d(?:[.,]\d+)?\]?",
    r"[a-z]{3} \d{1,2} \d\d:\d\d:\d\d \S{1,80} \S{1,60}:",
)
_PREFIX = re.compile(
    rf"^(?:[>|] ?)*(?:(?:{'|'.join(_STAMP)})\s*)?"
    r"(?:\[?(?:info|debug|warn(?:ing)?|error|trace)\]?:?\s)?",
    re.IGNORECASE,
)
_SOFT_BREAK = re.compile(
    r"^(?=.{60,76}=$)(?P<line>(?:\S+[ \t]+){4,}\S{0,30})=\n"
    r"|(?<=[ \t])(?P<word>[A-Za-z.,;:'()-]{0,20})=\n(?=[A-Za-z](?![:|>])|[= ])",
    re.MULTILINE,
)
"""Base64 ends in `=` too: a line is broken softly where it is full, or has words around the
break."""
_QUOTED = re.compile(r"=([2-7][0-9a-f]|0[ad]|09)", re.IGNORECASE)
_UNICODE = re.compile(r"\\u00([2-7][0-9a-f])", re.IGNORECASE)
_ESCAPE = re.compile(r"\\+(?:(r\\+n|[rnt](?![a-z]))|([\"'/]))")
_BREAKS = re.compile(r"<br ?/?>", re.IGNORECASE)
_CONTINUED = re.compile(r"(?<!\d)([245]\d\d)-(\d\.\d{1,3}\.\d{1,3})?")
_NULS = re.compile("\0{8,}")
_SIGNS = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "\u00a0": " ", "\u00ad": "", "\u200b": "", "\0": ""}
)


@dataclass(frozen=True, slots=True)
class Pasted:
    """The cleaned lines in one text, sign for sign in lower case, and where in it each begins."""

    plain: str
    text: str
    starts: tuple[int, ...]
    numbers: tuple[int, ...]

    def line(self, offset: int) -> int:
        """The number, counted from 1, of the pasted line that an offset of `text` is from."""
        return self.numbers[bisect_right(self.starts, offset) - 1]


def pasted(raw: str) -> Pasted:
    """Clean what was pasted, line by line."""
    lines = _joined(raw.replace("\r\n", "\n").replace("\r", "\n"))
    kept, starts, offset = _uncontinued([(at, _cleaned(line)) for at, line in lines]), [], 0
    for _, line in kept:
        starts.append(offset)
        offset += len(line) + 1
    plain = "\n".join(line for _, line in kept)
    return Pasted(plain, _folded(plain), tuple(starts), tuple(number for number, _ in kept))


def _folded(text: str) -> str:
    """Lower case, sign by sign: some letters grow longer in it, and stay."""
    if text.isascii():
        return text.lower()
    return "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)


def _joined(text: str) -> list[tuple[int, str]]:
    """Numbered lines; where quoted-printable broke one in two they are one again."""
    if not _SOFT_BREAK.search(text):
        return list(enumerate(text.split("\n"), 1))
    numbered, number = [], 1
    for line in _SOFT_BREAK.sub(_unbroken, text).split("\n"):
        numbered.append((number, _QUOTED.sub(_octet, line.replace("\0", ""))))
        number += line.count("\0") + 1
    return numbered


def _unbroken(found: re.Match[str]) -> str:
    return f"{found['line'] or found['word'] or ''}\0"


def _octet(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _cleaned(line: str) -> str:
    line = _NULS.sub(" ␀␀␀␀ ", line)
    line = html.unescape(_BREAKS.sub(" ", line)) if "&" in line or "<" in line else line
    line = _ESCAPE.sub(lambda found: " " if found[1] else found[2], _UNICODE.sub(_octet, line))
    line = line.translate(_SIGNS)
    line = line if line.isascii() else normalize("NFKC", line)
    return _PREFIX.sub("", " ".join(line.split()), count=1)


def _uncontinued(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """A reply of several lines repeats its code on each: from the second on it is left out."""
    out: list[tuple[int, str]] = []
    code = ""
    for number, line in lines:
        again = rf"^.{{0,60}}?(?<!\d){code}[ -](?:\d\.\d{{1,3}}\.\d{{1,3}} ?)?"
        whole = re.sub(again, "", line, count=1) if code else line
        found = _CONTINUED.search(line)
        code = found[1] if found else ""
        out.append((number, whole.replace(f"{code}-", f"{code} ", 1) if code else whole))
    return out
