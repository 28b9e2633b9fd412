"""Tokens of people: from a refresh token, and from a sign-in that a browser finished.

A *grant* is a document: clientId, userId, scope, amr, clientApp, issued, and transfer
("deviceCodeFlow" where the session began that way: Conditional Access keeps track of it).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from portineria.lab.ask import Seen
from portineria.lab.login import clients, consent, resources, tokens
from portineria.lab.login.conditional import SignIn, roles_of
from portineria.lab.login.grants import Granting, audiences, token_answer
from portineria.lab.login.refusals import SignInFault
from portineria.lab.login.signin import check_protections
from portineria.lab.login.signinlog import CLIENTS, SILENT, recorded
from portineria.lab.world import Document, World

if TYPE_CHECKING:
    from portineria.lab.lab import Lab

INACTIVE = timedelta(days=90)
MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
"""What `wids` holds of somebody without a directory role: the built-in role of all members."""


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
    scope = request.form.get("scope") or old["scope"]
    wanted = resources.delegated(scope, lab.urls)
    with recorded(seen, request.attempt(SILENT)) as given:
        given.principal, given.resource = principal, wanted.application
        given.client, given.amr = CLIENTS.get(_client_app(old)), frozenset(old["amr"])
        given.user = lab.world["users"].get(old["userId"])
        user = _living_user(lab.world, old)
        body = tokens_of(request, seen, principal, user, old, wanted)
    return {**body, "refresh_token": remember(lab.world, {**old, "scope": scope})}


def first_tokens(request: Granting, grant: Document, seen: Seen) -> dict[str, Any]:
    """The tokens of a sign-in just finished; a refresh token where offline_access was asked.

    A request without scope gets what /authorize was asked, of its first resource.
    """
    lab = request.lab
    _, principal = clients.application(seen, grant["clientId"])
    user = _living_user(lab.world, grant)
    asked = resources.every(grant["scope"], lab.urls)
    given = request.form.get("scope", "")
    wanted = resources.delegated(given, lab.urls) if given else asked[0]
    body = tokens_of(request, seen, principal, user, grant, wanted)
    if "offline_access" not in asked[0].openid | wanted.openid:
        return body
    kept = {name: grant[name] for name in ("clientId", "userId", "amr", "clientApp", "transfer")}
    scope = " ".join(sorted({*wanted.asked, *wanted.openid, "offline_access"}))
    return {**body, "refresh_token": remember(lab.world, {**kept, "scope": scope})}


def tokens_of(
    request: Granting,
    seen: Seen,
    principal: Document,
    user: Document,
    grant: Document,
    wanted: resources.Wanted,
) -> dict[str, Any]:
    """Access token, id_token where openid was asked, client_info where it was.

    Raises SignInFault for what consent, assignment and the tenant's protections say.
    """
    lab = request.lab
    scopes = consent.granted(seen, principal, user["id"], wanted)
    consent.must_be_assigned(seen, principal, user["id"])
    sign_in = sign_in_of(grant, user, wanted.application, request.ask.address)
    check_protections(lab.world, lab.weather, sign_in)
    token = tokens.mint(
        lab.world,
        audience=wanted.audience,
        subject=user["id"],
        seconds=lab.weather.token_seconds,
        amr=sorted(grant["amr"]),
        app_displayname=principal.get("displayName", ""),
        appid=principal["appId"],
        appidacr="1" if request.form.get("client_secret") else "0",
        idtyp="user",
        wids=sorted(roles_of(seen, user["id"])) or [MEMBER],
        ipaddr=request.ask.address,
        name=user.get("displayName", ""),
        scp=" ".join(scopes or sorted(wanted.openid)),
        unique_name=user["userPrincipalName"],
        upn=user["userPrincipalName"],
    )
    body = {**token_answer(lab, token), "scope": _echo(wanted, scopes)}
    if "openid" in wanted.openid | frozenset(str(grant["scope"]).split()):
        body["id_token"] = id_token(lab, principal["appId"], user, grant.get("nonce", ""))
    if request.form.get("client_info"):
        body["client_info"] = client_info(lab.world, user)
    return body


def sign_in_of(grant: Mapping[str, Any], user: Document, application: str, address: str) -> SignIn:
    """The sign-in that the protections are asked about."""
    return SignIn(
        user=user,
        application=application,
        client_app=_client_app(grant),
        address=address,
        amr=frozenset(grant["amr"]),
        transfer=grant.get("transfer", ""),
    )


def _client_app(grant: Mapping[str, Any]) -> str:
    return str(grant.get("clientApp", "mobileAppsAndDesktopClients"))


def id_token(lab: Lab, client_id: str, user: Document, nonce: str) -> str:
    """Who signed in, for the application's eyes (v2.0). `sub` differs by application."""
    world = lab.world
    pair = f"{client_id}/{user['id']}".encode()
    return tokens.sign(
        world,
        {
            "aud": client_id,
            "iss": f"{lab.urls['login']}/{world.tenant_id}/v2.0",
            "name": user.get("displayName", ""),
            "oid": user["id"],
            "preferred_username": user["userPrincipalName"],
            "sub": base64.urlsafe_b64encode(hashlib.sha256(pair).digest()).rstrip(b"=").decode(),
            "tid": world.tenant_id,
            "ver": "2.0",
            **({"nonce": nonce} if nonce else {}),
        },
        lab.weather.token_seconds,
    )


def client_info(world: World, user: Document) -> str:
    uid = json.dumps({"uid": user["id"], "utid": world.tenant_id}, separators=(",", ":"))
    return base64.urlsafe_b64encode(uid.encode()).rstrip(b"=").decode()


def remember(world: World, grant: Document) -> str:
    """Keep what a refresh token stands for, and name it. Older ones stay valid, as Entra's do."""
    name = "0.A" + opaque(world, "refresh", 300)
    world["refreshTokens"].put(name, {**grant, "issued": world.clock.now().isoformat()})
    return name


def opaque(world: World, what: str, octets: int) -> str:
    """A name that nobody can read, and that comes up once."""
    digest = hashlib.shake_256(world.new_id(what).encode()).digest(octets)
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _echo(wanted: resources.Wanted, scopes: tuple[str, ...]) -> str:
    """The scopes granted, named as they were asked; `.default` comes back with what it stood for.

    offline_access is not echoed: what answers it is the refresh token.
    """
    openid = sorted(wanted.openid - {"offline_access"})
    if not wanted.default:
        return " ".join([*wanted.asked, *openid])
    return " ".join([*(f"{wanted.audience}/{name}" for name in scopes), *wanted.asked, *openid])


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
