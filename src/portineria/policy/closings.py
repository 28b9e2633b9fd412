"""What a plan closes before it opens anything."""

from __future__ import annotations

from portineria.policy.change import Family, Fields, Phase, Target
from portineria.policy.desired import (
    BasicAuthWish,
    Desired,
    DirectSendWish,
    EverybodyElse,
    EverybodySmtp,
    SmtpAuthWish,
    Wish,
)
from portineria.policy.draft import OURS, Draft, ours
from portineria.policy.entitle import Entitlement, Entitlements
from portineria.policy.recipients import trait
from portineria.tenant.access import AuthenticationPolicy
from portineria.tenant.mailbox import Mailbox, Protocol, SmtpSwitch
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

NO_BASIC = OURS + "no basic authentication"
BASIC_SMTP = OURS + "basic SMTP only"

TRANSPORT = Target(family=Family.TRANSPORT, key="", name="transport configuration")
ORGANIZATION = Target(family=Family.ORGANIZATION, key="", name="organization configuration")

SWITCH = {Protocol.IMAP: "ImapEnabled", Protocol.POP: "PopEnabled"}
SMTP_DISABLED = "SmtpClientAuthenticationDisabled"


def mailbox_target(box: Mailbox) -> Target:
    return Target(family=Family.MAILBOX, key=box.guid, name=box.address)


def user_target(box: Mailbox) -> Target | Unseen:
    """The account behind a mailbox, or why it is not known whose it is."""
    if box.entra_id is None:
        return Unseen("Exchange names no directory account for it")
    return Target(family=Family.USER, key=box.entra_id, name=box.upn)


def switches(box: Mailbox) -> Fields | Unseen:
    """A mailbox's three switches under Exchange's names, or why they were not all seen."""
    for value in (box.imap, box.pop, box.smtp):
        if isinstance(value, Unseen):
            return value
    assert isinstance(box.smtp, SmtpSwitch)
    return {"ImapEnabled": box.imap, "PopEnabled": box.pop, SMTP_DISABLED: box.smtp.disabled}


def close_basic(desired: Desired, snapshot: Snapshot, draft: Draft) -> None:
    """basic_auth granted-only: the organisation's default policy denies basic authentication."""
    if desired.posture.basic_auth is not BasicAuthWish.GRANTED_ONLY:
        return
    policies, organization = snapshot.authentication_policies, snapshot.organization
    draft.needs("authentication policies", policies)
    draft.needs("organization configuration", organization)
    if isinstance(policies, Unseen) or isinstance(organization, Unseen):
        return
    current = organization.default_authentication_policy
    existing = {policy.name: policy for policy in policies}
    if current is not None and not ours(current):
        _judge_foreign_default(existing.get(current), current, draft)
        return
    make_no_basic(existing, "basic_auth", draft)
    draft.update(
        ORGANIZATION,
        {"DefaultAuthenticationPolicy": current},
        {"DefaultAuthenticationPolicy": NO_BASIC},
        Phase.CLOSE,
        "basic_auth",
        "users without a policy of their own may not use basic authentication",
    )


def _judge_foreign_default(policy: AuthenticationPolicy | None, name: str, draft: Draft) -> None:
    if policy is not None and not policy.allow_basic_smtp:
        draft.note(f"basic authentication is already denied by the default policy «{name}»")
        return
    draft.unknown.append(
        f"basic_auth: granted-only cannot be kept, because the organisation's default policy "
        f"«{name}» is not ours and lets basic SMTP in; change or unset it yourself"
    )


