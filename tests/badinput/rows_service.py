"""What the login, Graph and Exchange refuse, and what this machine's clock has to do with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pems
from desk import CLOSING, ERP, Desk, Row

LOOK = ["look"]
GRAPH_OR_EXCHANGE = (
    "^GET /(users|domains|subscribedSkus|policies|identity|roleManagement|organization)|^Get-"
)
GUID = "99999999-8888-7777-6666-555555555555"
WHY = ["why", "erp@contoso.example", "imap", "--as", "user"]


def wrong_secret(desk: Desk) -> None:
    desk.secret("Wro8Q~ng.secret.of.somebody.else")


def expired_secret(desk: Desk) -> None:
    held = desk.lab.control_app()["secrets"]
    desk.lab.patch_app(secrets=[{**held[0], "endDateTime": "2026-01-01T00:00:00Z"}])


def unregistered(desk: Desk) -> None:
    desk.certificate(pems.good())


def registered(desk: Desk, start: float = -30, end: float = 300) -> None:
    """The profile's certificate is the application's."""
    certificate = pems.certificate(pems.rsa_key(), start, end)
    desk.certificate(pems.pem(pems.rsa_key(), certificate))
    desk.lab.patch_app(certificates=[pems.pem(None, certificate).decode()])


def expired_there(desk: Desk) -> None:
    """Valid by this machine's clock, and no more by the service's."""
    registered(desk, -30, 1)
    desk.lab.clock.off = 2 * 86400.0


def behind(desk: Desk) -> None:
    registered(desk)
    desk.lab.clock.off = 3600.0


def ahead(desk: Desk) -> None:
    desk.lab.clock.off = -3600.0
    desk.lab.restore_at_this_hour()
    registered(desk)


def other_app(desk: Desk) -> None:
    desk.secret(desk.lab.info["admin"]["client_secret"])
    desk.control(client_id=GUID, secret=f"file:{desk.folder / 'control.secret'}")


def disabled(desk: Desk) -> None:
    desk.lab.world["servicePrincipals"].patch(desk.lab.principal(), accountEnabled=False)


def no_principal(desk: Desk) -> None:
    desk.lab.world["servicePrincipals"].put(desk.lab.principal(), None)


def tenant(name: str) -> Callable[[Desk], None]:
    return lambda desk: desk.edit_profile(tenant=name)


def elsewhere(name: str) -> Callable[[Desk], None]:
    """The tenant is one of the United States' government cloud."""

    def arrange(desk: Desk) -> None:
        desk.edit_profile(tenant=name)
        desk.lab.world["policies"].put("cloud", {"instance": "microsoftonline.us"})

    return arrange


def our_cloud_is_another(desk: Desk) -> None:
    desk.edit_profile(tenant="contoso.onmicrosoft.com", cloud="gcc-high")


def unheard_of_cloud(desk: Desk) -> None:
    desk.edit_profile(tenant="contoso.onmicrosoft.com")
    desk.lab.world["policies"].put("cloud", {"instance": "sovcloud.example"})


def odd_scope(desk: Desk) -> None:
    desk.endpoints(graph_scope="https://graph.microsoft.com/User.Read.All")


def no_permissions(desk: Desk) -> None:
    desk.lab.take_permissions()


def exchange_alone(desk: Desk) -> None:
    desk.lab.take_permissions("Exchange.ManageAsApp")


def graph_alone(desk: Desk) -> None:
    graph = [
        "Policy.Read.All", "User.Read.All", "Group.Read.All", "GroupMember.Read.All",
        "Application.Read.All", "RoleManagement.Read.Directory", "Organization.Read.All",
        "Domain.Read.All",
    ]  # fmt: skip
    desk.lab.take_permissions(*graph)


def no_role(desk: Desk) -> None:
    desk.write("policy.yaml", ERP)
    desk.lab.take_roles()


def neither(desk: Desk) -> None:
    desk.lab.take_permissions("Exchange.ManageAsApp")
    desk.lab.take_roles()


def blocked(desk: Desk) -> None:
    """A Conditional Access policy for workload identities stops the control app."""
    condition = {"includeServicePrincipals": [desk.lab.principal()]}
    body: dict[str, Any] = {
        "id": GUID,
        "displayName": "no robots",
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"]},
            "clientApplications": condition,
            "users": {"includeUsers": ["None"]},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
    }
    desk.lab.world["policies"].patch("securityDefaults", isEnabled=False)
    desk.lab.world["conditionalAccess"].put(GUID, body)


