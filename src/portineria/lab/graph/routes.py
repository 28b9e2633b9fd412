"""Every path of the lab's Graph, with the permissions it takes (entra-graph 0.1, 4.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from portineria.lab.ask import Answer
from portineria.lab.graph import (
    applications,
    conditional,
    consent,
    deleted,
    directory,
    evaluate,
    licences,
    locations,
    logs,
    organization,
    protections,
    roles,
)
from portineria.lab.graph.call import Call

Needs = tuple[frozenset[str], ...]

READS_BY_POST = re.compile(r"/(evaluate|checkMemberGroups|getMemberGroups)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Route:
    """`needs` are alternatives, each a set of permissions that suffices."""

    method: str
    pattern: re.Pattern[str]
    handler: Callable[[Call], Answer]
    needs: Needs
    policy: bool = False
    beta: bool = False


def _any(*names: str) -> Needs:
    return tuple(frozenset(name.split("+")) for name in names)


_READ_POLICY = _any("Policy.Read.All")
_READ_ACCESS = _any("Policy.Read.All", "Policy.Read.ConditionalAccess")
_WRITE_ACCESS = _any("Policy.Read.All+Policy.ReadWrite.ConditionalAccess+Application.Read.All")
_WRITE_PLACES = _any("Policy.Read.All+Policy.ReadWrite.ConditionalAccess")
_WRITE_DEFAULTS = _any(
    "Policy.Read.All+Policy.ReadWrite.SecurityDefaults",
    "Policy.Read.All+Policy.ReadWrite.ConditionalAccess",
)
_WHAT_IF = _any(
    "Policy.Read.ConditionalAccess", "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"
)
_USERS = _any("User.Read.All", "User.ReadBasic.All", "Directory.Read.All")
_GROUPS = _any("Group.Read.All", "GroupMember.Read.All", "Directory.Read.All")
_MEMBERS = (*_any("GroupMember.ReadBasic.All"), *_GROUPS)
_ROLES = _any("RoleManagement.Read.Directory", "RoleManagement.ReadWrite.Directory")
_WRITE_ROLES = _any("RoleManagement.ReadWrite.Directory")
_TENANT = _any("Organization.Read.All", "Directory.Read.All")
_LICENCES = (*_any("LicenseAssignment.Read.All"), *_TENANT)
_HELD_LICENCES = _any(
    "LicenseAssignment.Read.All", "Directory.Read.All", "User.Read", "User.Read.All"
)
_FOREIGN = _any("CrossTenantInformation.ReadBasic.All")
_DOMAINS = _any("Domain.Read.All", "Directory.Read.All")
_APPS = _any("Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All")
_WRITE_APPS = _any("Application.ReadWrite.All", "Application.ReadWrite.OwnedBy")
_ASSIGN = _any("AppRoleAssignment.ReadWrite.All+Application.Read.All")
_GRANT = _any("DelegatedPermissionGrant.ReadWrite.All")
_GRANTS = (*_GRANT, *_any("Directory.Read.All", "Application.Read.All"))
_REVOKE = _any("User.RevokeSessions.All", "User.ReadWrite.All")
_LICENSE = _any("LicenseAssignment.ReadWrite.All", "User.ReadWrite.All", "Directory.ReadWrite.All")
_PER_USER_MFA = _any("Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod")
_AUDIT = _any("AuditLog.Read.All")

_DEFAULTS = "/policies/identitySecurityDefaultsEnforcementPolicy"
_ACCESS = "/identity/conditionalAccess/policies"
_PLACES = "/identity/conditionalAccess/namedLocations"
_DELETED = "/identity/conditionalAccess/deletedItems/policies"
_DEFINITIONS = "/roleManagement/directory/roleDefinitions"
_ASSIGNMENTS = "/roleManagement/directory/roleAssignments"
_INSTANCES = "/roleManagement/directory/roleAssignmentScheduleInstances"
_BIN = "/directory/deletedItems"
_FIND_TENANT = "/tenantRelationships/findTenantInformationBy"
_PRINCIPAL = ("/servicePrincipals/{id}", "/servicePrincipals(appId='{appId}')")
_APPLICATION = ("/applications/{id}", "/applications(appId='{appId}')")


def _pattern(template: str) -> re.Pattern[str]:
    escaped = re.escape(template).replace(r"\{", "{").replace(r"\}", "}")
    quoted = re.sub(r"'\{(\w+)\}'", r"'(?P<\1>[^/()']+)'", escaped)
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", quoted), re.IGNORECASE)


def _routes() -> tuple[Route, ...]:
    def directory_(
        method: str, path: str, handler: Callable[[Call], Answer], needs: Needs
    ) -> Route:
        return Route(method, _pattern(path), handler, needs)

    def policy(method: str, path: str, handler: Callable[[Call], Answer], needs: Needs) -> Route:
        return Route(method, _pattern(path), handler, needs, policy=True)

    of_principals = [
        route
        for base in _PRINCIPAL
        for route in (
            directory_("GET", base, applications.principal, _APPS),
            directory_("PATCH", base, applications.change_principal, _WRITE_APPS),
            directory_("DELETE", base, applications.remove_principal, _WRITE_APPS),
            directory_("GET", base + "/appRoleAssignedTo", consent.assigned_to, _APPS),
            directory_("POST", base + "/appRoleAssignedTo", consent.assign, _ASSIGN),
            directory_(
                "DELETE", base + "/appRoleAssignedTo/{assignment}", consent.unassign, _ASSIGN
            ),
            directory_("GET", base + "/appRoleAssignments", consent.assignments, _APPS),
            directory_("POST", base + "/appRoleAssignments", consent.assign, _ASSIGN),
            directory_(
                "DELETE", base + "/appRoleAssignments/{assignment}", consent.unassign, _ASSIGN
            ),
            directory_("GET", base + "/oauth2PermissionGrants", consent.grants_of, _GRANTS),
        )
    ]
    of_applications = [
        route
        for base in _APPLICATION
        for route in (
            directory_("GET", base, applications.application, _APPS),
            directory_("PATCH", base, applications.change, _WRITE_APPS),
            directory_("DELETE", base, applications.remove, _WRITE_APPS),
            directory_("POST", base + "/addPassword", applications.add_password, _WRITE_APPS),
            directory_("POST", base + "/removePassword", applications.remove_password, _WRITE_APPS),
            directory_("GET", base + "/owners", applications.owners, _APPS),
            directory_(
                "DELETE", base + "/owners/{owner}/$ref", applications.remove_owner, _WRITE_APPS
            ),
        )
    ]
    return (
        directory_("GET", "/organization", organization.organization, _TENANT),
        directory_("GET", "/domains", organization.domains, _DOMAINS),
        directory_("GET", "/subscribedSkus", organization.skus, _LICENCES),
        directory_(
            "GET",
            _FIND_TENANT + "TenantId(tenantId='{tenant}')",
            organization.tenant_information,
            _FOREIGN,
        ),
        directory_(
            "GET",
            _FIND_TENANT + "DomainName(domainName='{domain}')",
            organization.tenant_information,
            _FOREIGN,
        ),
        directory_("GET", "/users/$count", directory.count_users, _USERS),
        directory_("GET", "/users", directory.users, _USERS),
        directory_("GET", "/users/{id}", directory.user, _USERS),
        directory_("POST", "/users/{id}/revokeSignInSessions", directory.revoke, _REVOKE),
        directory_("POST", "/users/{id}/assignLicense", licences.assign_licence, _LICENSE),
        directory_("GET", "/users/{id}/licenseDetails", directory.licences, _HELD_LICENCES),
        directory_("GET", "/users/{id}/transitiveMemberOf", directory.member_of, _GROUPS),
        Route(
            "GET",
            _pattern("/users/{id}/authentication/requirements"),
            directory.requirements,
            _PER_USER_MFA,
            policy=True,
            beta=True,
        ),
        directory_("GET", "/groups", directory.groups, _GROUPS),
        directory_("GET", "/groups/{id}", directory.group, _GROUPS),
        directory_("GET", "/groups/{id}/transitiveMembers", directory.members, _MEMBERS),
        directory_(
            "GET",
            "/groups/{id}/transitiveMembers/microsoft.graph.user",
            directory.user_members,
            _MEMBERS,
        ),
        directory_("GET", "/directoryRoles", roles.activated, _ROLES),
        directory_("GET", _DEFINITIONS, roles.definitions, _ROLES),
        directory_("GET", _DEFINITIONS + "/{id}", roles.definition, _ROLES),
        directory_("GET", _ASSIGNMENTS, roles.assignments, _ROLES),
        directory_("POST", _ASSIGNMENTS, roles.assign, _WRITE_ROLES),
        directory_("DELETE", _ASSIGNMENTS + "/{id}", roles.unassign, _WRITE_ROLES),
        directory_("GET", _INSTANCES, roles.instances, _ROLES),
        directory_("GET", "/auditLogs/signIns", logs.sign_ins, _AUDIT),
        directory_("GET", "/auditLogs/directoryAudits", logs.audits, _AUDIT),
        policy("GET", _DEFAULTS, protections.read_defaults, _READ_POLICY),
        policy("PATCH", _DEFAULTS, protections.write_defaults, _WRITE_DEFAULTS),
        policy("GET", "/policies/authorizationPolicy", protections.authorization, _READ_POLICY),
        policy("GET", _ACCESS, conditional.policies, _READ_ACCESS),
        policy("GET", "/policies/conditionalAccessPolicies", conditional.policies, _READ_ACCESS),
        policy("POST", _ACCESS, conditional.create, _WRITE_ACCESS),
        policy("GET", _ACCESS + "/{id}", conditional.policy, _READ_ACCESS),
        policy("PATCH", _ACCESS + "/{id}", conditional.update, _WRITE_ACCESS),
        policy("DELETE", _ACCESS + "/{id}", conditional.delete, _WRITE_PLACES),
        policy("GET", _DELETED, conditional.deleted, _READ_ACCESS),
        policy("POST", _DELETED + "/{id}/restore", conditional.restore, _WRITE_ACCESS),
        policy("DELETE", _DELETED + "/{id}", conditional.purge, _WRITE_PLACES),
        policy("GET", _PLACES, locations.locations, _READ_ACCESS),
        policy("POST", _PLACES, locations.create, _WRITE_PLACES),
        policy("GET", _PLACES + "/{id}", locations.location, _READ_ACCESS),
        policy("PATCH", _PLACES + "/{id}", locations.update, _WRITE_PLACES),
        policy("DELETE", _PLACES + "/{id}", locations.delete, _WRITE_PLACES),
        policy("POST", "/identity/conditionalAccess/evaluate", evaluate.evaluate, _WHAT_IF),
        directory_("GET", "/applications", applications.applications, _APPS),
        directory_("POST", "/applications", applications.create, _WRITE_APPS),
        directory_("GET", "/servicePrincipals", applications.principals, _APPS),
        directory_("POST", "/servicePrincipals", applications.create_principal, _WRITE_APPS),
        *of_applications,
        directory_("GET", _BIN + "/microsoft.graph.application", deleted.all_of_them, _APPS),
        directory_("GET", _BIN + "/{id}", deleted.one_of_them, _APPS),
        directory_("POST", _BIN + "/{id}/restore", deleted.restore, _WRITE_APPS),
        directory_("DELETE", _BIN + "/{id}", deleted.purge, _WRITE_APPS),
        *of_principals,
        directory_("GET", "/oauth2PermissionGrants", consent.grants, _GRANTS),
        directory_("POST", "/oauth2PermissionGrants", consent.grant, _GRANT),
        directory_("PATCH", "/oauth2PermissionGrants/{id}", consent.change_grant, _GRANT),
        directory_("DELETE", "/oauth2PermissionGrants/{id}", consent.remove_grant, _GRANT),
    )


ROUTES = _routes()
