"""Every gate of the lab's mail hosts and of its token endpoint, brought to speak.

A case arranges the tenant so that one gate refuses one login, and knows which layers the words
alone leave to that caller, and which one it is. What was said comes from the wire.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from matrix import DENY, HOST, protect
from stage import MAIL_SCOPES, START, Stage

from portineria.lab.login import tokens
from portineria.lab.post.imap import ImapFront
from portineria.mail.conversation import Password, Token
from portineria.policy.refusals import CallerKind
from portineria.run.asking import Ask, Tls
from portineria.run.probe import probe
from portineria.secret import Secret
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough
from portineria.tenant.mailbox import Protocol

IMAP, POP, SMTP = Protocol.IMAP, Protocol.POP, Protocol.SMTP
RECIPIENT, ACCOUNT, LICENCE = "recipient", "account", "licence"
MAILBOX, TENANT, POLICY = "mailbox switch", "tenant switch", "authentication policy"
RETIRED, DEFAULTS = "retirement of basic authentication", "security defaults"
MFA, CONDITIONAL, APP = "per-user MFA", "Conditional Access", "application"
CONSENT, PRINCIPAL = "consent", "Exchange service principal"
RIGHT, CREDENTIAL = "mailbox right", "credential"

MUTE = {RECIPIENT, LICENCE, POLICY, RETIRED, ACCOUNT, MAILBOX, DEFAULTS, MFA, CONDITIONAL}
MUTE |= {CREDENTIAL}
SHUT = {RECIPIENT, LICENCE, MAILBOX, RIGHT}
APP_SHUT = SHUT | {PRINCIPAL}
TOKEN_NO = {RECIPIENT, LICENCE, ACCOUNT, CONSENT, CREDENTIAL}
APP_NO = {RECIPIENT, LICENCE, PRINCIPAL, CONSENT, CREDENTIAL}
SMTP_APP = {CREDENTIAL, CONSENT, PRINCIPAL, RIGHT, RECIPIENT}
SMTP_USER = {CREDENTIAL, ACCOUNT, CONSENT, RIGHT, RECIPIENT}
NAME = "someone"
ADDRESS = f"{NAME}@contoso.example"
OUTLOOK = "https://outlook.office365.com"

Arrange = Callable[[Stage], Awaitable[None]]


async def _nothing(_: Stage) -> None:
    """As the tenant is: nothing refuses but what every tenant has."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """`gate` is what the lab's history calls it, `leaves` what the words leave to this caller,
    `layer` which it is; "" where the words are no refusal."""

    gate: str
    protocol: Protocol
    caller: CallerKind
    leaves: frozenset[str]
    layer: str
    arrange: Arrange = _nothing
    plan: bool = True
    right: bool = True
    switches: tuple[tuple[str, Any], ...] = ()
    password: str = f"Lab-{NAME}"
    token: str = ""
    start: datetime = START

    @property
    def name(self) -> str:
        return f"{self.protocol.value} as {self.caller}: {self.gate}, {self.layer or 'no layer'}"


def case(
    gate: str,
    protocol: Protocol,
    caller: CallerKind,
    leaves: set[str],
    layer: str,
    arrange: Arrange = _nothing,
    **more: Any,
) -> Case:
    switches = tuple((more.pop("switches", {}) or {}).items())
    return Case(
        gate=gate,
        protocol=protocol,
        caller=caller,
        leaves=frozenset(leaves),
        layer=layer,
        arrange=arrange,
        switches=switches,
        **more,
    )


# --- arranging ---------------------------------------------------------------------------------


async def tenant_closed(stage: Stage) -> None:
    await stage.exchange("Set-TransportConfig", SmtpClientAuthenticationDisabled=True)


async def denied(stage: Stage) -> None:
    await stage.exchange("New-AuthenticationPolicy", Name=DENY)
    await stage.exchange("Set-User", Identity=ADDRESS, AuthenticationPolicy=DENY)


def reading(**readings: str) -> Arrange:
    async def read(stage: Stage) -> None:
        stage.read_as(**readings)

    return read


async def defaults_on(stage: Stage) -> None:
    await protect(stage, True, "none")


async def legacy_blocked(stage: Stage) -> None:
    await protect(stage, False, "enforced")


async def mfa_for_all(stage: Stage) -> None:
    await protect(stage, False, "foreign")


async def mfa_per_user(stage: Stage) -> None:
    _user(stage, perUserMfaState="enforced")


async def account_disabled(stage: Stage) -> None:
    _user(stage, accountEnabled=False)


async def account_locked(stage: Stage) -> None:
    user = stage.lab.world["users"].find("userPrincipalName", ADDRESS)
    assert user is not None
    until = (stage.clock.now() + timedelta(days=3)).isoformat()
    stage.lab.world["signInState"].put(user["id"], {"wrong": 9, "until": until})


async def unregistered(stage: Stage) -> None:
    table = stage.lab.world["exchangeServicePrincipals"]
    table.put(stage.lab.info["mail_app"]["principal_id"], None)


async def roles_withdrawn(stage: Stage) -> None:
    _forget(stage, "appRoleAssignments", "principalId", stage.lab.info["mail_app"]["principal_id"])


def _user(stage: Stage, **members: Any) -> None:
    user = stage.lab.world["users"].find("userPrincipalName", ADDRESS)
    assert user is not None
    stage.lab.world["users"].patch(user["id"], **members)


def _forget(stage: Stage, kind: str, member: str, value: str) -> None:
    table = stage.lab.world[kind]
    for key, row in list(table.items()):
        if row.get(member) == value:
            table.put(key, None)


async def three_connections(stage: Stage) -> None:
    """Three logins that stay: the fourth is one too many."""
    box = stage.lab.world["mailboxes"].find("PrimarySmtpAddress", ADDRESS)
    assert box is not None
    stage.office.connections[box["Guid"]] = 3


# --- the cases ---------------------------------------------------------------------------------

OPEN = {"SmtpClientAuthenticationDisabled": False}
LATER = datetime.fromisoformat("2027-02-01T09:00:00+00:00")
KINDS: tuple[CallerKind, ...] = ("basic", "user", "app")

_SMTP = (
    *(case("tenant switch", SMTP, who, {TENANT}, TENANT, tenant_closed) for who in KINDS),
    *(
        case(
            "mailbox switch",
            SMTP,
            who,
            {MAILBOX},
            MAILBOX,
            switches={"SmtpClientAuthenticationDisabled": True},
        )
        for who in KINDS
    ),
    case("authentication policy", SMTP, "basic", {POLICY, RETIRED}, POLICY, denied, switches=OPEN),
    case(
        "retirement",
        SMTP,
        "basic",
        {POLICY, RETIRED},
        RETIRED,
        reading(basic_smtp_after_2026="default-off"),
        switches=OPEN,
        start=LATER,
    ),
    case(
        "retirement",
        SMTP,
        "basic",
        {RETIRED},
        RETIRED,
        reading(basic_smtp_after_2026="removed"),
        switches=OPEN,
        start=LATER,
    ),
    case("security defaults", SMTP, "basic", {DEFAULTS}, DEFAULTS, defaults_on, switches=OPEN),
    case(
        "conditional access",
        SMTP,
        "basic",
        {CONDITIONAL, MFA},
        CONDITIONAL,
        legacy_blocked,
        switches=OPEN,
    ),
    case(
        "conditional access",
        SMTP,
        "basic",
        {CONDITIONAL, MFA},
        CONDITIONAL,
        mfa_for_all,
        switches=OPEN,
    ),
    case("conditional access", SMTP, "basic", {CONDITIONAL, MFA}, MFA, mfa_per_user, switches=OPEN),
    case("account locked", SMTP, "basic", {ACCOUNT}, ACCOUNT, account_locked, switches=OPEN),
    case("credentials", SMTP, "basic", {CREDENTIAL}, CREDENTIAL, switches=OPEN, password="wrong"),
    case("sign-in", SMTP, "basic", {CREDENTIAL, ACCOUNT}, ACCOUNT, account_disabled, switches=OPEN),
    *(
        case("licence", SMTP, who, {RECIPIENT, LICENCE}, LICENCE, switches=OPEN, plan=False)
        for who in KINDS
    ),
    case("token", SMTP, "app", SMTP_APP, CREDENTIAL, switches=OPEN, token="expired"),
    case("token", SMTP, "user", SMTP_USER, CREDENTIAL, switches=OPEN, token="expired"),
    case("service principal", SMTP, "app", SMTP_APP, PRINCIPAL, unregistered, switches=OPEN),
    case("mailbox right", SMTP, "app", SMTP_APP, RIGHT, switches=OPEN, right=False),
    case("mailbox right", SMTP, "app", SMTP_APP, CONSENT, roles_withdrawn, switches=OPEN),
    *(case("connections", SMTP, who, set(), "", three_connections, switches=OPEN) for who in KINDS),
)
_READING = {IMAP: "ImapEnabled", POP: "PopEnabled"}


def _mailbox(protocol: Protocol) -> tuple[Case, ...]:
    off = {_READING[protocol]: False}
    pop = protocol is POP
    token, app = (TOKEN_NO | SHUT, APP_NO | APP_SHUT) if pop else (TOKEN_NO, APP_NO)
    return (
        case("retirement", protocol, "basic", MUTE, RETIRED),
        case("token", protocol, "user", token, CREDENTIAL, token="expired"),
        case("token", protocol, "app", app, CREDENTIAL, token="expired"),
        case("token", protocol, "app", app, CONSENT, roles_withdrawn),
        case("protocol flag", protocol, "user", SHUT, MAILBOX, switches=off),
        case("protocol flag", protocol, "app", APP_SHUT, MAILBOX, switches=off),
        case("licence", protocol, "user", SHUT, LICENCE, plan=False),
        case("licence", protocol, "app", APP_SHUT, LICENCE, plan=False),
        case("service principal", protocol, "app", APP_SHUT, PRINCIPAL, unregistered),
        case("mailbox right", protocol, "app", APP_SHUT, RIGHT, right=False),
    )


CASES = (
    *_SMTP,
    *_mailbox(IMAP),
    *_mailbox(POP),
    case(
        "protocol flag",
        POP,
        "app",
        APP_NO | APP_SHUT,
        MAILBOX,
        reading(pop_disabled_refusal="auth"),
        switches={"PopEnabled": False},
    ),
)


# --- speaking ----------------------------------------------------------------------------------


async def arranged(stage: Stage, one: Case) -> Caller:
    """The tenant as the case wants it, and who logs in."""
    stage.person(NAME, plan=one.plan, **dict(one.switches))
    if one.right:
        stage.give_full_access(ADDRESS)
    await protect(stage, False, "none")
    await stage.exchange("Set-TransportConfig", SmtpClientAuthenticationDisabled=False)
    await one.arrange(stage)
    stage.settle()
    return caller(stage, one.caller)


def caller(stage: Stage, kind: CallerKind) -> Caller:
    info = stage.lab.info
    if kind == "basic":
        return Basic()
    if kind == "user":
        return UserThrough(info["public_client_id"])
    return AppOnly(info["mail_app"]["client_id"])


async def said(stage: Stage, one: Case) -> str:
    """What the mail host says to this login, as it came over the wire.

    A client that reads LOGINDISABLED sends no password to IMAP; one that does not is imitated.
    """
    if (one.protocol, one.caller) == (IMAP, "basic"):
        front = ImapFront(stage.office, HOST)
        await front.open()
        return (await front.receive(f"a1 LOGIN {ADDRESS} {one.password}\r\n".encode())).decode()
    host = stage.hosts[one.protocol]
    credential: Password | Token
    if one.caller == "basic":
        credential = Password(ADDRESS, Secret(one.password))
    else:
        credential = Token(ADDRESS, Secret(await _token(stage, one)))
    found = await probe(
        stage.dial,
        stage.clock,
        Ask(
            protocol=one.protocol,
            host=host.host,
            port=host.port,
            tls=Tls.STARTTLS if one.protocol is SMTP else Tls.IMPLICIT,
            mailbox=ADDRESS,
            credential=credential,
            caller=one.caller,
            source=HOST,
        ),
    )
    return found.line


async def _token(stage: Stage, one: Case) -> str:
    """A token of the lab's own key: what it may is what the tenant grants, unless it is to fail."""
    world, info = stage.lab.world, stage.lab.info
    if one.token == "expired":
        stranger = {"audience": "https://graph.microsoft.com", "subject": "nobody"}
        return tokens.mint(world, **stranger, **_claims(one))
    if one.caller == "user":
        user = world["users"].find("userPrincipalName", ADDRESS)
        assert user is not None
        claims = {"scp": " ".join(MAIL_SCOPES), "upn": ADDRESS}
        return tokens.mint(world, audience=OUTLOOK, subject=user["id"], **claims)
    answer = await stage.token(
        grant_type="client_credentials",
        client_id=info["mail_app"]["client_id"],
        client_secret=info["mail_app"]["client_secret"],
        scope=f"{OUTLOOK}/.default",
    )
    return str(answer.json()["access_token"])


def _claims(one: Case) -> dict[str, str]:
    return {"scp": "SMTP.Send"} if one.caller == "user" else {"idtyp": "app"}
