"""Whether security defaults go off in this plan, and what that takes.

Only basic authentication is incompatible with security defaults, so only a grant through basic
(or an explicit wish) can ask them off, and only behind replacements.
Source: Microsoft Learn, "Security defaults in Microsoft Entra ID".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portineria.policy.change import Family, Phase, Target
from portineria.policy.desired import BaselineWish, Desired, SecurityDefaultsWish
from portineria.policy.draft import Draft
from portineria.policy.entitle import Entitlements
from portineria.policy.plan import Refusal
from portineria.tenant.mailbox import Protocol
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

SECURITY_DEFAULTS = Target(family=Family.SECURITY_DEFAULTS, key="", name="security defaults")

LOST_WITHOUT_P1 = (
    "MFA for administrators at every sign-in",
    "MFA for everybody when Microsoft asks for it, and MFA registration",
    "MFA for Azure management",
    "the block on legacy authentication (authentication policies deny it for Exchange only)",
)


class Defaults(StrEnum):
    """What happens to security defaults."""

    UNTOUCHED = "untouched"
    OFF_BEHIND_REPLACEMENTS = "off behind replacements"
    OFF_WITHOUT_REPLACEMENTS = "off without replacements"
    ON = "on"


@dataclass(frozen=True, slots=True)
class Decision:
    defaults: Defaults
    causes: tuple[str, ...] = ()


def decide(
    desired: Desired, snapshot: Snapshot, entitlements: Entitlements, draft: Draft
) -> Decision:
    """Decide about security defaults, refusing basic grants that cannot be had with them on."""
    wish, seen = desired.posture.security_defaults, snapshot.security_defaults
    basic = sorted({g.name for e in entitlements for g in e.basic()})
    if isinstance(seen, Unseen):
        if basic or wish in {SecurityDefaultsWish.OFF, SecurityDefaultsWish.ON}:
            draft.needs("security defaults", seen)
        return Decision(Defaults.UNTOUCHED)
    if wish is SecurityDefaultsWish.ON:
        _refuse_basic(
            entitlements,
            "security defaults are wanted on (security_defaults: on) and refuse every password",
            "through: gateway; or security_defaults: off-if-needed",
        )
        return _on(snapshot, draft) if not seen else Decision(Defaults.UNTOUCHED)
    if not seen:
        return Decision(Defaults.UNTOUCHED)
    if wish is SecurityDefaultsWish.OFF:
        return _off(desired, snapshot, entitlements, draft, ("security_defaults: off",))
    if not basic:
        draft.note(_why_they_stay(entitlements))
        return Decision(Defaults.UNTOUCHED)
    if wish is SecurityDefaultsWish.KEEP:
        _refuse_basic(
            entitlements,
            "security defaults stay on (security_defaults: keep) and refuse every password",
            "through: gateway; or security_defaults: off-if-needed",
        )
        return Decision(Defaults.UNTOUCHED)
    return _off(desired, snapshot, entitlements, draft, tuple(basic))


def _why_they_stay(entitlements: Entitlements) -> str:
    opened = any(entitlement.open_for(p) for entitlement in entitlements for p in Protocol)
    if not opened:
        return "security defaults stay on: nothing asks them off"
    return (
        "security defaults stay on: they refuse passwords only, and no grant lets a password in; "
        "OAuth and gateway grants sign in as modern clients"
    )


def _on(snapshot: Snapshot, draft: Draft) -> Decision:
    policies = snapshot.conditional_access
    draft.needs("Conditional Access policies", policies)
    if isinstance(policies, Unseen):
        return Decision(Defaults.UNTOUCHED)
    enforced = [policy.name for policy in policies if policy.enforced]
    if enforced:
        first = enforced[0]
        draft.unknown.append(
            "security_defaults: on cannot be kept while Conditional Access policies are enforced "
            f"(«{first}» and others); turn them to report-only yourself first"
            if len(enforced) > 1
            else "security_defaults: on cannot be kept while Conditional Access policies are "
            f"enforced («{first}»); turn them to report-only yourself first"
        )
        return Decision(Defaults.UNTOUCHED)
    draft.update(
        SECURITY_DEFAULTS,
        {"isEnabled": False},
        {"isEnabled": True},
        Phase.CLOSE,
        "security_defaults",
        "security defaults protect a tenant without Conditional Access",
    )
    return Decision(Defaults.ON)


def _off(
    desired: Desired,
    snapshot: Snapshot,
    entitlements: Entitlements,
    draft: Draft,
    causes: tuple[str, ...],
) -> Decision:
    licences = snapshot.licences
    draft.needs("licences", licences)
    if isinstance(licences, Unseen):
        return Decision(Defaults.UNTOUCHED)
    if licences.entra_p1 and desired.posture.baseline is not BaselineWish.ENFORCED:
        why = "security defaults go off only behind enforced Conditional Access"
        instead = "conditional_access: {baseline: enforced}; or through: gateway"
        _refuse_basic(entitlements, why, instead)
        draft.note(f"security defaults stay on: {why}")
        return Decision(Defaults.UNTOUCHED)
    if licences.entra_p1 and isinstance(snapshot.conditional_access, Unseen):
        # Even an overruled guard must not open a window that nothing could be put behind.
        draft.needs("Conditional Access policies", snapshot.conditional_access)
        return Decision(Defaults.UNTOUCHED)
    if not licences.entra_p1:
        draft.lost.extend(LOST_WITHOUT_P1)
    draft.update(
        SECURITY_DEFAULTS,
        {"isEnabled": True},
        {"isEnabled": False},
        Phase.WINDOW,
        causes[0],
        "security defaults refuse every password, whatever the exception",
        "high",
    )
    named = ", ".join(causes)
    draft.note(
        f"security defaults go off because of: {named}. "
        "The same door without that cost: through: gateway"
    )
    behind = licences.entra_p1
    return Decision(
        Defaults.OFF_BEHIND_REPLACEMENTS if behind else Defaults.OFF_WITHOUT_REPLACEMENTS, causes
    )


def _refuse_basic(entitlements: Entitlements, why: str, instead: str) -> None:
    for entitlement in entitlements:
        for grant in entitlement.basic():
            entitlements.refusals.append(
                Refusal(
                    grant=grant.name,
                    mailbox=entitlement.mailbox.address,
                    why=why,
                    instead=instead,
                )
            )
            entitlement.refuse(grant, Protocol.SMTP, why)
