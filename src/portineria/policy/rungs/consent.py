"""Consent: may the application ask for this protocol, on its own or for a person?"""

from __future__ import annotations

from portineria.policy.rungs.access import Access
from portineria.policy.rungs.step import Said, no, step, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.apps import App
from portineria.tenant.mailbox import Protocol
from portineria.tenant.unseen import Unseen

ROLES = {
    Protocol.IMAP: "IMAP.AccessAsApp",
    Protocol.POP: "POP.AccessAsApp",
    Protocol.SMTP: "SMTP.SendAsApp",
}
SCOPES = {
    Protocol.IMAP: "IMAP.AccessAsUser.All",
    Protocol.POP: "POP.AccessAsUser.All",
    Protocol.SMTP: "SMTP.Send",
}
SCOPED_SMTP = "Application SMTP.SendAsApp"


@step(
    Layer.CONSENT,
    asks="Was the application given the permission for this protocol?",
    about="applications, and people through a client",
    source="Microsoft Learn, Authenticate an IMAP, POP or SMTP connection using OAuth; SMTP "
    "application RBAC",
    confidence=Confidence.DOCUMENTED,
)
def consent(access: Access) -> Said | None:
    if access.basic:
        return None
    if access.client_id is None:
        return yes("that depends on the client: one that the tenant has consented to passes")
    return _person(access) if access.person else _application(access)


def _application(access: Access) -> Said | None:
    app = access.app
    if not isinstance(app, App):
        return None
    role = ROLES[access.protocol]
    if isinstance(app.roles, Unseen):
        because = f"the permissions of «{app.name}» were not seen: {app.roles.because}"
        return unknown(because, "give the reader Application.Read.All")
    if role in app.roles:
        return yes(f"«{app.name}» was given {role}", evidence=role)
    if access.protocol is Protocol.SMTP:
        return _scoped(access, app)
    return no(f"«{app.name}» was not given {role}", f"consent to {role}", evidence=role)


def _scoped(access: Access, app: App) -> Said:
    """Application RBAC: a role in Exchange for some mailboxes, instead of consent in Entra."""
    right = access.right
    scoped = right if isinstance(right, Unseen) else right.scoped_smtp
    if isinstance(scoped, Unseen):
        because = f"whether «{app.name}» has a role for this mailbox was not seen: {scoped.because}"
        return unknown(because, "grant the mailbox in policy.yaml, and look again")
    if scoped:
        return yes(f"«{app.name}» has the role {SCOPED_SMTP} for this mailbox")
    role = ROLES[Protocol.SMTP]
    return no(
        f"«{app.name}» has neither {role} nor the role {SCOPED_SMTP} for this mailbox",
        f"assign {SCOPED_SMTP} with a scope of these mailboxes only",
        evidence=role,
    )


def _person(access: Access) -> Said:
    app, scope = access.app, SCOPES[access.protocol]
    may = access.snapshot.user_consent
    if isinstance(app, App) and not isinstance(app.scopes, Unseen) and scope in app.scopes:
        return yes(f"«{app.name}» was given {scope} for everybody", evidence=scope)
    if may is True:
        return yes(f"people may consent to {scope} themselves", evidence=scope)
    why = may.because if isinstance(may, Unseen) else "people may not consent themselves"
    return unknown(
        f"no consent to {scope} for everybody was seen, and consents of single people are not "
        f"read ({why})",
        f"consent to {scope} for the whole tenant",
        evidence=scope,
    )
