"""A YAML file read by hand, so that every mistake in it is shown at once, with its place.

A `Page` walks the parsed nodes and collects complaints; nothing is raised until `finish`.
Readers return None where they complained, so that the rest of the file is still looked at.
"""

from __future__ import annotations

import re
import unicodedata
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from portineria.fault import BadFile
from portineria.policy.desired import Place

Choice = TypeVar("Choice", bound=StrEnum)

_KINDS = {"str": "text", "int": "a number", "float": "a number", "bool": "true or false"}
_KINDS |= {"null": "nothing", "timestamp": "a date", "map": "a mapping", "seq": "a list"}


SHOWN = 50
"""Mistakes that the text tells one by one; the evidence holds them all."""
DEEPEST = 100
"""Brackets inside one another: the parser needs the square of their number."""
_TOO_DEEP = "not YAML that can be read: nested too deep, or a broken number"
_WORD = re.compile(r"[a-z_]{1,24}")
_LAYOUT = "mind the indentation, colons and brackets"
_NOT_YAML: tuple[tuple[str, str, str], ...] = (
    (
        r"character '\\t'",
        "a tab where indentation belongs",
        "indent with spaces: YAML takes no tabs",
    ),
    (
        "mapping values are not allowed",
        "a colon where no key is",
        "put the text between quotes, or mind the indentation",
    ),
    (
        r"character '.' that cannot start",
        "a text begins with a sign that YAML keeps for itself",
        "put the text between quotes",
    ),
    (
        "undefined alias|alphabetic or numeric character, but",
        "a text begins with * or &, which YAML keeps for itself",
        "put the text between quotes",
    ),
    ("another document", "a second document begins here", "one file holds one: take out the ---"),
    (
        "end of stream|stream end",
        "the file ends inside a quote or a bracket",
        "close what is opened here or above",
    ),
    (
        "expected <block end>",
        "this line does not stand under what is above it",
        "indent it like its neighbours",
    ),
    ("unknown escape", "a backslash with a sign that it does not go with", "use single quotes"),
    ("special characters", "a control character", "take it out: an editor shows it"),
    ("YAML document .version", "another version of YAML is asked for", "take out the %YAML line"),
)
"""What the parser says (searched), what it means, and what to do."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One mistake: where, why, and what to write instead."""

    place: Place
    why: str
    try_: str

    def text(self, file: str) -> str:
        """The mistake as `file:line:column: why; try`."""
        return f"{file}:{self.place.line}:{self.place.column}: {self.why}; {self.try_}"


class FileFault(BadFile):
    """A file with mistakes in it, all of them, in the order of the file."""

    def __init__(self, file: str, complaints: Collection[Complaint]) -> None:
        ordered = sorted(complaints, key=lambda one: (one.place.line, one.place.column))
        self.complaints = tuple(ordered)
        told = [one.text(file) for one in ordered[:SHOWN]]
        if len(ordered) > SHOWN:
            told.append(f"and {len(ordered) - SHOWN} more")
        first = ordered[0].place
        super().__init__(
            "\n".join(told),
            where=f"{file}:{first.line}:{first.column}",
            evidence={
                "errors": [
                    {
                        "line": one.place.line,
                        "column": one.place.column,
                        "key": one.place.path,
                        "why": one.why,
                        "try": one.try_,
                    }
                    for one in ordered
                ]
            },
        )


@dataclass(frozen=True, slots=True)
class Spot:
    """A node of the file with the path that leads to it ("grants[2].until")."""

    node: Node
    path: str

    @property
    def place(self) -> Place:
        mark = self.node.start_mark
        return Place(mark.line + 1, mark.column + 1, self.path)

    @property
    def kind(self) -> str:
        """The last word of the YAML tag: str, int, bool, null, timestamp, map, seq…"""
        return str(self.node.tag).rpartition(":")[2]

    def child(self, node: Node, key: str | int) -> Spot:
        step = f"[{key}]" if isinstance(key, int) else f".{key}" if self.path else str(key)
        return Spot(node, f"{self.path}{step}")


