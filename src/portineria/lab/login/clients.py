"""Who the application is: secret or certificate assertion (entra-graph 5.2)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from portineria.lab.ask import Seen
from portineria.lab.login.refusals import SignInFault
from portineria.lab.weather import Weather
from portineria.lab.world import Document, World, known_id

SKEW = 300.0
MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""The tenant that owns Microsoft's own applications."""
UNKNOWN_KEY = (
    "The certificate with identifier used to sign the client assertion is not registered on "
    "application. [Reason - The key was not found.]"
)
WRONG_KEY = (
    "Client assertion contains an invalid signature. [Reason - The key was found, but use of the "
    "key to verify the signature failed.]"
)
EXPIRED_KEY = (
    "Client assertion contains an invalid signature. [Reason - The key used is expired., "
    "Thumbprint of key used by client: '{thumbprint}', Found key '{life}']"
)


def credentials(form: Mapping[str, str], authorization: str) -> dict[str, str]:
    """The form with client_id and client_secret of an HTTP Basic header taken in."""
    kind, _, value = authorization.partition(" ")
    if kind.lower() != "basic":
        return dict(form)
    try:
        name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return dict(form)
    return {"client_id": unquote_plus(name), "client_secret": unquote_plus(secret), **form}


def application(seen: Seen, client_id: str) -> tuple[Document, Document]:
    """The application and its service principal.

    An application of Microsoft's own needs none beforehand: it has the one that `settle` makes
    when somebody consents. Raises SignInFault: 700016 unknown, 7000229 no service principal,
    7000112 disabled.
    """
    app = registration(seen, client_id)
    if app is None:
        raise SignInFault(700016, app=client_id)
    principal = seen.find("servicePrincipals", "appId", client_id)
    if principal is None and app.get("microsoft"):
        principal = _first_party(app)
    if principal is None:
        raise SignInFault(7000229, app=client_id)
    if not principal.get("accountEnabled", True):
        raise SignInFault(7000112, app=client_id, name=str(app.get("displayName", "")))
    return app, principal


def settle(world: World, principal: Document) -> None:
    """Let the tenant keep the service principal of an application of Microsoft's own."""
    if world["servicePrincipals"].get(principal["id"]) is None:
        world["servicePrincipals"].put(principal["id"], principal)


def _first_party(app: Document) -> Document:
    """What the tenant will have once somebody consents."""
    return {
        "id": known_id("principal", str(app["displayName"]).lower()),
        "appId": app["appId"],
        "displayName": app["displayName"],
        "accountEnabled": True,
        "appRoleAssignmentRequired": False,
        "servicePrincipalType": "Application",
        "servicePrincipalNames": [app["appId"]],
        "tags": [],
        "appOwnerOrganizationId": MICROSOFT,
        "appRoles": [],
        "oauth2PermissionScopes": [],
    }


def assigned(
    weather: Weather, seen: Seen, principal: Document, resource_app: str, roles: Collection[str]
) -> None:
    """Whether an application may have a token of a resource that asks for assignments.

    Graph's page of servicePrincipal speaks of the resource: there it is an application permission
    that counts. Whether a client's own setting concerns its own tokens is not said: the reading
    `assignment-for-apps`. Raises SignInFault 501051.
    """
    resource = seen.find("servicePrincipals", "appId", resource_app) or {}
    asks = bool(resource.get("appRoleAssignmentRequired")) and not roles
    if weather.reading("assignment-for-apps") == "client":
        asks = asks or bool(principal.get("appRoleAssignmentRequired"))
    if asks:
        raise SignInFault(
            501051,
            app=principal["appId"],
            name=str(principal.get("displayName", "")),
            resource=resource_app,
        )


def registration(seen: Seen, client_id: str) -> Document | None:
    """The registration, of this tenant or of another one's multi-tenant application."""
    if not client_id:
        return None
    own = seen.find("applications", "appId", client_id)
    return own or seen.find("foreignApplications", "appId", client_id)


