"""Device codes: a program without a browser shows a code, and polls until somebody entered it.

Source: entra-graph 5.2; Microsoft's page on the device authorization grant. How the service
answers those who poll too fast is not known: reading `device-code-haste`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from portineria.lab.login import authorize, clients, people
from portineria.lab.login.authorize import Request
from portineria.lab.login.grants import Granting, audiences
from portineria.lab.login.refusals import SignInFault
from portineria.lab.world import Document

if TYPE_CHECKING:
    from portineria.lab.lab import Lab

GOOD_FOR = timedelta(minutes=15)
INTERVAL = 5
"""Seconds between two polls."""
LETTERS = "BCDFGHJKLMNPQRSTVWXYZ23456789"


def start(asked: Granting) -> dict[str, Any]:
    """POST /devicecode. Raises SignInFault as /authorize does for the same reasons."""
    lab = asked.lab
    client_id = asked.needed("client_id")
    app, principal = clients.application(asked.seen, client_id)
    authorize.fit_for(app, asked.tenant)
    authorize.check_scope(lab, asked.seen, principal, asked.needed("scope"))
    name = "DAQABIQEAAAD" + people.opaque(lab.world, "device", 150)
    digest = hashlib.shake_256(lab.world.new_id("userCode").encode()).digest(9)
    code = "".join(LETTERS[octet % len(LETTERS)] for octet in digest)
    request = Request(
        tenant=asked.tenant, client_id=client_id, scope=asked.form["scope"], device=name
    )
    document = {
        "userCode": code,
        "request": request.document(),
        "issued": lab.clock.now().isoformat(),
        "state": "pending",
        "polled": "",
    }
    lab.world["deviceCodes"].put(name, document)
    page = f"{lab.urls['login']}/common/oauth2/deviceauth"
    return {
        "user_code": code,
        "device_code": name,
        "verification_uri": page,
        "expires_in": int(GOOD_FOR.total_seconds()),
        "interval": INTERVAL,
        "message": f"To sign in, use a web browser to open the page {page} and enter the code "
        f"{code} to authenticate.",
    }


def entered(lab: Lab, code: str) -> Request:
    """The request behind a user code. Raises SignInFault 90119, 70018, 70019, 90120."""
    if not code:
        raise SignInFault(90119)
    kept = lab.world["deviceCodes"].find("userCode", code)
    if kept is None:
        raise SignInFault(70018)
    if _old(lab, kept):
        raise SignInFault(70019)
    if kept["state"] != "pending":
        raise SignInFault(90120)
    return Request(**kept["request"])


def approve(lab: Lab, request: Request, user: str, amr: Sequence[str]) -> None:
    """Somebody signed in and said that the device is theirs."""
    grant = {
        "clientId": request.client_id,
        "userId": user,
        "scope": request.scope,
        "amr": list(amr),
        "clientApp": request.client_app,
        "transfer": request.transfer,
        "issued": lab.clock.now().isoformat(),
    }
    lab.world["deviceCodes"].patch(request.device, state="approved", grant=grant)


def decline(lab: Lab, request: Request) -> None:
    lab.world["deviceCodes"].patch(request.device, state="declined")


def poll(asked: Granting) -> dict[str, Any]:
    """The tokens, once.

    Raises SignInFault: 70018 no such code, 70020 too old, 70016 pending (or slow_down), 65004
    declined, 54005 had already, and whatever refuses the sign-in itself.
    """
    lab = asked.lab
    client_id, name = asked.needed("client_id"), asked.needed("device_code")
    app, _ = clients.application(asked.seen, client_id)
    if not app.get("isFallbackPublicClient"):
        clients.prove(app, asked.form, audiences(lab), lab.clock.now())
    kept = lab.world["deviceCodes"].get(name)
    if kept is None or kept["request"]["client_id"] != client_id:
        raise SignInFault(70018)
    if _old(lab, kept):
        raise SignInFault(70020)
    _settled(lab, name, kept)
    body = people.first_tokens(asked, kept["grant"], asked.seen.fresh("oauth2PermissionGrants"))
    lab.world["deviceCodes"].patch(name, state="redeemed")
    return body


def _settled(lab: Lab, name: str, kept: Document) -> None:
    """Raises SignInFault unless somebody has approved."""
    if kept["state"] == "declined":
        raise SignInFault(65004, error="authorization_declined")
    if kept["state"] == "redeemed":
        raise SignInFault(54005)
    if kept["state"] == "approved":
        return
    now, last = lab.clock.now(), kept["polled"]
    lab.world["deviceCodes"].patch(name, polled=now.isoformat())
    soon = last and now - datetime.fromisoformat(last) < timedelta(seconds=INTERVAL - 1)
    hasty = soon and lab.weather.reading("device-code-haste") == "slow_down"
    raise SignInFault(70016, error="slow_down" if hasty else "")


def _old(lab: Lab, kept: Document) -> bool:
    return lab.clock.now() - datetime.fromisoformat(kept["issued"]) > GOOD_FOR
