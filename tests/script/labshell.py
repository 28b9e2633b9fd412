"""The cmdlets that our scripts use, each doing to the lab what Microsoft's modules do to a tenant.

Exchange's are posted to the lab's InvokeCommand by their own names; Graph's is a request. Files are
real ones. Waiting moves the lab's clock.
"""

from __future__ import annotations

import csv
import hashlib
import json
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from powershell import Exact, Given, Row, Shell, Thrown, in_order, listed, string

from portineria.lab.app import build_app
from portineria.lab.lab import Lab
from portineria.lab.sky import Cut
from portineria.lab.weather import forecast

COMMON = {"erroraction", "resultsize"}


class Killed(BaseException):
    """The machine went down: nothing of the script runs any more."""


@dataclass
class LabShell:
    """`before` is called with each remote call's name; it may raise Killed or Thrown."""

    lab: Lab
    client: httpx2.AsyncClient
    before: Callable[[str], None] = lambda _: None
    after: Callable[[str], None] = lambda _: None
    tokens: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    def shell(self) -> Shell:
        own = {
            name.removeprefix("do_").replace("_", "-"): getattr(self, name)
            for name in dir(self)
            if name.startswith("do_")
        }
        exchange = dict.fromkeys(map(str.lower, EXCHANGE), self.exchange)
        return Shell(exchange | own)

    async def _token(self, scope: str) -> str:
        """The modules' own business, whatever the weather: they keep one while it lives."""
        now = self.lab.world.clock.now()
        until, token = self.tokens.get(scope, (now, ""))
        if now < until:
            return token
        app, weather = self.lab.info["admin"], self.lab.weather
        self.lab.weather = forecast("fair")
        try:
            answer = await self.client.post(
                f"{self.lab.urls['login']}/{self.lab.world.tenant_id}/oauth2/v2.0/token",
                data={
                    "grant_type": "client_credentials",
                    "client_id": app["client_id"],
                    "client_secret": app["client_secret"],
                    "scope": scope,
                },
            )
        finally:
            self.lab.weather = weather
        told = answer.json()
        self.tokens[scope] = now + timedelta(seconds=told["expires_in"]), told["access_token"]
        return str(told["access_token"])

    async def _sent(self, method: str, url: str, **what: Any) -> httpx2.Response:
        try:
            return await self.client.request(method, url, **what)
        except Cut:
            raise Thrown("An error occurred while sending the request.") from None

    async def exchange(self, given: Given) -> list[Any]:
        parameters = {name: value for name, value in given.named.items() if name not in COMMON}
        self.before(given.name)
        tenant = self.lab.world.tenant_id
        headers = {"authorization": f"Bearer {await self._token(OUTLOOK)}"}
        headers |= {"x-anchormailbox": f"APP:SystemMailbox@{tenant}"}
        url: str | None = f"{self.lab.urls['exchange']}/adminapi/beta/{tenant}/InvokeCommand"
        body = {"CmdletInput": {"CmdletName": given.name, "Parameters": parameters}}
        rows: list[Any] = []
        while url:
            answer = await self._sent("POST", url, json=body, headers=headers)
            found = _json(answer)
            if answer.status_code >= 300 or "error" in found:
                raise Thrown(_why(answer.status_code, found))
            rows += [_row(row) for row in found.get("value", ())]
            url = found.get("@odata.nextLink")
        self.after(given.name)
        return rows

    async def do_invoke_mggraphrequest(self, given: Given) -> list[Any]:
        url = str(given.get("uri"))
        url = f"{self.lab.urls['graph']}{url}" if url.startswith("/") else url
        method = str(given.get("method"))
        name = f"{method} {url.rsplit('/', 1)[-1]}"
        self.before(name)
        headers = {"authorization": f"Bearer {await self._token(GRAPH)}"}
        body = given.get("body")
        if body is not None:
            headers["content-type"] = given.get("contenttype")
        answer = await self._sent(method, url, content=body, headers=headers)
        found = _json(answer)
        if answer.status_code >= 300:
            raise Thrown(
                "Response status code does not indicate success: "
                f"{httpx2.codes(answer.status_code).name.title().replace('_', '')} "
                f"({answer.status_code}). {json.dumps(found)}"
            )
        self.after(name)
        return [_exact(found)] if found else []

    # --- the modules' own ---

    async def do_get_connectioninformation(self, given: Given) -> list[Any]:
        return [Row(TenantID=self.lab.world.tenant_id, State="Connected")]

    async def do_get_mgcontext(self, given: Given) -> list[Any]:
        return [Row(TenantId=self.lab.world.tenant_id)]

    # --- PowerShell's own ---

    def do_convertfrom_json(self, given: Given) -> list[Any]:
        found = _exact(json.loads(given.get("inputobject")))
        return [found] if not isinstance(found, list) else found

    def do_convertto_json(self, given: Given) -> list[Any]:
        return [json.dumps(given.get("inputobject"))]

    def do_convertfrom_csv(self, given: Given) -> list[Any]:
        return [Row(row) for row in csv.DictReader(given.get("inputobject").splitlines())]

    def do_import_csv(self, given: Given) -> list[Any]:
        with Path(given.get("literalpath")).open(encoding="utf-8-sig", newline="") as held:
            return [Row(row) for row in csv.DictReader(held)]

    def do_export_csv(self, given: Given) -> list[Any]:
        path, row = Path(given.get("literalpath")), given.get("inputobject")
        assert given.get("append")
        assert not given.get("whatif")
        fresh = not path.exists()
        with path.open("a", encoding="utf-8", newline="") as held:
            writer = csv.writer(held, quoting=csv.QUOTE_ALL)
            if fresh:
                writer.writerow(row)
            writer.writerow(map(string, row.values()))
        return []

    def do_test_path(self, given: Given) -> list[Any]:
        return [Path(given.get("literalpath")).exists()]

    def do_join_path(self, given: Given) -> list[Any]:
        return [str(Path(*map(str, given.placed)))]

    def do_get_filehash(self, given: Given) -> list[Any]:
        octets = Path(given.get("literalpath")).read_bytes()
        return [Row(Hash=hashlib.sha256(octets).hexdigest().upper())]

    def do_get_date(self, given: Given) -> list[Any]:
        now = self.lab.clock.now()
        return [now.isoformat() if given.get("format") else now]

    async def do_start_sleep(self, given: Given) -> list[Any]:
        await self.lab.clock.sleep(float(given.get("seconds")))
        return []

    def do_sort_object(self, given: Given) -> list[Any]:
        items = [item for one in given.piped for item in listed(one)]
        if given.get("unique"):
            return in_order(list({string(item).lower(): item for item in items}.values()))
        assert given.get("casesensitive")
        return in_order(items)

    def do_new_item(self, given: Given) -> list[Any]:
        assert given.get("itemtype") == "Directory"
        Path(given.get("path")).mkdir()
        return [Row()]

    def do_set_content(self, given: Given) -> list[Any]:
        Path(given.get("literalpath")).write_text(given.get("value"), encoding="utf-8")
        return []

    def do_get_content(self, given: Given) -> list[Any]:
        assert given.get("raw")
        return [Path(given.get("literalpath")).read_text(encoding="utf-8")]

    def do_write_host(self, given: Given) -> list[Any]:
        given.shell.said.append(" ".join(map(string, given.placed)))
        return []

    do_write_warning = do_write_host

    def do_write_progress(self, given: Given) -> list[Any]:
        return []


