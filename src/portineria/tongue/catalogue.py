"""The catalogue of one language: which template a sentence was made from.

A sentence is looked up by its words: each template is kept under the one of its own that the
fewest others have, so that few are tried. Of several that fit, the one with the most text of its
own is meant, unless it does so by what somebody is called.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path

from portineria.tongue.po import Entry, read
from portineria.tongue.template import SENTENCE, Template

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
        if told is not None:
            return told
        return BETWEEN.join(self._parts(text.split(BETWEEN), depth)) if BETWEEN in text else text

    def _parts(self, parts: list[str], depth: int) -> Iterator[str]:
        """Each run of parts that is one sentence, the longest first."""
        at = 0
        while at < len(parts):
            for end in range(min(len(parts), at + TOGETHER), at, -1):
                told = self._one(BETWEEN.join(parts[at:end]), depth)
                if told is not None:
                    break
            yield parts[at] if told is None else told
            at = end

    def exactly(self, sentence: str) -> str | None:
        """Of a sentence without slots, what it is in the other language."""
        return self._whole.get(sentence)

    def _one(self, sentence: str, depth: int) -> str | None:
        whole = self.exactly(sentence)
        if whole is not None:
            return whole
        fitting = self._fitting(sentence)
        found = self._meant(sentence, fitting)
        if found is None:
            return sentence if fitting else None
        template, values = found
        return template.fill(values, lambda value: self._say(value, depth + 1))

    def found(self, sentence: str) -> Fit | None:
        """The template of a sentence, and what stands in its slots."""
        return self._meant(sentence, self._fitting(sentence))

    def _meant(self, sentence: str, fitting: Sequence[Fit]) -> Fit | None:
        """The one with the most text that accounts for all others, and whose inner sentences are
        known; else the one with the most text of all, if it accounts for the others.

        A shorter one must stand around the longer ones, not be a looser form of them. Where none
        is left, somebody's name looks like a sentence of ours: then nothing is sure, and the
        sentence stays English.
        """
        first = None
        for at, (template, values) in enumerate(fitting):
            shorter = [one for one, its in fitting[at + 1 :] if self._credible(one, its)]
            longer = [one for one, _ in fitting[:at]]
            if any(template.values(one.bare) is not None for one in longer):
                continue
            if not template.accounts_for(sentence, values, longer + shorter):
                continue
            if all(map(self._known, template.sentences(values))):
                return template, values
            first = first or (None if longer else (template, values))
        return first

    def _credible(self, template: Template, values: tuple[str, ...]) -> bool:
        """What begins with a sentence of ours begins with one that is known."""
        begins = template.literals[0] == "" and template.kinds[0] == SENTENCE
        return not begins or self._known(values[0])

    def _known(self, sentence: str) -> bool:
        return sentence in self._whole or self.found(sentence) is not None

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
