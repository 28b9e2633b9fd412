"""The tenant as it would be after these changes: pure, so that a plan can be judged first.

Objects made by a change get the id that others refer to them by, "change:3.id". A family that
was not seen stays unseen: a write to one field does not tell the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from portineria.policy import simulateapps
from portineria.policy.change import Change, Family, Fields, Verb
from portineria.policy.conditionalbody import from_graph, location_from_graph
from portineria.tenant.access import (
    AuthenticationPolicy,
    ConditionalAccessPolicy,
    NamedLocation,
    PolicyState,
)
from portineria.tenant.apps import MailboxRight
from portineria.tenant.mailbox import Mailbox, SmtpSwitch
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

Item = TypeVar("Item")


def simulate(snapshot: Snapshot, changes: Sequence[Change]) -> Snapshot:
    """Apply changes in order. Raises ValueError for a change whose object is not there."""
    of_mailboxes = (Family.MAILBOX, Family.USER)
    mine = [change for change in changes if change.target.family in of_mailboxes]
    if mine:
        snapshot = _mailboxes(snapshot, mine)
    for change in changes:
        if change.target.family not in of_mailboxes:
            snapshot = _STEPS[change.target.family](snapshot, change)
    return snapshot


def created_id(change: Change) -> str:
    """How an object made by this change is called until it has a real id."""
    return f"change:{change.id}.id"


def _mailboxes(snapshot: Snapshot, changes: Sequence[Change]) -> Snapshot:
    """All mailboxes in one go, for there may be thousands; nothing else turns on them."""
    if isinstance(snapshot.mailboxes, Unseen):
        return snapshot
    boxes = {box.guid.lower(): box for box in snapshot.mailboxes}
    owner = {box.entra_id: guid for guid, box in boxes.items() if box.entra_id}
    for change in changes:
        if change.target.family is Family.MAILBOX:
            key = change.target.key.lower()
            if key not in boxes:
                raise _lost(change)
            boxes[key] = _switched(boxes[key], change.after or {})
        elif "AuthenticationPolicy" in (change.after or {}) and change.target.key in owner:
            key = owner[change.target.key]
            name = (change.after or {})["AuthenticationPolicy"] or None
            boxes[key] = replace(boxes[key], authentication_policy=name)
    return replace(snapshot, mailboxes=tuple(boxes.values()))


def _switched(box: Mailbox, after: Fields) -> Mailbox:
    known: dict[str, Any] = {}
    if "ImapEnabled" in after:
        known["imap"] = after["ImapEnabled"]
    if "PopEnabled" in after:
        known["pop"] = after["PopEnabled"]
    if "SmtpClientAuthenticationDisabled" in after:
        known["smtp"] = SmtpSwitch.from_disabled(after["SmtpClientAuthenticationDisabled"])
    return replace(box, **known)


def _transport(snapshot: Snapshot, change: Change) -> Snapshot:
    if isinstance(snapshot.transport, Unseen):
        return snapshot
    names = {
        "SmtpClientAuthenticationDisabled": "smtp_auth_disabled",
        "AllowLegacyTLSClients": "legacy_tls",
    }
    return replace(snapshot, transport=replace(snapshot.transport, **_renamed(change, names)))


def _organization(snapshot: Snapshot, change: Change) -> Snapshot:
    if isinstance(snapshot.organization, Unseen):
        return snapshot
    names = {
        "DefaultAuthenticationPolicy": "default_authentication_policy",
        "RejectDirectSend": "reject_direct_send",
    }
    known = _renamed(change, names)
    if "default_authentication_policy" in known:
        known["default_authentication_policy"] = known["default_authentication_policy"] or None
    return replace(snapshot, organization=replace(snapshot.organization, **known))


def _plan(snapshot: Snapshot, change: Change) -> Snapshot:
    known = _renamed(change, {"ImapEnabled": "imap", "PopEnabled": "pop"})
    return replace(
        snapshot,
        mailbox_plans=_edit(
            snapshot.mailbox_plans,
            change,
            lambda plan: plan.guid == change.target.key,
            lambda plan: replace(plan, **known),
        ),
    )


def _authentication_policy(snapshot: Snapshot, change: Change) -> Snapshot:
    names = {
        "AllowBasicAuthImap": "allow_basic_imap",
        "AllowBasicAuthPop": "allow_basic_pop",
        "AllowBasicAuthSmtp": "allow_basic_smtp",
    }
    wanted = (change.target.key or change.target.name).lower()
    known = _renamed(change, names)
    return replace(
        snapshot,
        authentication_policies=_edit(
            snapshot.authentication_policies,
            change,
            lambda policy: wanted in (policy.name.lower(), policy.guid.lower()),
            lambda policy: replace(policy, **known),
            AuthenticationPolicy(name=change.target.name, guid=created_id(change), **known),
        ),
    )


def _security_defaults(snapshot: Snapshot, change: Change) -> Snapshot:
    return replace(snapshot, security_defaults=bool((change.after or {})["isEnabled"]))


def _conditional_access(snapshot: Snapshot, change: Change) -> Snapshot:
    made = None
    if change.verb is Verb.CREATE:
        made = from_graph({**(change.after or {}), "id": created_id(change)})
    return replace(
        snapshot,
        conditional_access=_edit(
            snapshot.conditional_access,
            change,
            lambda policy: _is(change, policy.id, policy.name),
            lambda policy: _patched(policy, change.after or {}),
            made,
        ),
    )


_CONDITIONS = tuple(
    name
    for name in ConditionalAccessPolicy.__dataclass_fields__
    if name.startswith(("include_", "exclude_"))
    or name in ("client_apps", "depends_on", "service_principals")
)
_CONTROLS = ("grant_operator", "grant_controls", "authentication_strength")


def _patched(policy: ConditionalAccessPolicy, after: Fields) -> ConditionalAccessPolicy:
    """A PATCH replaces the top-level members it names; `conditions` is always sent whole."""
    known: dict[str, Any] = {}
    read = from_graph({"displayName": policy.name, "state": policy.state.value, **after})
    if "displayName" in after:
        known["name"] = read.name
    if "state" in after:
        known["state"] = PolicyState(after["state"])
    for member, names in (("conditions", _CONDITIONS), ("grantControls", _CONTROLS)):
        if member in after:
            known.update({name: getattr(read, name) for name in names})
    return replace(policy, **known)


def _named_location(snapshot: Snapshot, change: Change) -> Snapshot:
    after = change.after or {}
    made = None
    if change.verb is Verb.CREATE:
        made = location_from_graph({**after, "id": created_id(change)})

    def patched(place: NamedLocation) -> NamedLocation:
        read = location_from_graph(after)
        return replace(
            place,
            name=read.name if "displayName" in after else place.name,
            networks=read.networks if "ipRanges" in after else place.networks,
            trusted=read.trusted if "isTrusted" in after else place.trusted,
        )

    return replace(
        snapshot,
        named_locations=_edit(
            snapshot.named_locations,
            change,
            lambda place: _is(change, place.id, place.name),
            patched,
            made,
        ),
    )


def _permission(snapshot: Snapshot, change: Change) -> Snapshot:
    guid, _, principal = change.target.key.partition("/")
    if isinstance(snapshot.apps, Unseen):
        return snapshot
    rights = dict(snapshot.rights)
    granted = change.verb is not Verb.DELETE
    for app in snapshot.apps.values():
        if app.principal_id == principal:
            before = rights.get((app.id, guid), MailboxRight(full_access=granted))
            rights[app.id, guid] = replace(before, full_access=granted)
    return replace(snapshot, rights=rights)


def _nothing_to_see(snapshot: Snapshot, change: Change) -> Snapshot:
    """Signing people out leaves no trace in what a snapshot holds."""
    return snapshot


_STEPS: Mapping[Family, Callable[[Snapshot, Change], Snapshot]] = {
    Family.TRANSPORT: _transport,
    Family.ORGANIZATION: _organization,
    Family.MAILBOX_PLAN: _plan,
    Family.AUTHENTICATION_POLICY: _authentication_policy,
    Family.SECURITY_DEFAULTS: _security_defaults,
    Family.CONDITIONAL_ACCESS: _conditional_access,
    Family.NAMED_LOCATION: _named_location,
    Family.MAILBOX_PERMISSION: _permission,
    Family.SESSIONS: _nothing_to_see,
    **simulateapps.STEPS,
}


def _renamed(change: Change, names: Mapping[str, str]) -> dict[str, Any]:
    after = change.after or {}
    return {ours: after[theirs] for theirs, ours in names.items() if theirs in after}


def _is(change: Change, key: str, name: str) -> bool:
    return change.target.key == key if change.target.key else change.target.name == name


def _edit(
    family: tuple[Item, ...] | Unseen,
    change: Change,
    wanted: Callable[[Item], bool],
    patched: Callable[[Item], Item],
    made: Item | None = None,
) -> tuple[Item, ...] | Unseen:
    if isinstance(family, Unseen):
        return family
    if change.verb is Verb.CREATE and made is not None:
        return (*family, made)
    if not any(wanted(item) for item in family):
        raise _lost(change)
    if change.verb is Verb.DELETE:
        return tuple(item for item in family if not wanted(item))
    return tuple(patched(item) if wanted(item) else item for item in family)


def _lost(change: Change) -> ValueError:
    target = change.target
    return ValueError(f"change {change.id}: no {target.family} {target.key or target.name!r} here")
