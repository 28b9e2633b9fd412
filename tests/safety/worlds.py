"""Random small tenants, and wishes about them, for the real planner."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Any

from hypothesis import strategies as st
from run_fakes import NOON, Tenant

from portineria.clock import VirtualClock
from portineria.policy.change import Change, Family, Json, Verb
from portineria.policy.conditionalbody import block_legacy, from_graph, location_from_graph
from portineria.policy.desired import (
    BaselineWish,
    BasicAuthWish,
    Desired,
    EverybodyElse,
    EverybodySmtp,
    Grant,
    PostureWish,
    SecurityDefaultsWish,
    SmtpAuthWish,
    Through,
    Who,
    Wish,
)
from portineria.policy.plan import Plan
from portineria.policy.planner import make_plan
from portineria.tenant.access import (
    AuthenticationPolicy,
    MailboxPlan,
    Organization,
    PolicyState,
    Transport,
)
from portineria.tenant.apps import App, MailboxRight
from portineria.tenant.mailbox import Mailbox, Protocol, SmtpSwitch
from portineria.tenant.people import GLOBAL_ADMINISTRATOR, Domain, Licences, User
from portineria.tenant.snapshot import Snapshot

APP, PRINCIPAL = "a9900000-0000-0000-0000-000000000001", "a9900000-0000-0000-0000-000000000002"
PEOPLE = ("ada", "bruno", "scan")
KEEPERS = ("bg1", "bg2", "admin")
SMTP = "SmtpClientAuthenticationDisabled"
FOREIGN = "Foreign: block legacy"


@dataclass(frozen=True)
class Story:
    """A tenant's documents, and what is wished of it."""

    documents: dict[tuple[Family, str], dict[str, Any]]
    desired: Desired


def address(name: str) -> str:
    return f"{name}@contoso.example"


def settle(story: Story, clock: VirtualClock) -> Tenant:
    tenant = Tenant(clock)
    for (family, key), fields in story.documents.items():
        tenant.put(family, key, deepcopy(fields))
    return tenant


def look(tenant: Tenant) -> Snapshot:
    """The truth of the fake tenant, every family of it."""
    people = {name: tenant.truth(Family.USER, f"user-{name}") or {} for name in PEOPLE}
    boxes = []
    for name in PEOPLE:
        fields = tenant.truth(Family.MAILBOX, f"guid-{name}") or {}
        boxes.append(
            Mailbox(
                guid=f"guid-{name}",
                entra_id=f"user-{name}",
                address=address(name),
                upn=address(name),
                display_name=name,
                imap=fields["ImapEnabled"],
                pop=fields["PopEnabled"],
                smtp=SmtpSwitch.from_disabled(fields[SMTP]),
                authentication_policy=people[name].get("AuthenticationPolicy"),
            )
        )
    users = (
        User(id=f"user-{name}", upn=address(name), display_name=name, entra_p1=True)
        for name in (*PEOPLE, *KEEPERS)
    )
    organization = tenant.truth(Family.ORGANIZATION) or {}
    plan = tenant.truth(Family.MAILBOX_PLAN, "plan") or {}
    roles = frozenset({"IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp"})
    policies = tenant.all(Family.CONDITIONAL_ACCESS)
    return Snapshot(
        tenant_id="contoso",
        taken_at=tenant.clock.now(),
        domains=(Domain(name="contoso.example", default=True),),
        licences=Licences(entra_p1=True),
        security_defaults=(tenant.truth(Family.SECURITY_DEFAULTS) or {})["isEnabled"],
        conditional_access=tuple(from_graph({**p, "id": key}) for key, p in policies.items()),
        named_locations=tuple(
            location_from_graph({**place, "id": key})
            for key, place in tenant.all(Family.NAMED_LOCATION).items()
        ),
        authentication_policies=tuple(
            AuthenticationPolicy(
                name=name,
                guid=f"guid of {name}",
                allow_basic_imap=fields["AllowBasicAuthImap"],
                allow_basic_pop=fields["AllowBasicAuthPop"],
                allow_basic_smtp=fields["AllowBasicAuthSmtp"],
            )
            for name, fields in tenant.all(Family.AUTHENTICATION_POLICY).items()
        ),
        transport=Transport(smtp_auth_disabled=(tenant.truth(Family.TRANSPORT) or {})[SMTP]),
        organization=Organization(
            default_authentication_policy=organization.get("DefaultAuthenticationPolicy")
        ),
        mailbox_plans=(
            MailboxPlan(name="plan", guid="plan", imap=plan["ImapEnabled"], pop=plan["PopEnabled"]),
        ),
        mailboxes=tuple(boxes),
        users={user.id: user for user in users},
        role_members={GLOBAL_ADMINISTRATOR: frozenset(f"user-{name}" for name in KEEPERS)},
        apps={
            APP: App(
                id=APP, name="Mail", principal_id=PRINCIPAL, roles=roles, registered_as=PRINCIPAL
            )
        },
        rights={(APP, box.guid): MailboxRight(full_access=True) for box in boxes},
        user_consent=True,
    )


def planned(story: Story, tenant: Tenant) -> Plan:
    """The real planner's plan. What its guards say is overruled: apply must be safe anyway."""
    plan = make_plan(look(tenant), story.desired, tenant.clock.now(), mail_app=APP)
    return replace(plan, stops=())