REFERENCE: dict[str, dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "reference.toml").read_text(encoding="utf-8")
)
OUTLOOK = "https://outlook.office365.com/.default"
GRAPH = "https://graph.microsoft.com/.default"
EXCHANGE = [name for name, said in REFERENCE.items() if "/exchange/" in said["source"]]


def _json(answer: httpx2.Response) -> Any:
    """The body; a gateway's page of an error is its text."""
    try:
        return json.loads(answer.content) if answer.content else {}
    except ValueError:
        return {"error": {"message": f"({answer.status_code}) {answer.text[:200]}"}}


def _why(status: int, found: Any) -> str:
    error = found.get("error", {})
    details = [one.get("message", "") for one in error.get("details", ())]
    return " ".join([str(error.get("message", "")), *details]) or f"({status})"


def _row(row: dict[str, Any]) -> Row:
    """A property of an object; what a module makes of lists and tables inside is not needed."""
    return Row({name: value for name, value in row.items() if "@" not in name})


def _exact(value: Any) -> Any:
    if isinstance(value, dict):
        return Exact({name: _exact(member) for name, member in value.items()})
    return [_exact(item) for item in value] if isinstance(value, list) else value


@asynccontextmanager
async def lab_shell(lab: Lab) -> AsyncIterator[LabShell]:
    transport = httpx2.ASGITransport(build_app(lab))
    async with httpx2.AsyncClient(transport=transport) as client:
        yield LabShell(lab, client)
