"""All guards, in the order they speak."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portineria.policy.guards import apps, identity, reach
from portineria.policy.guards.case import Case
from portineria.policy.plan import Stop


@dataclass(frozen=True, slots=True)
class Guard:
    """`judge` returns "" or a whole clause: why to stop. `word` is what overrules it."""

    name: str
    judge: Callable[[Case], str]
    word: str
    try_: str


GUARDS: tuple[Guard, ...] = (
    Guard("digest", reach.digest, "yes", "look at the plan again and give its digest, or say yes"),
    Guard("stale", reach.stale, "stale", "make the plan again"),
    Guard("truncated", reach.truncated, "truncated", "look again; see what could not be read"),
    Guard("unknown", reach.unknown, "unknown", "give the missing permission, or settle it"),
    Guard("not-ours", reach.not_ours, "not-ours", "change it by hand, where its owner can see"),
    Guard(
        "lock-out",
        identity.lock_out,
        "lock-out",
        "name two break-glass accounts under posture.conditional_access.break_glass",
    ),
    Guard(
        "break-glass",
        identity.break_glass,
        "break-glass",
        "use two enabled, cloud-only Global Administrators of a managed domain",
    ),
    Guard(
        "blast-radius",
        reach.blast_radius,
        "blast-radius",
        "narrow the policy, or accept the number",
    ),
    Guard("basic-twin", reach.basic_twin, "basic-twin", "add basic_auth: granted-only"),
    Guard(
        "not-our-app",
        apps.not_ours,
        "not-our-app",
        "change it by hand, where its owner can see",
    ),
    Guard(
        "app-twice",
        apps.twice,
        "app-twice",
        "take one of them away in Entra, or name the right one in the profile",
    ),
    Guard(
        "app-credentials",
        apps.credentials,
        "app-credentials",
        "remove the credentials that you do not know: Entra, App registrations, Certificates",
    ),
    Guard(
        "beyond-grants",
        apps.beyond_grants,
        "beyond-grants",
        "close that protocol on the mailbox (a grant with deny, or everyone_else), or grant it",
    ),
    Guard(
        "mixed-grants",
        apps.mixed_grants,
        "mixed-grants",
        "withdraw SMTP.SendAsApp from that application: portineria app create plans it",
    ),
    Guard(
        "foreign-roles",
        apps.foreign_roles,
        "foreign-roles",
        "remove that assignment: Remove-ManagementRoleAssignment",
    ),
    Guard(
        "foreign-policy",
        reach.foreign_policy,
        "foreign-policy",
        "exclude the account there yourself, or use through: gateway",
    ),
    Guard(
        "exposure",
        reach.exposure,
        "exposure",
        "write accept_exposure: <reason> in the policy file, or use through: gateway",
    ),
)


def speak(case: Case) -> tuple[Stop, ...]:
    """Every reason to stop, overruled or not; `standing` tells which still hold."""
    found = []
    for guard in GUARDS:
        why = guard.judge(case)
        if why:
            found.append(Stop(guard=guard.name, why=why, try_=guard.try_, word=guard.word))
    return tuple(found)


def standing(stops: tuple[Stop, ...], accepted: tuple[str, ...]) -> tuple[Stop, ...]:
    """The stops that no accepted word overrules. A digest is never overruled by a word."""
    return tuple(s for s in stops if s.guard == "digest" or s.word not in accepted)
