"""Where a seed is put: the world, the seed's data, and the date it is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from portineria.lab.world import Document, World, known_id


@dataclass(frozen=True, slots=True)
class Ground:
    world: World
    data: dict[str, Any]
    when: datetime

    def id(self, kind: str, name: str) -> str:
        """The id of the thing of this name: the same in every seed, on every machine."""
        return known_id(kind, name.lower())

    def put(self, kind: str, key: str, document: Document) -> None:
        """Plant a document. It is the world's from now on, and not to be changed any more."""
        self.world[kind].plant(key, document, self.when)

    @property
    def stamp(self) -> str:
        return _stamp(self.when)

    def principal(self, name: str) -> str:
        """The object id behind a name: a user principal name, a group or an application."""
        for kind, table in (
            ("user", "users"),
            ("group", "groups"),
            ("principal", "servicePrincipals"),
        ):
            found = self.id(kind, name)
            if self.world[table].get(found) is not None:
                return found
        raise LookupError(f"the seed knows nobody called {name}")


@lru_cache(maxsize=8)
def _stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