def scheduled(pattern: str, fault: str) -> Callable[[Desk], None]:
    """Every request of this kind meets this fault."""

    def arrange(desk: Desk) -> None:
        rows = [{"operation": pattern, "nth": nth, "fault": fault} for nth in range(1, 400)]
        desk.lab.weather(scheduled=rows)

    return arrange


def policy(text: str) -> Callable[[Desk], None]:
    return lambda desk: desk.write("policy.yaml", text) and None


def read_only(desk: Desk) -> None:
    """A plan that closes POP, and an application that may read in Exchange and not write."""
    desk.plan(CLOSING)
    for key, row in list(desk.lab.world["roleAssignments"].items()):
        if row["principalId"] == desk.lab.principal():
            reader = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
            desk.lab.world["roleAssignments"].put(key, {**row, "roleDefinitionId": reader})


def stopped_before_anything(desk: Desk) -> None:
    """A run was begun, its one promise was refused, and it can be resumed."""
    lines = [json.loads(line) for line in journal(desk)]
    assert [line["kind"] for line in lines].count("promise") >= 1
    assert {line["result"] for line in lines if line["kind"] == "outcome"} == {"refused"}


def journal(desk: Desk) -> list[str]:
    path = max((desk.state / "runs").glob("*/journal.jsonl"))
    return path.read_text().splitlines()


