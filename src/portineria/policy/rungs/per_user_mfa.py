"""The old per-user MFA state of an account."""

from __future__ import annotations

from portineria.policy.rungs.access import Access
from portineria.policy.rungs.step import Said, no, step, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.unseen import Unseen


@step(
    Layer.PER_USER_MFA,
    asks="Is per-user MFA off for the account, or can it be passed?",
    about="basic and people; an application signs in as itself",
    source="Graph beta, authentication requirements; Microsoft Learn, per-user MFA",
    confidence=Confidence.DOCUMENTED,
)
def per_user_mfa(access: Access) -> Said | None:
    if access.person:
        return yes("whatever per-user MFA asks, a person with a modern client can give")
    if not access.basic:
        return None
    user = access.account
    state = user if isinstance(user, Unseen) else user.per_user_mfa
    if isinstance(state, Unseen):
        return unknown(
            f"per-user MFA was not seen: {state.because}",
            "give the reader Policy.Read.All and let it read the beta interface",
        )
    if not state:
        return yes("per-user MFA is off for its account")
    return no(
        "per-user MFA is on for its account, and a password alone cannot pass it",
        "use OAuth; or replace per-user MFA by Conditional Access and exclude this account there",
        evidence=access.mailbox.upn,
    )
