"""Authorization codes: given once at the end of a sign-in, redeemed once at the token endpoint."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from portineria.lab.login import clients, people
from portineria.lab.login.authorize import Request
from portineria.lab.login.grants import Granting, audiences
from portineria.lab.login.refusals import SignInFault
from portineria.lab.world import Document

if TYPE_CHECKING:
    from portineria.lab.lab import Lab

GOOD_FOR = timedelta(minutes=10)
"""How long a code can be redeemed: about ten minutes, says the page on the flow."""


def issue(lab: Lab, request: Request, user: str, amr: list[str]) -> str:
    """A code for what this person allowed this application."""
    code = "1.A" + people.opaque(lab.world, "code", 300)
    document = {
        "clientId": request.client_id,
        "userId": user,
        "scope": request.scope,
        "amr": amr,
        "clientApp": request.client_app,
        "transfer": "",
        "nonce": request.nonce,
        "issued": lab.clock.now().isoformat(),
        "request": request.document(),
        "redeemed": False,
    }
    lab.world["authorizationCodes"].put(code, document)
    return code


def redeem(asked: Granting) -> dict[str, Any]:
    """The tokens behind a code. A wrong verifier does not use it up.

    Raises SignInFault: 70000 no such code, 54005 redeemed, 70008 too old, 700005 another tenant,
    500112 another redirect URI, 50148 and 501481 PKCE, and what proving the client raises.
    """
    client_id, code = asked.needed("client_id"), asked.needed("code")
    grant = asked.lab.world["authorizationCodes"].get(code)
    if grant is None or grant["clientId"] != client_id:
        raise SignInFault(70000)
    request = Request(**grant["request"])
    _check_place(asked, grant, request)
    _check_verifier(request, asked.form.get("code_verifier", ""))
    _prove(asked, request)
    body = people.first_tokens(asked, grant, asked.seen.fresh("oauth2PermissionGrants"))
    asked.lab.world["authorizationCodes"].put(code, {**grant, "redeemed": True})
    return body


def _check_place(asked: Granting, grant: Document, request: Request) -> None:
    if grant["redeemed"]:
        raise SignInFault(54005)
    if asked.lab.clock.now() - datetime.fromisoformat(grant["issued"]) > GOOD_FOR:
        raise SignInFault(70008)
    if asked.tenant != request.tenant:
        raise SignInFault(700005)
    if asked.needed("redirect_uri") != request.redirect_uri:
        raise SignInFault(500112, name=asked.form["redirect_uri"])


def _check_verifier(request: Request, verifier: str) -> None:
    if not request.challenge:
        return
    if not verifier:
        raise SignInFault(50148)
    made = verifier
    if request.method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        made = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if not hmac.compare_digest(made.encode(), request.challenge.encode()):
        raise SignInFault(501481)


def _prove(asked: Granting, request: Request) -> None:
    """Native and single-page applications have no secret, and must not bring one."""
    app, _ = clients.application(asked.seen, request.client_id)
    if request.kind == "web":
        clients.prove(app, asked.form, audiences(asked.lab), asked.lab.clock.now())
    elif asked.form.get("client_secret") or asked.form.get("client_assertion"):
        raise SignInFault(700025)
