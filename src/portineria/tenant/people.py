"""Users, groups, roles and domains of the directory."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portineria.tenant.unseen import Unseen

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
DIRECTORY_SYNC_ROLE = "d29b2b05-8046-44ba-8758-1e26182fcf32"
EXCHANGE_ADMINISTRATOR = "29232cdf-9323-42fd-ade2-1d097af3e4de"

SECURITY_DEFAULTS_ROLES: tuple[tuple[str, str], ...] = (
    (GLOBAL_ADMINISTRATOR, "Global Administrator"),
    ("9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "Application Administrator"),
    ("c4e39bd9-1100-46d3-8c65-fb160da0071f", "Authentication Administrator"),
    ("b0f54661-2d74-4c50-afa3-1ec803f12efe", "Billing Administrator"),
    ("158c047a-c907-4556-b7ef-446551a6b5f7", "Cloud Application Administrator"),
    ("b1be1c3e-b65d-4f19-8427-f6fa0d97feb9", "Conditional Access Administrator"),
    (EXCHANGE_ADMINISTRATOR, "Exchange Administrator"),
    ("729827e3-9c14-49f7-bb1b-9608f156bbb8", "Helpdesk Administrator"),
    ("966707d0-3269-4727-9be2-8c3a10f19b9d", "Password Administrator"),
    ("7be44c8a-adaf-4e2a-84d6-ab2649e08a13", "Privileged Authentication Administrator"),
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator"),
    ("194ae4cb-b126-40b2-bd5b-6091b380977d", "Security Administrator"),
    ("f28a1f50-f6e7-4571-818b-6a12f2af6b6c", "SharePoint Administrator"),
    ("69091246-20e8-4a56-aa4d-066075b2a7a8", "Teams Administrator"),
    ("fe930be7-5e62-47db-91af-98c3a49a38b1", "User Administrator"),
    ("0526716b-113d-4c15-b2c8-68e3c22b9f80", "Authentication Policy Administrator"),
    ("45d8d3c5-c802-45c6-b32a-1d70b5e1e86e", "Identity Governance Administrator"),
)
"""The 17 roles that security defaults hold to MFA at every sign-in (template id, name).

Source: Microsoft Learn, "Security defaults in Microsoft Entra ID".
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One account of the directory. `exchange_plan` is a mailbox-bearing service plan."""

    id: str
    upn: str
    display_name: str
    enabled: bool = True
    guest: bool = False
    synced: bool = False
    exchange_plan: bool | Unseen = True
    entra_p1: bool | Unseen = False
    department: str | None = None
    per_user_mfa: bool | Unseen = False
    """Whether per-user MFA is enabled or enforced; Unseen where it was not read."""


class MemberKind(StrEnum):
    """What a group may hold beside people: types of directory objects, in people's words."""

    GROUP = "group"
    DEVICE = "device"
    CONTACT = "contact"
    APPLICATION = "application"
    OTHER = "object"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member that is no account. `name` and `address` are "" where they were not shown."""

    id: str
    kind: MemberKind
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group by id, with its transitive members, or why they were not seen.

    `members` are the ids of its accounts; `others` whatever else is in it, the groups inside it
    included. `kind` is what the directory calls it, `address` its own where it has one.
    `dynamic`: a rule decides who is in it, so it may change by itself.
    """

    id: str
    name: str
    members: frozenset[str] | Unseen
    others: tuple[Member, ...] = ()
    kind: str = "security group"
    address: str = ""
    dynamic: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    name: str
    federated: bool = False
    initial: bool = False
    default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Licences:
    """What the tenant has bought, as far as it decides something here."""

    entra_p1: bool = False
    entra_p2: bool = False
    workload_identities: bool = False
