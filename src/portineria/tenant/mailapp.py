"""One mail app as the directory, Exchange and its own token show it, with dates.

`tenant.apps.App` is the part that effective access judges; this is what a set-up is proved by.
Dates are aware, UTC; None where the service does not say.
Sources: Graph v1.0, application, servicePrincipal, appRoleAssignment; Get-ServicePrincipal,
Get-ManagementRoleAssignment; Graph dossier 4.1, 5.4; Exchange dossier 3.2, 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from portineria.tenant.unseen import NOT_LOOKED_AT, Unseen

ProofKind = Literal["secret", "certificate"]
"""How an application proves itself to the token service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnProof:
    """What the profile holds, as far as it may be told. `thumbprint` is SHA-1 in capital hex;
    `ends` a certificate's own last moment; `is_id`: the secret is a GUID, as only ids are."""

    kind: ProofKind
    thumbprint: str = ""
    ends: datetime | None = None
    is_id: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A secret or certificate on the app registration. `ours`: it looks like the profile's, a
    certificate by its thumbprint, a secret by the three characters that Graph shows; None where
    Graph shows none of it."""

    kind: ProofKind
    key_id: str = ""
    starts: datetime | None = None
    ends: datetime | None = None
    ours: bool | None = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """The app registration: its own object id, which Exchange must *not* be given."""

    object_id: str
    created: datetime | None = None
    proofs: tuple[Registered, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Enterprise:
    """The enterprise application (service principal). `object_id` is what Exchange must know."""

    object_id: str
    name: str = ""
    enabled: bool = True
    assignment_required: bool = False
    created: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """An application permission on Exchange Online that was consented to, by value."""

    value: str
    created: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangePrincipal:
    """Exchange's own record of the application (New-ServicePrincipal)."""

    object_id: str
    created: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopedRole:
    """An assignment of Application SMTP.SendAsApp. `scope` is what bounds it, "" for nothing."""

    name: str
    scope: str = ""
    created: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaims:
    """What an access token says of itself. The token is not kept. `roles` sorted."""

    audience: str
    tenant: str
    app_id: str
    object_id: str
    roles: tuple[str, ...] = ()
    issued: datetime | None = None
    expires: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRefused:
    """No token: `code` is the AADSTS number, 0 where our own side refused to send the proof."""

    code: int
    why: str
    remedy: str = ""
    expired: bool = False
    """Whether an expired certificate is the reason: one number is said for that and others."""


Token = TokenClaims | TokenRefused | Unseen


@dataclass(frozen=True, slots=True, kw_only=True)
class MailApp:
    """Everything about one application that is not about a mailbox."""

    client_id: str
    proof: OwnProof
    token: Token = NOT_LOOKED_AT
    registration: Registration | Unseen | None = NOT_LOOKED_AT
    enterprise: Enterprise | Unseen | None = NOT_LOOKED_AT
    consents: tuple[Consent, ...] | Unseen = NOT_LOOKED_AT
    assigned_only: bool | Unseen = False
    """Whether Exchange Online gives tokens to assigned applications alone."""
    exchange: ExchangePrincipal | Unseen | None = NOT_LOOKED_AT
    scoped: tuple[ScopedRole, ...] | Unseen = NOT_LOOKED_AT

    @property
    def object_id(self) -> str | None:
        """The enterprise application's, as the directory or the token itself says."""
        if isinstance(self.enterprise, Enterprise):
            return self.enterprise.object_id
        return self.token.object_id if isinstance(self.token, TokenClaims) else None

    @property
    def name(self) -> str:
        """For people: the display name, or the client id."""
        known = self.enterprise
        return known.name or self.client_id if isinstance(known, Enterprise) else self.client_id
