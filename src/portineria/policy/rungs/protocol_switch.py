"""The mailbox's own switch: two states for IMAP and POP, three for SMTP."""

from __future__ import annotations

from portineria.policy.rungs.access import Access
from portineria.policy.rungs.step import Said, no, step, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.mailbox import Protocol, SmtpSwitch
from portineria.tenant.unseen import Unseen

_FIELDS = {
    Protocol.IMAP: "ImapEnabled",
    Protocol.POP: "PopEnabled",
    Protocol.SMTP: "SmtpClientAuthenticationDisabled",
}


@step(
    Layer.MAILBOX_SWITCH,
    asks="Is the protocol switched on for this mailbox?",
    about="every caller: the switch is about the protocol, not the kind of login",
    source="Set-CASMailbox reference; for OAuth, field reports",
    confidence=Confidence.DOCUMENTED,
)
def protocol_switch(access: Access) -> Said | None:
    protocol, box = access.protocol, access.mailbox
    name = protocol.value.upper()
    field = _FIELDS[protocol]
    state = {Protocol.IMAP: box.imap, Protocol.POP: box.pop, Protocol.SMTP: box.smtp}[protocol]
    match state:
        case Unseen(because):
            return unknown(f"the {name} switch was not seen: {because}", "read the mailbox again")
        case True | SmtpSwitch.ON:
            return yes(f"{name} is switched on for this mailbox", evidence=field)
        case SmtpSwitch.INHERIT:
            return yes("it says nothing of its own, so the tenant's switch decides", evidence=field)
        case _:
            value = "$false"
            return no(
                f"{name} is switched off for this mailbox",
                f"Set-CASMailbox -{field} {value if protocol is Protocol.SMTP else '$true'}",
                evidence=field,
            )
