"""Microsoft's side of Conditional Access: which policies meet a sign-in, and what they demand.

The order is Microsoft's: user (exclusions first), application, client app, location, platform
(entra-graph 2.6, 2.10). A report-only policy is judged, and never enforced. What is asked here
is always one concrete sign-in; nothing here knows of mailboxes or protocols.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from portineria.lab.ask import Seen
from portineria.lab.world import Document

EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
GRAPH = "00000003-0000-0000-c000-000000000000"
OFFICE_365 = frozenset({EXCHANGE, "00000003-0000-0ff1-ce00-000000000000"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One sign-in: a user (Graph document) or a service principal's object id, to one resource.

    `client_app` is browser, mobileAppsAndDesktopClients, exchangeActiveSync or other; `amr` how
    the person proved to be one (pwd, mfa).
    """

    user: Document | None = None
    service_principal: str = ""
    application: str = EXCHANGE
    client_app: str = "mobileAppsAndDesktopClients"
    address: str = "127.0.0.1"
    platform: str = ""
    amr: frozenset[str] = frozenset({"pwd"})
    transfer: str = ""
    """deviceCodeFlow where the session began with a device code; it is remembered (2.2)."""


@dataclass(frozen=True, slots=True)
class Met:
    """One policy against one sign-in. `reason` is evaluate's analysisReasons word, "" if met."""

    policy: Document
    reason: str

    @property
    def applies(self) -> bool:
        return not self.reason

    @property
    def enforced(self) -> bool:
        return self.applies and self.policy["state"] == "enabled"


def judge(seen: Seen, sign_in: SignIn) -> list[Met]:
    """Every policy of the tenant against this sign-in, in order of creation."""
    who = _Who(seen, sign_in)
    return [
        Met(policy, _reason(seen, who, policy, sign_in)) for policy in seen.all("conditionalAccess")
    ]


def unmet(met: Met, sign_in: SignIn) -> str:
    """What an enforced policy demands and this sign-in lacks: "", block, mfa or device."""
    grant = met.policy.get("grantControls")
    if not met.enforced or not grant:
        return ""
    controls = list(grant.get("builtInControls") or [])
    if grant.get("authenticationStrength"):
        controls.append("mfa")
    if "block" in controls:
        return "block"
    # Legacy clients can show neither a second factor nor a device (entra-graph 2.3).
    legacy = sign_in.client_app in ("other", "exchangeActiveSync")
    lacking = [c for c in controls if c != "mfa" or legacy or "mfa" not in sign_in.amr]
    if not lacking or (grant.get("operator") == "OR" and len(lacking) < len(controls)):
        return ""
    return "mfa" if "mfa" in lacking else "device"


def _reason(seen: Seen, who: _Who, policy: Document, sign_in: SignIn) -> str:
    conditions = policy.get("conditions") or {}
    if policy.get("state") == "disabled":
        return "policyNotEnabled"
    return (
        _not_the_identity(who, conditions, sign_in)
        or _not_the_program(conditions, sign_in)
        or _not_the_circumstances(seen, conditions, sign_in)
    )


def _not_the_identity(who: _Who, conditions: Document, sign_in: SignIn) -> str:
    clients = conditions.get("clientApplications")
    if sign_in.service_principal:
        named = _names_principal(clients, sign_in.service_principal)
        return "" if named else "workloadIdentities"
    named = not clients and who.named_by(conditions.get("users") or {})
    return "" if named else "users"


def _not_the_program(conditions: Document, sign_in: SignIn) -> str:
    if not _names_application(conditions.get("applications") or {}, sign_in.application):
        return "application"
    kinds = conditions.get("clientAppTypes") or ["all"]
    return "" if "all" in kinds or sign_in.client_app in kinds else "clientApps"


def _not_the_circumstances(seen: Seen, conditions: Document, sign_in: SignIn) -> str:
    if not _names_location(seen, conditions.get("locations"), sign_in.address):
        return "location"
    if not _names_platform(conditions.get("platforms"), sign_in.platform):
        return "devicePlatform"
    named = _names_flow(conditions.get("authenticationFlows"), sign_in.transfer)
    return "" if named else "authenticationFlow"