def prove(
    app: Document, form: Mapping[str, str], audiences: tuple[str, ...], now: datetime
) -> None:
    """Check the secret or the assertion. Raises SignInFault, 7000218 when there is neither."""
    if form.get("client_assertion"):
        _assertion(app, form["client_assertion"], audiences, now.timestamp())
    elif form.get("client_secret"):
        _secret(app, form["client_secret"], now)
    else:
        raise SignInFault(7000218)


def _secret(app: Document, given: str, now: datetime) -> None:
    for secret in app.get("secrets", []):
        if secret["secretText"] == given:
            end = secret.get("endDateTime")
            if end and datetime.fromisoformat(end.replace("Z", "+00:00")) <= now:
                raise SignInFault(7000222, app=app["appId"])
            return
    raise SignInFault(7000215, app=app["appId"])


def _assertion(app: Document, assertion: str, audiences: tuple[str, ...], now: float) -> None:
    claims = _verified(app, assertion, now)
    if claims.get("iss") != app["appId"] or claims.get("sub") != app["appId"]:
        raise SignInFault(700021)
    if str(claims.get("aud", "")).rstrip("/").lower() not in {a.lower() for a in audiences}:
        raise SignInFault(700023)
    # Without nbf it is valid from 1970: refusals that people published say so.
    start, end = float(claims.get("nbf", 0.0)), float(claims.get("exp", 0.0))
    if not start - SKEW <= now <= end + SKEW:
        times = [datetime.fromtimestamp(each, UTC) for each in (now, start, end)]
        told = [f"{each:%Y-%m-%dT%H:%M:%S}.0000000Z" for each in times]
        raise SignInFault(700024, now=told[0], start=told[1], end=told[2])


def _verified(app: Document, assertion: str, now: float) -> dict[str, Any]:
    """MSAL pads x5t#S256, sends float times and no nbf; others send RS256 with x5t."""
    try:
        header = jwt.get_unverified_header(assertion)
    except jwt.PyJWTError:
        raise SignInFault(700027, name=UNKNOWN_KEY) from None
    wanted = {str(header.get(name, "")).rstrip("=") for name in ("x5t", "x5t#S256")} - {""}
    for pem in app.get("certificates", []):
        certificate = x509.load_pem_x509_certificate(pem.encode())
        if wanted & _thumbprints(certificate):
            return _signed(assertion, certificate, now)
    raise SignInFault(700027, name=UNKNOWN_KEY)


def _signed(assertion: str, certificate: x509.Certificate, now: float) -> dict[str, Any]:
    """The claims, if the certificate signed them and has not expired."""
    try:
        claims = _decoded(assertion, certificate)
    except jwt.PyJWTError:
        raise SignInFault(700027, name=WRONG_KEY) from None
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if end.timestamp() < now:
        der = certificate.public_bytes(serialization.Encoding.DER)
        thumbprint = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
        life = f"Start={start:%m/%d/%Y %H:%M:%S}, End={end:%m/%d/%Y %H:%M:%S}"
        raise SignInFault(700027, name=EXPIRED_KEY.format(thumbprint=thumbprint, life=life))
    return claims


def _decoded(assertion: str, certificate: x509.Certificate) -> dict[str, Any]:
    unchecked = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub")}
    claims: dict[str, Any] = jwt.decode(
        assertion,
        certificate.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
        algorithms=["PS256", "RS256"],
        options=unchecked,  # type: ignore[arg-type]
    )
    return claims


def _thumbprints(certificate: x509.Certificate) -> set[str]:
    der = certificate.public_bytes(serialization.Encoding.DER)
    digests = hashlib.sha1(der, usedforsecurity=False).digest(), hashlib.sha256(der).digest()
    return {base64.urlsafe_b64encode(digest).rstrip(b"=").decode() for digest in digests}
