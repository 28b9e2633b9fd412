"""The tenant's switch for authenticated SMTP, for mailboxes that have no say of their own."""

from __future__ import annotations

from portineria.policy.rungs.access import Access
from portineria.policy.rungs.step import Said, no, step, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.mailbox import Protocol, SmtpSwitch
from portineria.tenant.unseen import Unseen

_FIELD = "SmtpClientAuthenticationDisabled"


@step(
    Layer.TENANT_SWITCH,
    asks="Does the tenant allow authenticated SMTP where the mailbox says nothing?",
    about="every caller, SMTP only, where the mailbox's own switch inherits",
    source="Set-TransportConfig reference",
    confidence=Confidence.DOCUMENTED,
)
def tenant_switch(access: Access) -> Said | None:
    if access.protocol is not Protocol.SMTP or access.mailbox.smtp is not SmtpSwitch.INHERIT:
        return None
    transport = access.snapshot.transport
    if isinstance(transport, Unseen):
        because = f"the tenant's switch was not seen: {transport.because}"
        return unknown(because, "read the transport configuration")
    if not transport.smtp_auth_disabled:
        return yes("the tenant's switch lets mailboxes send that say nothing", evidence=_FIELD)
    return no(
        "the tenant's switch is off, and this mailbox says nothing of its own",
        f"Set-CASMailbox -{_FIELD} $false for this mailbox, leaving the tenant's switch off",
        evidence=_FIELD,
    )
