"""Conditional Access by effect: what would these policies do to this sign-in.

`effects` judges one sign-in, `covers` whether the tenant already has one of the four parts of
the baseline. What a policy does, once it applies, depends on who signs in: a password can
satisfy no control, a person with a modern client can do MFA, an application can only be
blocked. Whether it applies is `conditionalmatch`.
Source: Microsoft Learn, Conditional Access: grant; Graph dossier 2.2, 2.3, 2.10, 2.11.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce

from portineria.policy.conditionalmatch import (
    Kind,
    Match,
    Side,
    SignIn,
    applies,
    people,
)
from portineria.policy.verdict import Answer
from portineria.tenant.access import (
    AZURE_MANAGEMENT,
    ClientApp,
    ConditionalAccessPolicy,
    PolicyState,
)
from portineria.tenant.people import DIRECTORY_SYNC_ROLE, SECURITY_DEFAULTS_ROLES
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

_NEEDS_CLIENT = frozenset({"approvedApplication", "compliantApplication"})
_NEEDS_MORE = _NEEDS_CLIENT | {
    "compliantDevice",
    "domainJoinedDevice",
    "customAuthenticationFactor",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What one applying (or perhaps applying) policy does to a sign-in.

    YES lets it through (with `because` as a note: MFA is asked), NO stops it, UNKNOWN could
    not tell.
    """

    policy: ConditionalAccessPolicy
    answer: Answer
    because: str


def effects(
    snapshot: Snapshot, policies: Iterable[ConditionalAccessPolicy], sign_in: SignIn
) -> Iterator[Effect]:
    """The effect of each of these policies that applies, or perhaps does, whatever its state.

    Callers choose the policies: those enforced today, or report-only ones to judge a plan.
    """
    for policy in policies:
        found = applies(snapshot, policy, sign_in)
        if found.answer is Answer.NO:
            continue
        wanted = demand(policy, sign_in.kind)
        if found.answer is Answer.UNKNOWN and wanted.answer is not Answer.YES:
            yield Effect(policy=policy, answer=Answer.UNKNOWN, because=found.because)
        else:
            yield Effect(policy=policy, answer=wanted.answer, because=wanted.because)


def demand(policy: ConditionalAccessPolicy, kind: Kind) -> Match:
    """What the policy's controls mean for this kind of sign-in: YES passes, NO stops."""
    controls = set(policy.grant_controls)
    if policy.authentication_strength:
        controls.add("mfa")
    if not controls:
        return Match(Answer.YES, "it asks for nothing at sign-in")
    if "block" in controls:
        return Match(Answer.NO, "it blocks")
    if kind is Kind.APP:
        return Match(Answer.UNKNOWN, "it asks an application for more than a block can")
    asked = ", ".join(sorted(controls))
    if kind is Kind.PASSWORD:
        return Match(Answer.NO, f"it asks for {asked}, which a password alone cannot give")
    return _person(policy, controls, asked)


def _person(policy: ConditionalAccessPolicy, controls: set[str], asked: str) -> Match:
    hard = controls & _NEEDS_MORE
    satisfied_without = policy.grant_operator.upper() != "AND" and controls - hard
    if not hard or satisfied_without:
        return Match(Answer.YES, f"it asks for {asked}, which the person can give")
    needs = "client" if hard <= _NEEDS_CLIENT else "device"
    return Match(Answer.UNKNOWN, f"it asks for {asked}: that depends on the {needs}")


