"""The right on this one mailbox."""

from __future__ import annotations

from portineria.policy.rungs.access import Access
from portineria.policy.rungs.consent import ROLES, SCOPED_SMTP
from portineria.policy.rungs.step import Said, no, step, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.apps import App, MailboxRight
from portineria.tenant.mailbox import Protocol
from portineria.tenant.unseen import Unseen

_LOOK = "grant the mailbox in policy.yaml, for rights are read for granted mailboxes only"


@step(
    Layer.MAILBOX_RIGHT,
    asks="Does the caller have the right on this mailbox?",
    about="applications (FullAccess, or the scoped SMTP role) and people (their own mailbox, or "
    "as delegates)",
    source="Microsoft Learn, Authenticate an IMAP, POP or SMTP connection using OAuth; SMTP "
    "application RBAC",
    confidence=Confidence.DOCUMENTED,
)
def mailbox_right(access: Access) -> Said | None:
    if access.basic:
        return None
    if access.person:
        return _person(access)
    right = access.right
    if isinstance(right, Unseen):
        return unknown(f"the application's right on it: {right.because}", _LOOK)
    if access.protocol is Protocol.SMTP and right.scoped_smtp is True:
        return _scoped(access, right)
    return _full(access, right)


def _person(access: Access) -> Said:
    if not access.delegate:
        return yes("it is the person's own mailbox")
    needed = "SendAs" if access.protocol is Protocol.SMTP else "FullAccess"
    return unknown(
        f"that depends on who signs in: a delegate needs {needed} on it, and delegates are not "
        "read",
        "see Get-RecipientPermission" if needed == "SendAs" else "see Get-MailboxPermission",
    )


def _full(access: Access, right: MailboxRight) -> Said:
    if isinstance(right.full_access, Unseen):
        return unknown(f"the application's right on it: {right.full_access.because}", _LOOK)
    if right.full_access:
        return yes("the application has FullAccess on it")
    if access.protocol is Protocol.SMTP and isinstance(right.scoped_smtp, Unseen):
        return unknown(f"its role {SCOPED_SMTP}: {right.scoped_smtp.because}", _LOOK)
    return no(
        "the application has no right on this mailbox",
        "Add-MailboxPermission -AccessRights FullAccess for the application's service principal",
    )


def _scoped(access: Access, right: MailboxRight) -> Said:
    """Consent in Entra beside the scoped role makes Exchange ask for the permission as well."""
    app = access.app
    if right.full_access is True:
        return yes(f"the application has FullAccess on it, and the role {SCOPED_SMTP}")
    if isinstance(app, App) and not isinstance(app.roles, Unseen):
        role = ROLES[Protocol.SMTP]
        if role not in app.roles:
            return yes(f"the application has the role {SCOPED_SMTP} for it")
        because = f"it has {SCOPED_SMTP} and {role}, and which of them decides is not proven"
        return unknown(because, f"withdraw {role}: the scoped role is enough")
    return unknown("the application's permissions were not seen", "read the application again")