def make_no_basic(existing: dict[str, AuthenticationPolicy], because: str, draft: Draft) -> None:
    """Have our denying policy: made, or set right where somebody loosened it."""
    target = Target(family=Family.AUTHENTICATION_POLICY, key=NO_BASIC, name=NO_BASIC)
    denied = dict.fromkeys(("AllowBasicAuthImap", "AllowBasicAuthPop", "AllowBasicAuthSmtp"), False)
    policy = existing.get(NO_BASIC)
    if policy is None:
        draft.create(
            target, denied, Phase.CLOSE, because, "a policy that denies basic authentication"
        )
        return
    seen = {
        "AllowBasicAuthImap": policy.allow_basic_imap,
        "AllowBasicAuthPop": policy.allow_basic_pop,
        "AllowBasicAuthSmtp": policy.allow_basic_smtp,
    }
    draft.update(target, seen, denied, Phase.CLOSE, because, "our denying policy was loosened")


def close_new_mailboxes(desired: Desired, snapshot: Snapshot, draft: Draft) -> None:
    """new_mailboxes: what CASMailboxPlan gives them. The plan has no SMTP field."""
    wishes = {
        "ImapEnabled": desired.posture.new_mailboxes_imap,
        "PopEnabled": desired.posture.new_mailboxes_pop,
    }
    wanted = {name: wish is Wish.ON for name, wish in wishes.items() if wish is not Wish.UNMANAGED}
    if not wanted:
        return
    draft.needs("mailbox plans", snapshot.mailbox_plans)
    if isinstance(snapshot.mailbox_plans, Unseen):
        return
    for plan in snapshot.mailbox_plans:
        before = {"ImapEnabled": plan.imap, "PopEnabled": plan.pop}
        target = Target(family=Family.MAILBOX_PLAN, key=plan.guid, name=plan.name)
        for name, value in wanted.items():
            phase = Phase.EXPLICIT if value else Phase.CLOSE
            text = f"new mailboxes begin with {name} {'on' if value else 'off'}"
            draft.update(target, before, {name: value}, phase, "new_mailboxes", text)


def close_tenant_doors(desired: Desired, snapshot: Snapshot, draft: Draft) -> None:
    """smtp_auth, legacy_tls and direct_send."""
    posture = desired.posture
    if posture.smtp_auth is SmtpAuthWish.PER_MAILBOX or posture.legacy_tls is not Wish.UNMANAGED:
        _transport(desired, snapshot, draft)
    if posture.direct_send is DirectSendWish.UNMANAGED:
        return
    draft.needs("organization configuration", snapshot.organization)
    if isinstance(snapshot.organization, Unseen):
        return
    reject = posture.direct_send is DirectSendWish.REJECT
    draft.update(
        ORGANIZATION,
        {"RejectDirectSend": snapshot.organization.reject_direct_send},
        {"RejectDirectSend": reject},
        Phase.CLOSE if reject else Phase.EXPLICIT,
        "direct_send",
        "anonymous direct send is refused" if reject else "anonymous direct send is let in",
        "low" if reject else "high",
    )


def _transport(desired: Desired, snapshot: Snapshot, draft: Draft) -> None:
    transport = snapshot.transport
    draft.needs("transport configuration", transport)
    if isinstance(transport, Unseen):
        return
    if desired.posture.smtp_auth is SmtpAuthWish.PER_MAILBOX:
        draft.update(
            TRANSPORT,
            {SMTP_DISABLED: transport.smtp_auth_disabled},
            {SMTP_DISABLED: True},
            Phase.TENANT_SWITCH,
            "smtp_auth",
            "mailboxes that say nothing of their own no longer send by authenticated SMTP",
            "medium",
        )
    wish = desired.posture.legacy_tls
    if wish is Wish.UNMANAGED:
        return
    draft.update(
        TRANSPORT,
        {"AllowLegacyTLSClients": transport.legacy_tls},
        {"AllowLegacyTLSClients": wish is Wish.ON},
        Phase.CLOSE if wish is Wish.OFF else Phase.EXPLICIT,
        "legacy_tls",
        f"TLS 1.0 and 1.1 on the legacy hosts: {wish.value}",
        "low" if wish is Wish.OFF else "high",
    )