def carried_out(tenant: Tenant, plan: Plan) -> Tenant:
    """The promise: the same tenant with each change made once, in order, in a calm world."""
    promised = Tenant(tenant.clock)
    promised.versions = deepcopy(tenant.versions)
    ids: dict[str, str] = {}
    for change in plan.changes:
        _carry_out(promised, change, ids)
    return promised


def _carry_out(tenant: Tenant, change: Change, ids: dict[str, str]) -> None:
    key = _put_in(change.target.key, ids)
    after = _put_in(change.after, ids)
    if change.verb is Verb.CREATE:
        key = key or f"promised-{change.id}"
        ids[f"change:{change.id}.id"] = key
    old = tenant.truth(change.target.family, key) or {}
    tenant.put(change.target.family, key, None if after is None else {**old, **after})


def _put_in(value: Json, ids: dict[str, str]) -> Any:
    if isinstance(value, str):
        return ids.get(value, value)
    if isinstance(value, dict):
        return {name: _put_in(member, ids) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_put_in(member, ids) for member in value]
    return value


def told(tenant: Tenant) -> dict[tuple[Family, str], Any]:
    """The whole tenant with names in the place of ids, to compare two that gave other ids."""
    names = {
        key: fields["displayName"]
        for family in (Family.CONDITIONAL_ACCESS, Family.NAMED_LOCATION)
        for key, fields in tenant.all(family).items()
    }
    return {which: _put_in(fields, names) for which, fields in tenant.document().items()}


def _mailboxes(draw: st.DrawFn) -> dict[tuple[Family, str], dict[str, Any]]:
    documents: dict[tuple[Family, str], dict[str, Any]] = {}
    for name in PEOPLE:
        documents[Family.MAILBOX, f"guid-{name}"] = {
            "ImapEnabled": draw(st.booleans()),
            "PopEnabled": draw(st.booleans()),
            SMTP: draw(st.sampled_from([None, True, False])),
        }
        documents[Family.USER, f"user-{name}"] = {"AuthenticationPolicy": None}
    return documents


def _grants(draw: st.DrawFn, basic: bool) -> tuple[Grant, ...]:
    grants = []
    for name in PEOPLE:
        kind = draw(st.sampled_from(["none", "deny", "oauth-user", "gateway"]))
        if kind == "none":
            continue
        protocols = draw(st.frozensets(st.sampled_from(list(Protocol)), min_size=1))
        who = Who(mailboxes=(address(name),))
        if kind == "deny":
            grants.append(Grant(name=f"no {name}", who=who, deny=protocols))
        else:
            through = Through(kind)
            grants.append(Grant(name=f"for {name}", who=who, allow=protocols, through=through))
    if basic:
        scanner = Grant(
            name="scanner",
            who=Who(mailboxes=(address("scan"),)),
            allow=frozenset({Protocol.SMTP}),
            through=Through.BASIC,
            networks=(ip_network("203.0.113.0/28"),),
        )
        grants = [grant for grant in grants if grant.name != "no scan"] + [scanner]
    return tuple(grants)


@st.composite
def stories(draw: st.DrawFn, window: bool | None = None, on: bool = False) -> Story:
    """`window` True draws what asks security defaults off behind replacements; `on` draws a
    tenant without protection whose policy asks for security defaults."""
    asks = (not on and draw(st.booleans())) if window is None else window
    defaults = asks or (not on and draw(st.booleans()))
    documents = _mailboxes(draw)
    documents[Family.SECURITY_DEFAULTS, ""] = {"isEnabled": defaults}
    documents[Family.TRANSPORT, ""] = {SMTP: draw(st.booleans())}
    documents[Family.ORGANIZATION, ""] = {"DefaultAuthenticationPolicy": None}
    documents[Family.MAILBOX_PLAN, "plan"] = {
        "ImapEnabled": True,
        "PopEnabled": draw(st.booleans()),
    }
    if not on and draw(st.booleans()):
        state = PolicyState.REPORT_ONLY if defaults else PolicyState.ENABLED
        body = {**block_legacy(["user-bg1", "user-bg2"], state), "displayName": FOREIGN}
        documents[Family.CONDITIONAL_ACCESS, "foreign"] = body
    wishes = [SecurityDefaultsWish.KEEP, SecurityDefaultsWish.OFF_IF_NEEDED]
    posture = PostureWish(
        security_defaults=SecurityDefaultsWish.OFF_IF_NEEDED
        if asks
        else SecurityDefaultsWish.ON
        if on
        else draw(st.sampled_from([*wishes, SecurityDefaultsWish.ON])),
        baseline=BaselineWish.ENFORCED if asks else draw(st.sampled_from(list(BaselineWish))),
        break_glass=(address("bg1"), address("bg2")),
        smtp_auth=draw(st.sampled_from(list(SmtpAuthWish))),
        new_mailboxes_imap=draw(st.sampled_from(list(Wish))),
        basic_auth=draw(st.sampled_from(list(BasicAuthWish))),
    )
    everyone_else = EverybodyElse(
        imap=draw(st.sampled_from([Wish.UNMANAGED, Wish.OFF])),
        pop=draw(st.sampled_from([Wish.UNMANAGED, Wish.OFF])),
        smtp=draw(st.sampled_from(list(EverybodySmtp))),
    )
    desired = Desired(
        tenant="contoso.example",
        posture=posture,
        everyone_else=everyone_else,
        grants=_grants(draw, basic=asks or draw(st.booleans())),
    )
    return Story(documents, desired)


def clock() -> VirtualClock:
    return VirtualClock(NOON)
