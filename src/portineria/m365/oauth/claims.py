"""What an access token says of itself, and what a refusal of one comes to. No token is kept.

A token is opaque to whoever carries it, and its signature is not ours to judge: these claims are
read to tell people what they hold. Source: RFC 7519; Graph dossier 5.3, 5.4.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from portineria.fault import Fault, NetworkFault, ServiceFault
from portineria.m365.data import text, texts
from portineria.secret import Secret
from portineria.tenant.mailapp import TokenClaims, TokenRefused
from portineria.tenant.unseen import Unseen


def claims_of(token: Secret) -> TokenClaims | Unseen:
    """Audience, tenant, application, roles and times; Unseen where it is no JSON Web Token."""
    claims = _claims(token.reveal())
    if claims is None:
        return Unseen("a token was given, and it is none whose claims could be read")
    return TokenClaims(
        audience=text(claims.get("aud")),
        tenant=text(claims.get("tid")),
        app_id=text(claims.get("appid") or claims.get("azp")),
        object_id=text(claims.get("oid")),
        roles=tuple(sorted(texts(claims.get("roles")))),
        issued=_date(claims.get("iat")),
        expires=_date(claims.get("exp")),
    )


def _claims(token: str) -> Mapping[str, Any] | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        found = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _date(seconds: object) -> datetime | None:
    """NumericDate (RFC 7519 2)."""
    if not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def refused_of(fault: Fault) -> TokenRefused | Unseen:
    """A token that was not given: refused, for the credential's sake or the application's; or
    nobody could be asked, which says nothing of either."""
    code = text(fault.evidence.get("code")).removeprefix("AADSTS")
    if not code.isdecimal() and isinstance(fault, ServiceFault | NetworkFault):
        return Unseen(fault.why)
    return TokenRefused(
        code=int(code) if code.isdecimal() else 0,
        why=fault.why,
        remedy=fault.try_,
        expired="the certificate is not valid now" in fault.why,
    )