class _Who:
    """The groups and roles of the person behind one sign-in, looked up once."""

    def __init__(self, seen: Seen, sign_in: SignIn) -> None:
        self.user = sign_in.user or {}
        self.id = str(self.user.get("id", ""))
        self.groups = transitive_groups(seen, self.id) if self.id else frozenset[str]()
        self.roles = roles_of(seen, self.id) if self.id else frozenset[str]()

    def named_by(self, users: Mapping[str, Any]) -> bool:
        return not self._in(users, "exclude") and self._in(users, "include")

    def _in(self, users: Mapping[str, Any], way: str) -> bool:
        names = set(users.get(f"{way}Users") or [])
        guest = self.user.get("userType") == "Guest"
        return (
            self.id in names
            or (way == "include" and "All" in names)
            or (guest and "GuestsOrExternalUsers" in names)
            or (guest and bool(users.get(f"{way}GuestsOrExternalUsers")))
            or bool(self.groups & set(users.get(f"{way}Groups") or []))
            or bool(self.roles & set(users.get(f"{way}Roles") or []))
        )


def transitive_groups(seen: Seen, member: str) -> frozenset[str]:
    """Ids of the groups that hold this object, directly or through other groups."""
    holding: dict[str, set[str]] = {}
    for _, group in seen.scan("groups"):
        for each in group.get("members", []):
            holding.setdefault(each, set()).add(group["id"])
    found: set[str] = set()
    waiting = [member]
    while waiting:
        new = holding.get(waiting.pop(), set()) - found
        found |= new
        waiting.extend(new)
    return frozenset(found)


def roles_of(seen: Seen, principal: str) -> frozenset[str]:
    """Template ids of the directory roles assigned to this object, directly or by a group."""
    holders = {principal} | transitive_groups(seen, principal)
    return frozenset(
        row["roleDefinitionId"]
        for row in seen.all("roleAssignments")
        if row["principalId"] in holders
    )


def _names_principal(clients: Mapping[str, Any] | None, principal: str) -> bool:
    if not clients or principal in (clients.get("excludeServicePrincipals") or []):
        return False
    included = clients.get("includeServicePrincipals") or []
    return principal in included or "ServicePrincipalsInMyTenant" in included


def _names_application(applications: Mapping[str, Any], application: str) -> bool:
    def within(names: Iterable[str]) -> bool:
        wanted = set(names)
        return application in wanted or ("Office365" in wanted and application in OFFICE_365)

    if within(applications.get("excludeApplications") or []):
        return False
    included = applications.get("includeApplications") or []
    return "All" in included or within(included)


def _names_location(seen: Seen, locations: Mapping[str, Any] | None, address: str) -> bool:
    if not locations:
        return True

    def within(names: Iterable[str]) -> bool:
        return any(_inside(seen, name, address) for name in names)

    if within(locations.get("excludeLocations") or []):
        return False
    return within(locations.get("includeLocations") or [])


def _inside(seen: Seen, name: str, address: str) -> bool:
    """Whether an address is in a location. Countries are not known to the lab: never inside."""
    if name == "All":
        return True
    if name == "AllTrusted":
        return any(
            place.get("isTrusted") and _holds(place, address)
            for place in seen.all("namedLocations")
        )
    place = seen.get("namedLocations", name)
    return place is not None and _holds(place, address)


def _holds(place: Document, address: str) -> bool:
    try:
        spoken = ip_address(address)
    except ValueError:
        return False
    nets = (ip_network(r["cidrAddress"], strict=False) for r in place.get("ipRanges") or [])
    return any(spoken.version == net.version and spoken in net for net in nets)


def _names_flow(flows: Mapping[str, Any] | None, transfer: str) -> bool:
    """transferMethods are flags in one string, separated by commas."""
    methods = str((flows or {}).get("transferMethods") or "none")
    return methods == "none" or transfer in {one.strip() for one in methods.split(",")}


def _names_platform(platforms: Mapping[str, Any] | None, platform: str) -> bool:
    if not platforms:
        return True
    if platform in (platforms.get("excludePlatforms") or []):
        return False
    included = platforms.get("includePlatforms") or []
    return "all" in included or platform in included
