"""A YAML file read by hand, so that every mistake in it is shown at once, with its place.

A `Page` walks the parsed nodes and collects complaints; nothing is raised until `finish`.
Readers return None where they complained, so that the rest of the file is still looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from portineria.fault import OperatorFault
from portineria.policy.desired import Place

Choice = TypeVar("Choice", bound=StrEnum)

_KINDS = {"str": "text", "int": "a number", "float": "a number", "bool": "true or false"}
_KINDS |= {"null": "nothing", "timestamp": "a date", "map": "a mapping", "seq": "a list"}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One mistake: where, why, and what to write instead ("" when there is nothing to say)."""

    place: Place
    why: str
    try_: str = ""

    def text(self, file: str) -> str:
        """The mistake as `file:line:column: why; try`."""
        told = f"{file}:{self.place.line}:{self.place.column}: {self.why}"
        return f"{told}; {self.try_}" if self.try_ else told


class FileFault(OperatorFault):
    """A file with mistakes in it, all of them, in the order of the file."""

    code = "bad-file"

    def __init__(self, file: str, complaints: Collection[Complaint]) -> None:
        ordered = sorted(complaints, key=lambda one: (one.place.line, one.place.column))
        self.complaints = tuple(ordered)
        super().__init__(
            "\n".join(one.text(file) for one in ordered),
            where=file,
            try_="correct these and run the same command again",
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
    """One file while it is being read."""

    file: str
    complaints: list[Complaint] = field(default_factory=list)

    def complain(self, spot: Spot, why: str, try_: str = "") -> None:
        self.complaints.append(Complaint(spot.place, why, try_))

    def finish(self) -> None:
        """Raise FileFault if there was anything to complain about."""
        if self.complaints:
            raise FileFault(self.file, self.complaints)

    def open(self, text: str) -> Spot:
        """The root of the file. Raises FileFault when it is not YAML, or empty."""
        try:
            root = YAML(pure=True).compose(text)
        except MarkedYAMLError as error:
            raise FileFault(self.file, [_not_yaml(error)]) from None
        except YAMLError as error:
            why = str(error).splitlines()[0] if str(error) else "unreadable"
            raise FileFault(self.file, [Complaint(Place(1, 1), f"not YAML: {why}")]) from None
        except (ValueError, RecursionError):
            raise FileFault(self.file, [Complaint(Place(1, 1), "not readable as YAML")]) from None
        if root is None:
            raise FileFault(self.file, [Complaint(Place(1, 1), "the file is empty")])
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
                self.complain(key, f"unknown key {_shown(name)} in {what}", nearest(key, keys))
        return found

    def pairs(self, spot: Spot, what: str) -> list[tuple[Spot, Spot]] | None:
        """(key, value) of a mapping, keys as text and none of them twice."""
        if not isinstance(spot.node, MappingNode):
            self._wrong(spot, what, "a mapping of keys to values")
            return None
        seen: dict[str, Spot] = {}
        pairs = []
        for key_node, value_node in spot.node.value:
            if not isinstance(key_node, ScalarNode):
                self.complain(Spot(key_node, spot.path), f"a key of {what} is not text")
                continue
            name = str(key_node.value)
            key = spot.child(key_node, name)
            if name in seen:
                first = seen[name].place.line
                self.complain(
                    key, f"{name} is written twice in {what}", f"it stands in line {first} already"
                )
                continue
            seen[name] = key
            pairs.append((key, spot.child(value_node, name)))
        return pairs

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
            self.complain(spot, f"{what} is empty")
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

    def _wrong(self, spot: Spot, what: str, wanted: str, try_: str = "") -> None:
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
    why = error.problem or "unreadable"
    return Complaint(place, f"not YAML: {why}", "mind the indentation, colons and brackets")
