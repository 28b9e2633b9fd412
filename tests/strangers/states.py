"""The states of the door, and what a program must meet in each: in, or out with these words.

The sentences are Exchange Online's own, from FIDELITY.md's sources; they are written out here
once more, so that the lab cannot agree with itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType

from arranging import (
    Change,
    Members,
    On,
    Put,
    Weather,
    app_permission,
    blocking,
    denying_basic,
    full_access,
    mailbox,
    reading,
    scoped_role,
    security_defaults,
    send_as,
    tenant_smtp,
    user,
)
from clients.program import Errand, Kind, Occasion, Protocol, Tls
from running_lab import Doors

ERP = "erp@contoso.example"  # everything is open here, to the mail application
ADA = "ada@contoso.example"  # and here, to herself
BRUNO = "bruno@contoso.example"  # open too, but nobody else has a right here
LEAVER = "leaver@contoso.example"  # the account is disabled
INVOICES = "invoices@contoso.example"  # a shared mailbox: where sent letters arrive
GROUND: tuple[Change, ...] = (
    *(mailbox(each, SmtpClientAuthenticationDisabled=False) for each in (ADA, BRUNO, LEAVER)),
    mailbox(ERP, PopEnabled=True, SmtpClientAuthenticationDisabled=False),
)
"""What every state begins with. The tenant's SMTP switch is off, security defaults are on."""


@dataclass(frozen=True, slots=True)
class Out:
    """Refused with this sentence. `gate` is the lab's own name for what refused, in its history;
    "" where it was no gate but the grammar of the protocol."""

    says: str
    gate: str


@dataclass(frozen=True, slots=True)
class In:
    """Inside: the waiting letter is fetched, or a letter sent and it arrives."""


Meets = In | Out
Secret = Callable[[Doors], str]
IN = In()


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """`name` completes: a program comes with … and is in, or out."""

    name: str
    meets: Mapping[Protocol, Meets]
    secret: Secret
    user: str = ERP
    sender: str = ""
    changes: tuple[Change, ...] = ()
    occasion: Occasion = "token"
    without: frozenset[str] = frozenset()
    """Programs that do not come in this state; the reason stands beside it."""
    tls: Mapping[Protocol, Tls] = field(
        default_factory=lambda: {"imap": "implicit", "pop": "implicit", "smtp": "starttls"}
    )

    @property
    def kind(self) -> Kind:
        return "password" if self.occasion == "password" else "token"


EVERYWHERE: Mapping[Protocol, Meets] = MappingProxyType({"imap": IN, "pop": IN, "smtp": IN})
BY_STARTTLS: Mapping[Protocol, Tls] = MappingProxyType({"imap": "starttls", "pop": "starttls"})
CLEAR: Mapping[Protocol, Tls] = MappingProxyType({"imap": "never", "pop": "never", "smtp": "never"})

# --- Exchange Online's words ---

NOT_CONNECTED = "BAD User is authenticated but not connected."
NO_TOKEN = "NO AUTHENTICATE failed."
NO_LOGIN = "NO LOGIN failed."
POP_SHUT = "-ERR Command is not valid in this state."
POP_NO_TOKEN = "-ERR Authentication failure: unknown user name or bad password."
POP_NO_PASSWORD = "-ERR Logon failure: unknown user name or bad password."
GENERIC = "535 5.7.3 Authentication unsuccessful ["
_139 = "535 5.7.139 Authentication unsuccessful, "
TENANT_OFF = f"{_139}SmtpClientAuthentication is disabled for the Tenant."
MAILBOX_OFF = f"{_139}SmtpClientAuthentication is disabled for the Mailbox."
BASIC_OFF = f"{_139}basic authentication is disabled. ["
WRONG = f"{_139}the user credentials were incorrect. ["
LOCKED = f"{_139}account locked"
DEFAULTS = f"{_139}user is locked by your organization's security defaults policy."
CRITERIA = f"{_139}the request did not meet the criteria to be authenticated successfully."
RETIRED = "550 5.7.30 Basic authentication is not supported for Client Submission."
NO_MAILBOX = "550 Mailbox cannot be accessed"
DENIED = f"554 5.2.252 SendAsDenied; {ERP} not allowed to send as {ADA}; STOREDRV.Submission."
NO_AUTH_YET = "504 5.7.4 Unrecognized authentication type ["


def shut(gate: str) -> dict[Protocol, Meets]:
    """The login is taken, and the mailbox stays shut."""
    return {"imap": Out(NOT_CONNECTED, gate), "pop": Out(POP_SHUT, gate)}


