"""A folder of exported state, asked as if it were the tenant.

It answers the questions that reading a tenant asks of Exchange and of Graph, from files that
`export.ps1` wrote, or that `Get-CASMailbox | Export-Csv` did. What the folder lacks is a fault with
the file's name, so that what depends on it is not seen: never off.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portineria.doors.textfile import read_text
from portineria.fault import BadFile, Fault, NoFile, NotFound, ServiceFault
from portineria.m365.data import Data, Row, text
from portineria.tenant.naming import folded

MOST = 1024 * 1024 * 1024
EXPORT = "portineria script --export --output export.ps1 writes the script that saves it"
_YES = ("true", "vero", "wahr", "vrai", "verdadero", "verdadeiro", "$true", "1")
_NO = ("false", "falso", "falsch", "faux", "$false", "0")
"""As PowerShell writes it, and as a spreadsheet saves it in other languages."""
_TRUTHS = frozenset(
    {
        "ImapEnabled",
        "PopEnabled",
        "SmtpClientAuthenticationDisabled",
        "IsInactiveMailbox",
        "AllowLegacyTLSClients",
        "RejectDirectSend",
        "OAuth2ClientProfileEnabled",
    }
)
_GRAPH = {
    "/domains": "domains",
    "/subscribedSkus": "subscribedSkus",
    "/policies/identitySecurityDefaultsEnforcementPolicy": "securityDefaults",
    "/identity/conditionalAccess/policies": "conditionalAccess",
    "/identity/conditionalAccess/namedLocations": "namedLocations",
    "/policies/authorizationPolicy": "authorizationPolicy",
    "/roleManagement/directory/roleAssignments": "roleAssignments",
    "/users": "users",
    "/groups": "groups",
}
_MEMBERS = re.compile(r"/groups/([^/]+)/transitiveMembers")
_GROUP = re.compile(r"/groups/([^/?]+)$")
_FILTER = re.compile(r"(\w+) eq '((?:[^']|'')*)'")


@dataclass(frozen=True, slots=True)
class About:
    """Which tenant it is, and when it was saved (ISO 8601)."""

    tenant: str
    taken: str


@dataclass(slots=True)
class ExportFolder:
    """Stands in for m365.session.Session, for reading alone. Raises ServiceFault, BadFile."""

    folder: Path
    tenant_id: str = ""
    _files: dict[str, list[Row]] = field(default_factory=dict)

    def about(self) -> About:
        """Raises NoFile, BadFile where the folder is no export."""
        if not self.folder.is_dir():
            raise NoFile("there is no such folder", where=str(self.folder), try_=EXPORT)
        path = self.folder / "about.json"
        if not path.exists():
            raise NoFile(
                "the folder does not say which tenant it is of",
                where=str(path),
                try_='write there {"tenant": "GUID", "taken": "2026-11-26T12:00:00Z"}; or: '
                + EXPORT,
            )
        row = _json(path)
        if not isinstance(row, dict) or not text(row.get("tenant")) or not text(row.get("taken")):
            raise BadFile("it names no tenant, or no moment", where=str(path), try_=EXPORT)
        self.tenant_id = text(row["tenant"])
        return About(self.tenant_id, text(row["taken"]))

    def groups(self) -> frozenset[str]:
        """Ids of those whose members were saved."""
        return frozenset(
            path.stem.removeprefix("members-") for path in self.folder.glob("members-*.json")
        )

    # --- what readers ask of Exchange ---

    async def exchange_pages(
        self,
        cmdlet: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        sized: bool = True,
        keep: Collection[str] | None = None,
    ) -> AsyncIterator[tuple[Row, ...]]:
        if parameters:
            raise self._lacks(" -".join([cmdlet, *parameters]))
        yield tuple(self._rows(cmdlet))

    async def exchange_list(
        self, cmdlet: str, parameters: Mapping[str, Any] | None = None, *, sized: bool = True
    ) -> list[Row]:
        return [row async for page in self.exchange_pages(cmdlet, parameters) for row in page]

    async def exchange(
        self, cmdlet: str, parameters: Mapping[str, Any] | None = None, **_: Any
    ) -> Data:
        """What one command answers; an Identity chooses out of the whole listing."""
        given = dict(parameters or {})
        name = given.pop("Identity", None)
        if given:
            raise self._lacks(" -".join([cmdlet, *given]))
        rows = self._rows(cmdlet)
        if name is None:
            return Data(rows=tuple(rows))
        found = tuple(row for row in rows if folded(str(name)) in _names(row))
        if not found:
            raise NotFound(f"the export has no {name}", where=cmdlet)
        return Data(rows=found)

    async def exchange_batch(
        self, calls: Sequence[tuple[str, Mapping[str, Any]]], **_: Any
    ) -> list[Data | Fault]:
        found: list[Data | Fault] = []
        for cmdlet, parameters in calls:
            try:
                found.append(await self.exchange(cmdlet, parameters))
            except ServiceFault as fault:
                found.append(fault)
        return found

    # --- and of Graph ---

    async def graph(self, method: str, path: str, *_: Any, **__: Any) -> Data:
        if method != "GET":
            raise self._lacks(f"{method} {path}")
        plain = path.partition("?")[0]
        if group := _GROUP.fullmatch(plain):
            for row in self._rows("groups"):
                if row.get("id") == group[1]:
                    return Data(body=row)
            raise NotFound(f"the export has no group {group[1]}", where="groups.json")
        rows = self._rows(self._named(plain))
        count = len(rows) if "$count=true" in path else None
        return Data(body=rows[0] if rows else {}, rows=tuple(rows), count=count)

    async def graph_pages(self, path: str, **_: Any) -> AsyncIterator[tuple[Row, ...]]:
        plain, _query, query = path.partition("?")
        if members := _MEMBERS.match(plain):
            rows = self._rows(f"members-{members[1]}")
            if plain.endswith("microsoft.graph.user"):
                rows = [row for row in rows if text(row.get("@odata.type")).endswith(".user")]
            yield tuple(rows)
            return
        rows = self._rows(self._named(plain))
        if "$filter=" in query:
            rows = _filtered(rows, query, self._lacks)
        yield tuple(rows)

    async def graph_list(self, path: str, **_: Any) -> list[Row]:
        return [row async for page in self.graph_pages(path) for row in page]

    # --- files ---

    def _named(self, path: str) -> str:
        name = _GRAPH.get(path)
        if name is None:
            raise self._lacks(path)
        return name

    def _rows(self, name: str) -> list[Row]:
        if name not in self._files:
            self._files[name] = self._read(name)
        return self._files[name]

    def _read(self, name: str) -> list[Row]:
        path = self.folder / f"{name}.json"
        if path.exists():
            found = _json(path)
            rows = found if isinstance(found, list) else [found]
            if not all(isinstance(row, dict) for row in rows):
                raise BadFile("it holds something else than objects", where=str(path), try_=EXPORT)
            return rows
        path = self.folder / f"{name}.csv"
        if path.exists():
            return _table(path)
        if name == "Get-Mailbox" and any(self.folder.glob("Get-CASMailbox.*")):
            return self._rows("Get-CASMailbox")  # its kind is not told there, and stays unknown
        raise self._lacks(f"{name}.json")

    def _lacks(self, what: str) -> ServiceFault:
        return ServiceFault(f"the export lacks {what}", where=str(self.folder), try_=EXPORT)


def _json(path: Path) -> Any:
    try:
        return json.loads(read_text(path, most=MOST))
    except (ValueError, RecursionError) as error:
        raise BadFile(f"it is no JSON: {str(error)[:120]}", where=str(path), try_=EXPORT) from None


def _table(path: Path) -> list[Row]:
    """A CSV of PowerShell's, or of a spreadsheet: with semicolons, in another language."""
    lines = read_text(path, most=MOST).splitlines()
    if lines and lines[0].startswith("#TYPE"):
        lines = lines[1:]
    if not lines:
        return []
    sign = ";" if lines[0].count(";") > lines[0].count(",") else ","
    reader = csv.DictReader(io.StringIO("\n".join(lines)), delimiter=sign)
    if not {"Guid", "PrimarySmtpAddress"} & set(reader.fieldnames or ()):
        told = "it has neither a column Guid nor a column PrimarySmtpAddress"
        raise BadFile(told, where=f"{path}:1", try_="Get-CASMailbox | Export-Csv writes one")
    return [
        {name: _value(path, number, name, value) for name, value in row.items() if name}
        for number, row in enumerate(reader, 2)
    ]


