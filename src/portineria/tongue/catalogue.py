"""The catalogue of one language: which template a sentence was made from.

A sentence is looked up by its words: each template is kept under the one of its own that the
fewest others have, so that few are tried. Of several that fit, the one with the most text of its
own is meant, unless it does so by what somebody is called.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path

from portineria.tongue.po import Entry, read
from portineria.tongue.template import Template

KEPT = 4096
"""Sentences that are remembered: of ten thousand mailboxes many are told the same."""
TOGETHER = 6
"""Parts between "; " that may be one sentence."""
DEEPEST = 12
"""Sentences inside sentences: a file may hold more, ours do not."""
BETWEEN = "; "

Fit = tuple[Template, tuple[str, ...]]
"""A template, and what stands in its slots."""

_WORD = re.compile(r"\w+")


class Catalogue:
    """English templates and their other language."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._whole: dict[str, str] = {}
        self._templates: dict[str, Template] = {}
        templates = []
        for entry in entries:
            template = Template(entry.english, entry.other)
            if len(template.literals) == 1:
                self._whole[template.literals[0]] = template.fill((), str)
                continue
            self._templates[entry.english] = template
            if not entry.composed:
                templates.append(template)
        self._by_word: dict[str, list[Template]] = {}
        counts = Counter(word for one in templates for word in set(one.words))
        for one in templates:
            word = min(one.words, key=lambda word: (counts[word], -len(word)), default="")
            self._by_word.setdefault(word, []).append(one)
        self.say: Callable[[str], str] = lru_cache(KEPT)(self._say)

    def compose(self, template: str, values: tuple[str, ...]) -> str:
        known = self._templates.get(template)
        return template.format(*values) if known is None else known.fill(values, self.say)

    def _say(self, text: str, depth: int = 0) -> str:
        """What has no entry comes back as it is: the whole, or the part between two "; "."""
        if depth > DEEPEST:
            return text
        told = self._one(text, depth)
        if told is None and BETWEEN in text and self._several(text, depth):
            told = BETWEEN.join(self._parts(text.split(BETWEEN), depth))
        if told in (None, text):
            told = self._one(text, depth, surely=False)
        return text if told is None else told

    def _several(self, text: str, depth: int) -> bool:
        """Whether it is not one sentence, with a name in it that looks like several."""
        fitting = self._fitting(text)
        if fitting and BETWEEN in "".join(fitting[0][0].literals):
            return False
        return all(
            template.twice(text, values) or not self._knows(template.sentences(values), depth)
            for template, values in fitting
        )

    def _parts(self, parts: list[str], depth: int) -> Iterator[str]:
        """Each run of parts that is one sentence, the longest first."""
        at = 0
        while at < len(parts):
            for end in range(min(len(parts), at + TOGETHER), at, -1):
                told = self._one(BETWEEN.join(parts[at:end]), depth)
                if told is not None:
                    break
            else:
                told = self._one(parts[at], depth, surely=False)
            yield parts[at] if told is None else told
            at = end

    def exactly(self, sentence: str) -> str | None:
        """Of a sentence without slots, what it is in the other language."""
        return self._whole.get(sentence)

    def _one(self, sentence: str, depth: int, *, surely: bool = True) -> str | None:
        whole = self.exactly(sentence)
        if whole is not None:
            return whole
        found = self.found(sentence, depth, surely=surely)
        if found is None:
            return None
        template, values = found
        return template.fill(values, lambda value: self._say(value, depth + 1))

    def found(self, sentence: str, depth: int = 0, *, surely: bool = False) -> Fit | None:
        """The template of a sentence, and what stands in its slots.

        It is the one with the most text that accounts for all others and whose inner sentences
        are known; else, if not `surely`, the one with the most text, if it accounts for the rest.
        A shorter one must stand around the longer ones, not be a looser form of them. Where none
        is left, somebody's name looks like a sentence of ours: then nothing is sure, and the
        sentence stays English.
        """
        first = None
        fitting = self._fitting(sentence)
        for at, (template, values) in enumerate(fitting):
            others = [one for one, _ in fitting if one is not template]
            if any(template.values(one.bare) is not None for one in others[:at]):
                continue
            if not template.accounts_for(sentence, values, others):
                continue
            if self._knows(template.sentences(values), depth):
                return template, values
            if at == 0:
                first = template, values
        return None if surely else first

    def _knows(self, sentences: Iterable[str], depth: int) -> bool:
        return all(
            one in self._whole or (depth < DEEPEST and self.found(one, depth + 1) is not None)
            for one in sentences
        )

    def _fitting(self, sentence: str) -> list[Fit]:
        """Every template that it can have been made from, the one with the most text first."""
        words = {*_WORD.findall(sentence), ""}
        near = [one for word in words for one in self._by_word.get(word, ())]
        near.sort(key=lambda one: (-one.size, one.english))
        return [(one, values) for one in near if (values := one.values(sentence)) is not None]


@cache
def catalogue(language: str) -> Catalogue:
    """Read once, when somebody asks for that language."""
    return Catalogue(entries(language))


def entries(language: str) -> Iterator[Entry]:
    """Every entry of every file of that language."""
    for path in sorted(files(language)):
        yield from read(path.read_text(encoding="utf-8"))


def files(language: str) -> Iterable[Path]:
    return (Path(__file__).parent / language).glob("*.po")
