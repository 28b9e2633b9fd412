"""The HTTP face of the login: discovery, keys, user realm, token (entra-graph 5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from portineria.lab.ask import Answer, Ask
from portineria.lab.login import clients, codes, devices, grants, pages, people, tokens, visit
from portineria.lab.login.authorize import SHARED
from portineria.lab.login.refusals import SignInFault, refusal_answer
from portineria.lab.sky import Turn, weathered

if TYPE_CHECKING:
    from portineria.lab.lab import Lab

WORLDWIDE = "microsoftonline.com"
Grant = Callable[[grants.Granting], dict[str, Any]]
GRANTS: Mapping[str, Grant] = MappingProxyType(
    {
        "client_credentials": grants.client_credentials,
        "refresh_token": people.refresh_token,
        "authorization_code": codes.redeem,
        "urn:ietf:params:oauth:grant-type:device_code": devices.poll,
        "device_code": devices.poll,  # MSAL for Node sends the old, short name
    }
)
STEPS: Mapping[str, Callable[[visit.Visit, Mapping[str, str]], Answer]] = MappingProxyType(
    {
        "login": visit.password,
        "SAS/ProcessAuth": visit.second_factor,
        "Consent/Set": visit.consented,
        "DeviceAuthConfirm": visit.device_confirmed,
    }
)
_PATH = re.compile(r"/(?P<tenant>[^/]+)/(?P<rest>.+)")


async def answer(lab: Lab, ask: Ask) -> Answer:
    form = _form(ask)
    caller = form.get("client_id") or ask.query.get("client_id", "")
    grant = form.get("grant_type", "")
    operation = f"token {grant}" if ask.path.endswith("/token") else f"{ask.method} {ask.path}"
    ask = replace(ask, operation=operation, caller=caller)
    return await weathered(lab, ask, _serve, lambda turn: _busy(lab, ask, turn))


def _form(ask: Ask) -> dict[str, str]:
    if ask.method != "POST":
        return {}
    form = dict(parse_qsl(ask.body.decode("utf-8", "replace"), keep_blank_values=True))
    return clients.credentials(form, ask.headers.get("authorization", ""))


def _serve(lab: Lab, ask: Ask) -> Answer:
    match = _PATH.fullmatch(ask.path)
    if match is None:
        return Answer(status=404)
    tenant, rest = match["tenant"], match["rest"]
    if tenant == "common" and rest == "discovery/instance":
        return _instance(lab)
    if tenant == "common" and rest.startswith("userrealm/"):
        return _realm(lab, rest.removeprefix("userrealm/"))
    if not _known(lab, tenant):
        return _no_tenant(lab, ask, tenant, rest)
    name = _named(lab, tenant)
    if rest == "v2.0/.well-known/openid-configuration":
        return Answer(
            body=configuration(lab, name), headers={"cache-control": "max-age=86400, private"}
        )
    if rest == "discovery/v2.0/keys":
        return Answer(body=tokens.key_set(_issuer(lab)))
    serve = PROGRAMS.get(rest) if ask.method == "POST" else None
    return _answered(lab, ask, name, serve) if serve else _page(lab, ask, name, rest)


def _page(lab: Lab, ask: Ask, tenant: str, rest: str) -> Answer:
    """What a browser asks for."""
    correlation = _correlation(lab, ask)
    if rest == "oauth2/nativeclient" and ask.method == "GET":
        return pages.told("Signed in", "You can close this window.")
    if rest == "oauth2/v2.0/authorize" and ask.method == "GET":
        return visit.begin(lab, ask, tenant, correlation)
    if rest == "oauth2/deviceauth" and ask.method in ("GET", "POST"):
        return visit.device_page(lab, ask, _form(ask), correlation)
    step = STEPS.get(rest) if ask.method == "POST" else None
    if step is None:
        return Answer(status=404)
    form = _form(ask)
    try:
        return step(visit.resumed(lab, ask, form, correlation), form)
    except SignInFault as fault:
        return visit.trouble(lab, correlation, fault, status=200)


def _known(lab: Lab, tenant: str) -> bool:
    name = tenant.lower()
    return name in (*SHARED, lab.world.tenant_id) or any(
        row["id"].lower() == name for row in lab.world["domains"].all()
    )


def _no_tenant(lab: Lab, ask: Ask, tenant: str, rest: str) -> Answer:
    """The discovery document says invalid_tenant, the token endpoint invalid_request."""
    refused = refusal_answer(lab.world, _correlation(lab, ask), SignInFault(90002, tenant=tenant))
    if rest == "v2.0/.well-known/openid-configuration":
        return replace(refused, body={**refused.body, "error": "invalid_tenant"})
    return refused


def _named(lab: Lab, tenant: str) -> str:
    """The tenant in the path: a domain is the tenant's GUID, common is nobody's."""
    return tenant.lower() if tenant.lower() in SHARED else lab.world.tenant_id


def _by_grant(request: grants.Granting) -> dict[str, Any]:
    kind = request.needed("grant_type")
    if kind not in GRANTS:
        raise SignInFault(70003, name=kind)
    if kind == "client_credentials":
        _refuse_cross_cloud(request.lab)
    return GRANTS[kind](request)


PROGRAMS: Mapping[str, Grant] = MappingProxyType(
    {"oauth2/v2.0/token": _by_grant, "oauth2/v2.0/devicecode": devices.start}
)


def _answered(lab: Lab, ask: Ask, tenant: str, serve: Grant) -> Answer:
    try:
        body = serve(grants.granting(lab, ask, _form(ask), tenant))
    except SignInFault as fault:
        return refusal_answer(lab.world, _correlation(lab, ask), fault)
    return Answer(body=body, headers={"cache-control": "no-store, no-cache", "pragma": "no-cache"})


def _refuse_cross_cloud(lab: Lab) -> None:
    """The lab answers where the worldwide login does: a tenant elsewhere gets no app token."""
    if _cloud(lab) != WORLDWIDE:
        raise SignInFault(900382)


def _cloud(lab: Lab) -> str:
    """Which cloud the tenant is in. Only the control door can move it elsewhere."""
    return str((lab.world["policies"].get("cloud") or {}).get("instance", WORLDWIDE))


def _busy(lab: Lab, ask: Ask, turn: Turn) -> Answer:
    after = {} if turn.retry_after is None else {"retry-after": f"{turn.retry_after:g}"}
    refused = refusal_answer(lab.world, _correlation(lab, ask), SignInFault(90033))
    return replace(refused, status=turn.status, headers={**refused.headers, **after})


def _correlation(lab: Lab, ask: Ask) -> str:
    return ask.headers.get("client-request-id") or lab.world.new_id("correlation")


def _issuer(lab: Lab) -> str:
    return f"{lab.urls['login']}/{lab.world.tenant_id}/v2.0"


def configuration(lab: Lab, tenant: str = "") -> Mapping[str, Any]:
    """The discovery document: asked by domain or GUID, it names the GUID (entra-graph 5.7).

    That of common names no tenant, and its issuer has a gap for one.
    """
    base = f"{lab.urls['login']}/{tenant or lab.world.tenant_id}"
    issuer = f"{lab.urls['login']}/{{tenantid}}/v2.0" if tenant in SHARED else _issuer(lab)
    return {
        "token_endpoint": f"{base}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": [
            "client_secret_post",
            "private_key_jwt",
            "client_secret_basic",
        ],
        "jwks_uri": f"{base}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer,
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "name", "tid", "ver"],
        "kerberos_endpoint": f"{base}/kerberos",
        "tenant_region_scope": "WW",
        "cloud_instance_name": _cloud(lab),
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
    }


def _instance(lab: Lab) -> Answer:
    host = lab.urls["login"].removeprefix("https://")
    return Answer(
        body={
            "tenant_discovery_endpoint": f"{lab.urls['login']}/{lab.world.tenant_id}"
            "/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [
                {"preferred_network": host, "preferred_cache": host, "aliases": [host]},
                {
                    "preferred_network": "login.microsoftonline.com",
                    "preferred_cache": "login.windows.net",
                    "aliases": ["login.microsoftonline.com", "login.windows.net"],
                },
            ],
        }
    )


def _realm(lab: Lab, upn: str) -> Answer:
    domain = upn.rpartition("@")[2].lower()
    row = lab.world["domains"].find("id", domain)
    kind = "Unknown" if row is None else str(row.get("authenticationType", "Managed"))
    return Answer(
        body={
            "ver": "1.0",
            "account_type": kind,
            "domain_name": domain,
            "cloud_instance_name": "microsoftonline.com",
            "cloud_audience_urn": "urn:federation:MicrosoftOnline",
        }
    )
