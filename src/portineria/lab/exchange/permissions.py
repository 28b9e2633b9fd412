"""Mailbox permissions (FullAccess) and recipient permissions (SendAs).

Source: dossier exchange-online 3.2, 3.5. Documents are kept under "mailbox Guid/object id in
Entra", of an application's service principal or of a person, since that is what a token names.
How a row names an application in `User` is unverified: here by its Identity.
"""

from __future__ import annotations

from collections.abc import Iterable

from portineria.lab.exchange import recipients, serviceprincipals
from portineria.lab.exchange.declare import IDENTITY, RESULT_SIZE, Call, Cmdlet, Kind, Parameter
from portineria.lab.exchange.identity import mailbox_names, only
from portineria.lab.exchange.roles import READ_RECIPIENTS, WRITE_RECIPIENTS
from portineria.lab.world import Document

_RIGHTS = (
    "FullAccess",
    "SendAs",
    "ExternalAccount",
    "DeleteItem",
    "ReadPermission",
    "ChangePermission",
    "ChangeOwner",
)
_INHERITANCE = ("None", "All", "Descendents", "SelfAndChildren", "Children")
SELF = "NT AUTHORITY\\SELF"


def _principal(call: Call, identity: str | None) -> tuple[str, str]:
    """Whom a permission is for: (object id in Entra, the name that rows show). Raises 404."""
    domain = call.world.initial_domain
    if identity and (known := call.world["exchangeServicePrincipals"].get(identity)) is not None:
        return known["ObjectId"], serviceprincipals.whole(known, domain)["Identity"]
    people = recipients.named(call.world, identity) if identity else ()
    apps = serviceprincipals.truth(call)

    def names(document: Document) -> Iterable[object]:
        return serviceprincipals.NAMES(document) if "AppId" in document else mailbox_names(document)

    found = only([*apps, *people], identity, names)
    if "AppId" in found:
        return found["ObjectId"], found["Identity"]
    return found.get("ExternalDirectoryObjectId") or found["Guid"], found["UserPrincipalName"]


def _mailboxes(call: Call) -> Iterable[Document]:
    return recipients.listing(call, lambda document: document, ())


def _rows(call: Call, kind: str, member: str) -> Iterable[Document]:
    """The rows of the asked mailboxes, of one principal if one was named."""
    prefixes = {f"{mailbox['Guid']}/" for mailbox in _mailboxes(call)}
    wanted = _principal(call, call.get(member))[0] if call.get(member) else None
    for key, document in call.seen.items(kind):
        guid, _, principal = key.partition("/")
        if f"{guid}/" in prefixes and wanted in (None, principal):
            yield document


def get_mailbox(call: Call) -> Iterable[Document]:
    """One row a holder, and one for the mailbox itself, whose rights share one string."""
    rows: list[Document] = []
    if not call.get("User"):
        own = {"User": SELF, "AccessRights": ["FullAccess, ReadPermission"], **_PLAIN}
        rows = [{"Identity": mailbox["Identity"], **own} for mailbox in _mailboxes(call)]
    unset = {"Identity": None, "User": None, "AccessRights": [], **_PLAIN}
    held = _rows(call, "mailboxPermissions", "User")
    return rows + [{**unset, **_public(document)} for document in held]


_PLAIN: Document = {"IsInherited": False, "Deny": False, "InheritanceType": "All"}


def _public(document: Document) -> Document:
    return {name: value for name, value in document.items() if name[:1].isupper()}


