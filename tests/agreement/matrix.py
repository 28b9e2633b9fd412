"""The worlds of the agreement matrix, the mailboxes in them, and one login of each caller.

There is no column of expected answers anywhere: one side is effective access of a snapshot that
the client read, the other is what a socket (or, before it, the token endpoint) said.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from itertools import product
from typing import Any

from stage import HOST, MAIL_SCOPES, POLICIES, Stage

from portineria.mail.conversation import Password, Token
from portineria.policy.conditionalbody import block_legacy
from portineria.policy.effective import Context, effective
from portineria.policy.readings import BASIC_SMTP_AFTER_2026, SMTP_OAUTH_UNDER_SECURITY_DEFAULTS
from portineria.policy.refusals import CallerKind, read_token_error
from portineria.policy.verdict import Allowed, Answer, Effective, Layer, Refused, Unknown
from portineria.run.probe import Ask, Tls, probe
from portineria.secret import Secret
from portineria.tenant.access import PolicyState
from portineria.tenant.caller import AppOnly, Basic, Caller, UserThrough
from portineria.tenant.mailbox import Protocol, SmtpSwitch
from portineria.tenant.snapshot import Snapshot

DENY, ALLOW = "Deny basic", "Allow basic"
UNVERIFIED = frozenset({SMTP_OAUTH_UNDER_SECURITY_DEFAULTS.id, BASIC_SMTP_AFTER_2026.id})
"""The readings of which *could not tell* is an answer; each is run as every one of its options."""


@dataclass(frozen=True)
class Resident:
    """One mailbox of every world: its switches, its own policy, its plan, its exclusion."""

    smtp: SmtpSwitch
    reading: bool
    """ImapEnabled and PopEnabled."""
    own: str | None
    plan: bool
    excluded: bool

    @property
    def name(self) -> str:
        own = {None: "none", DENY: "deny", ALLOW: "allow"}[self.own]
        words = (
            self.smtp.value,
            "reads" if self.reading else "shut",
            own,
            "plan" if self.plan else "bare",
            "out" if self.excluded else "in",
        )
        return "-".join(words)

    @property
    def address(self) -> str:
        return f"{self.name}@contoso.example"

    def tried(self, protocol: Protocol) -> bool:
        """IMAP and POP have two states: of three mailboxes two are enough."""
        return protocol is Protocol.SMTP or self.smtp is not SmtpSwitch.INHERIT


RESIDENTS = tuple(
    Resident(smtp, smtp is SmtpSwitch.ON, own, plan, excluded)
    for smtp, own, plan, excluded in product(
        SmtpSwitch, (None, DENY, ALLOW), (True, False), (False, True)
    )
)


@dataclass(frozen=True)
class Setting:
    """What is tenant-wide in one world."""

    p1: bool
    security_defaults: bool
    conditional_access: str
    """none | report-only | enforced | foreign: with the excluded mailboxes left out of it."""
    tenant_switch: bool
    """Whether the tenant's switch is off (SmtpClientAuthenticationDisabled)."""
    default: str | None

    def __str__(self) -> str:
        words = (
            "P1" if self.p1 else "no P1",
            f"security defaults {'on' if self.security_defaults else 'off'}",
            f"Conditional Access {self.conditional_access}",
            f"tenant switch {'off' if self.tenant_switch else 'on'}",
            f"default policy {self.default or 'none'}",
        )
        return ", ".join(words)

    @property
    def residents(self) -> Iterator[Resident]:
        """An exclusion is a state of its own only where something enforced excludes."""
        enforced = self.conditional_access in ("enforced", "foreign")
        return (one for one in RESIDENTS if enforced or not one.excluded)


PROTECTIONS = {
    True: (
        (True, "none"),
        (True, "report-only"),
        (False, "none"),
        (False, "report-only"),
        (False, "enforced"),
        (False, "foreign"),
    ),
    False: ((True, "none"), (False, "none")),
}
UNREACHABLE = (
    (True, True, "enforced"),
    (True, True, "foreign"),
    *((False, sd, ca) for sd in (True, False) for ca in ("report-only", "enforced", "foreign")),
)
"""(P1, security defaults, Conditional Access): the rest of the product."""


def settings(p1: bool) -> Iterator[tuple[tuple[bool, str], Setting]]:
    for protection in PROTECTIONS[p1]:
        for switch, default in product((True, False), (None, DENY)):
            yield protection, Setting(p1, *protection, switch, default)


# --- arranging ---------------------------------------------------------------------------------


