"""What may be told of an access token: for which service it is, and until when.

A token is opaque to who carries it, and nothing is decided by what stands here: it is read for
people, who have to see that they sent the wrong one or an old one. Only a JSON Web Token (RFC 7519)
can be read; of anything else nothing is told.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from typing import Any

from portineria.secret import Secret

MOST = 80  # characters of an audience


def facts_of(token: Secret) -> str:
    """`for https://outlook.office365.com, until 2026-11-04 10:07 UTC`, or "" where unreadable."""
    claims = _claims(token.reveal())
    audience, until = claims.get("aud"), _date(claims.get("exp"))
    told = []
    if isinstance(audience, str) and audience.isprintable() and audience:
        told.append(f"for {audience[:MOST]}")
    if until is not None:
        told.append(f"until {until:%Y-%m-%d %H:%M} UTC")
    return ", ".join(told)


def _claims(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    padded = parts[1] + "=" * (-len(parts[1]) % 4)
    try:
        found = json.loads(urlsafe_b64decode(padded))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _date(seconds: object) -> datetime | None:
    """NumericDate (RFC 7519 2) as a date."""
    if not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None
