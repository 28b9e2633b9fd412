"""What a plan opens: granted mailboxes, explicitly, so that the tenant switch can close.

A shut SMTP switch that a password will come through waits for the grant's own exception: until
its companion policy is enforced, nothing would keep other networks out.
"""

from __future__ import annotations

from portineria.policy.change import Fields, Phase
from portineria.policy.closings import SMTP_DISABLED, SWITCH, mailbox_target, switches
from portineria.policy.desired import Through
from portineria.policy.draft import Draft
from portineria.policy.entitle import Entitlement, Entitlements
from portineria.tenant.mailbox import Protocol, SmtpSwitch
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen


def open_mailboxes(snapshot: Snapshot, entitlements: Entitlements, draft: Draft) -> None:
    """Set the switch of every granted protocol to on, each for the grant that asks for it."""
    for entitlement in entitlements:
        if not any(entitlement.open_for(protocol) for protocol in Protocol):
            continue
        before = switches(entitlement.mailbox)
        if isinstance(before, Unseen):
            draft.needs(f"switches of {entitlement.mailbox.address}", before)
            continue
        for protocol in Protocol:
            if not _waits(entitlement, protocol, snapshot):
                _open(entitlement, protocol, before, Phase.EXPLICIT, draft)


def open_for_passwords(snapshot: Snapshot, entitlements: Entitlements, draft: Draft) -> None:
    """The switches that waited, opened last: after the companion, in its phase."""
    for entitlement in entitlements:
        before = switches(entitlement.mailbox)
        if isinstance(before, Unseen):
            continue
        if _waits(entitlement, Protocol.SMTP, snapshot):
            _open(entitlement, Protocol.SMTP, before, Phase.EXCEPTION, draft)


def _waits(entitlement: Entitlement, protocol: Protocol, snapshot: Snapshot) -> bool:
    if protocol is not Protocol.SMTP or not entitlement.basic():
        return False
    switch, transport = entitlement.mailbox.smtp, snapshot.transport
    inherits_closed = isinstance(transport, Unseen) or transport.smtp_auth_disabled
    return switch is SmtpSwitch.OFF or (switch is SmtpSwitch.INHERIT and inherits_closed)


def _open(
    entitlement: Entitlement, protocol: Protocol, before: Fields, phase: Phase, draft: Draft
) -> None:
    for grant in entitlement.open_for(protocol):
        wanted = {SWITCH[protocol]: True} if protocol in SWITCH else {SMTP_DISABLED: False}
        draft.update(
            mailbox_target(entitlement.mailbox),
            before,
            wanted,
            phase,
            grant.name,
            f"{protocol.value.upper()} is open for {grant.through.value}",
            "medium" if grant.through is Through.BASIC else "low",
        )
