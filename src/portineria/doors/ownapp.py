"""An application of the profile: a new token each time, and as much of its proof as may be told.

Implements run.appcheck.Own. Of a secret nothing leaves but its first three characters, as a Secret:
Graph shows as many of each secret it holds, and only so can they be told apart.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from portineria.clock import Clock
from portineria.doors.identity import AppTokens, Authority
from portineria.doors.proof import MOST, AppCredential
from portineria.doors.textfile import read_octets
from portineria.fault import Fault
from portineria.m365.graph.mailapp import SHOWN
from portineria.m365.oauth.claims import claims_of, refused_of
from portineria.run.appcheck import Held
from portineria.secret import Secret
from portineria.tenant.mailapp import OwnProof, TokenRefused
from portineria.tenant.unseen import Unseen


@dataclass(frozen=True, slots=True)
class OwnCredential:
    """One of these serves for every attempt: it keeps no token."""

    authority: Authority
    credential: AppCredential = field(repr=False)
    clock: Clock
    scope: str

    @property
    def proof(self) -> OwnProof:
        """Raises NoFile for a certificate that is not there."""
        credential = self.credential
        if credential.certificate_file is None:
            value = credential.secret.reveal() if credential.secret else ""
            return OwnProof(kind="secret", is_id=_is_guid(value))
        try:
            (leaf, *_) = x509.load_pem_x509_certificates(
                read_octets(credential.certificate_file, most=MOST)
            )
        except ValueError:
            return OwnProof(kind="certificate")
        der = leaf.public_bytes(Encoding.DER)
        return OwnProof(
            kind="certificate",
            thumbprint=hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
            ends=leaf.not_valid_after_utc.astimezone(UTC),
        )

    @property
    def begins(self) -> Secret | None:
        secret = self.credential.secret
        return None if secret is None else Secret(secret.reveal()[:SHOWN])

    async def token(self) -> Held | TokenRefused | Unseen:
        """A fresh msal application each time: it would keep a refused answer for a minute."""
        try:
            token = await AppTokens(self.authority, self.credential, self.clock).token(self.scope)
        except Fault as fault:
            return refused_of(fault)
        claims = claims_of(token)
        return claims if isinstance(claims, Unseen) else Held(token, claims)


def _is_guid(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True