def tenant_will_be_closed(desired: Desired, snapshot: Snapshot) -> bool:
    """Whether a mailbox that inherits is closed for SMTP after this plan."""
    if desired.posture.smtp_auth is SmtpAuthWish.PER_MAILBOX:
        return True
    return not isinstance(snapshot.transport, Unseen) and snapshot.transport.smtp_auth_disabled


Closed = dict[str, tuple[bool | None, str]]
"""Field -> (value, cause) for each protocol that a mailbox must not have."""


def close_mailboxes(
    desired: Desired, snapshot: Snapshot, entitlements: Entitlements, draft: Draft
) -> None:
    """Denied and ended protocols, and everyone_else."""
    everybody = desired.everyone_else
    if isinstance(snapshot.mailboxes, Unseen):
        if everybody != EverybodyElse():
            draft.needs("mailboxes", snapshot.mailboxes)
        return
    inherit_is_closed = tenant_will_be_closed(desired, snapshot)
    for box in snapshot.mailboxes:
        entitlement = entitlements.by_mailbox.get(box.guid)
        wanted: Closed = {}
        for protocol in Protocol:
            if entitlement is not None and entitlement.closed_by(protocol):
                wanted |= closed_by_grants(entitlement, protocol, everybody, inherit_is_closed)
            elif entitlement is None or not entitlement.open_for(protocol):
                wanted |= _closed_by_everybody(box, protocol, everybody, inherit_is_closed)
        write_closed(box, wanted, draft)


def write_closed(box: Mailbox, wanted: Closed, draft: Draft) -> None:
    """Close these fields of a mailbox; a recipient that has no switches has nothing to close."""
    if not wanted or not trait(box).switches:
        return
    before = switches(box)
    if isinstance(before, Unseen):
        draft.needs(f"switches of {box.address}", before)
        return
    for name, (value, because) in wanted.items():
        text = "authenticated SMTP is closed"
        if name in SWITCH.values():
            text = f"{name.removesuffix('Enabled')} is closed"
        draft.update(mailbox_target(box), before, {name: value}, Phase.CLOSE, because, text)


def closed_by_grants(
    entitlement: Entitlement, protocol: Protocol, everybody: EverybodyElse, inherit_is_closed: bool
) -> Closed:
    """How grants that deny or ended close a protocol: a deny explicitly, what ended as for
    everybody else.
    """
    denied = entitlement.denied.get(protocol)
    if not denied:
        return closed_as_ended(entitlement, protocol, everybody, inherit_is_closed)
    if protocol in SWITCH:
        return {SWITCH[protocol]: (False, denied[0].name)}
    return {SMTP_DISABLED: (True, denied[0].name)}


def closed_as_ended(
    entitlement: Entitlement, protocol: Protocol, everybody: EverybodyElse, inherit_is_closed: bool
) -> Closed:
    """How what ended is closed: as hard as for everybody else, and never looser than it is."""
    cause = entitlement.ended[protocol][0].name
    if protocol in SWITCH:
        return {SWITCH[protocol]: (False, cause)}
    denied = everybody.smtp is EverybodySmtp.DENIED or not inherit_is_closed
    if not denied and entitlement.mailbox.smtp is SmtpSwitch.OFF:
        return {}
    return {SMTP_DISABLED: (True if denied else None, cause)}


def _closed_by_everybody(
    box: Mailbox, protocol: Protocol, everybody: EverybodyElse, inherit_is_closed: bool
) -> Closed:
    cause = "everyone_else"
    if protocol in SWITCH:
        wish = everybody.imap if protocol is Protocol.IMAP else everybody.pop
        return {SWITCH[protocol]: (False, cause)} if wish is Wish.OFF else {}
    if everybody.smtp is EverybodySmtp.DENIED:
        return {SMTP_DISABLED: (True, cause)}
    if everybody.smtp is EverybodySmtp.OFF and box.smtp is not SmtpSwitch.OFF:
        return {SMTP_DISABLED: (None if inherit_is_closed else True, cause)}
    return {}
