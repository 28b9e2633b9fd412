"""What an answer looks like: rows with their sidecar keys, the warnings, the columns.

Source: dossier exchange-online 2.5 (live captures of other cmdlets; no whole CASMailbox row).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from portineria.lab.ask import Answer
from portineria.lab.world import Document

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true"

GUIDS = frozenset({"Guid", "ExchangeObjectId", "ExchangeGuid", "AccountSkuId"})
DATES = frozenset(
    {
        "WhenChanged",
        "WhenCreated",
        "WhenChangedUTC",
        "WhenCreatedUTC",
        "StsRefreshTokensValidFrom",
        "WhenMailboxCreated",
    }
)


def as_json(
    status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Answer:
    return Answer(
        status=status, body=dict(document), headers={"content-type": JSON_TYPE, **(headers or {})}
    )


def with_sidecars(row: Document) -> Document:
    """A row as the service prints it: each typed member is preceded by its type."""
    printed: Document = {}
    for name, value in row.items():
        if isinstance(value, list):
            printed[f"{name}@odata.type"] = "#Collection(String)"
        elif (kind := _data_type(name, value)) is not None:
            printed[f"{name}@data.type"] = kind
        printed[name] = value
    return printed


def _data_type(name: str, value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return "System.Int32"
    if not isinstance(value, str):
        return None
    if name in GUIDS:
        return "System.Guid"
    return "System.DateTime" if name in DATES else None


def select(rows: Iterable[Document], columns: Sequence[str]) -> list[Document]:
    """Only the named columns, in any case of letters, with their fixed casing kept."""
    if not columns:
        return list(rows)
    wanted = {column.strip().lower() for column in columns}
    return [{k: v for k, v in row.items() if k.lower() in wanted} for row in rows]


def success(
    rows: Sequence[Document],
    warnings: Sequence[str],
    *,
    context: str,
    next_link: str | None = None,
) -> dict[str, Any]:
    """The envelope of a whole or truncated answer. The warnings are always an array."""
    document: dict[str, Any] = {
        "@odata.context": f"{context}/$metadata#Collection(Exchange.GenericHashTable)",
        "adminapi.warnings@odata.type": "#Collection(String)",
        "@adminapi.warnings": list(warnings),
        "value": [with_sidecars(row) for row in rows],
    }
    if next_link is not None:
        document["@odata.nextLink"] = next_link
    return document
