"""Every step broken on purpose: what is done to the tenant, and which step that is.

A row that is `seen_by_login` shows in nothing but a refused login: where something else is read to
be wrong as well, that is named, since the refusal is then explained without it. In the same way
one that is `seen_by_token` shows in nothing but a refused token, and one that is `before_proof`
makes the token service refuse before it has looked at the credential; what is `in_token` needs one
to be seen. Of two that a login alone shows, the better witnessed is named: 0 recorded, 1 bounded,
2 seen first.
"""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from apptenant import (
    ANOTHER,
    ERP,
    OTHER,
    PAIR,
    AppTenant,
    OwnApp,
    Pair,
    a_pair,
    assign_scoped,
)

from portineria.policy.appsteps.step import Outcome
from portineria.tenant.mailbox import Protocol

HOUR, DAY = 3600.0, 86400.0
IMAP, POP, SMTP = Protocol.IMAP, Protocol.POP, Protocol.SMTP
Break = Callable[[AppTenant], Awaitable[None]]
NO, PENDING, UNKNOWN = Outcome.NO, Outcome.PENDING, Outcome.UNKNOWN


@dataclass(frozen=True)
class Fault:
    """What is broken, and the step, its part and the outcome that must be named."""

    name: str
    break_it: Break
    step: int
    part: str
    outcome: Outcome = NO
    protocol: Protocol = IMAP
    scoped: bool = False
    seen_by_login: bool = False
    seen_by_token: bool = False
    before_proof: bool = False
    in_token: bool = False
    no_token: bool = False
    witness: int = 0
    about: str = ""
    """What it makes wrong, where another row makes the same thing wrong otherwise."""
    alone: bool = False
    """It takes away what the others work on, so it is not paired with them."""


# --- 1 credential ---


async def secret_expired(tenant: AppTenant) -> None:
    app, end = tenant.registration, tenant.stamp(DAY)
    held = [{**row, "endDateTime": end} for row in app["secrets"]]
    shown = [{**row, "endDateTime": end} for row in app["passwordCredentials"]]
    tenant.put("applications", app["id"], {**app, "secrets": held, "passwordCredentials": shown})


async def secret_wrong(tenant: AppTenant) -> None:
    tenant.mail.value = "Qx7~" + "n" * 36


async def secret_id(tenant: AppTenant) -> None:
    tenant.mail.value = tenant.registration["passwordCredentials"][0]["keyId"]


def _with_certificate(tenant: AppTenant, pair: Pair, *, ago: float = DAY) -> None:
    app = tenant.registration
    cert = pair.certificate
    row = {
        "keyId": "c1",
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "customKeyIdentifier": base64.b64encode(bytes.fromhex(pair.thumbprint)).decode(),
        "startDateTime": cert.not_valid_before_utc.isoformat(),
        "endDateTime": cert.not_valid_after_utc.isoformat(),
    }
    document = {**app, "certificates": [pair.pem], "keyCredentials": [row]}
    tenant.put("applications", app["id"], document, ago=ago)


async def certificate_mismatched(tenant: AppTenant) -> None:
    _with_certificate(tenant, PAIR)
    tenant.mail.pair = ANOTHER


async def certificate_expired(tenant: AppTenant) -> None:
    old = a_pair(tenant.clock.now() - timedelta(days=400), days=390)
    _with_certificate(tenant, old)
    tenant.mail.pair = old


async def wrong_tenant(tenant: AppTenant) -> None:
    tenant.ask_tenant = "fabrikam.example"


async def app_unknown(tenant: AppTenant) -> None:
    stranger = str(uuid4())
    tenant.own[stranger] = OwnApp(tenant, stranger, tenant.mail.value)
    tenant.mail_client = stranger


async def new_application(tenant: AppTenant) -> None:
    """All of it was made ten seconds ago, and the token service sees the tenant of a minute ago."""
    _newcomer(tenant, ago=10)
    tenant.delays(application=45)


