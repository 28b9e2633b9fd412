"""Many of a kind told in a few lines: each kind once, with how many there are and who is first.

Nothing is left out of the counting: what is told adds up to what will be done.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from portineria.policy.change import Change
from portineria.policy.plan import Cell
from portineria.tongue.say import compose, say

Item = TypeVar("Item")

MANY = 40
"""Of so many lines each is read; of more, none is."""
FEW = 3
"""Names that are told of a kind; a kind of no more is told one by one."""

_NAME = re.compile(
    r"[^\s:;,()«»]+@[^\s:;,()«»]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE
)


@dataclass(slots=True)
class Kind(Generic[Item]):
    """What is alike but for whom it is about: `first` of them, and all of them by name."""

    first: Item
    names: list[str] = field(default_factory=list)
    of: list[Item] = field(default_factory=list)
    """The first FEW and one more, so that a kind of few can be told whole."""

    @property
    def count(self) -> int:
        return len(self.names)

    def add(self, item: Item, name: str) -> None:
        self.names.append(name)
        if len(self.of) <= FEW:
            self.of.append(item)

    def who(self) -> str:
        """`ada@x, bea@x, cid@x and 997 more`."""
        told = ", ".join(self.names[:FEW])
        more = self.count - FEW
        return compose("{} and {} more", told, more) if more > 0 else told


def changes_by_kind(changes: Iterable[Change], drifted: Collection[int]) -> list[Kind[Change]]:
    """Changes that differ in their object alone, in the order in which their kinds come first."""

    def kind(change: Change) -> Hashable:
        fields = tuple(json.dumps(one, sort_keys=True) for one in (change.before, change.after))
        about = (change.phase, change.verb, change.target.family, change.id in drifted)
        return about, fields, change.reason, change.because, change.risk

    found: dict[Hashable, Kind[Change]] = {}
    for change in changes:
        found.setdefault(kind(change), Kind(change)).add(change, change.target.name)
    return list(found.values())


def cells_by_kind(cells: Iterable[Cell]) -> list[Kind[Cell]]:
    """Cells that promise the same, of different mailboxes."""
    found: dict[Hashable, Kind[Cell]] = {}
    for cell in cells:
        kind = (cell.protocol, cell.caller, cell.place, cell.before, cell.promised)
        same = found.setdefault((*kind, cell.after, cell.layer), Kind(cell))
        same.add(cell, cell.address)
    return list(found.values())


def lines_by_kind(lines: Sequence[str]) -> Iterator[str]:
    """Lines that differ in names alone are told once; few lines are told as they are.

    They come in English, and are said in the language of whoever asks."""
    if len(lines) <= MANY:
        yield from map(say, lines)
        return
    kinds: dict[str, Kind[str]] = {}
    for line in lines:
        kinds.setdefault(_NAME.sub("…", line), Kind(line)).add(line, "")
    shown = list(kinds.values())[:MANY]
    for kind in shown:
        more = f"  {compose('(and {} more like it)', kind.count - 1)}" if kind.count > 1 else ""
        yield say(kind.first) + more
    rest = len(lines) - sum(kind.count for kind in shown)
    if rest:
        yield compose("and {} more of other kinds", rest)
