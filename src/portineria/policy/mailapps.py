"""Which of our applications the grants need, for which mailboxes and by which protocols.

A grant through oauth-app or the gateway means the application that it names, else the one that
the profile names, else the one of our own that bears our tag in the tenant. IMAP and POP go by
FullAccess on each mailbox, SMTP by a scoped role of an application of its own; where the mail
app was given SMTP.SendAsApp (the classic way) SMTP goes by its rights as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from portineria.policy.desired import Grant, OpenedBy, Through
from portineria.policy.entitle import Entitlements
from portineria.policy.rungs.consent import ROLES
from portineria.tenant.apps import AppKind, OwnApp
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

BY_APP = frozenset({Through.OAUTH_APP, Through.GATEWAY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The client ids that the profile names: for IMAP and POP, and for SMTP where it has one of
    its own."""

    mail: str | None = None
    smtp: str | None = None

    def meant(self, kind: AppKind, own: Mapping[AppKind, OwnApp]) -> str | None:
        """What a grant means that names none itself. A mail app that is not ours does SMTP too."""
        if kind is AppKind.MAIL or self.smtp is not None:
            return self.mail if kind is AppKind.MAIL else self.smtp
        ours = own.get(AppKind.MAIL)
        return None if ours is not None and ours.id == self.mail else self.mail


@dataclass(slots=True)
class Need:
    """One mailbox that an application is needed for: by which protocols, and who asks."""

    mailbox: Mailbox
    protocols: set[Protocol] = field(default_factory=set)
    grants: dict[str, None] = field(default_factory=dict)

    @property
    def because(self) -> str:
        return next(iter(self.grants))


Needs = dict[str, Need]
"""By mailbox guid."""


def own_apps(snapshot: Snapshot, named: Named) -> dict[AppKind, OwnApp]:
    """Ours, one of a kind: where there are several, the one that the profile names first."""
    found: dict[AppKind, OwnApp] = {}
    for app in () if isinstance(snapshot.own, Unseen) else snapshot.own:
        if app.kind not in found or app.id in (named.mail, named.smtp):
            found[app.kind] = app
    return found


def goes_classic(own: Mapping[AppKind, OwnApp]) -> bool:
    """Whether SMTP goes by the mail app's own permission, as somebody chose before."""
    mail = own.get(AppKind.MAIL)
    roles = frozenset() if mail is None or isinstance(mail.roles, Unseen) else mail.roles
    return ROLES[Protocol.SMTP] in roles and AppKind.SMTP not in own


def needs_of(
    entitlements: Entitlements, named: Named, own: Mapping[AppKind, OwnApp], classic: bool
) -> dict[AppKind, Needs]:
    """What each kind is needed for. A kind that nothing needs is there, and empty."""
    found: dict[AppKind, Needs] = {kind: {} for kind in AppKind}
    for entitlement in entitlements:
        box = entitlement.mailbox
        for protocol in Protocol:
            kind = AppKind.SMTP if protocol is Protocol.SMTP and not classic else AppKind.MAIL
            for grant in entitlement.open_for(protocol):
                if _means_ours(grant, kind, named, own):
                    need = found[kind].setdefault(box.guid, Need(box))
                    need.protocols.add(protocol)
                    need.grants.setdefault(grant.name)
    return found


def _means_ours(grant: Grant, kind: AppKind, named: Named, own: Mapping[AppKind, OwnApp]) -> bool:
    if grant.through not in BY_APP or grant.opened_by is OpenedBy.PERSON:
        return False
    mine = own.get(kind)
    return (grant.app or named.meant(kind, own)) in (None, mine.id if mine else None)


def protocols_of(needs: Needs) -> set[Protocol]:
    return {protocol for need in needs.values() for protocol in need.protocols}


def blast(name: str, boxes: Iterable[Mailbox]) -> str:
    """How much one application could open, should its key be stolen."""
    addresses = sorted(box.address for box in boxes)
    told = ", ".join(addresses[:3]) + (f" and {len(addresses) - 3} more" if addresses[3:] else "")
    return f"«{name}» may open {len(addresses)} mailbox(es) whole, by FullAccess: {told}"
