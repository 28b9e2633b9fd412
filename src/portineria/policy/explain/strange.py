"""What looks like an answer of a server and is not in the catalogue; it is never repeated whole.

A log holds secrets in any form: only words that cannot be one are shown of a strange line, and of
it only what stands behind the server's code. A text that is nearly known is named by the text
of the catalogue that it is near to, and nothing is concluded from that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from portineria.policy.wiretexts.catalogue import SAYINGS
from portineria.policy.wiretexts.sayings import Saying

SHOWN = 160
"""Signs of a strange line that are looked at."""
NEAR = 0.75
"""How much of the words has to be the same; measured by whole words, in order."""

_MARKS = r"^(?:.{0,60}?(?:[sc<>*] ?:|<|>|->|said:|message:|response:|responded:|was:) ?['\"]?)?"
_SHAPES = (
    r"(?<![\w.])[45]\d\d[\s,:;'\"b(-]{1,6}[245]\.\d{1,3}\.\d{1,3}(?![\w.]).*",
    r"(?<![\w.:])5\.\d\.\d{1,3} [a-z].*",
    _MARKS + r"(?P<plain>[45]\d\d[ -][a-z].*)",
    r"-err\b.*",
    r"(?<!\w)(?=[a-z.]*\d)[a-z0-9.]{1,12} (?:no|bad) .*",
    r"(?<!\w)aadsts\d{4,8}(?!\d).*",
)
_STRANGE = re.compile("|".join(f"(?:{shape})" for shape in _SHAPES), re.MULTILINE | re.IGNORECASE)
_PLAIN = re.compile(
    r"[45]\d\d|\d\.\d{1,3}\.\d{1,3}|-ERR|AADSTS\d{4,8}|[A-Z]{2,14}|[A-Za-z][a-z]{0,13}(?:['-][a-z]+)?"
)
_VOCABULARY = frozenset(
    word.strip(".,;:") for saying in SAYINGS for word in saying.text.lower().split()
)
"""Words of the catalogue: no secret, however they are written."""
_TELLING = re.compile(
    r"(?<!\w)(pass(?:word|wd|code|phrase)?|pwd|secret|token|bearer|key|code|user(?:name)?|login|for)"
    r"(\s*(?:is|was)\s+|\s*[:=]\s*|\s+)(['\"]?)\S+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Strange:
    """A fragment that is not known. `start` is its place in the cleaned text, `words` itself, never
    to be shown, `shown` what may be read of it, `number` an AADSTS number, 0 for none."""

    start: int
    words: str = field(repr=False)
    shown: str
    number: int


@dataclass(frozen=True, slots=True)
class Near:
    """The text of the catalogue that it is near to, and which of its words are not there."""

    saying: Saying
    lacks: tuple[str, ...]


def strange(text: str) -> Iterator[Strange]:
    """Fragments of a cleaned text, of which the known ones were taken out before."""
    for found in _STRANGE.finditer(text):
        words = (found["plain"] or found[0])[:SHOWN]
        start = found.end() - len(found["plain"]) if found["plain"] else found.start()
        number = re.match(r"aadsts(\d+)", words, re.IGNORECASE)
        yield Strange(start, words, masked(words), int(number[1]) if number else 0)


def masked(words: str) -> str:
    """The words that cannot be a secret; for each of the others `…`.

    What stands behind a word such as *password* is hidden whatever it is, unless it is a word of
    the catalogue.
    """
    told = _TELLING.sub(_untold, words)
    shown = [_plain(word) for word in told.split()]
    kept = [word for at, word in enumerate(shown) if word != "…" or shown[at - 1 : at] != ["…"]]
    return " ".join(kept)


def _untold(found: re.Match[str]) -> str:
    word = found[0].split()[-1].strip(".,;:'\"")
    return found[0] if word.lower() in _VOCABULARY else f"{found[1]}{found[2]}…"


def _plain(word: str) -> str:
    bare = word.strip(".,;:!?()[]<>'\"")
    return word if _PLAIN.fullmatch(bare) or bare.lower() in _VOCABULARY else "…"


def near(words: str) -> Near | None:
    """The saying that most of these words, in order, also stand in; None where none is near."""
    given = _split(words)
    best, most = None, NEAR
    for saying in SAYINGS:
        if saying.number or saying.text.startswith("("):
            continue
        ratio = _alike(_split(saying.text), given)
        if ratio > most:
            best, most = saying, ratio
    if best is None:
        return None
    return Near(best, tuple(word for word in _words_of(best) if word.lower() not in given))


def _words_of(saying: Saying) -> list[str]:
    return re.findall(r"[\w.']*\w", re.sub(r"\{[^}]*\}", " ", saying.text))


def _split(words: str) -> list[str]:
    return re.findall(r"[\w.']*\w", words.lower())


def _alike(wanted: Sequence[str], given: Sequence[str]) -> float:
    """Of the words of a text, the part that stands at the beginning of what was given."""
    if len(wanted) < 4 or not set(wanted) & set(given):
        return 0.0
    matcher = SequenceMatcher(None, wanted, given[: len(wanted) + 2], autojunk=False)
    same = sum(block.size for block in matcher.get_matching_blocks())
    return same / len(wanted)
