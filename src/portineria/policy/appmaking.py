"""What is missing of our applications, added to a draft: registration, certificate, service
principal, permissions, Exchange's record of it, and for SMTP a group and a role that it bounds.

All of it is staged: until a mailbox is opened for it, last of all, it opens nothing.
Source: Graph dossier 4.1, 4.3; Exchange dossier 3.2, 3.3.
"""

from __future__ import annotations

from portineria.policy.apprights import Holder, close_rights, open_rights
from portineria.policy.change import Family, Phase, Target
from portineria.policy.draft import Draft, reference
from portineria.policy.mailapps import Needs, protocols_of
from portineria.policy.rungs.consent import ROLES, SCOPED_SMTP
from portineria.tenant.access import EXCHANGE_ONLINE
from portineria.tenant.apps import AppKind, OwnApp, ScopeGroup, app_name, group_name, tags_of
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

APP = "app create"
MARKED = 12
"""Digits of the thumbprint that make an application's mark."""


def make(
    kind: AppKind,
    own: OwnApp | None,
    needs: Needs,
    thumbprint: str,
    classic: bool,
    snapshot: Snapshot,
    draft: Draft,
) -> None:
    """Whatever of one application is not as the grants need it. `thumbprint` is of the
    certificate whose key is here."""
    tags = own.tags if own is not None else tags_of(kind, thumbprint[:MARKED].lower())
    name = own.name if own is not None else app_name(kind, thumbprint[:MARKED].lower())
    if own is not None:
        close_rights(own, needs, snapshot, draft)
    client_id = _registration(own, name, tags, thumbprint, draft)
    principal = _principal(own, name, client_id, draft)
    _permissions(kind, own, name, principal, needs, draft)
    _exchange(own, name, client_id, principal, draft)
    group = ""
    if kind is AppKind.SMTP:
        group = _scope(own, group_name(tags), principal, draft)
    open_rights(Holder(name, principal, group), own, needs, classic, snapshot, draft)


def _registration(
    own: OwnApp | None, name: str, tags: tuple[str, ...], thumbprint: str, draft: Draft
) -> str:
    """The client id, or a reference to it."""
    client_id = own.id if own is not None else reference(name, Family.APPLICATION)
    if own is None:
        draft.create(
            Target(family=Family.APPLICATION, key="", name=name),
            {
                "displayName": name,
                "signInAudience": "AzureADMyOrg",
                "tags": list(tags),
                "keyCredentials": [],
                "passwordCredentials": [],
            },
            Phase.STAGE,
            APP,
            "the application that opens mailboxes; it is not the one that changes settings",
        )
    if own is None or not own.thumbprints:
        draft.update(
            Target(family=Family.APPLICATION, key=client_id, name=name),
            {"keyCredentials": []},
            {"keyCredentials": [thumbprint]},
            Phase.STAGE,
            APP,
            "it logs in by a certificate, whose key stays on this machine",
        )
    elif thumbprint not in own.thumbprints:
        draft.note(
            f"«{name}» has a certificate whose key is not on this machine: it is left as it is, "
            "and the profile cannot log in as it from here"
        )
    return client_id


def _principal(own: OwnApp | None, name: str, client_id: str, draft: Draft) -> str:
    if own is not None and own.principal_id:
        return own.principal_id
    draft.create(
        Target(family=Family.SERVICE_PRINCIPAL, key="", name=name),
        {"appId": client_id, "accountEnabled": True},
        Phase.STAGE,
        APP,
        "the enterprise application: what permissions are given to",
    )
    return reference(name, Family.SERVICE_PRINCIPAL)


def _permissions(
    kind: AppKind,
    own: OwnApp | None,
    name: str,
    principal: str,
    needs: Needs,
    draft: Draft,
) -> None:
    """IMAP and POP by permission, each only where it is granted; SMTP without one."""
    held = own.roles if own is not None else frozenset()
    if isinstance(held, Unseen):
        draft.needs(f"the permissions of «{name}»", held)
        return
    protocols = protocols_of(needs) if kind is AppKind.MAIL else set()
    for protocol, role in ROLES.items():
        target = Target(family=Family.APP_ROLE, key=f"{principal}/{role}", name=f"{role} → {name}")
        fields = {"appRole": role, "resource": EXCHANGE_ONLINE}
        if protocol in protocols and role not in held:
            reason = f"admin consent: grants name {protocol.value}"
            draft.create(target, fields, Phase.STAGE, APP, reason, "medium")
        elif protocol not in protocols and role in held:
            reason = _taken(kind, protocol.value)
            draft.delete(target, fields, Phase.CLOSE, APP, reason)


def _taken(kind: AppKind, protocol: str) -> str:
    if kind is AppKind.SMTP:
        return "beside the scoped role this permission reaches further than the group"
    return f"no grant needs {protocol} by this application any more"


def _exchange(own: OwnApp | None, name: str, client_id: str, principal: str, draft: Draft) -> None:
    known = own.registered if own is not None else ()
    if isinstance(known, Unseen):
        draft.needs(f"whether Exchange knows «{name}»", known)
        return
    fields = {"AppId": client_id, "DisplayName": name}
    for wrong in known:
        if wrong != principal:
            draft.delete(
                Target(family=Family.EXCHANGE_PRINCIPAL, key=wrong, name=name),
                {"AppId": client_id},
                Phase.CLOSE,
                APP,
                "it was registered under an object id that is not the enterprise application's",
            )
    if principal not in known:
        draft.create(
            Target(family=Family.EXCHANGE_PRINCIPAL, key=principal, name=name),
            fields,
            Phase.STAGE,
            APP,
            "Exchange knows the application by the enterprise application's object id",
        )


def _scope(own: OwnApp | None, name: str, principal: str, draft: Draft) -> str:
    """The group's id, or a reference to it; "" where it could not be seen."""
    group = own.group if own is not None else None
    held = own.assignments if own is not None else ()
    if isinstance(group, Unseen) or isinstance(held, Unseen):
        draft.needs(f"the scope «{name}»", group if isinstance(group, Unseen) else held)
        return ""
    if isinstance(group, ScopeGroup):
        key = group.id
    else:
        key = reference(name, Family.GROUP)
        draft.create(
            Target(family=Family.GROUP, key="", name=name),
            {"DisplayName": name, "RecipientTypeDetails": "MailUniversalSecurityGroup"},
            Phase.STAGE,
            APP,
            "a flat group, empty at first: its direct members are what the role reaches",
        )
    mine = next((one for one in held if one.name == name), None)
    target = Target(family=Family.ROLE_ASSIGNMENT, key=f"{principal}/{name}", name=name)
    if mine is not None and mine.group != key:
        found = {"Role": mine.role, "RecipientGroupScope": mine.group}
        draft.delete(target, found, Phase.CLOSE, APP, "it does not reach the group that is ours")
    if mine is None or mine.group != key:
        draft.create(
            target,
            {"Role": SCOPED_SMTP, "RecipientWriteScope": "Group", "RecipientGroupScope": key},
            Phase.STAGE,
            APP,
            "it may send as the members of that group, and as nobody else",
            "medium",
        )
    return key
