"""`connect --print`: the same as steps in the portal and as PowerShell, for whoever may do it."""

from __future__ import annotations

from collections.abc import Iterator

from portineria.m365.permissions import NAMES, SIGN_IN
from portineria.run.connect import Wanted
from portineria.tenant.ownaccess import Access

ENVIRONMENTS = {"gcc-high": "USGov", "dod": "USGovDoD", "china": "China"}
"""What Connect-MgGraph calls the clouds. Source: Microsoft Learn, Connect-MgGraph."""


def portal(wish: Wanted, access: Access, tenant: str, profile: str, public: str) -> list[str]:
    """Steps in the Entra admin center, whole sentences. `public` is the file to upload."""
    steps = [
        "Entra admin center, App registrations, New registration: "
        f"name it «{wish.name}», single tenant, no redirect URI.",
        "Copy its Application (client) ID: you need it in the last step.",
        f"Certificates & secrets, Certificates, Upload certificate: {public}. Its key stays on "
        "the machine that will run Portineria.",
    ]
    for service in dict.fromkeys(one.resource for one in wish.permissions):
        names = ", ".join(one.value for one in wish.permissions if one.resource == service)
        steps.append(
            f"API permissions, Add a permission, {NAMES[service]}, Application permissions: "
            f"{names}."
        )
    return [
        *steps,
        "API permissions: take away User.Read, which a new registration has, then Grant admin "
        "consent.",
        f"Roles & admins, {wish.role.name}, Add assignments: «{wish.name}», active, not eligible.",
        f"Here again: portineria --profile {profile} connect {tenant} --access {access} "
        "--client-id ID, and some minutes later portineria connect check.",
    ]


def powershell(wish: Wanted, access: Access, tenant: str, profile: str, cloud: str) -> str:
    """A script for PowerShell with the module Microsoft.Graph."""
    return "\n".join(_script(wish, access, tenant, profile, cloud)) + "\n"


def _script(wish: Wanted, access: Access, tenant: str, profile: str, cloud: str) -> Iterator[str]:
    environment = f" -Environment {ENVIRONMENTS[cloud]}" if cloud in ENVIRONMENTS else ""
    scopes = ", ".join(f"'{scope}'" for scope in SIGN_IN)
    yield f"# {access} access for Portineria to {tenant}. Run it as Global Administrator."
    yield "# Install-Module Microsoft.Graph.Applications, Microsoft.Graph.Identity.Governance"
    yield "$ErrorActionPreference = 'Stop'"
    yield f"Connect-MgGraph -TenantId {_quoted(tenant)}{environment} -Scopes {scopes}"
    yield f"$name = {_quoted(wish.name)}"
    yield "if (Get-MgApplication -Filter \"displayName eq '$name'\") {"
    yield '  throw "There is an application of that name already."'
    yield "}"
    yield "$key = @{"
    yield "  Type = 'AsymmetricX509Cert'; Usage = 'Verify'"
    yield f"  DisplayName = {_quoted(wish.key_name)}"
    yield f"  Key = [Convert]::FromBase64String({_quoted(wish.key)})"
    yield "}"
    yield "$app = New-MgApplication -DisplayName $name -SignInAudience AzureADMyOrg `"
    yield "  -KeyCredentials @($key)"
    yield "$principal = New-MgServicePrincipal -AppId $app.AppId"
    yield "$wanted = [ordered]@{"
    for service in dict.fromkeys(one.resource for one in wish.permissions):
        values = [one.value for one in wish.permissions if one.resource == service]
        yield f"  # {NAMES[service]}"
        yield f"  '{service}' = @({', '.join(map(_quoted, values))})"
    yield "}"
    yield "foreach ($service in $wanted.Keys) {"
    yield "  $resource = Get-MgServicePrincipal -Filter \"appId eq '$service'\""
    yield "  foreach ($value in $wanted[$service]) {"
    yield "    $role = $resource.AppRoles | Where-Object { $_.Value -eq $value }"
    yield "    New-MgServicePrincipalAppRoleAssignedTo -ServicePrincipalId $resource.Id `"
    yield "      -PrincipalId $principal.Id -ResourceId $resource.Id -AppRoleId $role.Id | Out-Null"
    yield "  }"
    yield "}"
    yield f"# {wish.role.name}: {wish.role.why}"
    yield "New-MgRoleManagementDirectoryRoleAssignment -PrincipalId $principal.Id `"
    yield f"  -RoleDefinitionId '{wish.role.id}' -DirectoryScopeId '/' | Out-Null"
    yield "Disconnect-MgGraph | Out-Null"
    yield f'"portineria --profile {profile} connect {tenant} --client-id $($app.AppId)"'


def reasons(wish: Wanted) -> list[tuple[str, str, str]]:
    """(permission, service, why) of everything that is asked for."""
    return [(one.value, NAMES[one.resource], one.why) for one in wish.permissions]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
