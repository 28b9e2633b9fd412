"""What an application has to be before it gets a token, and when things say they were made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from body_tenant import EXCHANGE, Tenant, tenant
from exchange_tenant import MAIL_APP, MAIL_CLIENT, small_world, tenant_of


def ask(t: Tenant) -> dict[str, str]:
    app = t.lab.info["mail_app"]
    return {
        "grant_type": "client_credentials",
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "scope": EXCHANGE,
    }


async def token(t: Tenant) -> dict[str, Any]:
    url = f"https://login.lab/{t.lab.world.tenant_id}/oauth2/v2.0/token"
    found: dict[str, Any] = (await t.http.post(url, data=ask(t))).json()
    return found


def require(t: Tenant, name: str) -> None:
    table = t.lab.world["servicePrincipals"]
    found = table.find("displayName", name)
    assert found is not None
    table.patch(found["id"], appRoleAssignmentRequired=True)


def withdraw(t: Tenant) -> list[dict[str, Any]]:
    """Take every permission from the mail app; the rows as they were."""
    table, gone = t.lab.world["appRoleAssignments"], []
    for key, row in list(table.items()):
        if row["principalId"] == t.lab.info["mail_app"]["principal_id"]:
            table.put(key, None)
            gone.append(row)
    return gone


async def test_a_resource_that_asks_for_assignments_refuses_an_app_without_a_permission() -> None:
    async with tenant() as t:
        require(t, "Office 365 Exchange Online")
        assert "access_token" in await token(t)
        withdraw(t)
        refused = await token(t)
    assert refused["error_codes"] == [501051]
    assert "is not assigned to a role for the application" in refused["error_description"]


@pytest.mark.parametrize(("reading", "refuses"), [("resource", False), ("client", True)])
async def test_whether_a_clients_own_setting_concerns_its_own_tokens_is_a_reading(
    reading: str, refuses: bool
) -> None:
    async with tenant() as t:
        t.lab.weather = replace(t.lab.weather, readings={"assignment-for-apps": reading})
        require(t, "Mail access")
        answer = await token(t)
    assert (answer.get("error_codes") == [501051]) is refuses


async def test_consent_is_in_new_tokens_after_its_own_delay() -> None:
    async with tenant() as t:
        rows = withdraw(t)
        t.clock.advance(3600)
        t.lab.weather = replace(t.lab.weather, effects={"consent": 1800.0})
        for row in rows:
            t.lab.world["appRoleAssignments"].put(row["id"], row)
        from portineria.lab.login.tokens import read

        early = read(t.lab.world, (await token(t))["access_token"])
        t.clock.advance(1801)
        late = read(t.lab.world, (await token(t))["access_token"])
    assert "roles" not in early
    assert "IMAP.AccessAsApp" in late["roles"]


async def test_exchange_says_when_an_application_and_its_role_were_made() -> None:
    t = tenant_of(small_world())
    await t.rows("New-ServicePrincipal", AppId=MAIL_CLIENT, ObjectId=MAIL_APP)
    (row,) = await t.rows("Get-ServicePrincipal", Identity=MAIL_CLIENT)
    assert row["WhenCreatedUTC"] == "2026-11-23T09:00:00Z"


async def test_a_change_of_a_mailbox_or_of_transport_says_when() -> None:
    t = tenant_of(small_world())
    await t.rows("Set-CASMailbox", Identity="ada@contoso.example", ImapEnabled=False)
    (box,) = await t.rows("Get-CASMailbox", Identity="ada@contoso.example")
    await t.rows("Set-TransportConfig", SmtpClientAuthenticationDisabled=False)
    (transport,) = await t.rows("Get-TransportConfig")
    assert box["WhenChangedUTC"] == transport["WhenChangedUTC"] == "2026-11-23T09:00:00Z"
