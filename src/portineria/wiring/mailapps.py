"""Applications of our own: their keys on this machine, plans for them, and the person who signs
in where only an administrator may write.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path

from portineria.doors import keys
from portineria.doors.profileapps import Naming, forget_app, name_app
from portineria.doors.signin import AdminSession, Invitation, Wish, scopes_of, sign_in
from portineria.doors.state import StateFolder
from portineria.fault import BadCredential, OtherApp, PermissionFault
from portineria.m365.graph.apps import READ
from portineria.m365.graph.ownapps import ASSIGN, WRITE, thumbprint
from portineria.m365.messages import Tokens
from portineria.m365.resources import TenantResources, no_certificate
from portineria.m365.session import Session
from portineria.policy.appplan import Making, create_plan, made_apps, remove_plan
from portineria.policy.change import ENTRA, Family, Verb
from portineria.policy.desired import Desired
from portineria.policy.mailapps import Named
from portineria.policy.plan import Plan
from portineria.run.journal import RunState
from portineria.run.memory import memory_of
from portineria.tenant.apps import AppKind
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen
from portineria.wiring.opening import authority
from portineria.wiring.tenant import Tenant

ENTRIES = {AppKind.MAIL: "app", AppKind.SMTP: "smtp_app"}
"""Where a profile names each."""
MAY_CONSENT = frozenset(
    {
        "62e90394-69f5-4237-9190-012177145e10",  # Global Administrator
        "e8611ab8-c189-46e8-94e1-60213ab1f814",  # Privileged Role Administrator
        "158c047a-c907-4556-b7ef-446551a6b5f7",  # Cloud Application Administrator
        "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",  # Application Administrator
    }
)
"""Who may consent to application permissions on Exchange Online, by template ids.
Source: Microsoft Learn, Microsoft Entra built-in roles."""


def key_file(state: StateFolder, profile: str, kind: AppKind) -> Path:
    """Where the key of an application is, or will be. The service knows its certificate only."""
    return state.keys / f"{profile}-{kind.value}.pem"


def ready_keys(tenant: Tenant) -> dict[AppKind, str]:
    """A key for each kind, made where there is none that serves, by its certificate's thumbprint.

    It opens nothing until a plan that names it was applied. Raises OperatorFault.
    """
    found: dict[AppKind, str] = {}
    for kind in AppKind:
        path = key_file(tenant.state, tenant.profile.name, kind)
        made = keys.read(path) if path.exists() else None
        if made is None or made.ends <= tenant.clock.now():
            made = keys.make(path, f"Portineria {kind.value}", tenant.clock.now())
        found[kind] = thumbprint(made.der)
    return found


def certificate_of(state: StateFolder) -> Callable[[str], bytes]:
    """Our own certificates by thumbprint. Raises NoFile for one whose key is not here."""

    def find(wanted: str) -> bytes:
        path = _file_of(state, wanted)
        return no_certificate(wanted) if path is None else keys.read(path).der

    return find


def _file_of(state: StateFolder, wanted: str) -> Path | None:
    for path in sorted(state.keys.glob("*.pem")):
        try:
            if thumbprint(keys.read(path).der) == wanted:
                return path
        except BadCredential:
            continue
    return None


def plan_apps(
    tenant: Tenant,
    snapshot: Snapshot,
    desired: Desired,
    *,
    classic: bool,
    fresh: bool,
    accepted: Iterable[str],
) -> Plan:
    """What is missing of our applications. `fresh`: one is made although the profile names
    another. Raises WrongTenant for a policy of another tenant."""
    tenant.refuse_other_tenant(snapshot, desired.tenant)
    return create_plan(
        snapshot,
        desired,
        tenant.clock.now(),
        Making(thumbprints=ready_keys(tenant), classic=classic),
        named=Named() if fresh else named_by(tenant),
        accepted=accepted,
        memory=memory_of(tenant.runs()),
    )


def refuse_other_app(tenant: Tenant, snapshot: Snapshot) -> None:
    """Raises OtherApp where the profile names an application that does not bear our tag: its
    rights are its owner's, and a new one in its place has to be meant."""
    if isinstance(snapshot.own, Unseen):
        return
    ours = {app.id for app in snapshot.own}
    for key, client_id in (("app", tenant.mail_app), ("smtp_app", tenant.smtp_app)):
        if client_id is not None and client_id not in ours:
            raise OtherApp(
                f"the profile names an application that Portineria did not make: {client_id}",
                where=f"{tenant.profile.path}, probe.{key}",
                try_="add --fresh to make one of our own in its place, or keep that one and its "
                "rights by hand",
            )


