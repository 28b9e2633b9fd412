"""What a plan opens: granted mailboxes, explicitly, so that the tenant switch can close."""

from __future__ import annotations

from portineria.policy.change import Fields, Phase
from portineria.policy.closings import SMTP_DISABLED, SWITCH, mailbox_target, switches
from portineria.policy.desired import Through
from portineria.policy.draft import Draft
from portineria.policy.entitle import Entitlement, Entitlements
from portineria.tenant.mailbox import Protocol
from portineria.tenant.unseen import Unseen


def open_mailboxes(entitlements: Entitlements, draft: Draft) -> None:
    """Set the switch of every granted protocol to on, each for the grant that asks for it."""
    for entitlement in entitlements:
        before = switches(entitlement.mailbox)
        if isinstance(before, Unseen):
            draft.needs(f"switches of {entitlement.mailbox.address}", before)
            continue
        for protocol in Protocol:
            _open(entitlement, protocol, before, draft)


def _open(entitlement: Entitlement, protocol: Protocol, before: Fields, draft: Draft) -> None:
    for grant in entitlement.open_for(protocol):
        wanted = {SWITCH[protocol]: True} if protocol in SWITCH else {SMTP_DISABLED: False}
        draft.update(
            mailbox_target(entitlement.mailbox),
            before,
            wanted,
            Phase.EXPLICIT,
            grant.name,
            f"{protocol.value.upper()} is open for {grant.through.value}",
            "medium" if grant.through is Through.BASIC else "low",
        )
