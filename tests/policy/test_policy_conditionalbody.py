"""Conditional Access as Graph writes it: what is read, what is not judged, what we write."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

import pytest

from portineria.policy.conditionalbody import (
    PREFIX,
    block_legacy,
    block_legacy_outside,
    from_graph,
    ip_location,
    location_from_graph,
    mfa_for_all,
    mfa_for_azure,
    mfa_for_roles,
)
from portineria.tenant.access import AZURE_MANAGEMENT, PolicyState
from portineria.tenant.people import DIRECTORY_SYNC_ROLE, SECURITY_DEFAULTS_ROLES

READ: dict[str, Any] = {
    "id": "7359d0e0-d8a9-4afa-8a93-e23e099d7be8",
    "templateId": None,
    "displayName": "Legacy",
    "createdDateTime": "2019-10-14T19:52:00.050958Z",
    "modifiedDateTime": None,
    "state": "enabled",
    "conditions": {
        "userRiskLevels": [],
        "signInRiskLevels": [],
        "servicePrincipalRiskLevels": [],
        "clientAppTypes": ["exchangeActiveSync", "other"],
        "platforms": None,
        "locations": None,
        "devices": None,
        "clientApplications": None,
        "authenticationFlows": None,
        "insiderRiskLevels": None,
        "applications": {
            "includeApplications": ["All"],
            "excludeApplications": [],
            "includeUserActions": [],
            "includeAuthenticationContextClassReferences": [],
            "applicationFilter": None,
        },
        "users": {
            "includeUsers": ["All"],
            "excludeUsers": ["break-glass"],
            "includeGroups": [],
            "excludeGroups": [],
            "includeRoles": [],
            "excludeRoles": [],
            "includeGuestsOrExternalUsers": None,
            "excludeGuestsOrExternalUsers": None,
        },
    },
    "grantControls": {
        "operator": "OR",
        "builtInControls": ["block"],
        "customAuthenticationFactors": [],
        "termsOfUse": [],
        "authenticationStrength": None,
    },
    "sessionControls": None,
}


def with_conditions(**changes: Any) -> dict[str, Any]:
    return {**READ, "conditions": {**READ["conditions"], **changes}}


def test_a_policy_as_graph_shows_it_is_read_whole() -> None:
    found = from_graph(READ)
    assert found.name == "Legacy"
    assert found.enforced
    assert found.blocks
    assert found.client_apps == {"exchangeActiveSync", "other"}
    assert found.include_users == {"All"}
    assert found.exclude_users == {"break-glass"}
    assert found.include_applications == {"All"}
    assert found.service_principals is None
    assert found.depends_on == ()
    assert found.created == datetime(2019, 10, 14, 19, 52, 0, 50958, tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"userRiskLevels": ["high"]}, "user risk"),
        ({"signInRiskLevels": ["medium"]}, "sign-in risk"),
        ({"servicePrincipalRiskLevels": ["high"]}, "service principal risk"),
        ({"insiderRiskLevels": "elevated"}, "insider risk"),
        ({"platforms": {"includePlatforms": ["iOS"], "excludePlatforms": []}}, "device platform"),
        (
            {"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]}},
            "device platform",
        ),
        ({"devices": {"deviceFilter": {"mode": "exclude", "rule": "x"}}}, "device filter"),
        ({"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}, "authentication flow"),
        (
            {"applications": {"applicationFilter": {"mode": "include", "rule": "x"}}},
            "application filter",
        ),
    ],
)
def test_a_condition_that_is_not_judged_is_named(changes: dict[str, Any], named: str) -> None:
    assert from_graph(with_conditions(**changes)).depends_on == (named,)


@pytest.mark.parametrize(
    "changes",
    [
        {"platforms": {"includePlatforms": ["all"], "excludePlatforms": []}},
        {"authenticationFlows": {"transferMethods": "none"}},
    ],
)
def test_a_condition_that_holds_for_all_is_none(changes: dict[str, Any]) -> None:
    assert from_graph(with_conditions(**changes)).depends_on == ()


def test_a_workload_policy_names_its_applications() -> None:
    found = from_graph(
        with_conditions(
            clientApplications={
                "includeServicePrincipals": ["one"],
                "excludeServicePrincipals": ["two"],
                "servicePrincipalFilter": {"mode": "include", "rule": "x"},
            }
        )
    )
    assert found.service_principals == {"one"}
    assert found.exclude_service_principals == {"two"}
    assert found.depends_on == ("service principal filter",)


def test_terms_factors_and_strengths_are_controls_too() -> None:
    body = {
        **READ,
        "grantControls": {
            "operator": "AND",
            "builtInControls": [],
            "termsOfUse": ["id"],
            "customAuthenticationFactors": ["id"],
            "authenticationStrength": {"id": "00000000-0000-0000-0000-000000000004"},
        },
    }
    found = from_graph(body)
    assert found.grant_controls == {"termsOfUse", "customAuthenticationFactor"}
    assert found.authentication_strength
    assert found.grant_operator == "AND"


def test_a_policy_with_session_controls_only_asks_for_nothing() -> None:
    assert from_graph({**READ, "grantControls": None}).grant_controls == frozenset()


def test_guests_are_read_in_both_forms() -> None:
    users = {**READ["conditions"]["users"], "includeUsers": ["GuestsOrExternalUsers"]}
    assert from_graph(with_conditions(users=users)).include_guests
    users = {**READ["conditions"]["users"], "excludeGuestsOrExternalUsers": {"x": "y"}}
    assert from_graph(with_conditions(users=users)).exclude_guests


@pytest.mark.parametrize("broken", [{"state": "sometimes"}, {"state": None}])
def test_a_state_nobody_has_heard_of_is_an_error(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        from_graph({**READ, **broken})


OURS = [
    block_legacy(["b", "a"]),
    mfa_for_roles(["b", "a"]),
    mfa_for_all(["b", "a"]),
    mfa_for_azure(["b", "a"]),
]


@pytest.mark.parametrize("body", OURS, ids=lambda body: body["displayName"])
def test_ours_carry_our_name_start_in_report_only_and_exclude_break_glass(
    body: dict[str, Any],
) -> None:
    assert body["displayName"].startswith(PREFIX)
    found = from_graph(body)
    assert found.state is PolicyState.REPORT_ONLY
    assert body["conditions"]["users"]["excludeUsers"] == ["a", "b"]


@pytest.mark.parametrize("body", OURS[1:], ids=lambda body: body["displayName"])
def test_our_mfa_policies_leave_passwords_to_the_block_and_synchronisation_alone(
    body: dict[str, Any],
) -> None:
    found = from_graph(body)
    assert found.client_apps == {"browser", "mobileAppsAndDesktopClients"}
    assert found.exclude_roles == {DIRECTORY_SYNC_ROLE}
    assert found.grant_controls == {"mfa"}


def test_our_bodies_name_whom_and_what_they_are_about() -> None:
    legacy, roles, _, azure = (from_graph(body) for body in OURS)
    assert legacy.client_apps == {"exchangeActiveSync", "other"}
    assert legacy.blocks
    assert roles.include_users == frozenset()
    assert roles.include_roles == {role for role, _ in SECURITY_DEFAULTS_ROLES}
    assert azure.include_applications == {AZURE_MANAGEMENT}


def test_the_companion_blocks_these_people_everywhere_but_there() -> None:
    found = from_graph(block_legacy_outside(["scan"], "change:3.id", "scanners"))
    assert found.include_users == {"scan"}
    assert found.include_locations == {"All"}
    assert found.exclude_locations == {"change:3.id"}
    assert found.blocks
    assert found.name.endswith("scanners")


def test_a_location_is_written_and_read_back_and_is_never_trusted() -> None:
    networks = (ip_network("203.0.113.0/28"), ip_network("2001:db8::/48"))
    body = ip_location("Floor", networks)
    assert [one["@odata.type"] for one in body["ipRanges"]] == [
        "#microsoft.graph.iPv4CidrRange",
        "#microsoft.graph.iPv6CidrRange",
    ]
    found = location_from_graph({**body, "id": "1"})
    assert (found.id, found.name, found.networks, found.trusted) == ("1", "Floor", networks, False)


def test_a_country_has_no_networks() -> None:
    body = {"id": "1", "displayName": "Italy", "countriesAndRegions": ["IT"]}
    assert location_from_graph(body).networks is None
