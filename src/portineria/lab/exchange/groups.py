"""New- and Remove-DistributionGroup, and who is in them: groups that Exchange keeps itself.

Source: the references of New-DistributionGroup, Remove-DistributionGroup,
Add-, Remove- and Get-DistributionGroupMember. The directory shows such a group too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from portineria.lab.exchange import faults, recipients, shapes
from portineria.lab.exchange.addressbook import DISTRIBUTION
from portineria.lab.exchange.declare import IDENTITY, RESULT_SIZE, Call, Cmdlet, Kind, Parameter
from portineria.lab.exchange.identity import mailbox_names, only
from portineria.lab.exchange.roles import READ_RECIPIENTS, WRITE_GROUPS
from portineria.lab.world import Document

LONGEST_NAME = 64
_KINDS = {
    "Distribution": "MailUniversalDistributionGroup",
    "Security": "MailUniversalSecurityGroup",
}


def new(call: Call) -> Iterable[Document]:
    name = call.get("Name")
    if not name:
        raise faults.missing_parameter("Name")
    if len(name) > LONGEST_NAME:
        raise faults.too_long("Name", len(name), LONGEST_NAME)
    alias = call.get("Alias") or re.sub(r"[^A-Za-z0-9._-]", "", name)
    address = call.get("PrimarySmtpAddress") or f"{alias}@{call.world.initial_domain}"
    if any(next(recipients.named(call.world, taken), None) for taken in (name, alias, address)):
        raise faults.already_exists(name)
    kind = _KINDS[call.get("Type") or "Distribution"]
    document = {
        "Guid": call.world.new_id("mailbox"),
        "ExternalDirectoryObjectId": call.world.new_id("group"),
        "Name": name,
        "Alias": alias,
        "DisplayName": call.get("DisplayName") or name,
        "PrimarySmtpAddress": address,
        "EmailAddresses": [f"SMTP:{address}"],
        "RecipientType": kind,
        "RecipientTypeDetails": kind,
        "MemberJoinRestriction": call.get("MemberJoinRestriction") or "Closed",
        "MemberDepartRestriction": call.get("MemberDepartRestriction") or "Open",
    }
    call.commit("mailboxes", document["Guid"], document)
    call.commit("groups", document["ExternalDirectoryObjectId"], _in_directory(document))
    return (shapes.row(shapes.whole(document, call.world.initial_domain), shapes.ADDRESSED),)


def _in_directory(document: Document) -> Document:
    return {
        "id": document["ExternalDirectoryObjectId"],
        "displayName": document["DisplayName"],
        "description": None,
        "groupTypes": [],
        "mail": document["PrimarySmtpAddress"],
        "mailEnabled": True,
        "mailNickname": document["Alias"],
        "securityEnabled": document["RecipientType"] == _KINDS["Security"],
        "onPremisesSyncEnabled": None,
        "members": [],
    }


def remove(call: Call) -> Iterable[Document]:
    group = _group(call)
    call.commit("mailboxes", group["Guid"], None)
    call.commit("groups", group["ExternalDirectoryObjectId"], None)
    return ()


def members(call: Call) -> Iterable[Document]:
    """Direct members only, as the replica knows them."""
    group = _group(call)
    seen = call.seen.get("groups", group["ExternalDirectoryObjectId"]) or {}
    held = set(seen.get("members") or ())
    for _, row in call.seen.scan("mailboxes"):
        if row.get("ExternalDirectoryObjectId") in held:
            whole = shapes.whole(dict(row), call.world.initial_domain)
            yield shapes.row(whole, shapes.ADDRESSED)


def add_member(call: Call) -> Iterable[Document]:
    group, member = _group(call), _member(call)
    held = _held(call, group)
    if member in held:
        raise faults.already_exists(str(call.get("Member")))
    _keep(call, group, [*held, member])
    return ()


def remove_member(call: Call) -> Iterable[Document]:
    group, member = _group(call), _member(call)
    held = _held(call, group)
    if member not in held:
        raise faults.not_found(str(call.get("Member")))
    _keep(call, group, [one for one in held if one != member])
    return ()


def _group(call: Call) -> Document:
    """The one group that is meant, as it is now. Raises 400, 404."""
    identity = call.get("Identity")
    if not identity:
        raise faults.missing_parameter("Identity")
    named = recipients.named(call.world, identity)
    return only(
        (row for row in named if recipients.kind_of(row) in DISTRIBUTION), identity, mailbox_names
    )


def _member(call: Call) -> str:
    identity = call.get("Member")
    if not identity:
        raise faults.missing_parameter("Member")
    found = only(recipients.named(call.world, identity), identity, mailbox_names)
    return str(found["ExternalDirectoryObjectId"])


def _held(call: Call, group: Document) -> list[str]:
    stored = call.world["groups"].get(group["ExternalDirectoryObjectId"]) or {}
    return list(stored.get("members") or ())


def _keep(call: Call, group: Document, members: list[str]) -> None:
    key = group["ExternalDirectoryObjectId"]
    stored = call.world["groups"].get(key) or _in_directory(group)
    call.commit("groups", key, {**stored, "members": members})


_CHECK = Parameter("BypassSecurityGroupManagerCheck", Kind.SWITCH)
_MEMBER = Parameter("Member")

CMDLETS = (
    Cmdlet(
        "New-DistributionGroup",
        WRITE_GROUPS,
        new,
        (
            *(Parameter(name) for name in ("Name", "DisplayName", "Alias", "PrimarySmtpAddress")),
            Parameter("Type", Kind.CHOICE, tuple(_KINDS)),
            Parameter("MemberJoinRestriction", Kind.CHOICE, ("Open", "Closed", "ApprovalRequired")),
            Parameter("MemberDepartRestriction", Kind.CHOICE, ("Open", "Closed")),
            Parameter("RequireSenderAuthenticationEnabled", Kind.BOOLEAN),
        ),
    ),
    Cmdlet("Remove-DistributionGroup", WRITE_GROUPS, remove, (IDENTITY, _CHECK)),
    Cmdlet("Get-DistributionGroupMember", READ_RECIPIENTS, members, (IDENTITY, RESULT_SIZE)),
    Cmdlet("Add-DistributionGroupMember", WRITE_GROUPS, add_member, (IDENTITY, _MEMBER, _CHECK)),
    Cmdlet(
        "Remove-DistributionGroupMember", WRITE_GROUPS, remove_member, (IDENTITY, _MEMBER, _CHECK)
    ),
)
