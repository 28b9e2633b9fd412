"""JSON that is made while it is written: a list of ten thousand is held neither as values nor
as one text.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Listed:
    """A JSON list whose items are made one by one, anew each time they are asked for."""

    make: Callable[[], Iterable[Any]]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.make())


@dataclass(frozen=True, slots=True)
class Keyed:
    """A JSON object of many members, made like those of Listed and in the order of their names."""

    make: Callable[[], Iterable[tuple[str, Any]]]

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self.make())


def whole(document: Any) -> Any:
    """The same without anything that is still to be made."""
    match document:
        case Listed():
            return [whole(item) for item in document]
        case Keyed():
            return {name: whole(value) for name, value in document}
        case Mapping():
            return {name: whole(value) for name, value in document.items()}
        case _:
            return document


def made(value: object) -> Any:
    """For json.dumps, which asks it for what it does not know. Raises TypeError."""
    if isinstance(value, Listed | Keyed):
        return whole(value)
    raise TypeError(f"{type(value).__name__} has no JSON")


def pieces(document: Any, margin: str = "") -> Iterator[str]:
    """Text for people and programs, in pieces: as json.dumps with an indent of two writes it,
    but that each item of a long list stands on one line.
    """
    inner = f"{margin}  "
    match document:
        case Listed():
            yield from _lines("[", (_compact(item) for item in document), "]", margin)
        case Keyed():
            members = (f"{_compact(name)}: {_compact(value)}" for name, value in document)
            yield from _lines("{", members, "}", margin)
        case Mapping() if document:
            mark = "{\n"
            for name, value in document.items():
                yield f"{mark}{inner}{_compact(str(name))}: "
                yield from pieces(value, inner)
                mark = ",\n"
            yield f"\n{margin}}}"
        case _:
            text = json.dumps(document, ensure_ascii=False, indent=2, default=str)
            yield text.replace("\n", f"\n{margin}")


def _lines(opening: str, items: Iterable[str], closing: str, margin: str) -> Iterator[str]:
    mark = f"{opening}\n"
    for item in items:
        yield f"{mark}{margin}  {item}"
        mark = ",\n"
    yield f"{opening}{closing}" if mark.startswith(opening) else f"\n{margin}{closing}"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def canonical(document: Any) -> Iterator[str]:
    """One text for equal documents, in pieces: sorted names, no spaces, non-ASCII as it is."""
    match document:
        case Listed():
            yield from _joined("[", (_canonical(item) for item in document), "]")
        case Keyed():
            members = (f"{_canonical(name)}:{_canonical(value)}" for name, value in document)
            yield from _joined("{", members, "}")
        case Mapping():
            mark = "{"
            for name in sorted(document):
                yield f"{mark}{_canonical(name)}:"
                yield from canonical(document[name])
                mark = ","
            yield "}" if mark == "," else "{}"
        case _:
            yield _canonical(document)


def _joined(opening: str, items: Iterable[str], closing: str) -> Iterator[str]:
    mark = opening
    for item in items:
        yield f"{mark}{item}"
        mark = ","
    yield closing if mark == "," else f"{opening}{closing}"


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
