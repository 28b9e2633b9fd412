"""Step 7: has the application a right on this mailbox, or a role with a scope?"""

from __future__ import annotations

from portineria.policy.appsteps import seen
from portineria.policy.appsteps.case import AppCase, Place
from portineria.policy.appsteps.principal import READ_EXCHANGE
from portineria.policy.appsteps.saying import object_id, when
from portineria.policy.appsteps.step import (
    Said,
    Settling,
    Who,
    app_step,
    later,
    no,
    unknown,
    yes,
)
from portineria.policy.delays import Made
from portineria.policy.rungs.consent import SCOPED_SMTP
from portineria.policy.verdict import Layer
from portineria.tenant.unseen import Unseen

MIX = "mix"
REACHES = frozenset({Layer.MAILBOX_RIGHT, Layer.CONSENT})
"""What a login that Application RBAC does not reach is refused by."""


@app_step(
    7,
    "mailbox right",
    asks="Has the application FullAccess on the mailbox, or for SMTP a role with a scope?",
    source="Microsoft Learn, Authenticate an IMAP, POP or SMTP connection using OAuth; SMTP "
    "application RBAC",
    of_mailbox=True,
)
def right(case: AppCase) -> Said:
    place = case.place
    assert place is not None
    if place.box is None:
        return later("not looked at: there is no mailbox")
    if case.by_scope and not case.mixed:
        return _role(case)
    full = place.right if isinstance(place.right, Unseen) else place.right.full_access
    if isinstance(full, Unseen):
        because = f"the application's right on it was not seen: {full.because}"
        return unknown("mailbox right", because, READ_EXCHANGE, Who.CONSENT)
    if full:
        return _full(case, place)
    return _mixed(case) if case.mixed else _none(case, place)


def _role(case: AppCase) -> Said:
    """Assigned; whether the scope takes the mailbox in is the next step's to say."""
    assert not isinstance(case.scoped, Unseen)
    scopes = ", ".join(one.scope or "no scope at all" for one in case.scoped)
    dates = [one.created for one in case.scoped if one.created is not None]
    young = Settling(
        Made.SCOPED_ROLE,
        REACHES,
        case.since(max(dates, default=None)),
        f"the role {SCOPED_SMTP} is assigned",
    )
    return yes(f"the role {SCOPED_SMTP} is assigned, within {scopes}", young, evidence=scopes)


def _full(case: AppCase, place: Place) -> Said:
    assert place.box is not None
    since = case.since(place.right_given, seen.right(case.app, place.box.guid))
    said = "the application has FullAccess on it"
    if place.right_given is not None:
        said = f"the application has FullAccess on it, given on {when(place.right_given)}"
    told = "the application has FullAccess, and Exchange does not say since when"
    if place.right_given is not None:
        told = f"the application was given FullAccess on {when(place.right_given)}"
    weight = 2 if place.right_given is None else 0
    layers = frozenset({Layer.MAILBOX_RIGHT})
    young = Settling(Made.RIGHT, layers, since, told, weight)
    return yes(said, young)


def _mixed(case: AppCase) -> Said:
    return unknown(
        MIX,
        f"it has {SCOPED_SMTP} and {case.role}, and no FullAccess: which of them decides is not "
        "proven",
        f"withdraw {case.role}: the scoped role is enough",
        Who.CONSENT,
    )


def _none(case: AppCase, place: Place) -> Said:
    return no(
        "mailbox right",
        f"the application has no FullAccess on {place.address}",
        f"Add-MailboxPermission -Identity {place.address} -User {object_id(case.app)} "
        "-AccessRights FullAccess -AutoMapping $false",
        Who.EXCHANGE,
        evidence=place.address,
    )