def no_token(gate: str = "token") -> dict[Protocol, Meets]:
    return {"imap": Out(NO_TOKEN, gate), "pop": Out(POP_NO_TOKEN, gate)}


def no_password() -> dict[Protocol, Meets]:
    """IMAP and POP take no password, whatever else there is to say about it."""
    return {"imap": Out(NO_LOGIN, "retirement"), "pop": Out(POP_NO_PASSWORD, "retirement")}


def smtp(says: str, gate: str) -> dict[Protocol, Meets]:
    return {"smtp": Out(says, gate)}


# --- what a program comes with ---


def of_app(lab: Doors) -> str:
    return lab.app_token()


def of_ada(lab: Doors) -> str:
    return lab.person_token(ADA)


def for_graph(lab: Doors) -> str:
    return lab.app_token(scope="https://graph.microsoft.com/.default")


def garbage(_lab: Doors) -> str:
    return "eyJ0eXAiOiJKV1Qi" + "x" * 2_200


def password_of(upn: str) -> Secret:
    return lambda lab: lab.password(upn)


def ada(lab: Doors) -> str:
    return lab.user(ADA)


def mail_app(lab: Doors) -> str:
    return str(lab.info["mail_app"]["principal_id"])


def without_role(role: str) -> Change:
    """The mail application's consent for one permission is taken away."""

    def key(lab: Doors) -> str:
        owner = lab.key("servicePrincipals", displayName="Office 365 Exchange Online")
        roles = lab.table("servicePrincipals")[owner]["appRoles"]
        wanted = next(each["id"] for each in roles if each["value"] == role)
        rows = lab.table("appRoleAssignments").items()
        return next(
            name
            for name, row in rows
            if row["principalId"] == mail_app(lab) and row["appRoleId"] == wanted
        )

    return Put("appRoleAssignments", key, lambda _: None)


NO_DEFAULTS = security_defaults(on=False)
SOME_DAY = On(datetime(2027, 2, 1, tzinfo=UTC))
POLICY = "Basic off"
LEGACY = blocking("Block legacy", "exchangeActiveSync", "other")
SCOPED = scoped_role("Application SMTP.SendAsApp", mail_app, BRUNO)
ROLES = ("IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp")

