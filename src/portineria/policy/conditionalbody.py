"""Conditional Access as Graph writes it: reading any policy, and the bodies of our own.

`from_graph` reads a conditionalAccessPolicy into tenant words; what it cannot judge goes into
`depends_on`, so that nothing is silently dropped. The builders give the fields of a create
(`policy.change.Family`): displayName, state, conditions, grantControls.
Source: Graph v1.0, resource types conditionalAccessPolicy and namedLocation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from ipaddress import ip_network

from portineria.policy.change import Json
from portineria.tenant.access import (
    AZURE_MANAGEMENT,
    ClientApp,
    ConditionalAccessPolicy,
    NamedLocation,
    Network,
    PolicyState,
)
from portineria.tenant.people import DIRECTORY_SYNC_ROLE, SECURITY_DEFAULTS_ROLES

PREFIX = "Portineria: "
BLOCK_LEGACY = PREFIX + "block legacy authentication"
MFA_ROLES = PREFIX + "MFA for administrators"
MFA_ALL = PREFIX + "MFA for everybody"
MFA_AZURE = PREFIX + "MFA for Azure management"
BLOCK_OUTSIDE = PREFIX + "block legacy authentication from elsewhere: "

_LEGACY = (ClientApp.ACTIVE_SYNC, ClientApp.OTHER)
_MODERN = (ClientApp.BROWSER, ClientApp.MODERN)
_ROLES = tuple(template for template, _ in SECURITY_DEFAULTS_ROLES)
_RISKS = {
    "userRiskLevels": "user risk",
    "signInRiskLevels": "sign-in risk",
    "servicePrincipalRiskLevels": "service principal risk",
    "insiderRiskLevels": "insider risk",
}


def from_graph(body: Mapping[str, Json]) -> ConditionalAccessPolicy:
    """Read one conditionalAccessPolicy object, or the fields of a create.

    Raises KeyError or ValueError where `displayName` or `state` is missing or unheard of.
    """
    conditions = _object(body, "conditions")
    users = _object(conditions, "users")
    applications = _object(conditions, "applications")
    locations = _object(conditions, "locations")
    controls = _object(body, "grantControls")
    workload = conditions.get("clientApplications")
    created = body.get("createdDateTime")
    return ConditionalAccessPolicy(
        id=str(body.get("id") or ""),
        name=str(body["displayName"]),
        state=PolicyState(body["state"]),
        client_apps=_set(conditions, "clientAppTypes"),
        include_users=_set(users, "includeUsers"),
        exclude_users=_set(users, "excludeUsers"),
        include_groups=_set(users, "includeGroups"),
        exclude_groups=_set(users, "excludeGroups"),
        include_roles=_set(users, "includeRoles"),
        exclude_roles=_set(users, "excludeRoles"),
        include_guests=_guests(users, "include"),
        exclude_guests=_guests(users, "exclude"),
        include_applications=_set(applications, "includeApplications"),
        exclude_applications=_set(applications, "excludeApplications"),
        include_locations=_set(locations, "includeLocations"),
        exclude_locations=_set(locations, "excludeLocations"),
        service_principals=None if not workload else _set(workload, "includeServicePrincipals"),
        exclude_service_principals=_set(workload or {}, "excludeServicePrincipals"),
        grant_operator=str(controls.get("operator") or "OR"),
        grant_controls=_controls(controls),
        authentication_strength=bool(controls.get("authenticationStrength")),
        depends_on=_depends_on(conditions),
        template_id=body.get("templateId"),
        created=None if not created else datetime.fromisoformat(created),
    )


def _object(parent: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    """Graph writes an absent object as null."""
    return parent.get(name) or {}


def _set(parent: Mapping[str, Json], name: str) -> frozenset[str]:
    return frozenset(parent.get(name) or ())


def _guests(users: Mapping[str, Json], side: str) -> bool:
    named = users.get(f"{side}GuestsOrExternalUsers") is not None
    return named or "GuestsOrExternalUsers" in (users.get(f"{side}Users") or ())


def _controls(controls: Mapping[str, Json]) -> frozenset[str]:
    found = set(_set(controls, "builtInControls"))
    if controls.get("termsOfUse"):
        found.add("termsOfUse")
    if controls.get("customAuthenticationFactors"):
        found.add("customAuthenticationFactor")
    return frozenset(found)


def _depends_on(conditions: Mapping[str, Json]) -> tuple[str, ...]:
    found = [name for key, name in _RISKS.items() if conditions.get(key)]
    platforms = _object(conditions, "platforms")
    if platforms.get("excludePlatforms") or set(platforms.get("includePlatforms") or ()) - {"all"}:
        found.append("device platform")
    if conditions.get("devices"):
        found.append("device filter")
    flows = _object(conditions, "authenticationFlows").get("transferMethods")
    if flows and flows != "none":
        found.append("authentication flow")
    if _object(conditions, "applications").get("applicationFilter"):
        found.append("application filter")
    if _object(conditions, "clientApplications").get("servicePrincipalFilter"):
        found.append("service principal filter")
    return tuple(found)


def location_from_graph(body: Mapping[str, Json]) -> NamedLocation:
    """Read one namedLocation; a country location has no networks (None)."""
    ranges = body.get("ipRanges")
    return NamedLocation(
        id=str(body.get("id") or ""),
        name=str(body.get("displayName") or ""),
        networks=None
        if ranges is None
        else tuple(ip_network(item["cidrAddress"], strict=False) for item in ranges),
        trusted=bool(body.get("isTrusted")),
    )


def block_legacy(
    exclude_users: Iterable[str], state: PolicyState = PolicyState.REPORT_ONLY
) -> dict[str, Json]:
    """Block basic authentication and ActiveSync for everybody but these object ids."""
    users = _users(include=("All",), exclude=exclude_users)
    return _body(BLOCK_LEGACY, state, users, _LEGACY, "block")


def mfa_for_roles(
    exclude_users: Iterable[str],
    state: PolicyState = PolicyState.REPORT_ONLY,
    roles: Iterable[str] = _ROLES,
) -> dict[str, Json]:
    """Ask MFA of the holders of these roles (template ids): by default the 17."""
    users = _users(roles=roles, exclude=exclude_users, exclude_roles=(DIRECTORY_SYNC_ROLE,))
    return _body(MFA_ROLES, state, users, _MODERN, "mfa")


def mfa_for_all(
    exclude_users: Iterable[str], state: PolicyState = PolicyState.REPORT_ONLY
) -> dict[str, Json]:
    users = _users(include=("All",), exclude=exclude_users, exclude_roles=(DIRECTORY_SYNC_ROLE,))
    return _body(MFA_ALL, state, users, _MODERN, "mfa")


def mfa_for_azure(
    exclude_users: Iterable[str], state: PolicyState = PolicyState.REPORT_ONLY
) -> dict[str, Json]:
    users = _users(include=("All",), exclude=exclude_users, exclude_roles=(DIRECTORY_SYNC_ROLE,))
    return _body(MFA_AZURE, state, users, _MODERN, "mfa", applications=(AZURE_MANAGEMENT,))


def block_legacy_outside(
    users: Iterable[str],
    location_ref: str,
    label: str,
    state: PolicyState = PolicyState.REPORT_ONLY,
) -> dict[str, Json]:
    """The companion of an exclusion: these people's basic sign-ins, but from this location.

    `location_ref` is a named location's id, or "change:N.id"; `label` makes the name unique.
    """
    body = _body(BLOCK_OUTSIDE + label, state, _users(include=users), _LEGACY, "block")
    body["conditions"]["locations"] = {
        "includeLocations": ["All"],
        "excludeLocations": [location_ref],
    }
    return body


def ip_location(name: str, networks: Iterable[Network]) -> dict[str, Json]:
    """The fields of a named location made of networks. Never trusted: that would open others."""
    return {
        "@odata.type": "#microsoft.graph.ipNamedLocation",
        "displayName": name,
        "isTrusted": False,
        "ipRanges": [
            {
                "@odata.type": f"#microsoft.graph.iPv{network.version}CidrRange",
                "cidrAddress": str(network),
            }
            for network in networks
        ],
    }


def _users(
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    roles: Iterable[str] = (),
    exclude_roles: Iterable[str] = (),
) -> dict[str, Json]:
    """Sorted, so that the same wish has the same digest."""
    return {
        "includeUsers": sorted(include),
        "excludeUsers": sorted(exclude),
        "includeGroups": [],
        "excludeGroups": [],
        "includeRoles": sorted(roles),
        "excludeRoles": sorted(exclude_roles),
    }


def _body(
    name: str,
    state: PolicyState,
    users: dict[str, Json],
    client_apps: Iterable[ClientApp],
    control: str,
    applications: Iterable[str] = ("All",),
) -> dict[str, Json]:
    return {
        "displayName": name,
        "state": state.value,
        "conditions": {
            "clientAppTypes": [app.value for app in client_apps],
            "applications": {"includeApplications": list(applications), "excludeApplications": []},
            "users": users,
        },
        "grantControls": {"operator": "OR", "builtInControls": [control]},
    }
