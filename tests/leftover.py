"""Whether something of an Italian answer was left in English."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

import pytest

from portineria.tongue.catalogue import Catalogue, catalogue, entries
from portineria.tongue.template import told

QUOTED = re.compile(
    r"«[^»]*»|not shown|`[^`]*`|'[^']*'|\"[^\"]*\"|(id of )?Portineria: [^\[]*"
    r"|\S*[@/\\]\S*|--\w[\w-]*( [A-Z]+)?"
)
"""Names, commands, values: they are of no language."""
LITTLE = re.compile(
    r"\b(the|is|was|were|are|not|which|that|of|with|and|its|could|cannot|does|nobody|this|has|have"
    r"|by|but|there|here|it|to|for)\b"
)
"""Words that hardly an English sentence lacks, and that no Italian one has."""
SAME = re.compile(
    r"^- Fonte: |^\w+(-\w+)+ -|^portineria |^openssl |^iconv |^[\w.-]+: [\w-]+$"
    r"|^(documentato|osservato|segnalato sul campo|non verificato): |^- «.*» nega: "
)
"""Commands, settings and titles of sources, which are the same in both."""


def left_in_english(text: str) -> str:
    """The first piece of a text that would be left in English, values that are nobody's apart."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("portineria.tongue.template.told", _ours)
        return left_over("\n".join(map(_italian().say, text.split("\n"))))


def _ours(value: str, kind: str, say: Callable[[str], str]) -> str:
    """What a server said, or somebody is called, is not ours to translate."""
    return told(value, kind, say) if kind else "…"


@cache
def _italian() -> Catalogue:
    """One that remembers nothing that others were told."""
    return Catalogue(entries("it"))


def left_over(told: str) -> str:
    """The first piece of English in a text of ours, or ""."""
    for line in told.splitlines():
        for piece in (line, *re.split(r"; |: ", line)):
            if found := _template(piece.strip()):
                return f"{found!r} in {line}"
        if not SAME.match(line.strip()) and (word := LITTLE.search(QUOTED.sub(" ", line))):
            return f"{word[0]!r} in {line.strip()}"
    return ""


def _template(piece: str) -> str:
    words = catalogue("it")
    found = words.found(piece)
    if found is not None and found[0].english != found[0].other and found[0].size > 9:
        return found[0].english
    known = words.exactly(piece)
    return piece if known not in (None, piece) and " " in piece else ""
