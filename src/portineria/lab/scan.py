"""A listing that makes only the rows of its page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from portineria.lab.world import Document


@dataclass(frozen=True, slots=True)
class Scan:
    """Rows that are made when they are asked for. `since(place)` gives each row from a place on,
    with the place of the one behind it: there a page can end, and the next one begin."""

    since: Callable[[int], Iterator[tuple[int, Document]]]

    def __iter__(self) -> Iterator[Document]:
        return (row for _, row in self.since(0))

    def map(self, change: Callable[[Document], Document]) -> Scan:
        def since(start: int) -> Iterator[tuple[int, Document]]:
            return ((behind, change(row)) for behind, row in self.since(start))

        return Scan(since)

    def only(self, wanted: Callable[[Document], bool]) -> Scan:
        def since(start: int) -> Iterator[tuple[int, Document]]:
            return ((behind, row) for behind, row in self.since(start) if wanted(row))

        return Scan(since)


def scan(rows: Iterable[Document]) -> Scan:
    """Rows of any kind as a Scan; a place is then the number of rows before it. They are kept:
    a listing goes through its rows again to count them."""
    if isinstance(rows, Scan):
        return rows
    kept = list(rows)

    def since(start: int) -> Iterator[tuple[int, Document]]:
        return enumerate(islice(kept, start, None), start + 1)

    return Scan(since)


def page(rows: Scan, start: int, size: int) -> tuple[list[Document], int | None]:
    """At most `size` rows (0: all) from a place on, and the place of the next page, None where
    there is none."""
    taken: list[Document] = []
    place = start
    for behind, row in rows.since(start):
        if size and len(taken) == size:
            return taken, place
        taken.append(row)
        place = behind
    return taken, None