@dataclass(slots=True)
class Page:
    """One file while it is being read.

    `discreet` is for files near secrets: of a key that is not known only a plain word is shown,
    since what looks like one may be `secret:` with the secret stuck to it.
    """

    file: str
    complaints: list[Complaint] = field(default_factory=list)
    discreet: bool = False

    def complain(self, spot: Spot, why: str, try_: str) -> None:
        self.complaints.append(Complaint(spot.place, why, try_))

    def finish(self) -> None:
        """Raise FileFault if there was anything to complain about."""
        if self.complaints:
            raise FileFault(self.file, self.complaints)

    def open(self, text: str) -> Spot:
        """The root of the file. Raises FileFault when it is not YAML, or empty."""
        if _depth(text) > DEEPEST:
            raise FileFault(self.file, [Complaint(Place(1, 1), _TOO_DEEP, _LAYOUT)])
        try:
            with warnings.catch_warnings():
                # An anchor may be used anew (YAML 1.2, 3.2.2.2); the parser would grumble.
                warnings.simplefilter("ignore")
                root = YAML(pure=True).compose(text)
        except MarkedYAMLError as error:
            raise FileFault(self.file, [_not_yaml(error)]) from None
        except YAMLError as error:
            raise FileFault(self.file, [_unprintable(error, text)]) from None
        except (ValueError, RecursionError):
            raise FileFault(self.file, [Complaint(Place(1, 1), _TOO_DEEP, _LAYOUT)]) from None
        if root is None:
            empty = Complaint(Place(1, 1), "the file is empty", "portineria init writes a policy")
            raise FileFault(self.file, [empty])
        return Spot(root, "")

    def mapping(self, spot: Spot, keys: Collection[str], what: str) -> dict[str, Spot] | None:
        """The known keys that are there. Unknown and repeated ones are complained about."""
        pairs = self.pairs(spot, what)
        if pairs is None:
            return None
        found: dict[str, Spot] = {}
        for key, value in pairs:
            name = str(key.node.value)
            if name in keys:
                found[name] = value
            else:
                stuck = name.partition(":")[0]
                advice = f"write a space behind {stuck}:" if stuck in keys else nearest(key, keys)
                self.complain(key, f"unknown key {self._key(name)} in {what}", advice)
        return found

    def pairs(self, spot: Spot, what: str) -> list[tuple[Spot, Spot]] | None:
        """(key, value) of a mapping, keys as text and none of them twice."""
        if not isinstance(spot.node, MappingNode):
            self._wrong(spot, what, "a mapping of keys to values", "write it as key: value")
            return None
        seen: dict[str, Spot] = {}
        pairs = []
        for key_node, value_node in spot.node.value:
            if not isinstance(key_node, ScalarNode):
                self.complain(
                    Spot(key_node, spot.path), f"a key of {what} is not text", "write a plain word"
                )
                continue
            name = str(key_node.value)
            key = spot.child(key_node, self._path(name))
            if name in seen:
                first = seen[name].place.line
                told = f"{self._key(name, bare=True)} is written twice in {what}"
                self.complain(key, told, f"it stands in line {first} already: take one out")
                continue
            seen[name] = key
            pairs.append((key, spot.child(value_node, self._path(name))))
        return pairs

    def _key(self, name: str, *, bare: bool = False) -> str:
        if self.discreet and not _WORD.fullmatch(name):
            return "a key" if bare else "(not shown)"
        return name if bare else _shown(name)

    def _path(self, name: str) -> str:
        return "…" if self.discreet and not _WORD.fullmatch(name) else name

    def items(self, spot: Spot, what: str) -> list[Spot] | None:
        """The items of a list."""
        if not isinstance(spot.node, SequenceNode):
            self._wrong(spot, what, "a list", "write it as [one, two] or as lines with dashes")
            return None
        return [spot.child(node, at) for at, node in enumerate(spot.node.value, 1)]

    def text(self, spot: Spot, what: str) -> str | None:
        """Text that is not empty."""
        if not isinstance(spot.node, ScalarNode) or spot.kind != "str":
            self._wrong(spot, what, "text", "put it between quotes if text is meant")
            return None
        value = str(spot.node.value).strip()
        if not value:
            self.complain(spot, f"{what} is empty", "write something, or take the key out")
            return None
        if any(unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\n\t" for sign in value):
            self.complain(spot, f"{what} holds a control character", "write it anew")
            return None
        return value

    def choice(self, spot: Spot, choices: type[Choice], what: str) -> Choice | None:
        """One word of an enumeration."""
        words = [str(one.value) for one in choices]
        if not isinstance(spot.node, ScalarNode) or spot.node.value not in words:
            self.complain(
                spot, f"{what} cannot be {shown(spot)}", nearest(spot, words, "it is one of")
            )
            return None
        return choices(str(spot.node.value))

    def _wrong(self, spot: Spot, what: str, wanted: str, try_: str) -> None:
        got = _KINDS.get(spot.kind, "of another type")
        self.complain(spot, f"{what} is {got}, where {wanted} belongs", try_)


def need(page: Page, spot: Spot, found: Mapping[str, Any], key: str, what: str, try_: str) -> None:
    """Complain when a key that must be there is not."""
    if key not in found:
        page.complain(spot, f"{what} has no {key}", try_)


def shown(spot: Spot) -> str:
    """A scalar as it stands in the file, or the kind of what stands there."""
    if isinstance(spot.node, ScalarNode):
        return _shown(spot.node.value)
    return _KINDS.get(spot.kind, "something else")


def nearest(spot: Spot, words: Collection[str], otherwise: str = "known here:") -> str:
    """Advice: the nearest known word, or all of them."""
    known = list(words)
    text = str(spot.node.value) if isinstance(spot.node, ScalarNode) else ""
    if close := get_close_matches(text, known, n=1, cutoff=0.6):
        return f"did you mean {close[0]}?"
    return f"{otherwise} {', '.join(known)}"


def _shown(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 60 else f"{text[:57]}…")


def _not_yaml(error: MarkedYAMLError) -> Complaint:
    mark = error.problem_mark or error.context_mark
    place = Place(mark.line + 1, mark.column + 1) if mark else Place(1, 1)
    return _in_words(str(error.problem or ""), place)


def _unprintable(error: YAMLError, text: str) -> Complaint:
    """The reader of characters knows no line: the first control character is looked for."""
    before = text[: next((at for at, sign in enumerate(text) if not _printed(sign)), 0)]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    return _in_words(str(error), Place(line, column))


def _depth(text: str) -> int:
    """How many brackets are open at once at most, quoted ones counted too."""
    deepest = depth = 0
    for bracket in re.finditer(r"[\[\]{}]", text):
        depth += 1 if bracket[0] in "[{" else -1 if depth else 0
        deepest = max(deepest, depth)
    return deepest


def _printed(sign: str) -> bool:
    return sign in "\t\n\r\x85" or unicodedata.category(sign) not in ("Cc", "Cs", "Cn")


def _in_words(problem: str, place: Place) -> Complaint:
    """The parser's own words only where they quote nothing: a file may hold a secret."""
    for pattern, means, try_ in _NOT_YAML:
        if re.search(pattern, problem):
            return Complaint(place, f"not YAML: {means}", try_)
    said = re.sub(r"'[^']*'", "…", problem.partition("\n")[0])[:80]
    return Complaint(place, f"not YAML: {said or 'unreadable'}", _LAYOUT)
