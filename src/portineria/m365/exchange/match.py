"""Takes the one object that was asked for out of an answer, and no other.

An Identity that does not exist can return every object of the tenant, by Microsoft's own
warning (Get-CASMailbox reference): an answer counts only if it bears the key it was asked by.
"""

from __future__ import annotations

from collections.abc import Iterable

from portineria.fault import Fault, NotFound, ServiceFault
from portineria.m365.data import Data, Row, text, whole

KEYS = (
    "Guid",
    "ExternalDirectoryObjectId",
    "UserPrincipalName",
    "PrimarySmtpAddress",
    "Name",
    "Identity",
    "ObjectId",
    "AppId",
)


def one(data: Data | Fault, key: str, where: str, keys: Iterable[str] = KEYS) -> Row:
    """The row that bears `key`.

    Raises what a batch holds in the place of an answer, NotFound, ServiceFault where several do,
    Incomplete where it may be among what was not shown.
    """
    if isinstance(data, Fault):
        raise data
    wanted = key.lower()
    names = tuple(keys)
    found = [
        row
        for row in data.rows or ()
        if any(text(row.get(name)).lower() == wanted for name in names)
    ]
    if not found:
        whole(data, where)
        raise NotFound(
            f"no object answers to {key}",
            where=where,
            evidence={"returned": len(data.rows or ())},
        )
    if len(found) > 1:
        raise ServiceFault(f"several objects answer to {key}", where=where)
    return found[0]


def _bears(row: Row, wanted: str, names: Iterable[str]) -> bool:
    return any(text(row.get(name)).lower() == wanted for name in names)


def only(data: Data, where: str) -> Row:
    """The one object of a command that has exactly one, such as Get-TransportConfig."""
    rows = whole(data, where)
    if len(rows) != 1:
        raise ServiceFault(f"{where} answered {len(rows)} objects where there is one", where=where)
    return rows[0]
