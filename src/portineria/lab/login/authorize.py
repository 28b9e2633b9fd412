"""What /authorize is asked, checked before anybody signs in.

Source: Microsoft's page on the authorization code flow. What is wrong with the application or
its redirect URI is shown to the person; everything else goes back to the application.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from portineria.lab.ask import Answer, Seen
from portineria.lab.login import clients, consent, redirects, resources
from portineria.lab.login.refusals import SignInFault, described
from portineria.lab.world import Document

if TYPE_CHECKING:
    from portineria.lab.lab import Lab

PROMPTS = ("", "login", "consent", "select_account", "none")
CHALLENGE = re.compile(r"[A-Za-z0-9._~-]{43,128}")
SHARED = ("common", "organizations")
"""Tenants in the path that stand for whichever tenant the person is of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request of an application that a person signs in. `kind` is how its redirect URI is
    registered; a device's request has neither kind nor redirect URI."""

    tenant: str
    client_id: str
    scope: str
    redirect_uri: str = ""
    kind: str = ""
    mode: str = "query"
    state: str = ""
    prompt: str = ""
    login_hint: str = ""
    nonce: str = ""
    challenge: str = ""
    method: str = ""
    device: str = ""

    @property
    def client_app(self) -> str:
        """What Conditional Access takes this application for."""
        return "browser" if self.kind == "web" else "mobileAppsAndDesktopClients"

    @property
    def transfer(self) -> str:
        """How the sign-in gets from one device to the other; "" where it stays on one."""
        return "deviceCodeFlow" if self.device else ""

    def document(self) -> Document:
        return asdict(self)


class Bounced(Exception):
    """A fault that is told to the application and not to the person."""

    def __init__(self, request: Request, fault: SignInFault) -> None:
        super().__init__(str(fault))
        self.request = request
        self.fault = fault


def read(lab: Lab, seen: Seen, tenant: str, query: Mapping[str, str]) -> Request:
    """The checked request.

    Raises SignInFault (900144, 700016, 7000112, 50194, 50011) to be shown, Bounced for the rest.
    """
    client_id = _needed(query, "client_id")
    app, principal = clients.application(seen, client_id)
    fit_for(app, tenant)
    uri = _needed(query, "redirect_uri")
    kind = redirects.registered_as(app, uri)
    if not kind:
        raise SignInFault(50011, app=client_id, name=uri)
    request = Request(
        tenant=tenant,
        client_id=client_id,
        scope=query.get("scope", ""),
        redirect_uri=uri,
        kind=kind,
        mode=query.get("response_mode", "query"),
        state=query.get("state", ""),
        prompt=query.get("prompt", ""),
        login_hint=query.get("login_hint", ""),
        nonce=query.get("nonce", ""),
        challenge=query.get("code_challenge", ""),
        method=query.get("code_challenge_method", "plain"),
    )
    try:
        _check_response(request, query.get("response_type", ""))
        _check_challenge(request)
        check_scope(lab, seen, principal, request.scope)
        if request.prompt == "none":
            # No session is kept in the browser, so nobody is ever signed in already.
            raise SignInFault(50058)
    except SignInFault as fault:
        raise Bounced(request, fault) from None
    return request


def fit_for(app: Document, tenant: str) -> None:
    """Raises SignInFault 50194 for a single-tenant application at a shared endpoint."""
    if tenant in SHARED and app.get("signInAudience", "AzureADMyOrg") == "AzureADMyOrg":
        raise SignInFault(50194, app=app["appId"], name=str(app.get("displayName", "")))


def check_scope(lab: Lab, seen: Seen, principal: Document, scope: str) -> None:
    """Raises SignInFault 900144, 70011, 500011, 650053."""
    if not scope.strip():
        raise SignInFault(900144, name="scope")
    for wanted in resources.every(scope, lab.urls):
        consent.must_exist(seen, principal, wanted)


def bounce(lab: Lab, correlation: str, bounced: Bounced) -> Answer:
    told = described(lab.world, correlation, bounced.fault)
    members = {name: str(told[name]) for name in ("error", "error_description", "error_uri")}
    request = bounced.request
    mode = request.mode if request.mode in redirects.MODES else "query"
    return redirects.back(request.redirect_uri, mode, {**members, "state": request.state})


def _needed(query: Mapping[str, str], name: str) -> str:
    value = query.get(name, "")
    if not value:
        raise SignInFault(900144, name=name)
    return value


def _check_response(request: Request, kind: str) -> None:
    asked = set(kind.split())
    if not asked:
        raise SignInFault(900144, name="response_type")
    if asked != {"code"}:
        raise SignInFault(700054 if asked <= {"code", "id_token", "token"} else 70005, name=kind)
    if request.mode not in redirects.MODES:
        raise SignInFault(70007, name=request.mode)
    if request.prompt not in PROMPTS:
        raise SignInFault(90023, name="prompt")


def _check_challenge(request: Request) -> None:
    if request.method not in ("plain", "S256"):
        raise SignInFault(90023, name="code_challenge_method")
    if request.challenge and not CHALLENGE.fullmatch(request.challenge):
        raise SignInFault(501491)