def named_by(tenant: Tenant) -> Named:
    return Named(mail=tenant.mail_app, smtp=tenant.smtp_app)


def plan_removal(
    tenant: Tenant, snapshot: Snapshot, kinds: Iterable[AppKind], accepted: Iterable[str]
) -> Plan:
    return remove_plan(snapshot, tenant.clock.now(), kinds, accepted=accepted)


def needs_person(plan: Plan, done: Collection[int] = ()) -> bool:
    """Whether an administrator has to sign in for what is not `done` of it."""
    return any(change.target.family in ENTRA and change.id not in done for change in plan.changes)


def scopes(tenant: Tenant) -> tuple[str, ...]:
    """What the person's session is asked for."""
    return scopes_of(tenant.profile.endpoints.graph_scope, (WRITE, ASSIGN, READ))


async def invite_administrator(
    tenant: Tenant, wish: Wish, invite: Callable[[Invitation], None]
) -> AdminSession:
    """Somebody signs in, with the permissions that are never at rest. Raises NotSignedIn,
    PermissionFault where the person may not consent, before anything was written."""
    login = authority(tenant.profile, tenant.tenant_id)
    session = await sign_in(login, tenant.clock, wish, invite)
    roles = session.person.roles
    if roles is not None and not roles & MAY_CONSENT:
        raise PermissionFault(
            f"{session.person.upn} may not register applications and consent to their "
            "permissions: nothing was written",
            where="sign-in",
            try_="sign in as an Application Administrator or a Global Administrator, "
            "then run the command again",
        )
    return session


def with_admin(tenant: Tenant, tokens: Tokens | None) -> Tenant:
    """The tenant, in which Entra's part is written by whoever these tokens are of."""
    admin = None
    if tokens is not None:
        admin = Session(
            tenant.door, tokens, tenant.clock, tenant.profile.endpoints, tenant.tenant_id
        )
    certificate = certificate_of(tenant.state)
    return replace(tenant, resources=TenantResources(tenant.session, admin, certificate))


def settle_profile(tenant: Tenant, state: RunState, *, replacing: bool = False) -> list[str]:
    """After a finished run: the profile names the applications that it made, and no more those
    that it took away. What was done, in words. Raises OtherApp where it names another one."""
    told: list[str] = []
    profile = tenant.profile.path
    for change in state.plan.changes:
        done = state.done.get(change.id)
        gone = change.target.family is Family.APPLICATION and change.verb is Verb.DELETE
        if done is not None and gone:
            told += [
                f"the profile does not name it any more under probe.{key}"
                for key in forget_app(profile, change.target.key)
            ]
    for kind, change in made_apps(state.plan.changes).items():
        made, path = state.done.get(change.id), _key_of(tenant, state.plan, change.id)
        if made is None or path is None:
            continue
        naming = Naming(key=ENTRIES[kind], client_id=made.id, certificate=path)
        if name_app(profile, naming, replacing=replacing):
            told.append(f"the profile names it now under probe.{naming.key}: {made.id}")
    return told


def _key_of(tenant: Tenant, plan: Plan, number: int) -> Path | None:
    """The file of the key whose certificate the plan gave to what change `number` makes."""
    for change in plan.changes:
        prints = (change.after or {}).get("keyCredentials")
        if change.target.key == f"change:{number}.id" and prints:
            return _file_of(tenant.state, str(prints[0]))
    return None
