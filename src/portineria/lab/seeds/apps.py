"""Microsoft's own resources, and the applications of the tenant with their consents."""

from __future__ import annotations

from portineria.lab.seeds.ground import Ground
from portineria.lab.seeds.groups import assign_role
from portineria.lab.seeds.reading import shared
from portineria.lab.world import Document, known_id


def plant(ground: Ground) -> None:
    for resource in shared("resources"):
        _resource(ground, resource)
    for app in ground.data["apps"]:
        _application(ground, app)
    for app in shared("microsoft"):
        _microsoft(ground, app)


def client_id(name: str) -> str:
    return known_id("client", name.lower())


def secret(name: str) -> str:
    """An application's secret: made from its name, and good in the lab only."""
    return f"Lab~{known_id('secret', name.lower())}".replace("-", "")


def _resource(ground: Ground, resource: Document) -> None:
    admin = set(resource.get("admin_scopes") or ())
    permissions = {
        key: [
            {
                "id": id_ or known_id("permission", key, value),
                "value": value,
                "isEnabled": True,
                **(
                    {"allowedMemberTypes": ["Application"]}
                    if key == "roles"
                    else {"type": "Admin" if value in admin else "User"}
                ),
            }
            for value, id_ in (resource.get(key) or {}).items()
        ]
        for key in ("roles", "scopes")
    }
    document = {
        "id": ground.id("principal", resource["name"]),
        "appId": resource["app_id"],
        "displayName": resource["name"],
        "accountEnabled": True,
        "appRoleAssignmentRequired": False,
        "servicePrincipalType": "Application",
        "servicePrincipalNames": [resource["app_id"], *resource["names"]],
        "tags": [],
        "appOwnerOrganizationId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
        "appRoles": permissions["roles"],
        "oauth2PermissionScopes": permissions["scopes"],
    }
    ground.put("servicePrincipals", document["id"], document)


def _microsoft(ground: Ground, app: Document) -> None:
    """A public application of Microsoft's own, which no tenant has before somebody consents."""
    document = {
        "id": ground.id("application", app["name"]),
        "appId": app["client_id"],
        "displayName": app["name"],
        "signInAudience": "AzureADMultipleOrgs",
        "publicClient": {"redirectUris": app["redirects"]},
        "web": {"redirectUris": []},
        "isFallbackPublicClient": True,
        "microsoft": True,
    }
    ground.put("foreignApplications", document["id"], document)


def _application(ground: Ground, app: Document) -> None:
    name = app["name"]
    principal = _principal(ground, app)
    for resource, roles in (app.get("roles") or {}).items():
        _consent_roles(ground, principal, resource, roles)
    for resource, scopes in (app.get("scopes") or {}).items():
        _consent_scopes(ground, principal, resource, scopes)
    for role in app.get("directory_roles", []):
        assign_role(ground, principal["id"], role)
    if app.get("registered_in_exchange"):
        row = {
            "ObjectId": principal["id"],
            "AppId": principal["appId"],
            "DisplayName": name,
            "Guid": ground.id("exchangePrincipal", name),
            "WhenCreatedUTC": ground.stamp,
        }
        ground.put("exchangeServicePrincipals", principal["id"], row)
    for upn in app.get("full_access", []):
        guid = ground.id("mailbox", upn)
        if ground.world["mailboxes"].get(guid) is None:
            raise LookupError(f"the seed has no mailbox {upn}")
        right = {
            "Identity": upn.partition("@")[0],
            "User": principal["id"],
            "AccessRights": ["FullAccess"],
            "IsInherited": False,
            "Deny": False,
            "InheritanceType": "All",
        }
        ground.put("mailboxPermissions", f"{guid}/{principal['id']}", right)


def _principal(ground: Ground, app: Document) -> Document:
    name = app["name"]
    key = ground.id("secretKey", name)
    held = [] if app.get("public") else [{"keyId": key, "secretText": secret(name)}]
    foreign = app.get("owner")
    application = {
        "id": ground.id("application", name),
        "appId": app.get("client_id") or client_id(name),
        "displayName": name,
        "signInAudience": "AzureADMultipleOrgs" if foreign else "AzureADMyOrg",
        "publicClient": {"redirectUris": app.get("redirects", [])},
        "web": {"redirectUris": []},
        "isFallbackPublicClient": bool(app.get("public")),
        "createdDateTime": ground.stamp,
        "requiredResourceAccess": [],
        "passwordCredentials": [
            {
                "keyId": key,
                "displayName": "lab",
                "hint": row["secretText"][:3],
                "secretText": None,
                "startDateTime": ground.stamp,
            }
            for row in held
        ],
        "keyCredentials": [],
        "secrets": held,
        "certificates": [],
    }
    ground.put("foreignApplications" if foreign else "applications", application["id"], application)
    principal = {
        "id": ground.id("principal", name),
        "appId": application["appId"],
        "displayName": name,
        "createdDateTime": ground.stamp,
        "accountEnabled": True,
        "appRoleAssignmentRequired": False,
        "servicePrincipalType": "Application",
        "servicePrincipalNames": [application["appId"]],
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
        "appOwnerOrganizationId": foreign or ground.world.tenant_id,
        "appRoles": [],
        "oauth2PermissionScopes": [],
    }
    ground.put("servicePrincipals", principal["id"], principal)
    return principal


def _consent_roles(ground: Ground, principal: Document, resource: str, roles: list[str]) -> None:
    owner = ground.world["servicePrincipals"].get(ground.id("principal", resource))
    assert owner is not None
    known = {role["value"]: role["id"] for role in owner["appRoles"]}
    for role in roles:
        key = ground.id("appRoleAssignment", f"{principal['id']}/{resource}/{role}")
        row = {
            "id": key,
            "principalId": principal["id"],
            "resourceId": owner["id"],
            "appRoleId": known[role],
            "createdDateTime": ground.stamp,
            "principalDisplayName": principal["displayName"],
            "principalType": "ServicePrincipal",
            "resourceDisplayName": resource,
        }
        ground.put("appRoleAssignments", key, row)


def _consent_scopes(ground: Ground, principal: Document, resource: str, scopes: list[str]) -> None:
    key = ground.id("oauth2PermissionGrant", f"{principal['id']}/{resource}")
    row = {
        "id": key,
        "clientId": principal["id"],
        "consentType": "AllPrincipals",
        "principalId": None,
        "resourceId": ground.id("principal", resource),
        "scope": " ".join(scopes),
    }
    ground.put("oauth2PermissionGrants", key, row)
