"""Bad days of the Exchange face: throttles, failures, lag, forgetting, a 200 that is none."""

from __future__ import annotations

import pytest
from exchange_tenant import BASE, Tenant, command, guid, small_world, tenant_of

from portineria.lab.sky import Cut
from portineria.lab.weather import FaultKind, Scheduled


@pytest.fixture
def tenant() -> Tenant:
    return tenant_of(small_world())


def next_write(tenant: Tenant, fault: FaultKind, retry_after: float | None = None) -> None:
    scheduled = Scheduled(operation="Set-", nth=1, fault=fault, retry_after=retry_after)
    tenant.weather(scheduled=(scheduled,))


async def close_imap(tenant: Tenant) -> int:
    answer = await tenant.call("Set-CASMailbox", Identity=guid(1), ImapEnabled=False)
    return answer.status_code


async def imap(tenant: Tenant) -> object:
    return (await tenant.rows("Get-CASMailbox", Identity=guid(1)))[0]["ImapEnabled"]


@pytest.mark.parametrize("retry_after", [5.0, None])
async def test_a_throttle_is_plain_text_with_or_without_retry_after(
    tenant: Tenant, retry_after: float | None
) -> None:
    next_write(tenant, "429", retry_after)
    body = command("Set-CASMailbox", {"Identity": guid(1), "ImapEnabled": False})
    answer = await tenant.post(f"{BASE}/InvokeCommand", body)
    assert answer.status_code == 429
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == (
        "You have reached the maximum number of concurrent requests per tenant. "
        "Please wait and try again"
    )
    assert answer.headers.get("retry-after") == ("5" if retry_after else None)
    assert await imap(tenant) is True


@pytest.mark.parametrize("fault", ["500", "502", "503", "504"])
async def test_a_failure_of_the_service_writes_nothing(tenant: Tenant, fault: FaultKind) -> None:
    next_write(tenant, fault)
    assert await close_imap(tenant) == int(fault)
    assert await imap(tenant) is True


async def test_a_200_can_have_an_error_inside_and_nothing_was_done(tenant: Tenant) -> None:
    next_write(tenant, "200")
    answer = await tenant.call("Set-CASMailbox", Identity=guid(1), ImapEnabled=False)
    assert answer.status_code == 200
    assert "value" not in answer.json()
    assert answer.json()["error"]["innererror"]["internalexception"]["message"]
    assert await imap(tenant) is True
    assert not any(asked.wrote for asked in tenant.lab.history.asked)


async def test_a_cut_before_writes_nothing_and_a_cut_after_writes(tenant: Tenant) -> None:
    next_write(tenant, "cut-before")
    with pytest.raises(Cut):
        await close_imap(tenant)
    assert await imap(tenant) is True
    tenant.lab.sky.matches.clear()
    next_write(tenant, "cut-after")
    with pytest.raises(Cut):
        await close_imap(tenant)
    assert await imap(tenant) is False


async def test_an_admin_read_lags_behind_a_write(tenant: Tenant) -> None:
    tenant.weather(lag={"mailboxes": 20.0})
    tenant.world.clock.advance(30)  # type: ignore[attr-defined]
    assert await close_imap(tenant) == 200
    assert await imap(tenant) is True
    tenant.world.clock.advance(21)  # type: ignore[attr-defined]
    assert await imap(tenant) is False


async def test_a_write_under_lag_keeps_what_was_written_just_before(tenant: Tenant) -> None:
    tenant.weather(lag={"": 20.0})
    tenant.world.clock.advance(30)  # type: ignore[attr-defined]
    assert await close_imap(tenant) == 200
    await tenant.call("Set-CASMailbox", Identity=guid(1), PopEnabled=False)
    tenant.world.clock.advance(21)  # type: ignore[attr-defined]
    row = (await tenant.rows("Get-CASMailbox", Identity=guid(1)))[0]
    assert (row["ImapEnabled"], row["PopEnabled"]) == (False, False)


async def test_the_service_accepts_and_forgets(tenant: Tenant) -> None:
    tenant.weather(forgets=r"^Set-CASMailbox$")
    assert await close_imap(tenant) == 200
    assert await imap(tenant) is True
    assert [asked.weather for asked in tenant.lab.history.writes()] == ["forgotten"]


async def test_schedules_of_one_cmdlet_count_every_request(tenant: Tenant) -> None:
    faults: tuple[FaultKind, ...] = ("503", "429", "200")
    tenant.weather(
        scheduled=tuple(
            Scheduled(operation="Get-TransportConfig", nth=number, fault=fault)
            for number, fault in enumerate(faults, start=1)
        )
    )
    answers = [await tenant.call("Get-TransportConfig") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 429, 200, 200]
    assert ["error" in answer.text for answer in answers] == [True, False, True, False]
