"""The two grants that end in a token: client credentials and refresh token."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from portineria.lab.ask import Ask, Seen
from portineria.lab.login import clients, resources, tokens
from portineria.lab.login.conditional import GRAPH, SignIn
from portineria.lab.login.refusals import SignInFault
from portineria.lab.login.signin import as_of_sign_in, check_protections
from portineria.lab.world import Document, World

if TYPE_CHECKING:
    from portineria.lab.lab import Lab

INACTIVE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Granting:
    """One token request: the lab, the request, its form, and the world as the login sees it."""

    lab: Lab
    ask: Ask
    form: Mapping[str, str]
    seen: Seen

    def needed(self, name: str) -> str:
        """A form member. Raises SignInFault 900144 where it is missing."""
        value = self.form.get(name, "")
        if not value:
            raise SignInFault(900144, name=name)
        return value


def granting(lab: Lab, ask: Ask, form: Mapping[str, str]) -> Granting:
    return Granting(lab, ask, form, as_of_sign_in(lab.world, lab.weather))


def client_credentials(request: Granting) -> dict[str, Any]:
    """An app-only token; its roles are the app's consented permissions at this moment.

    A token without any roles is given all the same (entra-graph 5.3).
    """
    lab, seen = request.lab, request.seen
    client_id = request.needed("client_id")
    wanted = resources.app_only(request.needed("scope"), lab.urls)
    app, principal = clients.application(seen, client_id)
    clients.prove(app, request.form, audiences(lab), lab.clock.now())
    sign_in = SignIn(
        service_principal=principal["id"],
        application=wanted.application,
        address=request.ask.address,
    )
    check_protections(lab.world, lab.weather, sign_in)
    roles = app_roles(seen, principal["id"], wanted.application)
    token = tokens.mint(
        lab.world,
        audience=wanted.audience,
        subject=principal["id"],
        seconds=lab.weather.token_seconds,
        appid=client_id,
        appidacr="2" if request.form.get("client_assertion") else "1",
        idp=f"https://sts.windows.net/{lab.world.tenant_id}/",
        idtyp="app",
        **({"roles": sorted(roles)} if roles else {}),
    )
    return _answer(lab, token)


def refresh_token(request: Granting) -> dict[str, Any]:
    """A user's token from a refresh token; every protection is asked again."""
    lab, seen = request.lab, request.seen
    client_id = request.needed("client_id")
    old = lab.world["refreshTokens"].get(request.needed("refresh_token"))
    app, principal = clients.application(seen, client_id)
    if old is None or old["clientId"] != client_id:
        raise SignInFault(9002313)
    if not app.get("isFallbackPublicClient"):
        clients.prove(app, request.form, audiences(lab), lab.clock.now())
    user = _living_user(lab.world, old)
    wanted = resources.delegated(request.form.get("scope") or old["scope"], lab.urls)
    scopes = _consented(seen, principal, user["id"], wanted)
    _assigned(seen, principal, user["id"])
    sign_in = SignIn(
        user=user,
        application=wanted.application,
        client_app=old.get("clientApp", "mobileAppsAndDesktopClients"),
        address=request.ask.address,
        amr=frozenset(old["amr"]),
    )
    check_protections(lab.world, lab.weather, sign_in)
    token = tokens.mint(
        lab.world,
        audience=wanted.audience,
        subject=user["id"],
        seconds=lab.weather.token_seconds,
        amr=sorted(old["amr"]),
        appid=client_id,
        appidacr="0",
        idtyp="user",
        ipaddr=request.ask.address,
        name=user.get("displayName", ""),
        scp=" ".join(scopes),
        unique_name=user["userPrincipalName"],
        upn=user["userPrincipalName"],
    )
    new = remember(lab.world, {**old, "scope": request.form.get("scope") or old["scope"]})
    uid = json.dumps({"uid": user["id"], "utid": lab.world.tenant_id}, separators=(",", ":"))
    return {
        **_answer(lab, token),
        "scope": " ".join(f"{wanted.audience}/{name}" for name in scopes),
        "refresh_token": new,
        "client_info": base64.urlsafe_b64encode(uid.encode()).rstrip(b"=").decode(),
    }


def remember(world: World, grant: Document) -> str:
    """Keep what a refresh token stands for, and name it. Older ones stay valid, as Entra's do."""
    name = "0.A" + base64.urlsafe_b64encode(
        hashlib.shake_256(world.new_id("refresh").encode()).digest(300)
    ).decode().rstrip("=")
    world["refreshTokens"].put(name, {**grant, "issued": world.clock.now().isoformat()})
    return name


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


def _answer(lab: Lab, token: str) -> dict[str, Any]:
    seconds = lab.weather.token_seconds
    return {
        "token_type": "Bearer",
        "expires_in": seconds,
        "ext_expires_in": seconds,
        "access_token": token,
    }


def _living_user(world: World, grant: Document) -> Document:
    user = world["users"].get(grant["userId"])
    if user is None:
        raise SignInFault(50034, name=grant["userId"])
    if not user.get("accountEnabled", True):
        raise SignInFault(50057)
    issued = datetime.fromisoformat(grant["issued"])
    if any(issued < moment for moment in _revocations(world, user)):
        raise SignInFault(50173)
    if world.clock.now() - issued > INACTIVE:
        raise SignInFault(700082)
    return user


def _revocations(world: World, user: Document) -> list[datetime]:
    """From when on this person's tokens are good: by Graph, and by Set-User in Exchange."""
    mailbox = world["mailboxes"].find("ExternalDirectoryObjectId", user["id"]) or {}
    said = (user.get("signInSessionsValidFromDateTime"), mailbox.get("StsRefreshTokensValidFrom"))
    found = [datetime.fromisoformat(str(text).replace("Z", "+00:00")) for text in said if text]
    return [moment if moment.tzinfo else moment.replace(tzinfo=UTC) for moment in found]


def _consented(
    seen: Seen, principal: Document, user: str, wanted: resources.Wanted
) -> tuple[str, ...]:
    """The scopes asked for, all of them consented. Raises SignInFault 65001.

    Mail scopes count whichever resource holds the consent (entra-graph 4.2).
    """
    resource = seen.find("servicePrincipals", "appId", wanted.application)
    graph = seen.find("servicePrincipals", "appId", GRAPH)
    holders = {row["id"] for row in (resource, graph) if row}
    held: set[str] = set()
    for grant in seen.all("oauth2PermissionGrants"):
        mine = grant["clientId"] == principal["id"] and grant.get("principalId") in (None, user)
        if mine and grant["resourceId"] in holders:
            held |= set(str(grant["scope"]).split())
    asked = wanted.scopes or tuple(sorted(held))
    if not asked or not set(asked) <= held:
        raise SignInFault(65001, app=principal["appId"], name=principal.get("displayName", ""))
    return asked


def _assigned(seen: Seen, principal: Document, user: str) -> None:
    if not principal.get("appRoleAssignmentRequired"):
        return
    rows = seen.all("appRoleAssignments")
    if not any(r["principalId"] == user and r["resourceId"] == principal["id"] for r in rows):
        raise SignInFault(50105, app=principal["appId"], name=principal.get("displayName", ""))
