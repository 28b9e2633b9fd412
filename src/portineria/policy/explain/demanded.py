"""Who demands a second factor of a person: what no rung refuses, for a person can give it.

The ladder judges whether an access can be had; a token that was asked for without the second
factor was refused all the same. So the settings are asked here in the words of a refusal.
"""

from __future__ import annotations

from collections.abc import Iterator

from portineria.policy.conditional import effects
from portineria.policy.rungs.access import Access
from portineria.policy.rungs.conditional_access import sign_in
from portineria.policy.verdict import Answer, Layer, Rung
from portineria.tenant.access import ConditionalAccessPolicy
from portineria.tenant.people import SECURITY_DEFAULTS_ROLES
from portineria.tenant.unseen import Unseen

NUMBERS = frozenset({50072, 50074, 50076, 50079})
"""AADSTS numbers that say so."""

_PAGE = "sign in with a page or a code, where the second factor can be given"
_SOURCE = "Microsoft Learn, Microsoft Entra multifactor authentication"


def demands(access: Access) -> tuple[Rung, ...]:
    """NO for a layer that demands a second factor of this person, in the ladder's order."""
    return (*_security_defaults(access), *_per_user(access), *_conditional(access))


def _rung(layer: Layer, answer: Answer, because: str, evidence: str = "") -> Rung:
    return Rung(
        layer=layer,
        answer=answer,
        because=because,
        remedy=_PAGE,
        evidence=evidence,
        source=_SOURCE,
    )


def _security_defaults(access: Access) -> Iterator[Rung]:
    layer, on = Layer.SECURITY_DEFAULTS, access.snapshot.security_defaults
    if isinstance(on, Unseen):
        yield _rung(layer, Answer.UNKNOWN, f"security defaults were not seen: {on.because}")
    elif not on:
        yield _rung(layer, Answer.YES, "security defaults are off")
    elif _administers(access):
        yield _rung(layer, Answer.NO, "security defaults demand it of administrators each time")
    else:
        yield _rung(
            layer, Answer.UNKNOWN, "security defaults are on, and demand it when Microsoft sees fit"
        )


def _administers(access: Access) -> bool:
    members = access.snapshot.role_members
    if isinstance(members, Unseen) or access.mailbox.entra_id is None:
        return False
    wanted = {role for role, _ in SECURITY_DEFAULTS_ROLES}
    return any(access.mailbox.entra_id in members.get(role, ()) for role in wanted)


def _per_user(access: Access) -> Iterator[Rung]:
    layer, user = Layer.PER_USER_MFA, access.account
    state = user if isinstance(user, Unseen) else user.per_user_mfa
    if isinstance(state, Unseen):
        yield _rung(layer, Answer.UNKNOWN, f"per-user MFA was not seen: {state.because}")
    elif state:
        yield _rung(layer, Answer.NO, "per-user MFA is on for the account", access.mailbox.upn)
    else:
        yield _rung(layer, Answer.YES, "per-user MFA is off for the account")


def _conditional(access: Access) -> Iterator[Rung]:
    layer, policies = Layer.CONDITIONAL_ACCESS, access.snapshot.conditional_access
    if isinstance(policies, Unseen):
        yield _rung(layer, Answer.UNKNOWN, f"the policies were not seen: {policies.because}")
        return
    asking = sorted(
        (one for one in policies if one.enforced and _asks(one)), key=lambda policy: policy.id
    )
    applying = list(effects(access.snapshot, asking, sign_in(access)))
    for effect in applying:
        answer = Answer.NO if effect.answer is Answer.YES else effect.answer
        because = f"the Conditional Access policy «{effect.policy.name}» demands it"
        yield _rung(layer, answer, because, f"{effect.policy.name} ({effect.policy.id})")
    if not applying:
        yield _rung(layer, Answer.YES, "no enforced policy demands it of this account")


def _asks(policy: ConditionalAccessPolicy) -> bool:
    return "mfa" in policy.grant_controls or bool(policy.authentication_strength)
