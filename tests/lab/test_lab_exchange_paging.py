"""Pages: both reported behaviours of a nextLink, its half hour, and truncation by ResultSize."""

from __future__ import annotations

import httpx2
import pytest
from exchange_tenant import BASE, Tenant, command, guid, mailbox, small_world, tenant_of

from portineria.lab.exchange.paging import MORE

EXPIRED = "Expired or Invalid pagination request. Default Expiry time is 00:30:00"
UNLIMITED = command("Get-CASMailbox", {"ResultSize": "Unlimited"})


@pytest.fixture
def tenant() -> Tenant:
    world = small_world()
    for number in range(4, 8):
        world["mailboxes"].put(guid(number), mailbox(number, f"Box{number} Example"))
    return tenant_of(world)


async def first(tenant: Tenant, anchor: str = "a", size: int = 3) -> httpx2.Response:
    headers = {"prefer": f"odata.maxpagesize={size}", "x-anchormailbox": anchor}
    return await tenant.post(f"{BASE}/InvokeCommand", UNLIMITED, **headers)


async def again(
    tenant: Tenant, answer: httpx2.Response, anchor: str = "a", body: object = UNLIMITED
) -> httpx2.Response:
    headers = {"prefer": "odata.maxpagesize=3", "x-anchormailbox": anchor}
    return await tenant.post(answer.json()["@odata.nextLink"], body, **headers)


def refused(answer: httpx2.Response) -> bool:
    if answer.status_code == 200:
        return False
    assert answer.status_code == 400
    assert answer.json()["error"]["innererror"]["internalexception"]["message"] == EXPIRED
    return True


async def test_a_truncated_page_carries_both_signals(tenant: Tenant) -> None:
    body = (await first(tenant)).json()
    assert len(body["value"]) == 3
    assert "InvokeCommand?%24skiptoken=" in body["@odata.nextLink"]
    assert body["@adminapi.warnings"] == [MORE]


async def test_the_pages_are_the_whole_and_nothing_twice(tenant: Tenant) -> None:
    answer, guids = await first(tenant), []
    while True:
        guids += [row["Guid"] for row in answer.json()["value"]]
        if "@odata.nextLink" not in answer.json():
            break
        answer = await again(tenant, answer)
    assert guids == [guid(number) for number in range(1, 8)]
    assert answer.json()["@adminapi.warnings"] == []


async def test_another_anchor_is_fine_unless_affinity_is_strict(tenant: Tenant) -> None:
    answer = await first(tenant)
    assert not refused(await again(tenant, answer, anchor="b"))
    tenant.reading("exchange-paging", "strict-affinity")
    assert not refused(await again(tenant, answer, anchor="A"))
    assert refused(await again(tenant, answer, anchor="b"))


async def test_a_next_link_can_always_be_refused(tenant: Tenant) -> None:
    tenant.reading("exchange-paging", "refused")
    answer = await first(tenant)
    assert answer.status_code == 200
    assert refused(await again(tenant, answer))


async def test_a_next_link_lives_for_thirty_minutes(tenant: Tenant) -> None:
    answer = await first(tenant)
    tenant.world.clock.advance(29 * 60)  # type: ignore[attr-defined]
    assert not refused(await again(tenant, answer))
    tenant.world.clock.advance(2 * 60)  # type: ignore[attr-defined]
    assert refused(await again(tenant, answer))


async def test_a_next_link_belongs_to_its_command(tenant: Tenant) -> None:
    answer = await first(tenant)
    assert refused(await again(tenant, answer, body=command("Get-Mailbox", {})))


@pytest.mark.parametrize("token", ["", "x", "bm8", "WzEsMiwzLDRd", "%00", "e30"])
async def test_a_made_up_token_is_refused(tenant: Tenant, token: str) -> None:
    answer = await tenant.post(f"{BASE}/InvokeCommand?$skiptoken={token}", UNLIMITED)
    assert refused(answer)


async def test_a_result_size_cuts_the_listing_and_says_so(tenant: Tenant) -> None:
    answer = await tenant.call("Get-CASMailbox", ResultSize=2)
    assert len(answer.json()["value"]) == 2
    assert answer.json()["@adminapi.warnings"] == [MORE]
    assert "@odata.nextLink" not in answer.json()


async def test_without_a_result_size_a_thousand_is_all_there_is() -> None:
    world = small_world()
    for number in range(4, 1003):
        world["mailboxes"].put(guid(number), mailbox(number, f"Box{number} Example"))
    tenant = tenant_of(world)
    answer = await tenant.call("Get-CASMailbox")
    assert len(answer.json()["value"]) == 1000
    assert answer.json()["@adminapi.warnings"] == [MORE]
    assert len(await tenant.rows("Get-CASMailbox", ResultSize="unlimited")) == 1002


async def test_the_weather_cuts_listings_that_nobody_asked_to_cut(tenant: Tenant) -> None:
    tenant.weather(truncated=True, page=5)
    answer = await tenant.call("Get-CASMailbox", ResultSize="Unlimited")
    assert len(answer.json()["value"]) == 5
    assert answer.json()["@adminapi.warnings"] == [MORE]
    assert refused(await again(tenant, answer))