STATES: tuple[State, ...] = (
    # --- in ---
    State(name="an application's token", secret=of_app, meets=EVERYWHERE),
    State(name="the owner's token", secret=of_ada, user=ADA, meets=EVERYWHERE),
    State(
        name="a token, after STARTTLS",
        secret=of_app,
        tls=BY_STARTTLS,
        meets={"imap": IN, "pop": IN},
    ),
    State(
        name="a token of somebody with FullAccess",
        secret=of_ada,
        user=INVOICES,
        changes=(
            mailbox(INVOICES, SmtpClientAuthenticationDisabled=False),
            full_access(INVOICES, ada),
        ),
        meets=EVERYWHERE,
    ),
    State(
        name="an application's token for a disabled account's mailbox",
        secret=of_app,
        user=LEAVER,
        changes=(app_permission(LEAVER),),
        meets=EVERYWHERE,
    ),
    State(
        name="a token where an authentication policy denies basic",
        secret=of_app,
        changes=(denying_basic(POLICY), mailbox(ERP, AuthenticationPolicy=POLICY)),
        meets=EVERYWHERE,
    ),
    State(
        name="a token where Conditional Access blocks legacy clients",
        secret=of_ada,
        user=ADA,
        changes=(NO_DEFAULTS, LEGACY),
        meets=EVERYWHERE,
    ),
    State(
        name="a password where nothing refuses it",
        secret=password_of(ERP),
        occasion="password",
        changes=(NO_DEFAULTS,),
        meets={"smtp": IN},
    ),
    State(
        name="another sender that it may send as",
        secret=of_app,
        sender=ADA,
        changes=(send_as(ADA, mail_app),),
        meets={"smtp": IN},
    ),
    State(
        name="an application's token with a scoped role, and no other right",
        secret=of_app,
        user=BRUNO,
        changes=(without_role("SMTP.SendAsApp"), *SCOPED),
        meets={"smtp": IN},
    ),
    # --- out, with a token ---
    State(
        name="IMAP and POP off on the mailbox",
        secret=of_app,
        changes=(mailbox(ERP, ImapEnabled=False, PopEnabled=False),),
        meets=shut("protocol flag"),
    ),
    State(
        name="POP off on the mailbox, told at AUTH",
        secret=of_app,
        changes=(mailbox(ERP, PopEnabled=False), reading("pop-disabled-refusal", "auth")),
        meets={"pop": Out(POP_NO_TOKEN, "protocol flag")},
    ),
    State(
        name="a token where SMTP is off for the tenant",
        secret=of_app,
        changes=(mailbox(ERP, SmtpClientAuthenticationDisabled=None),),
        meets=smtp(TENANT_OFF, "tenant switch"),
    ),
    State(
        name="a token where SMTP is off on the mailbox",
        secret=of_app,
        changes=(
            tenant_smtp(off=False),
            mailbox(ERP, SmtpClientAuthenticationDisabled=True),
        ),
        meets=smtp(MAILBOX_OFF, "mailbox switch"),
    ),
    State(
        name="an application without a right on the mailbox",
        secret=of_app,
        user=BRUNO,
        meets=shut("mailbox right") | smtp(GENERIC, "mailbox right"),
    ),
    State(
        name="an application that Exchange does not know",
        secret=of_app,
        changes=(Put("exchangeServicePrincipals", mail_app, lambda _: None),),
        meets=shut("service principal") | smtp(GENERIC, "service principal"),
    ),
    State(
        name="somebody's token for another's mailbox",
        secret=of_ada,
        user=BRUNO,
        meets=shut("mailbox right") | smtp(GENERIC, "mailbox right"),
    ),
    State(
        name="a user that does not exist",
        secret=of_app,
        user="nobody@contoso.example",
        meets=shut("mailbox") | smtp(GENERIC, "token"),
    ),
    State(
        name="a mailbox whose licence is gone",
        secret=of_app,
        changes=(user(ERP, assignedLicenses=[]),),
        meets=shut("licence") | smtp(NO_MAILBOX, "licence"),
    ),
    State(
        name="a token for Graph",
        secret=for_graph,
        meets=no_token() | smtp(GENERIC, "token"),
    ),
    State(
        name="an expired token",
        secret=of_app,
        changes=(Weather({"token_seconds": 0}),),
        meets=no_token() | smtp(GENERIC, "token"),
    ),
    State(name="what is no token", secret=garbage, meets=no_token() | smtp(GENERIC, "token")),
    State(
        name="what is no token, explained in a challenge",
        secret=garbage,
        occasion="challenge",
        changes=(reading("xoauth2-failure", "challenge"),),
        # mbsync 1.4 waits for ever after "IMAP wants more steps despite successful SASL
        # authentication". No capture of Exchange Online shows such a challenge.
        without=frozenset({"mbsync"}),
        meets=no_token() | smtp(GENERIC, "token"),
    ),
    State(
        name="an application without the permission",
        secret=of_app,
        changes=tuple(without_role(role) for role in ROLES),
        meets=no_token() | smtp(GENERIC, "mailbox right"),
    ),
    State(
        name="an application's token outside its scoped role",
        secret=of_app,
        changes=(without_role("SMTP.SendAsApp"), *SCOPED),
        meets=smtp(GENERIC, "mailbox right"),
    ),
    State(
        name="a person's token under security defaults, read strictly",
        secret=of_ada,
        user=ADA,
        changes=(reading("smtp-oauth-under-security-defaults", "refused"),),
        meets=smtp(DEFAULTS, "security defaults"),
    ),
    State(
        name="a sender that it may not send as",
        secret=of_app,
        sender=ADA,
        meets=smtp(DENIED, "send as"),
    ),
    # --- out, with a password ---
    State(
        name="a password where security defaults are on",
        secret=password_of(ERP),
        occasion="password",
        meets=no_password() | smtp(DEFAULTS, "security defaults"),
    ),
    State(
        name="a password where SMTP is off for the tenant",
        secret=password_of(ERP),
        occasion="password",
        changes=(NO_DEFAULTS, mailbox(ERP, SmtpClientAuthenticationDisabled=None)),
        meets=smtp(TENANT_OFF, "tenant switch"),
    ),
    State(
        name="a password where SMTP is off on the mailbox",
        secret=password_of(ERP),
        occasion="password",
        changes=(
            NO_DEFAULTS,
            tenant_smtp(off=False),
            mailbox(ERP, SmtpClientAuthenticationDisabled=True),
        ),
        meets=smtp(MAILBOX_OFF, "mailbox switch"),
    ),
    State(
        name="a password where the person's authentication policy denies basic",
        secret=password_of(ERP),
        occasion="password",
        changes=(NO_DEFAULTS, denying_basic(POLICY), mailbox(ERP, AuthenticationPolicy=POLICY)),
        meets=no_password() | smtp(BASIC_OFF, "authentication policy"),
    ),
    State(
        name="a password where the organisation's authentication policy denies basic",
        secret=password_of(ERP),
        occasion="password",
        changes=(
            NO_DEFAULTS,
            denying_basic(POLICY),
            Members("exchangeOrganization", lambda _: "", {"DefaultAuthenticationPolicy": POLICY}),
        ),
        meets=smtp(BASIC_OFF, "authentication policy"),
    ),
    State(
        name="a password where Conditional Access blocks legacy clients",
        secret=password_of(ERP),
        occasion="password",
        changes=(NO_DEFAULTS, LEGACY),
        meets=no_password() | smtp(CRITERIA, "conditional access"),
    ),
    State(
        name="a password where per-user MFA is enforced",
        secret=password_of(ERP),
        occasion="password",
        changes=(NO_DEFAULTS, user(ERP, perUserMfaState="enforced")),
        meets=smtp(CRITERIA, "conditional access"),
    ),
    State(
        name="a wrong password",
        secret=lambda lab: f"not-{lab.password(ERP)}",
        occasion="password",
        changes=(NO_DEFAULTS,),
        meets=no_password() | smtp(WRONG, "credentials"),
    ),
    State(
        name="a password of a locked account",
        secret=password_of(ERP),
        occasion="password",
        changes=(
            NO_DEFAULTS,
            Put(
                "signInState",
                lambda lab: lab.user(ERP),
                lambda _: {"wrong": 10, "until": "2100-01-01T00:00:00+00:00"},
            ),
        ),
        meets=smtp(LOCKED, "account locked"),
    ),
    State(
        name="a password of a disabled account",
        secret=password_of(LEAVER),
        occasion="password",
        user=LEAVER,
        changes=(NO_DEFAULTS,),
        meets=no_password() | smtp(GENERIC, "sign-in"),
    ),
    State(
        name="a password and a user that does not exist",
        secret=password_of(ERP),
        occasion="password",
        user="nobody@contoso.example",
        changes=(NO_DEFAULTS,),
        meets=no_password() | smtp(GENERIC, "sign-in"),
    ),
    State(
        name="a password when basic is off by default",
        secret=password_of(ERP),
        occasion="password",
        changes=(NO_DEFAULTS, reading("basic-smtp-after-2026", "default-off"), SOME_DAY),
        meets=smtp(BASIC_OFF, "retirement"),
    ),
    State(
        name="a password when basic is retired",
        secret=password_of(ERP),
        occasion="password",
        changes=(NO_DEFAULTS, reading("basic-smtp-after-2026", "removed"), SOME_DAY),
        meets=smtp(RETIRED, "retirement"),
    ),
    # --- out, without TLS ---
    State(
        name="a token before TLS",
        secret=of_app,
        occasion="clear",
        tls=CLEAR,
        meets={
            "imap": Out(NO_LOGIN, ""),
            "pop": Out(POP_SHUT, ""),
            "smtp": Out(NO_AUTH_YET, ""),
        },
    ),
)