def _newcomer(tenant: AppTenant, *, ago: float) -> None:
    client, stamp = str(uuid4()), tenant.stamp(ago)
    app, principal, first = tenant.registration, tenant.principal, tenant.mail
    registration = {**app, "id": str(uuid4()), "appId": client, "createdDateTime": stamp}
    enterprise = {**principal, "id": str(uuid4()), "appId": client, "createdDateTime": stamp}
    tenant.put("applications", registration["id"], registration, ago=ago)
    tenant.put("servicePrincipals", enterprise["id"], enterprise, ago=ago)
    for row in list(tenant.lab.world["appRoleAssignments"].all()):
        if row["principalId"] == principal["id"]:
            key = str(uuid4())
            given = {**row, "id": key, "principalId": enterprise["id"], "createdDateTime": stamp}
            tenant.put("appRoleAssignments", key, given, ago=ago)
    exchange = tenant.lab.world["exchangeServicePrincipals"].get(principal["id"]) or {}
    known = {**exchange, "ObjectId": enterprise["id"], "AppId": client, "WhenCreatedUTC": stamp}
    tenant.put("exchangeServicePrincipals", enterprise["id"], known, ago=ago)
    guid = tenant.box()["Guid"]
    right = tenant.lab.world["mailboxPermissions"].get(f"{guid}/{principal['id']}") or {}
    named = {**right, "User": enterprise["id"]}
    tenant.put("mailboxPermissions", f"{guid}/{enterprise['id']}", named, ago=ago)
    tenant.own[client] = OwnApp(tenant, client, first.value)
    tenant.mail_client = client


async def new_secret(tenant: AppTenant) -> None:
    app, value = tenant.registration, "Nw9~" + "s" * 36
    held = [{"keyId": "s2", "secretText": value}]
    shown = [{"keyId": "s2", "hint": value[:3], "startDateTime": tenant.stamp(30)}]
    tenant.put(
        "applications", app["id"], {**app, "secrets": held, "passwordCredentials": shown}, ago=30
    )
    tenant.mail.value = value
    tenant.delays(application=HOUR / 2)


async def new_certificate(tenant: AppTenant) -> None:
    _with_certificate(tenant, PAIR, ago=30)
    tenant.mail.pair = PAIR
    tenant.delays(application=HOUR / 2)


# --- 2 and 3: roles and consent ---


def _exchange_online(tenant: AppTenant) -> dict[str, Any]:
    found = tenant.lab.world["servicePrincipals"].find("displayName", "Office 365 Exchange Online")
    assert found is not None
    return dict(found)


def _consent(tenant: AppTenant, role: str) -> dict[str, Any]:
    exchange = tenant.lab.world["servicePrincipals"].find(
        "displayName", "Office 365 Exchange Online"
    )
    assert exchange is not None
    wanted = next(one["id"] for one in exchange["appRoles"] if one["value"] == role)
    mine = tenant.principal["id"]
    return next(
        dict(row)
        for row in tenant.lab.world["appRoleAssignments"].all()
        if row["principalId"] == mine and row["appRoleId"] == wanted
    )


async def consent_missing(tenant: AppTenant) -> None:
    tenant.put("appRoleAssignments", _consent(tenant, "IMAP.AccessAsApp")["id"], None, ago=DAY)


def _again(tenant: AppTenant, row: dict[str, Any], *, ago: float) -> None:
    tenant.put("appRoleAssignments", row["id"], None, ago=2 * DAY)
    given = {**row, "createdDateTime": tenant.stamp(ago)}
    tenant.put("appRoleAssignments", row["id"], given, ago=ago)


async def consent_young(tenant: AppTenant) -> None:
    _again(tenant, _consent(tenant, "IMAP.AccessAsApp"), ago=60)
    tenant.delays(consent=HOUR / 2)


async def consent_stuck(tenant: AppTenant) -> None:
    """Consented to three hours ago, and tokens still do not carry it."""
    _again(tenant, _consent(tenant, "IMAP.AccessAsApp"), ago=3 * HOUR)
    tenant.delays(consent=DAY)


async def smtp_without_either(tenant: AppTenant) -> None:
    tenant.put("appRoleAssignments", _consent(tenant, "SMTP.SendAsApp")["id"], None, ago=DAY)


# --- 4 enterprise application ---


async def app_disabled(tenant: AppTenant) -> None:
    principal = {**tenant.principal, "accountEnabled": False}
    tenant.put("servicePrincipals", principal["id"], principal, ago=DAY)


async def principal_missing(tenant: AppTenant) -> None:
    tenant.put("servicePrincipals", tenant.principal["id"], None)


