"""What a profile holds, as values. `profiles` reads, `profilewrite`, `profileapps` write them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

from portineria.doors.references import Reference
from portineria.m365.endpoints import Endpoints

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, kw_only=True)
class AppIdentity:
    """An application that we log in as: by a secret, or by a certificate with its key (PEM).

    `password` opens the certificate's key, if it is locked.
    """

    client_id: str
    secret: Reference | None = None
    certificate: Reference | None = None
    password: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleTokens:
    """People's own refresh tokens (a vault, or a file of `address: token`), got through
    `client_id`. `delegates`: a mailbox that is nobody's own, and whose token opens it."""

    client_id: str
    refresh_tokens: Reference
    delegates: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What `verify` may log in with; whatever is missing makes its answer *could not tell*.

    `smtp_app` is the application that sends by a registration of its own.
    """

    app: AppIdentity | None = None
    smtp_app: AppIdentity | None = None
    user: PeopleTokens | None = None
    passwords: Reference | None = None
    sources: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`ca` is a PEM file trusted instead of the system's authorities. `settled` as in Snapshot."""

    name: str
    path: Path
    tenant: str
    endpoints: Endpoints
    control: AppIdentity
    probe: Probe = field(default_factory=Probe)
    ca: Path | None = None
    settled: Mapping[str, str] = field(default_factory=dict)