# --- the table, for docs/strangers.md ---


def page() -> str:
    """A row a state: what a program comes with, and what it meets on each protocol."""
    rows = ["| with … | IMAP | POP3 | SMTP |", "|---|---|---|---|"]
    for state in STATES:
        cells = (_cell(state.meets.get(protocol)) for protocol in ("imap", "pop", "smtp"))
        rows.append(f"| {state.name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def _cell(meets: Meets | None) -> str:
    match meets:
        case None:
            return ""
        case In():
            return "**in**"
        case Out():
            return f"`{meets.says.rstrip('[ ')}`"


# --- from a state to an errand ---

WAITING = "This letter waits to be fetched"
DOORS = {
    ("imap", "implicit"): "imaps",
    ("imap", "starttls"): "imap",
    ("imap", "never"): "imap",
    ("pop", "implicit"): "pops",
    ("pop", "starttls"): "pop",
    ("pop", "never"): "pop",
    ("smtp", "starttls"): "smtp",
    ("smtp", "never"): "smtp",
}


def errand(
    lab: Doors,
    protocol: Protocol,
    secret: str,
    state: State = STATES[0],
    *,
    user: str = "",
    letter: str = WAITING,
    to: str = INVOICES,
) -> Errand:
    """As the state has it; the first of them is: everything open, to an application's token."""
    tls, name = state.tls[protocol], user or state.user
    return Errand(
        protocol=protocol,
        port=lab.port(DOORS[protocol, tls]),
        tls=tls,
        ca=lab.ca,
        user=name,
        secret=secret,
        kind=state.kind,
        letter=letter,
        sender=state.sender or name,
        to=to,
    )