async def settle_in(stage: Stage) -> None:
    """The mailboxes of every world, and the two policies that some of them have."""
    await stage.exchange("New-AuthenticationPolicy", Name=DENY)
    await stage.exchange("New-AuthenticationPolicy", Name=ALLOW)
    await stage.exchange(
        "Set-AuthenticationPolicy",
        Identity=ALLOW,
        AllowBasicAuthImap=True,
        AllowBasicAuthPop=True,
        AllowBasicAuthSmtp=True,
    )
    for one in RESIDENTS:
        stage.person(
            one.name,
            plan=one.plan,
            ImapEnabled=one.reading,
            PopEnabled=one.reading,
            SmtpClientAuthenticationDisabled=one.smtp.disabled,
        )
        stage.give_full_access(one.address)
        if one.own is not None:
            await stage.exchange("Set-User", Identity=one.address, AuthenticationPolicy=one.own)


async def protect(stage: Stage, security_defaults: bool, conditional_access: str) -> None:
    """Bring the tenant's protections there, in the order that the service allows."""
    for policy in (await stage.graph("GET", POLICIES)).json()["value"]:
        gone = await stage.graph("DELETE", f"{POLICIES}/{policy['id']}")
        assert gone.status_code == 204, gone.text
    stage.settle()
    assert (await set_security_defaults(stage, security_defaults)).status_code == 204
    if conditional_access != "none":
        made = await stage.graph("POST", POLICIES, policy_body(stage, conditional_access))
        assert made.status_code == 201, made.text
    stage.settle()


async def set_security_defaults(stage: Stage, on: bool) -> Any:
    path = "policies/identitySecurityDefaultsEnforcementPolicy"
    return await stage.graph("PATCH", path, {"isEnabled": on})


def policy_body(stage: Stage, kind: str) -> dict[str, Any]:
    """Ours against legacy authentication; or a foreign one that asks everybody for MFA."""
    users = stage.lab.world["users"]
    found = [users.find("userPrincipalName", one.address) for one in RESIDENTS if one.excluded]
    excluded = sorted(user["id"] for user in found if user is not None)
    if kind != "foreign":
        state = PolicyState.ENABLED if kind == "enforced" else PolicyState.REPORT_ONLY
        return block_legacy(excluded, state)
    return {
        "displayName": "MFA for all our people",
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"]},
            "users": {"includeUsers": ["All"], "excludeUsers": excluded},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    }


async def arrange(stage: Stage, setting: Setting) -> None:
    off = setting.tenant_switch
    await stage.exchange("Set-TransportConfig", SmtpClientAuthenticationDisabled=off)
    await stage.exchange("Set-OrganizationConfig", DefaultAuthenticationPolicy=setting.default)
    stage.settle()


# --- logging in --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """What the service said: yes, or no by one of these layers, or something not understood."""

    answer: Answer
    layers: frozenset[Layer] = frozenset()
    words: str = ""


@dataclass
class Logins:
    """One world's logins. Tokens are asked for once per person and for all three protocols."""

    stage: Stage
    _tokens: dict[str, str | Said] = field(default_factory=dict)

    def callers(self) -> tuple[Caller, ...]:
        info = self.stage.lab.info
        return (
            Basic(),
            UserThrough(info["public_client_id"]),
            AppOnly(info["mail_app"]["client_id"]),
        )

    async def login(self, one: Resident, protocol: Protocol, caller: Caller) -> Said:
        credential: Password | Token
        kind: CallerKind
        match caller:
            case Basic():
                kind = "basic"
                credential = Password(one.address, Secret(f"Lab-{one.name}"))
            case UserThrough():
                kind, token = "user", await self._person(one)
                if isinstance(token, Said):
                    return token
                credential = Token(one.address, Secret(token))
            case AppOnly():
                kind, token = "app", await self._application()
                if isinstance(token, Said):
                    return token
                credential = Token(one.address, Secret(token))
        host = self.stage.hosts[protocol]
        found = await probe(
            self.stage.dial,
            self.stage.clock,
            Ask(
                protocol=protocol,
                host=host.host,
                port=host.port,
                tls=Tls.STARTTLS if protocol is Protocol.SMTP else Tls.IMPLICIT,
                mailbox=one.address,
                credential=credential,
                caller=kind,
            ),
        )
        layers = frozenset() if found.reading is None else found.reading.layers
        return Said(found.answer, layers, f"{found.stage.value}: {found.line or found.because}")

    async def _person(self, one: Resident) -> str | Said:
        """Somebody who signed in with a browser and MFA; their program asks for a token now."""
        if one.address not in self._tokens:
            path = f"https://control.lab/people/{one.address}/refresh-token"
            given = (await self.stage.http.post(path, json={"mfa": True})).json()
            scopes = [f"https://outlook.office.com/{scope}" for scope in MAIL_SCOPES]
            answer = await self.stage.token(
                grant_type="refresh_token",
                client_id=given["client_id"],
                refresh_token=given["refresh_token"],
                scope=" ".join([*scopes, "offline_access"]),
            )
            self._tokens[one.address] = _token(answer.json(), "user")
        return self._tokens[one.address]

    async def _application(self) -> str | Said:
        if "" not in self._tokens:
            app = self.stage.lab.info["mail_app"]
            answer = await self.stage.token(
                grant_type="client_credentials",
                client_id=app["client_id"],
                client_secret=app["client_secret"],
                scope="https://outlook.office365.com/.default",
            )
            self._tokens[""] = _token(answer.json(), "app")
        return self._tokens[""]


