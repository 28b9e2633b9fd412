"""Conditional Access by effect: who a policy reaches, what it does, what the tenant has."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from asked import PRINCIPAL, open_tenant, policy
from given import tenant, user

from portineria.policy.conditional import Coverage, Requirement, covers, demand, effects
from portineria.policy.conditionalbody import (
    block_legacy,
    from_graph,
    mfa_for_all,
    mfa_for_azure,
    mfa_for_roles,
)
from portineria.policy.conditionalmatch import Kind, SignIn, applies
from portineria.policy.verdict import Answer
from portineria.tenant.access import (
    AZURE_MANAGEMENT,
    EXCHANGE_ONLINE,
    ConditionalAccessPolicy,
    NamedLocation,
    PolicyState,
)
from portineria.tenant.people import DIRECTORY_SYNC_ROLE, SECURITY_DEFAULTS_ROLES, Group
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
HIDDEN = Unseen("no permission")
FLOOR = NamedLocation(id="floor", name="Floor", networks=(ip_network("203.0.113.0/28"),))
OFFICE = NamedLocation(
    id="office", name="Office", networks=(ip_network("198.51.100.0/24"),), trusted=True
)
ITALY = NamedLocation(id="italy", name="Italy", networks=None)
NEW_YORK = NamedLocation(id="v6", name="Six", networks=(ip_network("2001:db8::/48"),))


def somewhere() -> Snapshot:
    return replace(
        open_tenant(),
        groups={
            "in": Group(id="in", name="In", members=frozenset({"user-ada"})),
            "out": Group(id="out", name="Out", members=frozenset({"user-ben"})),
            "hidden": Group(id="hidden", name="Hidden", members=HIDDEN),
        },
        role_members={"role": frozenset({"user-ada"}), "other-role": frozenset()},
        named_locations=(FLOOR, OFFICE, ITALY, NEW_YORK),
    )


def ada(kind: Kind = Kind.PASSWORD, **changes: Any) -> SignIn:
    return replace(SignIn(kind=kind, subject="user-ada"), **changes)


def some(*names: str) -> frozenset[str]:
    return frozenset(names)


NOBODY = {"include_users": frozenset[str]()}

WHO: list[tuple[str, dict[str, Any], Answer]] = [
    ("everybody", {}, YES),
    ("herself", {"include_users": some("user-ada")}, YES),
    ("another", {"include_users": some("user-ben")}, NO),
    ("None", {"include_users": some("None")}, NO),
    ("nobody", NOBODY, NO),
    ("her group", {**NOBODY, "include_groups": some("in")}, YES),
    ("another group", {**NOBODY, "include_groups": some("out")}, NO),
    ("a group whose members are hidden", {**NOBODY, "include_groups": some("hidden")}, UNKNOWN),
    ("a group not looked at", {**NOBODY, "include_groups": some("elsewhere")}, UNKNOWN),
    ("hers and a hidden one", {**NOBODY, "include_groups": some("in", "hidden")}, YES),
    ("her role", {**NOBODY, "include_roles": some("role")}, YES),
    ("another role", {**NOBODY, "include_roles": some("other-role")}, NO),
    ("a role not looked at", {**NOBODY, "include_roles": some("unread-role")}, UNKNOWN),
    ("guests", {**NOBODY, "include_guests": True}, NO),
    ("guests, the old way", {"include_users": some("GuestsOrExternalUsers")}, NO),
    ("all but her", {"exclude_users": some("user-ada")}, NO),
    ("all but her group", {"exclude_groups": some("in")}, NO),
    ("all but her role", {"exclude_roles": some("role")}, NO),
    ("all but a hidden group", {"exclude_groups": some("hidden")}, UNKNOWN),
    ("another, but a hidden group",
     {"include_users": some("user-ben"), "exclude_groups": some("hidden")}, NO),
    ("her, but out by her role",
     {"include_users": some("user-ada"), "exclude_roles": some("role")}, NO),
    ("all but guests", {"exclude_guests": True}, YES),
    ("a policy about applications", {"service_principals": some(PRINCIPAL)}, NO),
]  # fmt: skip

WHERE: list[tuple[str, dict[str, Any], str | None, Answer]] = [
    ("nowhere named", {}, None, YES),
    ("all places", {"include_locations": some("All")}, None, YES),
    ("inside", {"include_locations": some("floor")}, "203.0.113.1", YES),
    ("beside", {"include_locations": some("floor")}, "203.0.113.16", NO),
    ("address not known", {"include_locations": some("floor")}, None, UNKNOWN),
    ("but for a place, inside it",
     {"include_locations": some("All"), "exclude_locations": some("floor")}, "203.0.113.1", NO),
    ("but for a place, outside it",
     {"include_locations": some("All"), "exclude_locations": some("floor")}, "192.0.2.1", YES),
    ("but for a place, not known",
     {"include_locations": some("All"), "exclude_locations": some("floor")}, None, UNKNOWN),
    ("only an exclusion", {"exclude_locations": some("floor")}, "192.0.2.1", YES),
    ("trusted places", {"include_locations": some("AllTrusted")}, "198.51.100.9", YES),
    ("MFA's trusted addresses are hidden",
     {"include_locations": some("AllTrusted")}, "192.0.2.1", UNKNOWN),
    ("trusted is not every place",
     {"include_locations": some("All"), "exclude_locations": some("AllTrusted")},
     "203.0.113.1", UNKNOWN),
    ("a country", {"include_locations": some("italy")}, "192.0.2.1", UNKNOWN),
    ("a place not looked at", {"include_locations": some("gone")}, "192.0.2.1", UNKNOWN),
    ("the other kind of address", {"include_locations": some("v6")}, "192.0.2.1", NO),
    ("a longer address", {"include_locations": some("v6")}, "2001:db8::1", YES),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "wanted"), [r[1:] for r in WHO], ids=[r[0] for r in WHO])
def test_whom_a_policy_reaches(changes: dict[str, Any], wanted: Answer) -> None:
    assert applies(somewhere(), policy(**changes), ada()).answer is wanted


@pytest.mark.parametrize(
    ("changes", "address", "wanted"), [r[1:] for r in WHERE], ids=[r[0] for r in WHERE]
)
def test_from_where_a_policy_applies(
    changes: dict[str, Any], address: str | None, wanted: Answer
) -> None:
    place = None if address is None else ip_address(address)
    found = applies(somewhere(), policy(**changes), ada(address=place))
    assert found.answer is wanted
    assert found.because or wanted is not UNKNOWN


def test_hidden_locations_leave_the_place_unknown() -> None:
    world = replace(somewhere(), named_locations=HIDDEN)
    narrowed = policy(include_locations=some("floor"))
    found = applies(world, narrowed, ada(address=ip_address("203.0.113.1")))
    assert found.answer is UNKNOWN


@pytest.mark.parametrize(
    ("client_apps", "password", "person"),
    [
        (some("all"), YES, YES),
        (some("other"), YES, NO),
        (some("exchangeActiveSync", "other"), YES, NO),
        (some("exchangeActiveSync"), NO, NO),
        (some("mobileAppsAndDesktopClients"), NO, YES),
        (some("browser", "mobileAppsAndDesktopClients"), NO, YES),
        (some("browser"), NO, NO),
    ],
)
def test_a_password_is_another_client_and_a_token_a_modern_one(
    client_apps: frozenset[str], password: Answer, person: Answer
) -> None:
    found = policy(client_apps=client_apps)
    assert applies(somewhere(), found, ada(Kind.PASSWORD)).answer is password
    assert applies(somewhere(), found, ada(Kind.PERSON)).answer is person


@pytest.mark.parametrize(
    ("included", "excluded", "wanted"),
    [
        (some("All"), some(), YES),
        (some(EXCHANGE_ONLINE), some(), YES),
        (some("Office365"), some(), YES),
        (some("None"), some(), NO),
        (some(), some(), NO),
        (some(AZURE_MANAGEMENT), some(), NO),
        (some("All"), some(EXCHANGE_ONLINE), NO),
        (some("All"), some("Office365"), NO),
        (some("All"), some(AZURE_MANAGEMENT), YES),
        (some("client"), some(), UNKNOWN),
    ],
)
def test_the_resource_is_exchange_online(
    included: frozenset[str], excluded: frozenset[str], wanted: Answer
) -> None:
    found = policy(include_applications=included, exclude_applications=excluded)
    sign_in = ada(Kind.PERSON, client_id="client")
    assert applies(somewhere(), found, sign_in).answer is wanted


def test_a_condition_that_is_not_judged_leaves_it_unknown_unless_another_fails() -> None:
    risky = policy(depends_on=("sign-in risk",))
    found = applies(somewhere(), risky, ada())
    assert found.answer is UNKNOWN
    assert found.because == "that depends on sign-in risk"
    assert applies(somewhere(), replace(risky, client_apps=some("browser")), ada()).answer is NO


def test_an_exclusion_comes_before_everything_that_is_not_known() -> None:
    found = policy(exclude_users=some("user-ada"), depends_on=("device platform",))
    assert applies(somewhere(), found, ada()).answer is NO


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, NO),
        ({"service_principals": some("other")}, NO),
        ({"service_principals": some(PRINCIPAL)}, YES),
        ({"service_principals": some("ServicePrincipalsInMyTenant")}, UNKNOWN),
        ({"service_principals": some("ServicePrincipalsInMyTenant"),
          "exclude_service_principals": some(PRINCIPAL)}, NO),
        ({"service_principals": some(PRINCIPAL), "include_locations": some("floor")}, UNKNOWN),
    ],
)  # fmt: skip
def test_an_application_is_reached_by_workload_policies_only(
    changes: dict[str, Any], wanted: Answer
) -> None:
    app = SignIn(kind=Kind.APP, subject=PRINCIPAL)
    assert applies(somewhere(), policy(**changes), app).answer is wanted


@pytest.mark.parametrize(
    ("controls", "operator", "password", "person", "app"),
    [
        (some("block"), "OR", NO, NO, NO),
        (some(), "OR", YES, YES, YES),
        (some("mfa"), "OR", NO, YES, UNKNOWN),
        (some("compliantDevice"), "OR", NO, UNKNOWN, UNKNOWN),
        (some("mfa", "compliantDevice"), "OR", NO, YES, UNKNOWN),
        (some("mfa", "compliantDevice"), "AND", NO, UNKNOWN, UNKNOWN),
        (some("approvedApplication"), "OR", NO, UNKNOWN, UNKNOWN),
        (some("termsOfUse"), "OR", NO, YES, UNKNOWN),
    ],
)
def test_what_a_control_means_depends_on_who_signs_in(
    controls: frozenset[str], operator: str, password: Answer, person: Answer, app: Answer
) -> None:
    found = policy(grant_controls=controls, grant_operator=operator)
    answers = {kind: demand(found, kind).answer for kind in Kind}
    assert answers == {Kind.PASSWORD: password, Kind.PERSON: person, Kind.APP: app}


def test_an_authentication_strength_is_mfa() -> None:
    found = policy(grant_controls=some(), authentication_strength=True)
    assert demand(found, Kind.PASSWORD).answer is NO
    assert demand(found, Kind.PERSON).answer is YES


def test_a_policy_that_may_apply_and_asks_nothing_hard_stops_nobody() -> None:
    """MFA from an unknown place: whether it is asked or not, the person gets through."""
    found = policy(include_locations=some("floor"), grant_controls=some("mfa"))
    (effect,) = effects(somewhere(), [found], ada(Kind.PERSON))
    assert effect.answer is YES
    (effect,) = effects(somewhere(), [found], ada(Kind.PASSWORD))
    assert effect.answer is UNKNOWN


# --- the four parts of the baseline ------------------------------------------------------------

BODIES = {
    Requirement.BLOCK_LEGACY: block_legacy,
    Requirement.MFA_ROLES: mfa_for_roles,
    Requirement.MFA_ALL: mfa_for_all,
    Requirement.MFA_AZURE: mfa_for_azure,
}


def standing(*bodies: dict[str, Any] | ConditionalAccessPolicy, **changes: Any) -> Snapshot:
    read = [
        body
        if isinstance(body, ConditionalAccessPolicy)
        else from_graph({**body, "id": f"ca-{number}"})
        for number, body in enumerate(bodies, 1)
    ]
    return tenant(conditional_access=tuple(read), security_defaults=False, **changes)


@pytest.mark.parametrize("requirement", Requirement)
def test_our_own_policies_meet_their_requirement_when_enforced(requirement: Requirement) -> None:
    body = BODIES[requirement](["user-bg1", "user-bg2"], PolicyState.ENABLED)
    found = covers(standing(body), requirement, excepted=["user-bg1", "user-bg2"])
    assert found.answer is YES
    assert found.by == (body["displayName"],)
    assert found.ids == ("ca-1",)


@pytest.mark.parametrize("requirement", Requirement)
def test_report_only_counts_only_where_it_is_asked_for(requirement: Requirement) -> None:
    body = BODIES[requirement]([], PolicyState.REPORT_ONLY)
    assert covers(standing(body), requirement).answer is NO
    assert covers(standing(body), requirement, report_only=True).answer is YES
    off = {**body, "state": "disabled"}
    assert covers(standing(off), requirement, report_only=True).answer is NO


@pytest.mark.parametrize("requirement", Requirement)
def test_an_exception_that_was_not_accepted_is_a_gap_with_a_name(requirement: Requirement) -> None:
    body = BODIES[requirement](["user-admin", "user-bg1"], PolicyState.ENABLED)
    world = standing(
        body,
        role_members={role: some("user-admin", "user-bg1") for role, _ in SECURITY_DEFAULTS_ROLES},
    )
    found = covers(world, requirement, excepted=["user-bg1"])
    assert found.answer is NO
    assert found.missing == "not for admin@contoso.example"
    assert found.excluded == ("user-admin", "user-bg1")


def test_mfa_for_everybody_meets_all_that_is_about_mfa() -> None:
    world = standing(mfa_for_all([], PolicyState.ENABLED))
    answers = {requirement: covers(world, requirement).answer for requirement in Requirement}
    assert answers == {
        Requirement.BLOCK_LEGACY: NO,
        Requirement.MFA_ROLES: YES,
        Requirement.MFA_ALL: YES,
        Requirement.MFA_AZURE: YES,
    }


def test_mfa_of_every_client_app_blocks_legacy_authentication_too() -> None:
    """A password alone cannot satisfy it (Microsoft Learn, Conditional Access: conditions)."""
    world = standing(policy(grant_controls=some("mfa")))
    assert covers(world, Requirement.BLOCK_LEGACY).answer is YES


def test_two_policies_can_share_a_requirement() -> None:
    one = policy(id="1", name="SMTP and kin", client_apps=some("other"))
    two = policy(id="2", name="ActiveSync", client_apps=some("exchangeActiveSync"))
    found = covers(standing(one, two), Requirement.BLOCK_LEGACY)
    assert found == Coverage(answer=YES, by=("SMTP and kin", "ActiveSync"), ids=("1", "2"))
    assert covers(standing(one), Requirement.BLOCK_LEGACY).answer is NO


def test_who_is_out_of_one_policy_may_be_in_another() -> None:
    one = policy(id="1", exclude_users=some("user-ada"))
    two = policy(id="2", exclude_users=some("user-ben"))
    assert covers(standing(one, two), Requirement.BLOCK_LEGACY).answer is YES
    assert covers(standing(one), Requirement.BLOCK_LEGACY).answer is NO


def test_a_role_left_out_is_missed() -> None:
    roles = [role for role, _ in SECURITY_DEFAULTS_ROLES]
    world = standing(mfa_for_roles([], PolicyState.ENABLED, roles[1:]))
    found = covers(world, Requirement.MFA_ROLES)
    assert found.answer is NO
    assert roles[0] in found.missing


@pytest.mark.parametrize(
    "narrowing",
    [
        {"exclude_locations": some("office")},
        {"include_locations": some("office")},
        {"depends_on": ("sign-in risk",)},
        {"include_applications": some("Office365")},
        {"exclude_applications": some(EXCHANGE_ONLINE)},
        {"include_users": some("user-ada")},
        {"service_principals": some("x")},
        {"state": PolicyState.DISABLED},
    ],
    ids=str,
)
def test_a_narrower_policy_does_not_meet_it(narrowing: dict[str, Any]) -> None:
    assert covers(standing(policy(**narrowing)), Requirement.BLOCK_LEGACY).answer is NO


@pytest.mark.parametrize(
    ("controls", "operator", "wanted"),
    [
        (some("mfa"), "OR", YES),
        (some("mfa", "compliantDevice"), "AND", YES),
        (some("mfa", "compliantDevice"), "OR", NO),
        (some("compliantDevice"), "OR", NO),
        (some("block"), "OR", YES),
    ],
)
def test_mfa_with_a_way_around_it_is_not_mfa(
    controls: frozenset[str], operator: str, wanted: Answer
) -> None:
    found = policy(grant_controls=controls, grant_operator=operator)
    assert covers(standing(found), Requirement.MFA_ALL).answer is wanted


def test_an_excluded_group_that_is_hidden_leaves_it_unknown() -> None:
    world = standing(
        policy(exclude_groups=some("g")), groups={"g": Group(id="g", name="G", members=HIDDEN)}
    )
    found = covers(world, Requirement.BLOCK_LEGACY)
    assert found.answer is UNKNOWN
    assert found.missing


def test_the_directory_synchronisation_account_is_no_gap() -> None:
    world = standing(policy(exclude_roles=some(DIRECTORY_SYNC_ROLE)), role_members=HIDDEN)
    assert covers(world, Requirement.BLOCK_LEGACY).answer is YES


def test_an_excluded_account_that_is_disabled_is_no_gap() -> None:
    people = (user("ada"), user("gone", enabled=False))
    world = standing(policy(exclude_users=some("user-gone")), people=people)
    assert covers(world, Requirement.BLOCK_LEGACY).answer is YES


def test_hidden_policies_meet_nothing_and_lack_nothing() -> None:
    world = tenant(conditional_access=HIDDEN)
    assert {covers(world, requirement).answer for requirement in Requirement} == {UNKNOWN}
