"""Changes act on the wire when their time has passed, each kind after its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from post_tenant import APP, Tenant, guid

EFFECT = 600.0
Try = Callable[[Tenant], Awaitable[str]]


async def basic(tenant: Tenant) -> str:
    return await tenant.smtp_login()


async def smtp_app(tenant: Tenant) -> str:
    return await tenant.smtp_bearer("ada", tenant.app_token("smtp"))


async def scoped_app(tenant: Tenant) -> str:
    return await tenant.smtp_bearer("ada", tenant.app_token())


async def imap(tenant: Tenant) -> str:
    return (await tenant.imap_bearer("ada", tenant.user_token("ada", "imap")))[1]


async def pop(tenant: Tenant) -> str:
    return (await tenant.pop_bearer("ada", tenant.user_token("ada", "pop")))[1]


def mailbox(**members: object) -> Callable[[Tenant], None]:
    return lambda tenant: tenant.world["mailboxes"].patch(guid("ada"), **members)


def transport(tenant: Tenant) -> None:
    tenant.world["transport"].patch("", SmtpClientAuthenticationDisabled=False)


def policy(tenant: Tenant) -> None:
    tenant.world["mailboxes"].patch(guid("ada"), AuthenticationPolicy="No basic")


def right(tenant: Tenant) -> None:
    row = {"Identity": "ada", "User": APP, "AccessRights": ["FullAccess"]}
    tenant.world["mailboxPermissions"].put(f"{guid('ada')}/{APP}", row)


def scope(tenant: Tenant) -> None:
    document = {"Name": "S", "RecipientFilter": "PrimarySmtpAddress -eq 'ada@contoso.example'"}
    tenant.world["managementScopes"].put("S", document)
    assignment = {"Role": "Application SMTP.SendAsApp", "RoleAssignee": APP}
    tenant.world["managementRoleAssignments"].put("A", {**assignment, "CustomResourceScope": "S"})


@pytest.mark.parametrize(
    ("effect", "change", "attempt", "before", "after"),
    [
        ("smtpSwitch", mailbox(SmtpClientAuthenticationDisabled=True), basic, "235", "535 5.7.139"),
        ("imapPopFlag", mailbox(ImapEnabled=False), imap, "OK", "BAD"),
        ("imapPopFlag", mailbox(PopEnabled=False), pop, "+OK", "-ERR"),
        ("authenticationPolicy", policy, basic, "235", "535 5.7.139"),
        ("mailboxPermission", right, smtp_app, "535 5.7.3", "235"),
        ("appRbac", scope, scoped_app, "535 5.7.3", "235"),
    ],
)
async def test_a_change_acts_when_its_time_has_passed(
    effect: str, change: Callable[[Tenant], None], attempt: Try, before: str, after: str
) -> None:
    tenant = Tenant()
    tenant.register()
    tenant.policy("No basic", allows=False)
    tenant.weather = replace(tenant.weather, effects={effect: EFFECT})
    change(tenant)
    tenant.clock.advance(EFFECT - 1)
    assert (await attempt(tenant)).startswith(before)
    tenant.clock.advance(1)
    assert (await attempt(tenant)).startswith(after)


async def test_the_tenant_switch_is_as_slow_as_the_mailboxes() -> None:
    tenant = Tenant()
    tenant.weather = replace(tenant.weather, effects={"smtpSwitch": EFFECT})
    transport(tenant)
    assert "disabled for the Tenant" in await tenant.smtp_login("bob")
    tenant.clock.advance(EFFECT)
    assert (await tenant.smtp_login("bob")).startswith("235 ")


async def test_revoking_tokens_hurries_an_authentication_policy() -> None:
    """Within 24 hours, or 30 minutes with StsRefreshTokensValidFrom (dossier 1.8, 1.11)."""
    effects = {"authenticationPolicy": 86_400.0, "authenticationPolicyHurried": 1_800.0}
    tenant = Tenant()
    tenant.policy("No basic", allows=False)
    tenant.weather = replace(tenant.weather, effects=effects)
    policy(tenant)
    tenant.clock.advance(1_800)
    assert (await tenant.smtp_login()).startswith("235 ")
    mailbox(StsRefreshTokensValidFrom="2026-11-23T09:30:00Z")(tenant)
    assert (await tenant.smtp_login()).startswith("235 ")
    tenant.clock.advance(1_800)
    assert "basic authentication is disabled" in await tenant.smtp_login()


async def test_a_new_mailbox_acts_as_it_was_created() -> None:
    tenant = Tenant()
    tenant.weather = replace(tenant.weather, effects={"imapPopFlag": EFFECT})
    document = tenant.world["mailboxes"].get(guid("ada")) or {}
    fresh = {**document, "Guid": guid("new"), "ImapEnabled": False}
    fresh |= {"PrimarySmtpAddress": "new@contoso.example", "EmailAddresses": []}
    tenant.world["mailboxes"].put(guid("new"), fresh | {"UserPrincipalName": "new@contoso.example"})
    tenant.world["mailboxes"].patch(guid("new"), ImapEnabled=True)
    token = tenant.user_token("ada", "imap")
    assert (await tenant.imap_bearer("new", token))[1].startswith("BAD")
    tenant.clock.advance(EFFECT)
    assert (await tenant.imap_bearer("new", token))[1].startswith("OK")


async def test_the_weather_may_change_between_two_logins() -> None:
    tenant = Tenant()
    mailbox(SmtpClientAuthenticationDisabled=True)(tenant)
    assert "disabled for the Mailbox" in await tenant.smtp_login()
    tenant.weather = replace(tenant.weather, effects={"smtpSwitch": EFFECT})
    assert (await tenant.smtp_login()).startswith("235 ")


async def test_a_scope_is_looked_up_sooner_for_an_application_that_was_idle() -> None:
    """Exchange dossier 1.11: 30 minutes for an idle application, up to 2 hours for a busy one."""
    idle, busy = EFFECT, 4 * EFFECT

    async def waited(*pauses: float) -> str:
        tenant = Tenant()
        tenant.register()
        effects = {"appRbac": busy, "appRbacIdle": idle}
        tenant.weather = replace(tenant.weather, effects=effects)
        scope(tenant)
        said = ""
        for pause in pauses:
            tenant.clock.advance(pause)
            said = await scoped_app(tenant)
        return said

    assert (await waited(idle - 1)).startswith("535 5.7.3")
    assert (await waited(idle)).startswith("235")
    steady = [idle / 2] * 7  # it keeps asking
    assert (await waited(*steady)).startswith("535 5.7.3")
    assert (await waited(*steady, idle / 2)).startswith("235")