def _token(answer: dict[str, Any], kind: CallerKind) -> str | Said:
    if "access_token" in answer:
        return str(answer["access_token"])
    reading = read_token_error(int(answer["error_codes"][0]), kind)
    return Said(reading.answer, reading.layers, f"token endpoint: {answer['error_description']}")


# --- comparing ---------------------------------------------------------------------------------


@dataclass
class Tally:
    """What was compared, for the table at the end."""

    counts: Counter[str] = field(default_factory=Counter)
    layers: Counter[str] = field(default_factory=Counter)
    sizes: Counter[int] = field(default_factory=Counter)
    readings: Counter[str] = field(default_factory=Counter)
    any_order: bool = False
    """Whether the lab is run under the order of refusals that the ladder does not follow."""
    quarrels: list[str] = field(default_factory=list)

    def compare(self, where: str, verdict: Effective, said: Said, settled: bool) -> None:
        self.counts["logins"] += 1
        match verdict:
            case Allowed():
                agreed = said.answer is Answer.YES
                self.counts["open on both sides"] += agreed
            case Refused(by):
                agreed = said.answer is Answer.NO and by.layer in said.layers
                self._refused(verdict, said, agreed)
                if self.any_order and not agreed:
                    agreed = self._another_spoke(verdict, said)
            case Unknown(by):
                agreed = by.reading in UNVERIFIED and not settled
                self.readings[by.reading] += agreed
        if not agreed:
            self.quarrels.append(f"{where}: {_told(verdict)} but {_heard(said)}")

    def _refused(self, verdict: Refused, said: Said, agreed: bool) -> None:
        if agreed:
            self.counts["refused on both sides, by a layer the words fit"] += 1
            self.layers[verdict.by.layer.value] += 1
            self.sizes[len(said.layers)] += 1

    def _another_spoke(self, verdict: Refused, said: Said) -> bool:
        """Several layers refuse, and another than the first on the ladder has the word.

        Only under `smtp-refusal-order: credentials-first`, where the sign-in speaks before the
        switches do: who refuses is the same, who says it is not.
        """
        refusing = {rung.layer for rung in verdict.ladder if rung.answer is Answer.NO}
        spoke = said.answer is Answer.NO and bool(refusing & said.layers) and len(refusing) > 1
        if spoke:
            self.counts["refused on both sides, credentials-first: another had the word"] += 1
            self.sizes[len(said.layers)] += 1
        return spoke

    def table(self) -> str:
        rows = [f"{count:>6}  {name}" for name, count in self.counts.items()]
        rows += [f"{count:>6}  refused by {name}" for name, count in sorted(self.layers.items())]
        rows += [
            f"{n:>6}  refusals whose words fit {s} layers" for s, n in sorted(self.sizes.items())
        ]
        rows += [f"{n:>6}  unknown until settled: {name}" for name, n in self.readings.items()]
        rows += [f"{len(self.quarrels):>6}  disagreements"]
        return "\n".join(rows)


def _told(verdict: Effective) -> str:
    if isinstance(verdict, Allowed):
        return "open"
    word = "refused" if isinstance(verdict, Refused) else "could not tell"
    return f"{word} by {verdict.by.layer.value} ({verdict.by.because})"


def _heard(said: Said) -> str:
    layers = ", ".join(sorted(layer.value for layer in said.layers))
    return f"the service said {said.answer.value} [{layers}]: {said.words}"


def predicted(
    snapshot: Snapshot, stage: Stage, one: Resident, protocol: Protocol, caller: Caller
) -> Effective:
    box = snapshot.mailbox(one.address)
    assert box is not None, f"{one.address} was not seen"
    context = Context(stage.clock.now(), ip_address(HOST))
    return effective(snapshot, box, protocol, caller, context)


async def compare(
    stage: Stage,
    setting: Setting,
    snapshot: Snapshot,
    tally: Tally,
    settled: dict[str, str] | None = None,
) -> None:
    """Every login of one world. With `settled`, only those that were unknown without it."""
    logins = Logins(stage)
    now_settled = replace(snapshot, settled=settled or {})
    for one, protocol, caller in product(setting.residents, Protocol, logins.callers()):
        if not one.tried(protocol):
            continue
        verdict = predicted(now_settled, stage, one, protocol, caller)
        if settled and not isinstance(predicted(snapshot, stage, one, protocol, caller), Unknown):
            continue
        said = await logins.login(one, protocol, caller)
        where = (
            f"{setting}; {one.name}; {protocol.value} as {type(caller).__name__} {settled or ''}"
        )
        tally.compare(where, verdict, said, settled is not None)