async def enabled_again(tenant: AppTenant) -> None:
    principal = tenant.principal
    disabled = {**principal, "accountEnabled": False}
    tenant.put("servicePrincipals", principal["id"], disabled, ago=DAY)
    tenant.put("servicePrincipals", principal["id"], principal, ago=60)
    tenant.delays(application=HOUR / 2)


async def assignment_required(tenant: AppTenant) -> None:
    principal = {**tenant.principal, "appRoleAssignmentRequired": True}
    tenant.put("servicePrincipals", principal["id"], principal)
    tenant.read_as(assignment_for_apps="client")


async def assignment_required_by_exchange(tenant: AppTenant) -> None:
    await assign_scoped(tenant, ago=3 * HOUR)
    exchange = tenant.lab.world["servicePrincipals"].find(
        "displayName", "Office 365 Exchange Online"
    )
    assert exchange is not None
    asks = {**exchange, "appRoleAssignmentRequired": True}
    tenant.put("servicePrincipals", exchange["id"], asks)


# --- 5 Exchange service principal ---


def _register(tenant: AppTenant, object_id: str, *, ago: float) -> None:
    mine = tenant.principal["id"]
    row = tenant.lab.world["exchangeServicePrincipals"].get(mine)
    assert row is not None
    known = {**row, "ObjectId": object_id, "WhenCreatedUTC": tenant.stamp(ago)}
    tenant.put("exchangeServicePrincipals", mine, None, ago=ago + DAY)
    tenant.put("exchangeServicePrincipals", object_id, known, ago=ago)


async def wrong_object_id(tenant: AppTenant) -> None:
    _register(tenant, tenant.registration["id"], ago=DAY)


async def foreign_object_id(tenant: AppTenant) -> None:
    _register(tenant, str(uuid4()), ago=DAY)


async def not_registered(tenant: AppTenant) -> None:
    tenant.put("exchangeServicePrincipals", tenant.principal["id"], None, ago=DAY)


async def registered_just_now(tenant: AppTenant) -> None:
    _register(tenant, tenant.principal["id"], ago=600)
    tenant.delays(mailboxPermission=1.5 * HOUR)


async def exchange_role_missing(tenant: AppTenant) -> None:
    """Of the control application, which reads: nothing that Exchange knows can be told."""
    reader = tenant.lab.info["admin"]["principal_id"]
    for key, row in list(tenant.lab.world["roleAssignments"].items()):
        if row["principalId"] == reader:
            tenant.put("roleAssignments", key, None, ago=DAY)


# --- 6 mailbox ---


async def mailbox_unknown(tenant: AppTenant) -> None:
    tenant.mailbox = "nobody@contoso.example"


async def a_group(tenant: AppTenant) -> None:
    tenant.mailbox = "scanners@contoso.example"


async def no_plan(tenant: AppTenant) -> None:
    key = tenant.box()["ExternalDirectoryObjectId"]
    user = tenant.lab.world["users"].get(key)
    assert user is not None
    bare = {**user, "assignedLicenses": [], "assignedPlans": []}
    tenant.put("users", key, bare, ago=DAY)


def _switch(tenant: AppTenant, *, ago: float = DAY, **members: Any) -> None:
    box = tenant.box()
    document = {**box, **members, "WhenChangedUTC": tenant.stamp(ago)}
    tenant.put("mailboxes", box["Guid"], document, ago=ago)


async def imap_off(tenant: AppTenant) -> None:
    _switch(tenant, ImapEnabled=False)


async def pop_off(tenant: AppTenant) -> None:
    _switch(tenant, PopEnabled=False)


async def smtp_off_at_mailbox(tenant: AppTenant) -> None:
    _switch(tenant, SmtpClientAuthenticationDisabled=True)


async def smtp_off_at_tenant(tenant: AppTenant) -> None:
    _switch(tenant, SmtpClientAuthenticationDisabled=None)


async def imap_on_just_now(tenant: AppTenant) -> None:
    _switch(tenant, ago=2 * DAY, ImapEnabled=False)
    await tenant.exchange("Set-CASMailbox", Identity=ERP, ImapEnabled=True)
    tenant.delays(imapPopFlag=HOUR / 2)


