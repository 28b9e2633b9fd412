"""A sentence with slots, in English and in another language.

English has `{}` for each value. The other language says with `{}` or `{1}` where a value goes, and
behind a colon what kind it is: nothing for a value that is shown as it is, `say` for one that is
a sentence of ours itself, `each` for several words of ours with commas, "and" or "or" between
them, `n` for a number. Only what is marked is ever translated inside a
sentence: somebody's name is not, whatever it looks like.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property
from string import Formatter

NUMBER, SENTENCE, LIST = "n", "say", "each"
NOBODY = "\N{REPLACEMENT CHARACTER}"
"""Stands for a name: it is none of anybody's."""
LONG = 5
"""Letters behind a name that are no chance."""
_TOKEN = re.compile(r"\w+")
_BETWEEN = re.compile(r"(, | and | or )")


class Template:
    """One entry of a catalogue. Raises ValueError where the two do not fit together."""

    def __init__(self, english: str, other: str) -> None:
        self.english, self.other = english, other
        self.literals = _literals(english)
        """What stands before, between and behind the slots."""
        self.size = sum(map(len, self.literals))
        self._filling, self.kinds = _filling(other, len(self.literals) - 1)

    @property
    def words(self) -> list[str]:
        """Words that every sentence of this template holds as they are, none of them cut off."""
        found = []
        for at, literal in enumerate(self.literals):
            for token in _TOKEN.finditer(literal):
                cut_left = at > 0 and token.start() == 0
                cut_right = at < len(self.literals) - 1 and token.end() == len(literal)
                if not (cut_left or cut_right):
                    found.append(token[0])
        return found

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Each slot ends where what follows it is first found: never looked for again (the groups
        are atomic), so that a name made to be tried in many ways costs no more than another."""
        pieces, piece = [], re.escape(self.literals[0])
        for kind, literal in zip(self.kinds, self.literals[1:], strict=True):
            if kind == NUMBER:
                piece += r"(\d+)"
            else:
                pieces.append(piece)
                piece = "(.*?)"
            piece += re.escape(literal)
        pieces.append(rf"{piece}\Z")
        return re.compile("".join(f"(?>{one})" for one in pieces), re.DOTALL)

    def values(self, sentence: str) -> tuple[str, ...] | None:
        """What stands in the slots; None where the sentence is another one."""
        found = self._pattern.match(sentence)
        return None if found is None else found.groups()

    @cached_property
    def bare(self) -> str:
        """The sentence about nobody and nothing."""
        kinds = ("7" if kind == NUMBER else NOBODY for kind in self.kinds)
        return self.english.format(*kinds)

    def with_other_names(self, values: tuple[str, ...]) -> str:
        """The sentence as it would be if all were called otherwise: what is ours stays."""
        return self.english.format(
            *(
                value if kind in (SENTENCE, LIST) else "7" if kind == NUMBER else NOBODY
                for value, kind in zip(values, self.kinds, strict=True)
            )
        )

    def sentences(self, values: tuple[str, ...]) -> list[str]:
        """The values that are sentences themselves."""
        kinds = zip(values, self.kinds, strict=True)
        return [value for value, kind in kinds if kind == SENTENCE]

    def accounts_for(self, sentence: str, values: tuple[str, ...], others: list[Template]) -> bool:
        """Whether what fits beside it fits because of what is ours, not of what people are called;
        and each name ends where it was taken to end."""
        ours = self.with_other_names(values)
        return all(one.values(ours) is not None for one in others) and not self.twice(
            sentence, values
        )

    def twice(self, sentence: str, values: tuple[str, ...]) -> bool:
        """Whether what follows a name stands there again, so that the name may end later."""
        ours = self.with_other_names(values)
        return any(
            kind == ""
            and _letters(literal) >= LONG
            and sentence.count(literal) > ours.count(literal)
            for kind, literal in zip(self.kinds, self.literals[1:], strict=True)
        )

    def fill(self, values: tuple[str, ...], say: Callable[[str], str]) -> str:
        kinds = zip(values, self.kinds, strict=True)
        filled = [told(value, kind, say) for value, kind in kinds]
        return "".join(part if isinstance(part, str) else filled[part] for part in self._filling)


def _letters(literal: str) -> int:
    return sum(map(str.isalpha, literal))


def told(value: str, kind: str, say: Callable[[str], str]) -> str:
    """A value of this kind, in the other language."""
    if kind == SENTENCE:
        return say(value)
    return "".join(map(say, _BETWEEN.split(value))) if kind == LIST else value


def _literals(english: str) -> tuple[str, ...]:
    found = [""]
    for literal, name, kind, _ in Formatter().parse(english):
        found[-1] += literal
        if name is not None:
            if name or kind:
                raise ValueError(f"an English slot is {{}} and nothing else: {english}")
            found.append("")
    return tuple(found)


def _filling(other: str, slots: int) -> tuple[tuple[str | int, ...], tuple[str, ...]]:
    """The other language as text and numbers of slots, and the kinds of the slots."""
    parts: list[str | int] = []
    kinds: dict[int, str] = {}
    for literal, name, kind, _ in Formatter().parse(other):
        parts.append(literal)
        if name is not None:
            number = int(name) if name else len(kinds)
            if kind not in ("", NUMBER, SENTENCE, LIST):
                raise ValueError(f"no kind of slot is called {kind}: {other}")
            parts.append(number)
            kinds[number] = kind or ""
    if sorted(kinds) != list(range(slots)):
        raise ValueError(f"the slots are not those of the English sentence: {other}")
    return tuple(parts), tuple(kinds[number] for number in range(slots))