class Requirement(StrEnum):
    """The four parts of what security defaults do, as Conditional Access can do them."""

    BLOCK_LEGACY = "legacy authentication blocked"
    MFA_ROLES = "MFA for administrators"
    MFA_ALL = "MFA for everybody"
    MFA_AZURE = "MFA for Azure management"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Whether a requirement is met for everybody but the accepted exceptions.

    `by` are the names of the policies that meet it, `ids` their ids; `excluded` are the
    directory ids that none of them reaches (accepted or not); `missing` says what lacks.
    """

    answer: Answer
    by: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    missing: str = ""


def covers(
    snapshot: Snapshot,
    requirement: Requirement,
    *,
    excepted: Collection[str] = (),
    report_only: bool = False,
) -> Coverage:
    """Judge a requirement by what the tenant's policies do, whoever made them.

    `excepted` are the directory ids that may be left out (break-glass accounts). With
    `report_only`, policies in report-only count as if they were enforced.
    """
    policies = snapshot.conditional_access
    if isinstance(policies, Unseen):
        because = f"Conditional Access policies were not seen ({policies.because})"
        return Coverage(answer=Answer.UNKNOWN, missing=because)
    states = {PolicyState.ENABLED} | ({PolicyState.REPORT_ONLY} if report_only else set())
    standing = [policy for policy in policies if policy.state in states]
    parts = [_part(snapshot, standing, *part) for part in _parts(requirement)]
    return reduce(_both, parts).without(snapshot, frozenset(excepted))


@dataclass(frozen=True, slots=True)
class _Part:
    """One thing that must hold: which policies do it, and whom all of them leave out.

    `left` is None where an exclusion could not be resolved in any of them.
    """

    policies: tuple[ConditionalAccessPolicy, ...]
    left: frozenset[str] | None
    missing: str = ""

    def without(self, snapshot: Snapshot, excepted: frozenset[str]) -> Coverage:
        names = tuple(dict.fromkeys(policy.name for policy in self.policies))
        ids = tuple(dict.fromkeys(policy.id for policy in self.policies))
        if self.missing:
            return Coverage(answer=Answer.NO, by=names, ids=ids, missing=self.missing)
        if self.left is None:
            because = "it is not known whom these policies leave out"
            return Coverage(answer=Answer.UNKNOWN, by=names, ids=ids, missing=because)
        bare = sorted(self.left - excepted)
        return Coverage(
            answer=Answer.NO if bare else Answer.YES,
            by=names,
            ids=ids,
            excluded=tuple(sorted(self.left)),
            missing=f"not for {', '.join(_called(snapshot, who) for who in bare)}" if bare else "",
        )


def _both(one: _Part, other: _Part) -> _Part:
    left = None if one.left is None or other.left is None else one.left | other.left
    return _Part(one.policies + other.policies, left, one.missing or other.missing)


def _called(snapshot: Snapshot, who: str) -> str:
    user = snapshot.user(who)
    return who if user is None else user.upn


def _parts(requirement: Requirement) -> Iterable[tuple[Requirement, ClientApp, str | None]]:
    """What has to be covered on its own: (requirement, client app, role)."""
    if requirement is Requirement.BLOCK_LEGACY:
        return [(requirement, app, None) for app in (ClientApp.OTHER, ClientApp.ACTIVE_SYNC)]
    roles: list[str | None] = [None]
    if requirement is Requirement.MFA_ROLES:
        roles = [role for role, _ in SECURITY_DEFAULTS_ROLES]
    modern = (ClientApp.BROWSER, ClientApp.MODERN)
    return [(requirement, app, role) for role in roles for app in modern]


def _part(
    snapshot: Snapshot,
    policies: Sequence[ConditionalAccessPolicy],
    requirement: Requirement,
    client_app: ClientApp,
    role: str | None,
) -> _Part:
    able = [
        policy
        for policy in policies
        if _strong(policy, requirement)
        and policy.client_apps & {ClientApp.ALL, client_app}
        and _whole(policy, requirement)
        and _reaches(policy, role)
    ]
    if not able:
        whom = f"role {role}" if role else "everybody"
        missing = f"no policy does this for {whom} and client app {client_app.value}"
        return _Part((), frozenset(), missing)
    left = [_left_out(snapshot, policy, role) for policy in able]
    known = [ids for ids in left if ids is not None]
    return _Part(tuple(able), reduce(frozenset.intersection, known) if known else None)


def _strong(policy: ConditionalAccessPolicy, requirement: Requirement) -> bool:
    """Whether the controls do it: for MFA, no way around it may be offered beside it."""
    if requirement is Requirement.BLOCK_LEGACY:
        return demand(policy, Kind.PASSWORD).answer is Answer.NO
    if policy.blocks:
        return True
    asked = {"mfa"} & policy.grant_controls or policy.authentication_strength
    alone = policy.grant_operator.upper() == "AND" or not policy.grant_controls - {"mfa"}
    return bool(asked) and alone


def _whole(policy: ConditionalAccessPolicy, requirement: Requirement) -> bool:
    """Whether no other condition narrows it: applications, places, devices, risks."""
    if policy.depends_on or policy.service_principals is not None:
        return False
    if policy.exclude_locations or policy.include_locations - {"All"}:
        return False
    if requirement is Requirement.MFA_AZURE:
        named = policy.include_applications & {"All", AZURE_MANAGEMENT}
        return bool(named) and AZURE_MANAGEMENT not in policy.exclude_applications
    return "All" in policy.include_applications and not policy.exclude_applications


def _reaches(policy: ConditionalAccessPolicy, role: str | None) -> bool:
    if role in policy.exclude_roles:
        return False
    return "All" in policy.include_users or (role is not None and role in policy.include_roles)


def _left_out(
    snapshot: Snapshot, policy: ConditionalAccessPolicy, role: str | None
) -> frozenset[str] | None:
    """Whom the policy excludes, as directory ids; of a role's holders only, where they are
    known. The directory synchronisation account is never meant."""
    side = Side.excluded(policy)
    without_sync = Side(side.users, side.groups, side.roles - {DIRECTORY_SYNC_ROLE}, side.guests)
    left = people(snapshot, without_sync)
    if left is None:
        return None
    if not isinstance(snapshot.users, Unseen):
        left = frozenset(who for who in left if _can_sign_in(snapshot, who))
    if role is not None and not isinstance(snapshot.role_members, Unseen):
        return left & snapshot.role_members.get(role, left)
    return left


def _can_sign_in(snapshot: Snapshot, who: str) -> bool:
    user = snapshot.user(who)
    return user is None or user.enabled
