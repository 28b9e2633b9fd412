"""A large tenant is served page by page: the work of a page does not grow with the tenant."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from body_tenant import EXCHANGE, Tenant

from portineria.clock import VirtualClock
from portineria.lab.app import build_app
from portineria.lab.exchange import recipients, shapes
from portineria.lab.exchange.identity import mailbox_names
from portineria.lab.index import Index
from portineria.lab.lab import open_lab
from portineria.lab.world import Table

MANY = 700
PAGE = 90


@pytest.fixture
async def tenant() -> AsyncIterator[Tenant]:
    clock = VirtualClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC))
    lab = open_lab(clock, "contoso", mailboxes=MANY)
    transport = httpx2.ASGITransport(app=build_app(lab))
    async with httpx2.AsyncClient(transport=transport) as http:
        yield Tenant(lab, clock, http)


async def exchange_page(
    tenant: Tenant, cmdlet: str, url: str = "", **parameters: Any
) -> dict[str, Any]:
    bearer = await tenant.bearer(scope=EXCHANGE)
    base = f"https://exchange.lab/adminapi/beta/{tenant.lab.world.tenant_id}/InvokeCommand"
    answer = await tenant.http.post(
        url or base,
        json={"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}},
        headers={"authorization": f"Bearer {bearer}", "prefer": f"odata.maxpagesize={PAGE}"},
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def counting(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    real = getattr(module, name)

    def counted(*given: Any) -> Any:
        counts[name] += 1
        return real(*given)

    monkeypatch.setattr(module, name, counted)
    return counts


@pytest.mark.parametrize("cmdlet", ["Get-Mailbox", "Get-CASMailbox", "Get-User", "Get-EXOMailbox"])
async def test_an_exchange_page_makes_its_own_rows_and_no_others(
    tenant: Tenant, cmdlet: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = counting(monkeypatch, shapes, "whole")
    names: list[str] = []
    pages, url = 0, ""
    while True:
        body = await exchange_page(tenant, cmdlet, url, ResultSize="Unlimited")
        pages += 1
        names += [row["Name"] for row in body["value"]]
        if "@odata.nextLink" not in body:
            break
        url = body["@odata.nextLink"]
    told = recipients.is_person if cmdlet == "Get-User" else recipients.has_mailbox
    there = sum(map(told, tenant.lab.world["mailboxes"].all()))
    assert len(names) == len(set(names)) == there >= MANY
    assert made["whole"] <= len(names) + pages, "one row is looked at beyond each page"


async def test_a_result_size_holds_across_pages(tenant: Tenant) -> None:
    first = await exchange_page(tenant, "Get-Mailbox", ResultSize=PAGE + 5)
    second = await exchange_page(
        tenant, "Get-Mailbox", first["@odata.nextLink"], ResultSize=PAGE + 5
    )
    assert (len(first["value"]), len(second["value"])) == (PAGE, 5)
    assert "@odata.nextLink" not in second
    assert second["@adminapi.warnings"], "the cut is said"


async def test_a_graph_page_makes_its_own_rows_and_counts_on_the_first_only(
    tenant: Tenant,
) -> None:
    people = sum(1 for _ in tenant.lab.world["users"].scan())
    path = f"users?$select=id,userPrincipalName&$top={PAGE}&$count=true"
    found: list[str] = []
    counts: list[int | None] = []
    while path:
        body = (await tenant.graph("GET", path, ConsistencyLevel="eventual")).json()
        found += [row["id"] for row in body["value"]]
        counts.append(body.get("@odata.count"))
        path = body.get("@odata.nextLink", "")
    assert len(found) == len(set(found)) == people
    assert counts == [people, *[None] * (len(counts) - 1)]


async def test_a_group_of_everybody_comes_in_pages_too(tenant: Tenant) -> None:
    groups = {row["displayName"]: row for _, row in tenant.lab.world["groups"].scan()}
    path = f"groups/{groups['Everybody']['id']}/transitiveMembers/microsoft.graph.user"
    path += f"?$select=id&$count=true&$top={PAGE}"
    found: list[str] = []
    while path:
        body = (await tenant.graph("GET", path, ConsistencyLevel="eventual")).json()
        assert len(body["value"]) <= PAGE
        found += [row["id"] for row in body["value"]]
        path = body.get("@odata.nextLink", "")
    departments = [row for name, row in groups.items() if name.startswith("Department ")]
    assert sorted(found) == sorted(member for row in departments for member in row["members"])


async def test_listing_and_looking_up_change_nothing(tenant: Tenant) -> None:
    world = tenant.lab.world
    kinds = ("users", "mailboxes", "groups")
    before = {kind: deepcopy(world[kind].versions) for kind in kinds}
    for cmdlet in ("Get-Mailbox", "Get-CASMailbox", "Get-User", "Get-Recipient"):
        await exchange_page(tenant, cmdlet, ResultSize="Unlimited")
        await exchange_page(tenant, cmdlet, Identity="scan@contoso.example")
    await tenant.graph("GET", "users?$top=999")
    await tenant.graph("GET", "groups")
    assert {kind: world[kind].versions for kind in kinds} == before


def test_a_mailbox_is_found_by_each_of_its_names_without_looking_at_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = open_lab(VirtualClock(datetime(2026, 11, 2, tzinfo=UTC)), mailboxes=120).world
    boxes = [shapes.whole(row, world.initial_domain) for _, row in world["mailboxes"].scan()]
    list(recipients.named(world, "nobody"))
    made = counting(monkeypatch, shapes, "whole")
    asked = 0
    for box in boxes:
        for name in {str(name) for name in mailbox_names(box) if name}:
            guids = [found["Guid"] for found in recipients.named(world, name.upper())]
            assert box["Guid"] in guids
            asked += "=" not in name and "\\" not in name
    linear = len(boxes) * 3 * len(boxes)
    assert made["whole"] <= linear + 2 * asked


def test_a_name_is_found_as_long_as_it_is_borne() -> None:
    clock = VirtualClock(datetime(2026, 11, 2, tzinfo=UTC))
    table = Table(clock)
    table.put("1", {"upn": "Ada"})
    assert table.find("upn", "ada") == {"upn": "Ada"}
    clock.advance(10)
    table.put("1", {"upn": "ada2"})
    table.put("2", {"upn": "ADA"})
    assert table.find("upn", "ada") == {"upn": "ADA"}
    assert table.find("upn", "ada", age=5) == {"upn": "Ada"}, "as it was then"
    table.put("2", None)
    assert table.find("upn", "ada") is None


def test_an_index_keeps_every_key_of_a_name_once_and_in_order() -> None:
    index = Index(lambda document: document["names"])
    for key, names in (("1", ["A", "b"]), ("2", ["a"]), ("1", ["a"]), ("3", ["A"])):
        index.enter(key, {"names": names})
    assert index.find("a") == ("1", "2", "3")
    assert index.find("B") == ("1",)
    assert index.find("c") == ()
