"""What Portineria asks a tenant for: each permission, why, and which call needs it.

The one table: `connect` asks for it, `connect --print` writes it down, `connect check` compares
with it, docs/connect.md shows it; a test takes each away and sees what is refused then.
Source: Graph dossier 0.1, Exchange dossier 2.3. Ids are resolved by value, never by table.
"""

from __future__ import annotations

from portineria.m365.graph import (
    apps,
    conditional_access,
    groups,
    roles,
    security_defaults,
    signins,
    users,
)
from portineria.tenant.access import EXCHANGE_ONLINE
from portineria.tenant.ownaccess import Access, DirectoryRole, Permission

GRAPH = apps.GRAPH
NAMES = {GRAPH: "Microsoft Graph", EXCHANGE_ONLINE: "Office 365 Exchange Online"}

PERMISSIONS: tuple[Permission, ...] = (
    Permission(
        value="Policy.Read.All",
        resource=GRAPH,
        why="to see security defaults, Conditional Access and per-user MFA",
        calls=(
            "GET /policies/identitySecurityDefaultsEnforcementPolicy",
            "GET /identity/conditionalAccess/policies",
            "GET /identity/conditionalAccess/namedLocations",
            "GET /policies/authorizationPolicy",
            "GET /users/{id}/authentication/requirements",
        ),
    ),
    Permission(
        value=users.READ,
        resource=GRAPH,
        why="to see accounts: enabled, synchronised, licensed",
        calls=("GET /users",),
    ),
    Permission(
        value=groups.READ,
        resource=GRAPH,
        why="to know who is in a group that a grant names",
        calls=("GET /groups", "GET /groups/{id}/transitiveMembers"),
    ),
    Permission(
        value=roles.READ,
        resource=GRAPH,
        why="to leave administrators and emergency accounts out of what could lock them out",
        calls=("GET /roleManagement/directory/roleAssignments",),
    ),
    Permission(
        value=apps.READ,
        resource=GRAPH,
        why="to see which application was consented to what",
        calls=("GET /servicePrincipals", "GET /oauth2PermissionGrants"),
    ),
    Permission(
        value="Organization.Read.All",
        resource=GRAPH,
        why="to know which licences the tenant has",
        calls=("GET /subscribedSkus",),
    ),
    Permission(
        value="Domain.Read.All",
        resource=GRAPH,
        why="to know which domains sign in elsewhere",
        calls=("GET /domains",),
    ),
    Permission(
        value="Exchange.ManageAsApp",
        resource=EXCHANGE_ONLINE,
        why="to speak to Exchange at all; what may be done there is the directory role's to say",
        calls=("Get-CASMailbox", "Get-Mailbox", "Get-TransportConfig", "Get-OrganizationConfig"),
    ),
    Permission(
        value=signins.READ,
        resource=GRAPH,
        why="to see who really uses which protocol (`inventory`): asked for with --logs only",
        calls=("GET /auditLogs/signIns",),
        optional=True,
    ),
    Permission(
        value=conditional_access.WRITE,
        resource=GRAPH,
        why="to put Conditional Access in the place of security defaults where a plan says so",
        calls=(
            "POST, PATCH, DELETE /identity/conditionalAccess/policies",
            "POST, DELETE /identity/conditionalAccess/namedLocations",
        ),
        only_for=Access.WRITE,
    ),
    Permission(
        value=security_defaults.WRITE,
        resource=GRAPH,
        why="to switch security defaults where a plan says so",
        calls=("PATCH /policies/identitySecurityDefaultsEnforcementPolicy",),
        only_for=Access.WRITE,
        instead=conditional_access.WRITE,
    ),
    Permission(
        value=users.REVOKE,
        resource=GRAPH,
        why="to sign people out where a mailbox is closed at once",
        calls=("POST /users/{id}/revokeSignInSessions",),
        only_for=Access.WRITE,
    ),
)

ROLES = {
    Access.READ: DirectoryRole(
        id="f2ef992c-3afb-46b9-b7cf-a126ee74c451",
        name="Global Reader",
        why="the least role that Exchange answers Get-OrganizationConfig for",
    ),
    Access.WRITE: DirectoryRole(
        id="29232cdf-9323-42fd-ade2-1d097af3e4de",
        name="Exchange Administrator",
        why="to set the switches of mailboxes, of the organisation and of authentication policies",
    ),
}

SIGN_IN = {
    "Application.ReadWrite.All": "to register the application and its certificate",
    "Application.Read.All": "to find the ids of permissions by their names",
    "AppRoleAssignment.ReadWrite.All": "to give it its permissions, which is the admin consent",
    "RoleManagement.ReadWrite.Directory": "to give it its directory role",
}
"""What the administrator's own session is asked for, and why: held in memory, never kept."""
SIGN_IN_FOR_KEYS = ("Application.ReadWrite.All",)
"""Enough to change an application's certificate."""
SIGN_IN_TO_REMOVE = ("Application.ReadWrite.All", "RoleManagement.ReadWrite.Directory")


def wanted(access: Access, *, logs: bool = False) -> tuple[Permission, ...]:
    """Every permission that this access needs, and no other; with `logs` the optional one too."""
    return tuple(
        one for one in PERMISSIONS if one.only_for in (None, access) and (logs or not one.optional)
    )
