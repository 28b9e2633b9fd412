"""Conditional Access, judged by what the enforced policies would do to this sign-in."""

from __future__ import annotations

from portineria.policy.conditional import Effect, effects
from portineria.policy.conditionalmatch import Kind, SignIn
from portineria.policy.rungs.access import Access
from portineria.policy.rungs.step import Said, no, step, unknown, yes
from portineria.policy.verdict import Answer, Confidence, Layer
from portineria.tenant.apps import App
from portineria.tenant.unseen import Unseen


@step(
    Layer.CONDITIONAL_ACCESS,
    asks="Does no enforced Conditional Access policy stop this sign-in?",
    about="basic as client app `other`, people as `mobileAppsAndDesktopClients`, applications "
    "by workload policies",
    source="Microsoft Learn, Conditional Access: conditions, grant, workload identities",
    confidence=Confidence.DOCUMENTED,
)
def conditional_access(access: Access) -> Said | None:
    policies = access.snapshot.conditional_access
    if isinstance(policies, Unseen):
        because = f"Conditional Access policies were not seen: {policies.because}"
        return unknown(because, "give the reader Policy.Read.All")
    standing = sorted((policy for policy in policies if policy.enforced), key=lambda p: p.id)
    found = list(effects(access.snapshot, standing, sign_in(access)))
    for effect in found:
        if effect.answer is Answer.NO:
            return _blocked(effect)
    for effect in found:
        if effect.answer is Answer.UNKNOWN:
            return _open(effect)
    asked = [effect for effect in found if effect.policy.grant_controls]
    if not asked:
        return yes("no enforced policy applies to it")
    notes = "; ".join(f"«{effect.policy.name}»: {effect.because}" for effect in asked)
    return yes(notes, evidence=", ".join(effect.policy.id for effect in asked))


def sign_in(access: Access) -> SignIn:
    """The sign-in that Conditional Access would judge for this access."""
    address = access.context.address
    if access.basic:
        who = access.mailbox.entra_id
        return SignIn(kind=Kind.PASSWORD, subject=who, address=address)
    if access.person:
        who = None if access.delegate else access.mailbox.entra_id
        client = access.client_id
        return SignIn(kind=Kind.PERSON, subject=who, client_id=client, address=address)
    app = access.app
    principal = app.principal_id if isinstance(app, App) else None
    return SignIn(kind=Kind.APP, subject=principal, client_id=access.client_id, address=address)


def _blocked(effect: Effect) -> Said:
    policy = effect.policy
    return no(
        f"the Conditional Access policy «{policy.name}» stops it: {effect.because}",
        f"exclude this account from «{policy.name}», or sign in a way that satisfies it",
        evidence=f"{policy.name} ({policy.id})",
    )


def _open(effect: Effect) -> Said:
    policy = effect.policy
    return unknown(
        f"the Conditional Access policy «{policy.name}» may stop it: {effect.because}",
        "say from where and with what it signs in, or log in once",
        evidence=f"{policy.name} ({policy.id})",
    )
