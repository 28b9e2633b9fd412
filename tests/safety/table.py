"""The classes a property visited, printed; a class that was seldom visited proves little."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

LEAST = 20


def table(classes: Counter[str], wanted: Iterable[str]) -> tuple[str, list[str]]:
    """The table as text, and the wanted classes that were visited less than LEAST times."""
    names = sorted({*classes, *wanted})
    width = max(map(len, names))
    text = "\n".join(f"{name:<{width}}  {classes[name]:>6}" for name in names)
    return text, [name for name in wanted if classes[name] < LEAST]
