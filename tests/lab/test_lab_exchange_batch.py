"""$batch and the OData set: the same cmdlets by two other doors."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from exchange_tenant import BASE, Tenant, command, guid, small_world, tenant_of

URL = f"https://outlook.office365.com{BASE}/InvokeCommand"
GO_ON = {"prefer": "odata.continue-on-error"}


@pytest.fixture
def tenant() -> Tenant:
    return tenant_of(small_world())


def part(identity: object, cmdlet: str, /, **parameters: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "method": "POST",
        "url": URL,
        "headers": {"Content-Type": "application/json"},
        "body": command(cmdlet, parameters),
    }


def good(number: int) -> dict[str, Any]:
    return part(number, "Set-CASMailbox", Identity=guid(number), ImapEnabled=number == 2)


async def test_each_part_has_its_own_status(tenant: Tenant) -> None:
    parts = [
        good(1),
        part("missing", "Get-CASMailbox", Identity="nobody"),
        part("unknown", "Get-Nothing"),
        part("wrong", "Get-TransportConfig", Bogus=1),
        good(3),
    ]
    answer = await tenant.post(f"{BASE}/$batch", {"requests": parts}, **GO_ON)
    responses = {response["id"]: response for response in answer.json()["responses"]}
    assert answer.status_code == 200
    assert {key: r["status"] for key, r in responses.items()} == {
        1: 200,
        "missing": 404,
        "unknown": 403,
        "wrong": 400,
        3: 200,
    }
    assert responses[1]["body"]["value"] == []
    assert set(responses["unknown"]["body"]) == {"\x00"}
    rows = await tenant.rows("Get-CASMailbox")
    assert [row["ImapEnabled"] for row in rows] == [False, False, False]


async def test_without_the_preference_the_first_failure_is_the_last_answer(
    tenant: Tenant,
) -> None:
    parts = [good(1), part("x", "Get-CASMailbox", Identity="nobody"), good(3)]
    answer = await tenant.post(f"{BASE}/$batch", {"requests": parts})
    assert [r["status"] for r in answer.json()["responses"]] == [200, 404]
    assert (await tenant.rows("Get-CASMailbox", Identity=guid(3)))[0]["ImapEnabled"] is True


@pytest.mark.parametrize(("count", "status"), [(10, 200), (11, 400)])
async def test_a_batch_has_at_most_ten_parts(tenant: Tenant, count: int, status: int) -> None:
    parts = [part(str(i), "Get-TransportConfig") for i in range(count)]
    answer = await tenant.post(f"{BASE}/$batch", {"requests": parts}, **GO_ON)
    assert answer.status_code == status


async def test_a_throttle_can_be_inside_a_batch(tenant: Tenant) -> None:
    from portineria.lab.weather import Scheduled

    fault = Scheduled(operation="Set-CASMailbox", nth=2, fault="429", retry_after=7)
    tenant.weather(scheduled=(fault,))
    answer = await tenant.post(f"{BASE}/$batch", {"requests": [good(1), good(2), good(3)]}, **GO_ON)
    one, two, three = answer.json()["responses"]
    assert [one["status"], two["status"], three["status"]] == [200, 429, 200]
    assert two["headers"]["Retry-After"] == "7"
    assert two["body"].startswith("You have reached the maximum number of concurrent requests")


async def test_every_part_is_written_down(tenant: Tenant) -> None:
    await tenant.post(f"{BASE}/$batch", {"requests": [good(1), good(2)]}, **GO_ON)
    assert [asked.target for asked in tenant.lab.history.writes()] == [guid(1), guid(2)]


async def test_a_next_link_can_be_asked_in_a_batch(tenant: Tenant) -> None:
    listing = part("1", "Get-CASMailbox", ResultSize="Unlimited")
    listing["headers"]["Prefer"] = "odata.maxpagesize=2"
    answer = await tenant.post(f"{BASE}/$batch", {"requests": [listing]})
    listing["url"] = answer.json()["responses"][0]["body"]["@odata.nextLink"]
    answer = await tenant.post(f"{BASE}/$batch", {"requests": [listing]})
    (page,) = answer.json()["responses"]
    assert [row["Guid"] for row in page["body"]["value"]] == [guid(3)]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requests": [{"id": "1"}]},
        {"requests": [part("1", "Get-User"), part("1", "Get-User")]},
        [],
    ],
)
async def test_what_is_no_batch_is_400(tenant: Tenant, body: object) -> None:
    assert (await tenant.post(f"{BASE}/$batch", body)).status_code == 400


async def test_a_part_outside_invokecommand_is_refused_alone(tenant: Tenant) -> None:
    strange = {**part("x", "Get-TransportConfig"), "url": "https://graph.microsoft.com/v1.0/me"}
    answer = await tenant.post(f"{BASE}/$batch", {"requests": [strange, good(1)]}, **GO_ON)
    assert [r["status"] for r in answer.json()["responses"]] == [400, 200]


async def test_the_odata_set_is_read_with_a_filter_and_columns(tenant: Tenant) -> None:
    answer = await tenant.get(
        f"{BASE}/CasMailbox?$filter=ImapEnabled eq true&$select=PopEnabled&PropertySet=Imap"
    )
    rows = answer.json()["value"]
    assert answer.json()["@odata.context"].endswith("$metadata#CasMailbox")
    assert [row["Guid"] for row in rows] == [guid(1), guid(3)]
    assert [row["PopEnabled"] for row in rows] == [True, False]


async def test_the_odata_set_is_paged_with_get(tenant: Tenant) -> None:
    sent = {"authorization": f"Bearer {tenant.bearer}", "prefer": "odata.maxpagesize=2"}
    answer = await tenant.http.get(f"{BASE}/CasMailbox", headers=sent)
    assert len(answer.json()["value"]) == 2
    answer = await tenant.http.get(answer.json()["@odata.nextLink"], headers=sent)
    assert [row["Guid"] for row in answer.json()["value"]] == [guid(3)]


@pytest.mark.parametrize(
    ("key", "status"),
    [
        ("CasMailbox('ada@contoso.example')", 200),
        (f"CasMailbox('{base64.b64encode(b'Ada Example').decode()}')?isEncoded=true", 200),
        ("CasMailbox('%%%')?isEncoded=true", 400),
        ("CasMailbox('nobody')", 404),
        ("Mailbox", 404),
    ],
)
async def test_one_of_the_odata_set_is_read_by_key(tenant: Tenant, key: str, status: int) -> None:
    answer = await tenant.get(f"{BASE}/{key}")
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["PrimarySmtpAddress"] == "ada@contoso.example"