async def smtp_on_just_now(tenant: AppTenant) -> None:
    _switch(tenant, ago=2 * DAY, SmtpClientAuthenticationDisabled=True)
    await tenant.exchange("Set-CASMailbox", Identity=ERP, SmtpClientAuthenticationDisabled=False)
    tenant.delays(smtpSwitch=HOUR / 2)


async def tenant_on_just_now(tenant: AppTenant) -> None:
    _switch(tenant, ago=2 * DAY, SmtpClientAuthenticationDisabled=None)
    await tenant.exchange("Set-TransportConfig", SmtpClientAuthenticationDisabled=False)
    tenant.delays(smtpSwitch=HOUR / 2)


# --- 7 mailbox right ---


def _right(tenant: AppTenant) -> tuple[str, dict[str, Any]]:
    key = f"{tenant.box(ERP)['Guid']}/{tenant.principal['id']}"
    row = tenant.lab.world["mailboxPermissions"].get(key)
    assert row is not None
    return key, dict(row)


async def right_missing(tenant: AppTenant) -> None:
    tenant.put("mailboxPermissions", _right(tenant)[0], None, ago=DAY)


async def right_given_just_now(tenant: AppTenant) -> None:
    key, row = _right(tenant)
    tenant.put("mailboxPermissions", key, None, ago=2 * DAY)
    tenant.put("mailboxPermissions", key, row, ago=60)
    tenant.delays(mailboxPermission=1.5 * HOUR)


async def right_given_by_a_run(tenant: AppTenant) -> None:
    await right_given_just_now(tenant)
    at = tenant.clock.now() - timedelta(seconds=60)
    tenant.given[tenant.principal["id"], tenant.box()["Guid"]] = at


# --- 8 Application RBAC ---


async def outside_the_scope(tenant: AppTenant) -> None:
    await assign_scoped(tenant, ago=3 * HOUR)
    tenant.mailbox = OTHER
    _switch(tenant, SmtpClientAuthenticationDisabled=False)


async def role_just_now(tenant: AppTenant) -> None:
    await assign_scoped(tenant, ago=60)
    tenant.delays(appRbac=1.5 * HOUR)


async def member_just_now(tenant: AppTenant) -> None:
    """The role is old, and the mailbox came into the group a minute ago."""
    await assign_scoped(tenant, ago=3 * HOUR)
    tenant.mailbox = OTHER
    _switch(tenant, SmtpClientAuthenticationDisabled=False)
    group = tenant.lab.world["groups"].find("displayName", "SMTP senders")
    assert group is not None
    inside = [*group["members"], tenant.box()["ExternalDirectoryObjectId"]]
    tenant.put("groups", group["id"], {**group, "members": inside}, ago=60)
    tenant.delays(appRbac=1.5 * HOUR)


# --- 9 login ---


async def wrong_user(tenant: AppTenant) -> None:
    tenant.user = OTHER


async def nobody_as_user(tenant: AppTenant) -> None:
    tenant.user = "erp@contoso.exmaple"


async def refused_for_no_reason(tenant: AppTenant) -> None:
    """All is right and old, and the mail hosts see the tenant of last week."""
    key, row = _right(tenant)
    tenant.put("mailboxPermissions", key, None, ago=2 * DAY)
    tenant.put("mailboxPermissions", key, row, ago=DAY)
    at = tenant.clock.now() - timedelta(days=1)
    tenant.given[tenant.principal["id"], tenant.box()["Guid"]] = at
    tenant.delays(mailboxPermission=2 * DAY)


