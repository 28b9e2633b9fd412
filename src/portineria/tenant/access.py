"""Tenant-wide protections: Conditional Access, authentication policies, transport settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network

EXCHANGE_ONLINE = "00000002-0000-0ff1-ce00-000000000000"
AZURE_MANAGEMENT = "797f4846-ba00-4fd7-ba43-dac1f8f63013"

Network = IPv4Network | IPv6Network


class PolicyState(StrEnum):
    """conditionalAccessPolicyState; report-only is seen and logged, never enforced."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    REPORT_ONLY = "enabledForReportingButNotEnforced"


class ClientApp(StrEnum):
    """conditionalAccessClientApp, of which `other` is basic authentication."""

    ALL = "all"
    BROWSER = "browser"
    MODERN = "mobileAppsAndDesktopClients"
    ACTIVE_SYNC = "exchangeActiveSync"
    EAS_SUPPORTED = "easSupported"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLocation:
    """An IP named location, or a country one (then `networks` is None: not judged here)."""

    id: str
    name: str
    networks: tuple[Network, ...] | None
    trusted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionalAccessPolicy:
    """A Conditional Access policy, with lists as Graph has them.

    `depends_on` names conditions this program does not judge (device, risk, platform,
    authentication flow…): such a policy, if it would apply, makes the answer unknown.
    `service_principals` is None for a policy about users.
    Source: Graph v1.0, resource type conditionalAccessPolicy.
    """

    id: str
    name: str
    state: PolicyState
    client_apps: frozenset[str]
    include_users: frozenset[str] = frozenset()
    exclude_users: frozenset[str] = frozenset()
    include_groups: frozenset[str] = frozenset()
    exclude_groups: frozenset[str] = frozenset()
    include_roles: frozenset[str] = frozenset()
    exclude_roles: frozenset[str] = frozenset()
    include_guests: bool = False
    exclude_guests: bool = False
    include_applications: frozenset[str] = frozenset()
    exclude_applications: frozenset[str] = frozenset()
    include_locations: frozenset[str] = frozenset()
    exclude_locations: frozenset[str] = frozenset()
    service_principals: frozenset[str] | None = None
    exclude_service_principals: frozenset[str] = frozenset()
    grant_operator: str = "OR"
    grant_controls: frozenset[str] = frozenset()
    authentication_strength: bool = False
    depends_on: tuple[str, ...] = ()
    template_id: str | None = None
    created: datetime | None = None

    @property
    def enforced(self) -> bool:
        return self.state is PolicyState.ENABLED

    @property
    def blocks(self) -> bool:
        return "block" in self.grant_controls


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationPolicy:
    """An Exchange authentication policy: which protocols may use basic authentication."""

    name: str
    guid: str
    allow_basic_imap: bool = False
    allow_basic_pop: bool = False
    allow_basic_smtp: bool = False
    allows_other_basic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """Get-TransportConfig, the part that matters here."""

    smtp_auth_disabled: bool
    legacy_tls: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Organization:
    """Get-OrganizationConfig, the part that matters here. Absent members are False or None."""

    default_authentication_policy: str | None = None
    """The Name of the policy for users without one of their own."""
    reject_direct_send: bool = False
    modern_authentication: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxPlan:
    """A CASMailboxPlan: what new mailboxes begin with. It has no SMTP field."""

    name: str
    guid: str
    imap: bool = True
    pop: bool = True
