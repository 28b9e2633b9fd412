"""Keys of documents by the names that they bear: how one of many is found at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Names = Callable[[Mapping[str, Any]], Iterable[str]]
"""The names that a document answers to; a function of a module, so that it can be a key."""


@dataclass(slots=True)
class Index:
    """Without regard to case. What was entered stays, for the past is asked for too: whether a
    document still bears the name is for the one who asks to see."""

    names: Names
    keys: dict[str, str | dict[str, None]] = field(default_factory=dict)
    """One key by itself, several as the keys of a mapping: most names are borne once."""

    def enter(self, key: str, document: Mapping[str, Any]) -> None:
        for name in self.names(document):
            self._enter(name if name.islower() else name.lower(), key)

    def _enter(self, name: str, key: str) -> None:
        known = self.keys.setdefault(name, key)
        if isinstance(known, dict):
            known[key] = None
        elif known != key:
            self.keys[name] = {known: None, key: None}

    def find(self, name: str) -> tuple[str, ...]:
        """Keys in order of entering."""
        known = self.keys.get(name.lower(), ())
        return (known,) if isinstance(known, str) else tuple(known)
