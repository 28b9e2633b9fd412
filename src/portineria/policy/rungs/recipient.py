"""Is there an Exchange Online mailbox behind this address at all?"""

from __future__ import annotations

from portineria.policy.recipients import GRANTABLE, TRAITS
from portineria.policy.rungs.access import Access
from portineria.policy.rungs.step import Said, no, step, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.mailbox import Protocol, RecipientKind

_NOT_JUDGED = {RecipientKind.DISCOVERY, RecipientKind.OTHER}
"""They may have a mailbox with switches; nobody has shown what a login to one meets."""


@step(
    Layer.RECIPIENT,
    asks="Is it an Exchange Online mailbox?",
    about="every caller",
    source="Get-Recipient, RecipientTypeDetails; Microsoft Learn, High Volume Email",
    confidence=Confidence.DOCUMENTED,
)
def recipient(access: Access) -> Said | None:
    kind = access.mailbox.kind
    trait = TRAITS[kind]
    if kind in GRANTABLE:
        return yes(f"it is {trait.called} of Exchange Online")
    if kind is RecipientKind.HVE and access.protocol is Protocol.SMTP:
        return unknown(
            "it is a High Volume Email account, with rules and a host of its own",
            "see Get-HVEAccountSettings; it sends within the organisation only",
        )
    if kind in _NOT_JUDGED:
        return unknown(
            f"this program does not judge logins to {trait.called}",
            "log in once with a credential of its own",
        )
    return no(trait.refusal, trait.instead)
