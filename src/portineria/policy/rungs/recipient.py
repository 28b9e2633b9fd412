"""Is there an Exchange Online mailbox behind this address at all?"""

from __future__ import annotations

from portineria.policy.rungs.access import ROOMY, Access
from portineria.policy.rungs.step import Said, no, step, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.mailbox import Protocol, RecipientKind

_NOT_HERE: dict[RecipientKind, tuple[str, str]] = {
    RecipientKind.ON_PREMISES: (
        "its mailbox lives on an Exchange server of your own",
        "move the mailbox to Exchange Online, or open the protocol on that server",
    ),
    RecipientKind.GUEST: (
        "it is a guest, whose mailbox is in another tenant",
        "ask the administrator of the guest's own tenant",
    ),
    RecipientKind.GROUP: (
        "it is a group, and a group has no login",
        "use a shared mailbox",
    ),
    RecipientKind.INACTIVE: (
        "it is an inactive mailbox, kept for compliance only",
        "restore it into a mailbox that is in use",
    ),
}


@step(
    Layer.RECIPIENT,
    asks="Is it an Exchange Online mailbox?",
    about="every caller",
    source="Get-Recipient, RecipientTypeDetails; Microsoft Learn, High Volume Email",
    confidence=Confidence.DOCUMENTED,
)
def recipient(access: Access) -> Said | None:
    kind = access.mailbox.kind
    if kind in _NOT_HERE:
        because, remedy = _NOT_HERE[kind]
        return no(because, remedy)
    if kind is RecipientKind.HVE:
        return _high_volume(access)
    if kind is RecipientKind.USER or kind in ROOMY:
        return yes(f"it is a {kind.value} mailbox of Exchange Online")
    return unknown(
        f"this program does not judge recipients of the kind {kind.value!r}",
        "log in once with a credential of its own",
    )


def _high_volume(access: Access) -> Said:
    if access.protocol is Protocol.SMTP:
        return unknown(
            "it is a High Volume Email account, with rules and a host of its own",
            "see Get-HVEAccountSettings; it sends within the organisation only",
        )
    return no("a High Volume Email account only sends", "use a user or shared mailbox")
