"""What an answer says once it is understood, and lenient reading of Microsoft's JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from sys import intern
from typing import Any
from urllib.parse import quote

from portineria.fault import Incomplete

Row = Mapping[str, Any]

TRUNCATED = "There are more results available"
"""Begins Exchange's warning of a listing that was cut. Source: Exchange dossier 2.6."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """A good answer. `rows` is None where the body holds no `value` list: never an empty one.
    `count` is how many the whole listing has, where the service says so."""

    body: Row = field(default_factory=dict)
    rows: tuple[Row, ...] | None = None
    next: str | None = None
    warnings: tuple[str, ...] = ()
    count: int | None = None

    @property
    def partial(self) -> bool:
        """Whether there is more than was answered, as a next page or as a warning tells."""
        return self.next is not None or any(TRUNCATED in warning for warning in self.warnings)


def whole(data: Data, where: str) -> tuple[Row, ...]:
    """The rows of an answer that is complete. Raises Incomplete for a part, or for no list."""
    if data.rows is None:
        raise Incomplete("the answer holds no list", where=where)
    if data.partial:
        raise Incomplete("the answer is cut short: there are more results", where=where)
    return data.rows


def truth(value: object) -> bool | None:
    """Read a boolean that may be a string ("True", as in clixml-derived data), or null."""
    if isinstance(value, bool) or value is None:
        return value
    return {"true": True, "false": False}.get(str(value).strip().lower())


def text(value: object) -> str:
    """A string member, "" where it is absent or null."""
    return "" if value is None else str(value)


def lower(value: object) -> str:
    """A string member in small letters; what is so already is not copied."""
    given = text(value)
    return given if given.islower() else given.lower()


def shared(value: str) -> str:
    """One string for all that say the same: an account and its mailbox tell the same id."""
    return intern(value)


def texts(value: object) -> tuple[str, ...]:
    """A list of strings; null, absent and a lone string are read as people mean them."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Iterable):
        return tuple(str(item) for item in value)
    return ()


def members(value: object) -> Row:
    """An object member, empty where it is absent or null."""
    return value if isinstance(value, Mapping) else {}


def literal(value: str) -> str:
    """A string literal of OData, quotes doubled, fit for a URL."""
    return quote("'" + value.replace("'", "''") + "'", safe="'")


def moment(value: object) -> datetime | None:
    """An ISO 8601 date with its zone, in UTC; None where there is none, or none that is whole."""
    try:
        found = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    return None if found.tzinfo is None else found.astimezone(UTC)
