"""$select and $expand: which members of a row are shown, and what is related to it.

Source: Microsoft Graph, "Use query parameters to customize responses": related objects of a
directory object are at most 20, without a nextLink.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from portineria.lab.graph.call import Call, GraphFault
from portineria.lab.world import Document

Related = Callable[[Call, Document], Document | Iterator[Document] | None]
"""The one object, or the objects, that a row is related to."""
MOST = 20
UNKNOWN = (
    "Parsing OData Select and Expand failed: Could not find a property named '{name}' on type "
    "'microsoft.graph.{type_}'."
)
_ITEM = re.compile(r"\s*(?P<name>\w+)(?:\(\$select=(?P<names>[\w,]+)\))?\s*(?:,|$)")


@dataclass(frozen=True, slots=True)
class Relationships:
    """What rows of a type are related to, by name. Without any, $expand is taken no notice of."""

    type_: str = ""
    known: Mapping[str, Related] = field(default_factory=dict)

    def expansion(self, call: Call) -> Callable[[Document], Document]:
        """What $expand adds to a row. Raises GraphFault 400 for what is not there."""
        wanted = self._parsed(call.ask.query.get("$expand", "")) if self.known else {}
        return lambda row: {
            name: _shown(self.known[name](call, row), members) for name, members in wanted.items()
        }

    def _parsed(self, text: str) -> dict[str, tuple[str, ...]]:
        """Relationship to the members that are wanted of it; none means all."""
        names = {name.lower(): name for name in self.known}
        found: dict[str, tuple[str, ...]] = {}
        at = 0
        while at < len(text):
            item = _ITEM.match(text, at)
            name = names.get(item["name"].lower()) if item else None
            if item is None or name is None:
                raise unknown(item["name"] if item else text[at:], self.type_)
            found[name] = tuple(item["names"].split(",")) if item["names"] else ()
            at = item.end()
        return found


NONE = Relationships()


def select(row: Document, wanted: Sequence[str]) -> Document:
    """The members named, in any case; nothing named means all. A row's type is always told."""
    typed = {name: row[name] for name in ("@odata.type",) if name in row}
    return {**typed, **dict(_member(row, name) for name in wanted)} if wanted else row


def unknown(name: str, type_: str) -> GraphFault:
    return GraphFault(400, "BadRequest", UNKNOWN.format(name=name, type_=type_))


def _shown(found: Document | Iterator[Document] | None, wanted: tuple[str, ...]) -> Any:
    if found is None or isinstance(found, dict):
        return found and select(found, wanted)
    return [select(row, wanted) for row in islice(found, MOST)]


def _member(row: Document, name: str) -> tuple[str, Any]:
    if name not in row:
        name = next((each for each in row if each.lower() == name.lower()), name)
    return name, row.get(name)