FAULTS: tuple[Fault, ...] = (
    Fault("secret expired", secret_expired, 1, "secret expired"),
    Fault("secret wrong", secret_wrong, 1, "secret"),
    Fault("secret's id instead of its value", secret_id, 1, "secret id"),
    Fault("certificate mismatched", certificate_mismatched, 1, "certificate mismatch"),
    Fault("certificate expired", certificate_expired, 1, "certificate expired"),
    Fault("wrong tenant", wrong_tenant, 1, "tenant"),
    Fault("app unknown", app_unknown, 1, "application", alone=True),
    Fault("new application", new_application, 1, "application", PENDING, alone=True),
    Fault("new secret", new_secret, 1, "secret", PENDING, seen_by_token=True),
    Fault("new certificate", new_certificate, 1, "certificate", PENDING, seen_by_token=True),
    Fault(
        "consent that tokens never carry", consent_stuck, 2, "roles", about="consent", in_token=True
    ),
    Fault("consent missing", consent_missing, 3, "consent", about="consent"),
    Fault("neither consent nor scoped role", smtp_without_either, 3, "consent", protocol=SMTP),
    Fault("new consent", consent_young, 3, "consent", PENDING, about="consent", in_token=True),
    Fault("app disabled", app_disabled, 4, "disabled", before_proof=True, no_token=True),
    Fault("enterprise application missing", principal_missing, 4, "missing", alone=True),
    Fault(
        "app enabled again",
        enabled_again,
        4,
        "replication",
        PENDING,
        before_proof=True,
        no_token=True,
    ),
    Fault("assignment required", assignment_required, 4, "assignment", no_token=True),
    Fault(
        "assignment required by Exchange Online",
        assignment_required_by_exchange,
        4,
        "assignment",
        protocol=SMTP,
        scoped=True,
    ),
    Fault("wrong object id", wrong_object_id, 5, "object id"),
    Fault("an object id that is nobody's", foreign_object_id, 5, "object id"),
    Fault("not registered in Exchange", not_registered, 5, "not registered"),
    Fault(
        "registered just now",
        registered_just_now,
        5,
        "service principal in Exchange",
        PENDING,
        seen_by_login=True,
    ),
    Fault(
        "Exchange role missing", exchange_role_missing, 5, "service principal", UNKNOWN, alone=True
    ),
    Fault("mailbox unknown", mailbox_unknown, 6, "recipient", alone=True),
    Fault("a group", a_group, 6, "recipient", alone=True),
    Fault("no plan", no_plan, 6, "licence"),
    Fault("mailbox disabled for IMAP", imap_off, 6, "mailbox switch"),
    Fault("mailbox disabled for POP", pop_off, 6, "mailbox switch", protocol=POP),
    Fault("SMTP off at mailbox", smtp_off_at_mailbox, 6, "mailbox switch", protocol=SMTP),
    Fault("SMTP off at tenant", smtp_off_at_tenant, 6, "tenant switch", protocol=SMTP),
    Fault(
        "IMAP switched on just now",
        imap_on_just_now,
        6,
        "IMAP or POP switch of a mailbox",
        PENDING,
        seen_by_login=True,
        witness=1,
    ),
    Fault(
        "SMTP switched on just now, mailbox",
        smtp_on_just_now,
        6,
        "SMTP switch of mailbox or tenant",
        PENDING,
        protocol=SMTP,
        seen_by_login=True,
        witness=1,
    ),
    Fault(
        "SMTP switched on just now, tenant",
        tenant_on_just_now,
        6,
        "SMTP switch of mailbox or tenant",
        PENDING,
        protocol=SMTP,
        seen_by_login=True,
        witness=1,
    ),
    Fault("mailbox right missing", right_missing, 7, "mailbox right"),
    Fault(
        "right given just now",
        right_given_just_now,
        7,
        "mailbox permission of an application",
        PENDING,
        seen_by_login=True,
        witness=2,
        about="right",
    ),
    Fault(
        "right given just now by a run",
        right_given_by_a_run,
        7,
        "mailbox permission of an application",
        PENDING,
        seen_by_login=True,
        about="right",
    ),
    Fault(
        "scoped role just now",
        role_just_now,
        7,
        "Application RBAC: role, scope or membership",
        PENDING,
        protocol=SMTP,
        scoped=True,
        seen_by_login=True,
        about="role",
    ),
    Fault(
        "outside the scope", outside_the_scope, 8, "outside the scope", protocol=SMTP, scoped=True
    ),
    Fault(
        "in the scope's group just now",
        member_just_now,
        8,
        "Application RBAC: role, scope or membership",
        PENDING,
        protocol=SMTP,
        scoped=True,
        seen_by_login=True,
        about="role",
        witness=2,
    ),
    Fault("wrong user in the XOAUTH2 string", wrong_user, 9, "user"),
    Fault("nobody's name in the XOAUTH2 string", nobody_as_user, 9, "user"),
    Fault(
        "refused, and nothing explains it",
        refused_for_no_reason,
        9,
        "Exchange service principal or licence or mailbox right or mailbox switch or recipient",
        seen_by_login=True,
        witness=3,
        about="right",
    ),
)
