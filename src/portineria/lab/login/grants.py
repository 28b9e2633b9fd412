"""One token request, and the grant of applications: client credentials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from portineria.lab.ask import Ask, Seen
from portineria.lab.login import clients, resources, tokens
from portineria.lab.login.conditional import SignIn
from portineria.lab.login.refusals import SignInFault
from portineria.lab.login.signin import as_of_sign_in, check_protections
from portineria.lab.login.signinlog import PRINCIPAL, Attempt, recorded

if TYPE_CHECKING:
    from portineria.lab.lab import Lab


@dataclass(frozen=True, slots=True)
class Granting:
    """One token request: the lab, the request, its form, and the world as the login sees it."""

    lab: Lab
    ask: Ask
    form: Mapping[str, str]
    seen: Seen
    tenant: str = ""
    """The tenant in the path: a GUID where one was meant, else common or organizations."""

    def needed(self, name: str) -> str:
        """A form member. Raises SignInFault 900144 where it is missing."""
        value = self.form.get(name, "")
        if not value:
            raise SignInFault(900144, name=name)
        return value

    def attempt(self, event: str) -> Attempt:
        """This request as the log of sign-ins begins it."""
        agent = self.ask.headers.get("user-agent", "")
        return Attempt(event=event, agent=agent, address=self.ask.address)


def granting(lab: Lab, ask: Ask, form: Mapping[str, str], tenant: str = "") -> Granting:
    return Granting(lab, ask, form, as_of_sign_in(lab.world, lab.weather), tenant)


def client_credentials(request: Granting) -> dict[str, Any]:
    """An app-only token; its roles are the app's consented permissions at this moment.

    A token without any roles is given all the same (entra-graph 5.3).
    """
    lab, seen = request.lab, request.seen
    client_id = request.needed("client_id")
    wanted = resources.app_only(request.needed("scope"), lab.urls)
    with recorded(seen, request.attempt(PRINCIPAL)) as given:
        app, principal = clients.application(seen, client_id)
        given.principal, given.resource = principal, wanted.application
        clients.prove(app, request.form, audiences(lab), lab.clock.now())
        sign_in = SignIn(
            service_principal=principal["id"],
            application=wanted.application,
            address=request.ask.address,
        )
        check_protections(lab.world, lab.weather, sign_in)
    roles = app_roles(seen, principal["id"], wanted.application)
    clients.assigned(lab.weather, seen, principal, wanted.application, roles)
    token = tokens.mint(
        lab.world,
        audience=wanted.audience,
        subject=principal["id"],
        seconds=lab.weather.token_seconds,
        app_displayname=principal.get("displayName", ""),
        appid=client_id,
        appidacr="2" if request.form.get("client_assertion") else "1",
        idp=f"https://sts.windows.net/{lab.world.tenant_id}/",
        idtyp="app",
        **({"roles": sorted(roles)} if roles else {}),
    )
    return token_answer(lab, token)


def audiences(lab: Lab) -> tuple[str, ...]:
    """What a client assertion may be addressed to: the token endpoint, by GUID or by domain."""
    names = [lab.world.tenant_id, *(row["id"] for row in lab.world["domains"].all())]
    bases = (lab.urls["login"], "https://login.microsoftonline.com")
    return tuple(
        f"{base}/{name}/{version}"
        for base in bases
        for name in names
        for version in ("oauth2/v2.0/token", "v2.0")
    )


def app_roles(seen: Seen, principal: str, resource_app: str) -> set[str]:
    """The values of the application permissions that this principal has on this resource."""
    resource = seen.find("servicePrincipals", "appId", resource_app)
    if resource is None:
        return set()
    given = {
        row["appRoleId"]
        for row in seen.all("appRoleAssignments")
        if row["principalId"] == principal and row["resourceId"] == resource["id"]
    }
    return {role["value"] for role in resource.get("appRoles", []) if role["id"] in given}


def token_answer(lab: Lab, token: str) -> dict[str, Any]:
    seconds = lab.weather.token_seconds
    return {
        "token_type": "Bearer",
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": token,
    }
