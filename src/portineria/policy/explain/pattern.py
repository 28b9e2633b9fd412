"""From a text of the catalogue to an expression that finds it in somebody's log.

Programs put commas, quotes and `b'` between a code and its words, break lines anywhere, and change
the case. The words have to be there, all of them and in order; what a template marks as optional
may be absent. Texts are searched in lower case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from portineria.policy.wiretexts.catalogue import SAYINGS
from portineria.policy.wiretexts.sayings import Saying

_GAP = r"\s+"
_AFTER_CODE = r"[\s,:;'\"b(-]{1,6}"
_CODE = re.compile(r"\d{3}|\d\.\d{1,3}\.\d{1,3}")
_PIECE = re.compile(r"\{[a-z0-9]+\}[^\s{}‹›¶⏎]*|[‹›¶⏎]|[^\s‹›¶⏎]+")
_PLACES = {"{n}": r"\d{1,9}", "{word}": r"\S{1,80}", "{any}": r"(?:(?!\d{3} \d\.\d).){0,80}?"}
_ANYTHING = r".{0,120}?"
_OVER = r"(?=\s*(?:$|[\[\]\"'<>\\{}|().#]|\n))"
"""Behind the sentence: an end, a bracket or a quote; no further word and no comma."""
_EDGES = {"¶": _OVER, "⏎": r"(?:^|(?<=\n))"}
_NO_CODE = r"(?<!\d\d\d[ :-])(?<!\d\d\d, b')"
"""Where the code in front may be absent: another code is not the same as none."""
_BROKEN = r"\n?"
"""A line may be broken inside a word, as a terminal does it."""


@dataclass(frozen=True, slots=True)
class Found:
    """Where a saying stands in the searched text."""

    saying: Saying
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Search:
    saying: Saying
    spark: str
    expression: re.Pattern[str]


def search(text: str) -> list[Found]:
    """Every saying in a text of lower case; of those that overlap the first, then the longest."""
    unbroken = text.replace("\n", "")
    found = [
        Found(one.saying, match.start(), match.end())
        for one in _searches()
        if one.spark in unbroken
        for match in one.expression.finditer(text)
    ]
    kept: list[Found] = []
    for one in sorted(found, key=lambda f: (f.start, f.start - f.end)):
        if not kept or one.start >= kept[-1].end:
            kept.append(one)
    return kept


@cache
def _searches() -> tuple[_Search, ...]:
    return tuple(
        _Search(saying, _spark(template), expression(template))
        for saying in SAYINGS
        for template in _templates(saying)
    )


def _templates(saying: Saying) -> tuple[str, ...]:
    """A number alone is enough: its words change, and are localised."""
    if saying.number:
        return (f"AADSTS{saying.number}",)
    return tuple(text for text in saying.texts if not text.startswith("("))


def _spark(template: str) -> str:
    """The longest word that has to be there: looking for it is quick."""
    needed = re.sub(r"‹[^›]*›|\{[^}]*\}", " ", template.replace("¶", ""))
    return max(needed.replace("⏎", "").split(), key=len).lower().rstrip(".,;")


def expression(template: str) -> re.Pattern[str]:
    """The expression of one template."""
    text = template.lower().rstrip(".")
    out, gap = [_beginning(text)], ""
    for piece in _PIECE.findall(text):
        if piece == "‹":
            out.append(f"(?:{gap}")
            inside, gap = gap, ""
        elif piece == "›":
            out.append(")?" if inside else f"{gap}|{_NO_CODE})")
            gap = gap if inside else ""
        elif piece in _EDGES:
            out.append(_EDGES[piece])
        else:
            out.append(gap + _words(piece))
            gap = _AFTER_CODE if _CODE.fullmatch(piece) else _GAP
    end = r"(?!\w)" if text.rstrip("¶›")[-1].isalnum() else ""
    return re.compile("".join(out) + end, re.DOTALL)


def _beginning(text: str) -> str:
    """A code does not begin inside a number, nor a word inside a word."""
    first = text.lstrip("‹")[0]
    if first.isdigit():
        return r"(?<![\w.])"
    return r"(?<!\w)" if first.isalpha() else ""


def _words(piece: str) -> str:
    """One word of a template, which may hold places for others."""
    parts = re.split(r"(\{[a-z0-9]+\})", piece)
    return "".join(_PLACES.get(part) or _literal(part) for part in parts)


def _literal(part: str) -> str:
    if part.startswith("{") and part.endswith("}"):
        return _ANYTHING
    return _BROKEN.join(map(re.escape, part))
