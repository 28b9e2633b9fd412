"""Blocks as one HTML file that asks for nothing outside itself: to be read, mailed and printed.

Marks say their outcome in words, so that nothing hangs on a colour; contrasts are at least 4.5 to
1. Source: WCAG 2.2, 1.4.1, 1.4.3, 1.3.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from importlib import resources

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
from portineria.policy.show.visible import visible
from portineria.policy.verdict import Answer

_CLASS = {Answer.YES: "yes", Answer.NO: "no", Answer.UNKNOWN: "unknown"}


def document(page: Iterable[Block], title: str, language: str) -> str:
    """A whole document. `language` as in BCP 47: `it`."""
    style = (resources.files(__package__) / "page.css").read_text(encoding="utf-8").strip()
    body = "\n".join(part for block in page for part in _block(block))
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        f"<title>{_text(title)}</title>\n<style>\n{style}\n</style>\n</head>\n<body>\n<main>\n"
        f"{body}\n</main>\n</body>\n</html>\n"
    )


def _text(words: str) -> str:
    return escape(visible(words))


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(level, words):
            yield f'<h{level} dir="auto">{_text(words)}</h{level}>'
        case Paragraph(words):
            yield f"<p>{_text(words)}</p>"
        case Table(columns, rows):
            heads = "".join(f'<th scope="col">{_text(name)}</th>' for name in columns)
            yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
            for row in rows:
                yield f"<tr>{''.join(map(_cell, row))}</tr>"
            yield "</tbody></table>"
        case _:
            yield from _card(block)


def _cell(cell: Cell) -> str:
    match cell:
        case Mark():
            return f"<td>{_mark(cell)}</td>"
        case Code(words):
            return f"<td><code>{_text(words)}</code></td>"
        case _:
            return f'<td dir="auto">{_text(cell)}</td>'


def _mark(mark: Mark) -> str:
    return f'<span class="mark {_CLASS[mark.answer]}">{_text(mark.text)}</span>'


def _card(card: Card) -> Iterator[str]:
    unsure = " unknown-card" if card.mark.answer is Answer.UNKNOWN else ""
    yield f'<section class="card{unsure}"><h4>{_mark(card.mark)} {_text(card.title)}</h4>'
    yield f'<p class="note">{_text(card.note)}</p>'
    yield f"<p>{_text(card.because)}</p>"
    if card.evidence:
        items = "".join(f'<li dir="auto">{_text(name)}</li>' for name in card.evidence)
        yield f"<ul>{items}</ul>"
    yield from (f"<p><code>{_text(words)}</code></p>" for words in card.code)
    yield from (f'<p class="note">{_text(sentence)}</p>' for sentence in card.papers)
    yield "</section>"