def add_mailbox(call: Call) -> Iterable[Document]:
    """The one change of a switch kind that answers the row it made."""
    mailbox = recipients.target(call)
    principal, name = _principal(call, call.get("User"))
    key = f"{mailbox['Guid']}/{principal}"
    stored = call.world["mailboxPermissions"].get(key) or {}
    held = list(stored.get("AccessRights") or [])
    wanted = call.get("AccessRights") or ["FullAccess"]
    document = {
        **stored,
        "Identity": mailbox["Identity"],
        "User": name,
        "AccessRights": held + [right for right in wanted if right not in held],
        **_PLAIN,
        "InheritanceType": call.get("InheritanceType") or "All",
    }
    if document == stored:
        call.warnings.append(
            f"The appropriate access control entry is already present on the object "
            f'"{mailbox["DistinguishedName"]}" for account "{name}".'
        )
    else:
        call.commit("mailboxPermissions", key, document)
    return (_public(document),)


def remove_mailbox(call: Call) -> Iterable[Document]:
    _take_away(call, "mailboxPermissions", call.get("User"))
    return ()


def get_recipient(call: Call) -> Iterable[Document]:
    return [_public(d) for d in _rows(call, "recipientPermissions", "Trustee")]


def add_recipient(call: Call) -> Iterable[Document]:
    mailbox = recipients.target(call)
    principal, name = _principal(call, call.get("Trustee"))
    document = {
        "Identity": mailbox["Identity"],
        "Trustee": name,
        "AccessControlType": "Allow",
        "AccessRights": ["SendAs"],
        "IsInherited": False,
        "InheritanceType": "None",
    }
    call.commit("recipientPermissions", f"{mailbox['Guid']}/{principal}", document)
    return (document,)


def remove_recipient(call: Call) -> Iterable[Document]:
    _take_away(call, "recipientPermissions", call.get("Trustee"))
    return ()


def _take_away(call: Call, kind: str, whom: str | None) -> None:
    """Remove the named rights; the last one takes the row along. Nothing there: a warning."""
    mailbox = recipients.target(call)
    principal, name = _principal(call, whom)
    key = f"{mailbox['Guid']}/{principal}"
    stored = call.world[kind].get(key)
    if stored is None:
        call.warnings.append(
            f"An inherited access control entry has been specified or none is present on the "
            f'object "{mailbox["DistinguishedName"]}" for account "{name}".'
        )
        return
    gone = call.get("AccessRights") or stored["AccessRights"]
    left = [right for right in stored["AccessRights"] if right not in gone]
    call.commit(kind, key, {**stored, "AccessRights": left} if left else None)


_USER = Parameter("User")
_TRUSTEE = Parameter("Trustee")
_MAILBOX_RIGHTS = Parameter("AccessRights", Kind.CHOICES, _RIGHTS)
_SEND_AS = Parameter("AccessRights", Kind.CHOICES, ("SendAs",))
_HOW = (
    Parameter("InheritanceType", Kind.CHOICE, _INHERITANCE),
    Parameter("AutoMapping", Kind.BOOLEAN),
    Parameter("Deny", Kind.SWITCH),
)

CMDLETS = (
    Cmdlet("Get-MailboxPermission", READ_RECIPIENTS, get_mailbox, (IDENTITY, _USER, RESULT_SIZE)),
    Cmdlet(
        "Add-MailboxPermission",
        WRITE_RECIPIENTS,
        add_mailbox,
        (IDENTITY, _USER, _MAILBOX_RIGHTS, *_HOW),
    ),
    Cmdlet(
        "Remove-MailboxPermission",
        WRITE_RECIPIENTS,
        remove_mailbox,
        (IDENTITY, _USER, _MAILBOX_RIGHTS, *_HOW),
    ),
    Cmdlet(
        "Get-RecipientPermission",
        READ_RECIPIENTS,
        get_recipient,
        (IDENTITY, _TRUSTEE, _SEND_AS, RESULT_SIZE),
    ),
    Cmdlet(
        "Add-RecipientPermission", WRITE_RECIPIENTS, add_recipient, (IDENTITY, _TRUSTEE, _SEND_AS)
    ),
    Cmdlet(
        "Remove-RecipientPermission",
        WRITE_RECIPIENTS,
        remove_recipient,
        (IDENTITY, _TRUSTEE, _SEND_AS),
    ),
)
