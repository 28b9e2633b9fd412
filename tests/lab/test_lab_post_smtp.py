"""SMTP submission in the lab: which gate speaks, in which words, and what happens to a message."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from post_tenant import APP, PASSWORD, Tenant, guid, person, xoauth2

STAMP = r"\[\S+ \d{4}-\d\d-\d\dT[\d:.]+Z [0-9A-F]{16}\]"
BASIC_OFF = "535 5.7.139 Authentication unsuccessful, basic authentication is disabled. ["
DEFAULTS = (
    "535 5.7.139 Authentication unsuccessful, user is locked by your organization's security "
    "defaults policy. Contact your administrator."
)
CRITERIA = (
    "535 5.7.139 Authentication unsuccessful, the request did not meet the criteria to be "
    "authenticated successfully. Contact your administrator."
)
WRONG = "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect. ["
TENANT_OFF = (
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the "
    "Tenant. Visit https://aka.ms/smtp_auth_disabled for more information. ["
)
MAILBOX_OFF = TENANT_OFF.replace("Tenant", "Mailbox")
GENERIC = "535 5.7.3 Authentication unsuccessful ["
RETIRED = "550 5.7.30 Basic authentication is not supported for Client Submission."


def patched(tenant: Tenant, kind: str, key: str, **members: object) -> None:
    tenant.put(kind, key, {**(tenant.world[kind].get(key) or {}), **members})


async def test_a_refusal_ends_with_host_time_and_session() -> None:
    assert re.fullmatch(
        f"535 5.7.3 Authentication unsuccessful {STAMP}", await Tenant().smtp_bearer("ada", "junk")
    )


# --- the switch (dossier 1.9) ---


@pytest.mark.parametrize(
    ("tenant_off", "mailbox", "reply"),
    [
        (True, None, TENANT_OFF),
        (True, True, MAILBOX_OFF),
        (True, False, "235 2.7.0"),
        (False, None, "235 2.7.0"),
        (False, True, MAILBOX_OFF),
        (False, False, "235 2.7.0"),
    ],
)
async def test_the_mailbox_switch_beats_the_tenants_for_both_kinds_of_login(
    tenant_off: bool, mailbox: bool | None, reply: str
) -> None:
    tenant = Tenant()
    patched(tenant, "transport", "", SmtpClientAuthenticationDisabled=tenant_off)
    patched(tenant, "mailboxes", guid("ada"), SmtpClientAuthenticationDisabled=mailbox)
    assert (await tenant.smtp_login()).startswith(reply)
    assert (await tenant.smtp_bearer("ada", tenant.user_token("ada", "smtp"))).startswith(reply)


# --- what refuses a password ---


def denied(tenant: Tenant) -> None:
    tenant.policy("No basic", allows=False)
    patched(tenant, "exchangeOrganization", "", DefaultAuthenticationPolicy="No basic")


def security_defaults(tenant: Tenant) -> None:
    patched(tenant, "policies", "securityDefaults", isEnabled=True)


def legacy_block(tenant: Tenant) -> None:
    policy = {
        "id": "block-legacy",
        "displayName": "Block legacy",
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["exchangeActiveSync", "other"],
            "users": {"includeUsers": ["All"]},
            "applications": {"includeApplications": ["All"]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    }
    tenant.put("conditionalAccess", "block-legacy", policy)


def per_user_mfa(tenant: Tenant) -> None:
    patched(tenant, "users", person("ada"), perUserMfaState="enforced")


def disabled(tenant: Tenant) -> None:
    patched(tenant, "users", person("ada"), accountEnabled=False)


def switched_off(tenant: Tenant) -> None:
    patched(tenant, "mailboxes", guid("ada"), SmtpClientAuthenticationDisabled=True)


def next_year(tenant: Tenant, reading: str) -> None:
    tenant.clock.advance(60 * 86_400)
    tenant.read_as(basic_smtp_after_2026=reading)


@pytest.mark.parametrize(
    ("stop", "reply", "gate"),
    [
        (denied, BASIC_OFF, "authentication policy"),
        (security_defaults, DEFAULTS, "security defaults"),
        (legacy_block, CRITERIA, "conditional access"),
        (per_user_mfa, CRITERIA, "conditional access"),
        (disabled, GENERIC, "sign-in"),
    ],
)
async def test_each_layer_refuses_a_password_in_its_own_words_and_lets_a_token_pass(
    stop: Callable[[Tenant], None], reply: str, gate: str
) -> None:
    tenant = Tenant()
    stop(tenant)
    assert (await tenant.smtp_login()).startswith(reply)
    assert tenant.history[-1]["gate"] == gate
    token = tenant.user_token("ada", "smtp")
    assert (await tenant.smtp_bearer("ada", token)).startswith("235 ")


async def test_a_wrong_password_and_an_unknown_name_are_told_apart_only_by_their_texts() -> None:
    tenant = Tenant()
    assert (await tenant.smtp_login("ada", "wrong")).startswith(WRONG)
    assert (await tenant.smtp_login("nobody", "wrong")).startswith(GENERIC)


async def test_a_policy_of_ones_own_beats_the_organisations() -> None:
    tenant = Tenant()
    denied(tenant)
    tenant.policy("Scanners", allows=True)
    patched(tenant, "mailboxes", guid("ada"), AuthenticationPolicy="Scanners")
    assert (await tenant.smtp_login()).startswith("235 ")


@pytest.mark.parametrize(
    ("reading", "reply"),
    [("open", "235 "), ("default-off", BASIC_OFF), ("removed", RETIRED)],
)
async def test_basic_after_2026_is_read_in_three_ways(reading: str, reply: str) -> None:
    tenant = Tenant()
    tenant.read_as(basic_smtp_after_2026=reading)
    assert (await tenant.smtp_login()).startswith("235 ")
    next_year(tenant, reading)
    assert (await tenant.smtp_login()).startswith(reply)
    token = tenant.user_token("ada", "smtp")
    assert (await tenant.smtp_bearer("ada", token)).startswith("235 ")


async def test_the_switch_speaks_before_the_credentials_or_after_them_by_the_reading() -> None:
    tenant = Tenant()
    switched_off(tenant)
    assert (await tenant.smtp_login("ada", "wrong")).startswith(MAILBOX_OFF)
    assert (await tenant.smtp_bearer("ada", "junk")).startswith(MAILBOX_OFF)
    tenant.read_as(smtp_refusal_order="credentials-first")
    assert (await tenant.smtp_login("ada", "wrong")).startswith(WRONG)
    assert (await tenant.smtp_bearer("ada", "junk")).startswith(GENERIC)
    assert (await tenant.smtp_login()).startswith(MAILBOX_OFF)


@pytest.mark.parametrize("reading", ["switch-first", "credentials-first"])
async def test_the_gates_of_a_password_speak_in_the_dossiers_order(reading: str) -> None:
    """Every gate closed; they are opened one by one."""
    tenant = Tenant()
    tenant.read_as(smtp_refusal_order=reading)
    switched_off(tenant)
    denied(tenant)
    security_defaults(tenant)
    next_year(tenant, "removed")
    said = [await tenant.smtp_login()]
    patched(tenant, "mailboxes", guid("ada"), SmtpClientAuthenticationDisabled=False)
    said.append(await tenant.smtp_login())
    patched(tenant, "exchangeOrganization", "", DefaultAuthenticationPolicy=None)
    said.append(await tenant.smtp_login())
    tenant.read_as(basic_smtp_after_2026="open")
    said.append(await tenant.smtp_login())
    patched(tenant, "policies", "securityDefaults", isEnabled=False)
    said.append(await tenant.smtp_login())
    order = [MAILBOX_OFF, BASIC_OFF, RETIRED, DEFAULTS, "235 "]
    if reading == "credentials-first":
        order = [DEFAULTS] * 4 + ["235 "]
    assert all(line.startswith(text) for line, text in zip(said, order, strict=True)), said


# --- what refuses a token ---


@pytest.mark.parametrize(
    "claims",
    [
        {"audience": "https://graph.microsoft.com"},
        {"tid": "another tenant"},
        {"seconds": -1},
        {"scp": "IMAP.AccessAsUser.All"},
    ],
)
async def test_a_token_for_something_else_is_refused(claims: dict[str, object]) -> None:
    tenant = Tenant()
    token = tenant.user_token("ada", "smtp", **claims)
    assert (await tenant.smtp_bearer("ada", token)).startswith(GENERIC)
    assert tenant.history[-1]["gate"] == "token"


async def test_a_person_opens_their_own_mailbox_and_those_they_have_full_access_to() -> None:
    tenant = Tenant()
    patched(tenant, "transport", "", SmtpClientAuthenticationDisabled=False)
    token = tenant.user_token("bob", "smtp")
    assert (await tenant.smtp_bearer("bob", token)).startswith("235 ")
    assert (await tenant.smtp_bearer("desk", token)).startswith(GENERIC)
    tenant.allow("desk", person("bob"))
    assert (await tenant.smtp_bearer("desk", token)).startswith("235 ")


async def test_an_app_needs_registration_and_full_access() -> None:
    tenant = Tenant()
    token = tenant.app_token("smtp")
    assert (await tenant.smtp_bearer("ada", token)).startswith(GENERIC)
    assert tenant.history[-1]["gate"] == "service principal"
    tenant.register("the App registration's object id")  # the usual mistake
    assert (await tenant.smtp_bearer("ada", token)).startswith(GENERIC)
    tenant.register()
    assert (await tenant.smtp_bearer("ada", token)).startswith(GENERIC)
    assert tenant.history[-1]["gate"] == "mailbox right"
    tenant.allow("ada")
    assert (await tenant.smtp_bearer("ada", token)).startswith("235 ")
    without_role = tenant.app_token()
    assert (await tenant.smtp_bearer("ada", without_role)).startswith(GENERIC)


async def test_a_scoped_role_needs_no_claim_and_no_mailbox_right() -> None:
    tenant = Tenant()
    patched(tenant, "transport", "", SmtpClientAuthenticationDisabled=False)
    tenant.register()
    scope = {"Name": "S", "RecipientFilter": "PrimarySmtpAddress -eq 'ada@contoso.example'"}
    tenant.put("managementScopes", "S", scope)
    assignment = {
        "Name": "A",
        "Role": "Application SMTP.SendAsApp",
        "RoleAssignee": APP,
        "CustomResourceScope": "S",
    }
    tenant.put("managementRoleAssignments", "A", assignment)
    token = tenant.app_token()
    assert (await tenant.smtp_bearer("ada", token)).startswith("235 ")
    assert (await tenant.smtp_bearer("bob", token)).startswith(GENERIC)


@pytest.mark.parametrize(("reading", "reply"), [("passes", "235 "), ("refused", DEFAULTS)])
async def test_security_defaults_and_a_persons_token_are_read_both_ways(
    reading: str, reply: str
) -> None:
    tenant = Tenant()
    security_defaults(tenant)
    tenant.read_as(smtp_oauth_under_security_defaults=reading)
    tenant.register()
    tenant.allow("ada")
    assert (await tenant.smtp_bearer("ada", tenant.user_token("ada", "smtp"))).startswith(reply)
    assert (await tenant.smtp_bearer("ada", tenant.app_token("smtp"))).startswith("235 ")


async def test_a_bad_token_is_explained_first_under_the_challenge_reading() -> None:
    tenant = Tenant()
    tenant.read_as(xoauth2_failure="challenge")
    talk = await tenant.smtp()
    assert (await talk.say(f"AUTH XOAUTH2 {xoauth2('ada', 'junk')}")).startswith("334 ey")
    assert (await talk.say("")).startswith(GENERIC)


async def test_a_cancelled_exchange_is_535() -> None:
    talk = await Tenant().smtp()
    await talk.say("AUTH XOAUTH2")
    assert (await talk.say("*")).startswith(GENERIC)


async def test_without_mailbox_or_licence_nothing_else_is_asked() -> None:
    tenant = Tenant()
    patched(tenant, "users", person("ada"), assignedLicenses=[])
    reply = "550 Mailbox cannot be accessed"
    assert await tenant.smtp_login() == reply
    assert await tenant.smtp_bearer("ada", tenant.user_token("ada", "smtp")) == reply
    assert tenant.history[-1]["gate"] == "licence"
    tenant.mailbox("gone", IsInactiveMailbox=True, RecipientTypeDetails="UserMailbox")
    assert await tenant.smtp_login("gone") == reply


# --- secrets ---


async def test_history_says_what_happened_and_no_secret() -> None:
    tenant = Tenant()
    token = tenant.user_token("ada", "smtp")
    await tenant.smtp_login()
    await tenant.smtp_login("ada", "wrong password")
    await tenant.smtp_bearer("ada", token)
    assert [row["outcome"] for row in tenant.history] == ["accepted", "refused", "accepted"]
    assert [row["mechanism"] for row in tenant.history] == ["LOGIN", "LOGIN", "XOAUTH2"]
    written = repr(tenant.history)
    assert not any(secret in written for secret in (PASSWORD, "wrong password", token))