ROWS = [
    Row(name="wrong secret", words=LOOK, exit=2, code="credential", arrange=wrong_secret,
        where="https://localhost:", why=["the client secret is wrong", "AADSTS7000215"],
        try_=["value, not its id", "Certificates & secrets"]),
    Row(name="expired secret", words=LOOK, exit=2, code="credential", arrange=expired_secret,
        where="https://localhost:", why=["the client secret has expired", "AADSTS7000222"],
        try_=["make a new secret", "Certificates & secrets"]),
    Row(name="certificate not registered", words=LOOK, exit=2, code="credential",
        arrange=unregistered, where="https://localhost:",
        why=["the certificate is not registered on the application", "AADSTS700027"],
        try_=["upload it", "Certificates"]),
    Row(name="certificate expired for the service", words=LOOK, exit=2, code="credential",
        arrange=expired_there, where="https://localhost:",
        why=["the certificate is not valid now", "AADSTS700027", "The key used is expired"],
        try_="make a new one and upload it"),
    Row(name="clock an hour behind", words=LOOK, exit=2, code="clock", arrange=behind,
        where="https://localhost:",
        why=["this machine's clock is 1 h behind the service's", "AADSTS700024"],
        try_="timedatectl set-ntp true"),
    Row(name="clock an hour ahead, which works and is told", words=LOOK, exit=0, arrange=ahead,
        why="warning: this machine's clock is 1 h ahead of the service's: set the clock"),
    Row(name="no such application", words=LOOK, exit=2, code="tenant", arrange=other_app,
        where="https://localhost:", why=["not known in this tenant", "AADSTS700016"],
        try_="check `client_id` and `tenant`"),
    Row(name="application disabled", words=LOOK, exit=2, code="tenant", arrange=disabled,
        where="https://localhost:", why=["is disabled", "AADSTS7000112"],
        try_="Enterprise applications"),
    Row(name="application without a principal", words=LOOK, exit=2, code="tenant",
        arrange=no_principal, where="https://localhost:", why="AADSTS7000229",
        try_="admin consent"),
    Row(name="no such tenant, by name", words=LOOK, exit=2, code="tenant",
        arrange=tenant("fabrikam.example"), where="lab.yaml",
        why=["the tenant was not found", "AADSTS90002"], try_="`tenant` and `cloud`"),
    Row(name="no such tenant, by id", words=LOOK, exit=2, code="tenant", arrange=tenant(GUID),
        where="https://localhost:", why="AADSTS90002", try_="`tenant` and `cloud`"),
    Row(name="tenant of another cloud, by name", words=LOOK, exit=2, code="tenant",
        arrange=elsewhere("contoso.onmicrosoft.com"), where="lab.yaml",
        why=["a tenant of another cloud: microsoftonline.us", "microsoftonline.com"],
        try_="write cloud: gcc-high or cloud: dod"),
    Row(name="tenant of another cloud, by id", words=LOOK, exit=2, code="tenant",
        arrange=lambda desk: elsewhere(desk.lab.info["tenant"])(desk),
        where="https://localhost:", why=["the tenant is in another cloud", "AADSTS900382"],
        try_="gcc-high"),
    Row(name="profile of another cloud", words=LOOK, exit=2, code="tenant",
        arrange=our_cloud_is_another, where="lab.yaml",
        why=["another cloud: microsoftonline.com", "the profile's is microsoftonline.us"],
        try_="write cloud: global"),
    Row(name="cloud that nobody knows", words=LOOK, exit=2, code="tenant",
        arrange=unheard_of_cloud, where="lab.yaml", why="sovcloud.example", try_="`endpoints`"),
    Row(name="policy of another tenant", words=["plan", "policy.yaml"], exit=2, code="tenant",
        arrange=policy("tenant: fabrikam.example\n"), where="tenant",
        why="the policy is for fabrikam.example", try_="--profile"),
    Row(name="scope that is none", words=LOOK, exit=2, code="bad-input", arrange=odd_scope,
        where="https://localhost:", why=["the scope is not valid", "AADSTS1002012"],
        try_="`endpoints`"),
    Row(name="no permission at all", words=LOOK, exit=6, code="permission",
        arrange=no_permissions, where=(), why="permission", try_="admin consent"),
    Row(name="no permission of Graph", words=LOOK, exit=3, arrange=exchange_alone,
        why=["no permission Policy.Read.All", "no permission User.Read.All",
             "no permission Domain.Read.All", "no permission Organization.Read.All"]),
    Row(name="no permission of Exchange", words=LOOK, exit=3, arrange=graph_alone,
        why="the application lacks the permission Exchange.ManageAsApp"),
    Row(name="permission without the role", words=LOOK, exit=3, arrange=no_role,
        why="the application has no directory role that covers Get-"),
    Row(name="permission without the role, and a mailbox asked about", words=WHY, exit=3,
        code="could-not-see", arrange=no_role, where="mailbox erp@contoso.example",
        why=["the mailboxes could not be seen", "no directory role that covers"],
        try_="portineria look says"),
    Row(name="permission without the role, and a plan wanted", words=["plan", "policy.yaml"],
        exit=4, arrange=no_role, why=["unknown", "no directory role that covers"]),
    Row(name="neither permission nor role, anywhere", words=LOOK, exit=6, code="permission",
        arrange=neither, where=(), why=(), try_="admin consent"),
    Row(name="tokens that nobody accepts", words=LOOK, exit=6, code="permission",
        arrange=lambda desk: desk.lab.weather(token_seconds=-400), where=(),
        why="did not accept the access token", try_=()),
    Row(name="blocked by Conditional Access", words=LOOK, exit=6, code="permission",
        arrange=blocked, where="https://localhost:", why="AADSTS53003",
        try_="Conditional Access"),
    Row(name="throttled without end", words=LOOK, exit=6, code="throttled",
        arrange=scheduled(GRAPH_OR_EXCHANGE, "429"), where=(), why="throttled",
        try_="wait some minutes"),
    Row(name="a service that fails", words=LOOK, exit=6, code="service",
        arrange=scheduled(GRAPH_OR_EXCHANGE, "503"), where=(), why="HTTP 503",
        try_="run the command again"),
    Row(name="a login that fails", words=LOOK, exit=6, code="service",
        arrange=scheduled("^token", "503"), where="https://localhost:",
        why="the token service failed", try_="try again in some minutes"),
    Row(name="no such mailbox in a policy", words=["plan", "policy.yaml"], exit=1,
        arrange=policy(ERP.replace("erp@", "erq@")),
        why=["there is no such mailbox in this tenant", "portineria look"]),
    Row(name="no such group in a policy", words=["plan", "policy.yaml"], exit=1,
        arrange=policy(ERP.replace("mailboxes: [erp@contoso.example]", "groups: [Scaners]")),
        why="Scaners"),
    Row(name="a role that may read and not write", words=["apply", "plan.json", "--yes"], exit=5,
        code="partly-applied", arrange=read_only, again=True, run=True, where="mailbox «",
        why="no directory role that covers Set-CASMailbox", try_="Exchange Administrator",
        leaves=("state/runs/*",), finish=stopped_before_anything),
]  # fmt: skip
