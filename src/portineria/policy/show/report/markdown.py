"""Blocks as Markdown (CommonMark with the tables of GitHub's): for a terminal, a ticket, a wiki."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from portineria.policy.show.report.page import (
    Block,
    Card,
    Cell,
    Code,
    Heading,
    Mark,
    Paragraph,
    Table,
)
from portineria.policy.show.visible import line

_SIGNS = re.compile(r"([\\`*_\[\]<>|&#~])")


def text(page: Iterable[Block]) -> str:
    """The page, ending with a newline."""
    return "\n".join(part for block in page for part in _block(block)) + "\n"


def plain(words: str) -> str:
    """Names are never markup: each sign that could be is escaped, controls are shown."""
    return _SIGNS.sub(r"\\\1", line(words))


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(level, words):
            yield f"{'#' * level} {plain(words)}"
        case Paragraph(words):
            yield plain(words)
        case Table(columns, rows):
            yield _row(columns)
            yield _row(["---"] * len(columns), raw=True)
            for row in rows:
                yield _row(row)
        case _:
            yield from _card(block)
    yield ""


def _row(cells: Iterable[Cell], *, raw: bool = False) -> str:
    told = [str(cell) if raw else _cell(cell) for cell in cells]
    return f"| {' | '.join(told)} |"


def _cell(cell: Cell) -> str:
    match cell:
        case Mark(_, words):
            return f"**{plain(words)}**"
        case Code(words):
            return code(words)
        case _:
            return plain(cell)


def code(words: str) -> str:
    """A code span whose fence is longer than any run of backticks in it (CommonMark 6.1)."""
    shown = line(words)
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def _card(card: Card) -> Iterator[str]:
    yield f"#### {plain(card.title)}: **{plain(card.mark.text)}**"
    yield f"({plain(card.note)})"
    yield ""
    yield f"- {plain(card.because)}"
    yield from (f"  - {plain(name)}" for name in card.evidence)
    yield from (f"- {plain(sentence)}" for sentence in card.papers)
    yield from (f"- {code(words)}" for words in card.code)