def _value(path: Path, line: int, name: str, value: Any) -> Any:
    if name not in _TRUTHS:
        return None if value == "" or str(value).startswith("System.") else value
    plain = str(value or "").strip().lower()
    if plain in ("", "null", "$null"):
        return None
    if plain in _YES or plain in _NO:
        return plain in _YES
    told = f"{name} is neither true, false nor empty: {value!r}"
    raise BadFile(told, where=f"{path}:{line}", try_="write True, False or nothing")


def _names(row: Row) -> set[str]:
    own = (
        "Guid",
        "Identity",
        "Name",
        "PrimarySmtpAddress",
        "UserPrincipalName",
        "ExternalDirectoryObjectId",
    )
    return {folded(text(row.get(name))) for name in own} - {""}


def _filtered(rows: list[Row], query: str, lacks: Callable[[str], ServiceFault]) -> list[Row]:
    """By equality alone, which is what reading a tenant asks."""
    from urllib.parse import unquote

    told = unquote(query).split("$filter=")[1].split("&$")[0]
    wanted = [(name, value.replace("''", "'")) for name, value in _FILTER.findall(told)]
    if not wanted:
        raise lacks(told)
    return [
        row
        for row in rows
        if any(folded(text(row.get(name))) == folded(value) for name, value in wanted)
    ]
