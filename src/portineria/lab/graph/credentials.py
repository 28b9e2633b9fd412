"""Secrets and certificates of an application (entra-graph 4.1, steps 3a and 3b)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from portineria.lab.ask import Answer
from portineria.lab.graph.call import Call, done, malformed
from portineria.lab.world import Document

TWO_YEARS = timedelta(days=730)


def add_password(call: Call, found: Document) -> Answer:
    """200 with the secret, shown this once."""
    asked = call.body().get("passwordCredential") or {}
    key = call.world.new_id("secret")
    secret = base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()).decode()[:40]
    end = asked.get("endDateTime") or (call.lab.clock.now() + TWO_YEARS).isoformat()
    shown: dict[str, Any] = {
        "customKeyIdentifier": None,
        "displayName": asked.get("displayName"),
        "endDateTime": end,
        "hint": secret[:3],
        "keyId": key,
        "startDateTime": call.now(),
    }
    held = {"keyId": key, "secretText": secret, "endDateTime": end}
    call.world["applications"].patch(
        found["id"],
        secrets=[*found.get("secrets", []), held],
        passwordCredentials=[*found.get("passwordCredentials", []), {**shown, "secretText": None}],
    )
    body = {"@odata.context": call.context("microsoft.graph.passwordCredential"), **shown}
    return Answer(body={**body, "secretText": secret})


def remove_password(call: Call, found: Document) -> Answer:
    """204. Raises GraphFault 400 for a key that is not there; its text is a guess."""
    key = str(call.body().get("keyId", "")).lower()
    if key not in {row["keyId"] for row in found.get("passwordCredentials", [])}:
        raise malformed("No password credential found with keyId.")
    left = {
        name: [row for row in found.get(name, []) if row["keyId"] != key]
        for name in ("secrets", "passwordCredentials")
    }
    call.world["applications"].patch(found["id"], **left)
    return done()


def certificates(call: Call, held: Mapping[str, Any], rows: list[Document]) -> Document:
    """The members of an application whose keyCredentials become these rows.

    What is sent takes the place of all that was; a row that names the keyId of one that is there,
    without a key of its own, keeps it (UNVERIFIED). Raises GraphFault 400.
    """
    known = {
        row["keyId"]: (row, pem)
        for row, pem in zip(
            held.get("keyCredentials", []), held.get("certificates", []), strict=False
        )
    }
    pairs = [
        known[row["keyId"]] if not row.get("key") and row.get("keyId") in known else _new(call, row)
        for row in rows
    ]
    return {
        "keyCredentials": [row for row, _ in pairs],
        "certificates": [pem for _, pem in pairs],
    }


def _new(call: Call, row: Document) -> tuple[Document, str]:
    try:
        certificate = x509.load_der_x509_certificate(base64.b64decode(row["key"]))
    except (KeyError, TypeError, ValueError):
        raise malformed("New certificate credential has an invalid value.") from None
    shown = {
        "customKeyIdentifier": _thumbprint(certificate),
        "displayName": row.get("displayName"),
        "endDateTime": _stamp(certificate.not_valid_after_utc),
        "key": None,
        "keyId": call.world.new_id("key"),
        "startDateTime": _stamp(certificate.not_valid_before_utc),
        "type": row.get("type", "AsymmetricX509Cert"),
        "usage": row.get("usage", "Verify"),
    }
    return shown, certificate.public_bytes(Encoding.PEM).decode()


def _thumbprint(certificate: x509.Certificate) -> str:
    der = certificate.public_bytes(Encoding.DER)
    return base64.b64encode(hashlib.sha1(der, usedforsecurity=False).digest()).decode()


def _stamp(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
