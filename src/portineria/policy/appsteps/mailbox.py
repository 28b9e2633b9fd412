"""Step 6: is the mailbox one that can be opened, and is the protocol switched on?

Judged by the rungs of effective access; here they get the exact command.
"""

from __future__ import annotations

from portineria.policy.appsteps.case import AppCase, Place, Since
from portineria.policy.appsteps.saying import when
from portineria.policy.appsteps.step import Said, Settling, Who, app_step, no, unknown, yes
from portineria.policy.delays import Made
from portineria.policy.rungs.access import Access
from portineria.policy.rungs.licence import licence
from portineria.policy.rungs.protocol_switch import protocol_switch
from portineria.policy.rungs.recipient import recipient
from portineria.policy.rungs.tenant_switch import tenant_switch
from portineria.policy.verdict import Answer, Layer, Rung
from portineria.tenant.mailbox import Protocol, SmtpSwitch
from portineria.tenant.unseen import Unseen

RUNGS = (recipient, licence, protocol_switch, tenant_switch)
_SWITCHES = {Protocol.IMAP: "-ImapEnabled $true", Protocol.POP: "-PopEnabled $true"}
_SMTP_ON = "-SmtpClientAuthenticationDisabled $false"


@app_step(
    6,
    "mailbox",
    asks="Is it a mailbox that can be opened, with a plan, and is the protocol switched on?",
    source="Set-CASMailbox, Set-TransportConfig references; exchange-online 1.9, 1.10",
    of_mailbox=True,
)
def mailbox(case: AppCase) -> Said:
    place = _place(case)
    access = place.access
    if isinstance(access, Unseen):
        because = f"the mailbox could not be read: {access.because}"
        return unknown("mailbox", because, "look again, or with a control application that may")
    if access is None:
        return no(
            "recipient",
            f"no recipient of this tenant is called {place.name}",
            "check the address: portineria look --mailboxes lists them",
            Who.OPERATOR,
        )
    rungs = [rung for step in RUNGS if (rung := step(access)) is not None]
    for rung in rungs:
        if rung.answer is Answer.NO:
            return _no(case, access, rung)
    for rung in rungs:
        if rung.answer is Answer.UNKNOWN:
            return unknown(rung.layer.value, rung.because, rung.remedy)
    return yes("; ".join(rung.because for rung in rungs), *_settling(case, place, access))


def _place(case: AppCase) -> Place:
    assert case.place is not None
    return case.place


def _no(case: AppCase, access: Access, rung: Rung) -> Said:
    remedy, who = rung.remedy, Who.EXCHANGE
    if rung.layer in (Layer.MAILBOX_SWITCH, Layer.TENANT_SWITCH):
        switch = _SWITCHES.get(case.protocol, _SMTP_ON)
        remedy = f"Set-CASMailbox -Identity {access.mailbox.address} {switch}"
    elif rung.layer is Layer.LICENCE:
        remedy = (
            f"assign {access.mailbox.upn} a licence with an Exchange plan: Microsoft 365 admin "
            "center, Active users, Licenses and apps"
        )
        who = Who.LICENCE
    return no(rung.layer.value, rung.because, remedy, who, evidence=rung.evidence)


def _settling(case: AppCase, place: Place, access: Access) -> tuple[Settling, ...]:
    """A switch bears no date of its own: no later than the last change of what it belongs to."""
    found = []
    smtp = case.protocol is Protocol.SMTP
    made = Made.SMTP_SWITCH if smtp else Made.PROTOCOL_SWITCH
    if place.changed is not None:
        told = (
            f"the mailbox was changed on {when(place.changed)}: a switch takes up to an hour to "
            "act, a right that was given then up to two"
        )
        layers = frozenset({Layer.MAILBOX_SWITCH})
        found.append(Settling(made, layers, Since(place.changed), told, weight=1))
    inherits = smtp and access.mailbox.smtp is SmtpSwitch.INHERIT
    if inherits and place.transport_changed is not None:
        told = f"the tenant's transport settings were changed on {when(place.transport_changed)}"
        layers = frozenset({Layer.TENANT_SWITCH})
        found.append(Settling(made, layers, Since(place.transport_changed), told, weight=1))
    return tuple(found)
