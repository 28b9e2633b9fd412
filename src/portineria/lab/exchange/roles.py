"""Who may call what: Exchange's management roles, and what the directory roles carry of them.

Source: dossier exchange-online 2.3. The map of roles to cmdlets is unverified there; the lab
follows the names it lists. Measured: Get-OrganizationConfig is refused to Security Reader.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    VIEW_RECIPIENTS = "View-Only Recipients"
    VIEW_CONFIGURATION = "View-Only Configuration"
    RECIPIENTS = "Mail Recipients"
    TRANSPORT = "Organization Transport Settings"
    CLIENT_ACCESS = "Organization Client Access"
    ORGANIZATION = "Organization Configuration"
    ROLE_MANAGEMENT = "Role Management"
    GROUPS = "Distribution Groups"
    SECURITY_READER = "Security Reader"


READ_RECIPIENTS = frozenset({Role.VIEW_RECIPIENTS, Role.RECIPIENTS})
READ_CONFIGURATION = frozenset(
    {Role.VIEW_CONFIGURATION, Role.SECURITY_READER, Role.TRANSPORT, Role.CLIENT_ACCESS}
)
READ_ORGANIZATION = frozenset({Role.VIEW_CONFIGURATION, Role.ORGANIZATION})
READ_ROLES = frozenset({Role.VIEW_CONFIGURATION, Role.ROLE_MANAGEMENT})
WRITE_RECIPIENTS = frozenset({Role.RECIPIENTS})
WRITE_TRANSPORT = frozenset({Role.TRANSPORT})
WRITE_CLIENT_ACCESS = frozenset({Role.CLIENT_ACCESS})
WRITE_ORGANIZATION = frozenset({Role.ORGANIZATION})
WRITE_ROLES = frozenset({Role.ROLE_MANAGEMENT})
WRITE_GROUPS = frozenset({Role.GROUPS})

EVERYTHING = frozenset(Role)
READING = frozenset({Role.VIEW_RECIPIENTS, Role.VIEW_CONFIGURATION})

DIRECTORY_ROLES: dict[str, frozenset[Role]] = {
    "62e90394-69f5-4237-9190-012177145e10": EVERYTHING,  # Global Administrator
    "29232cdf-9323-42fd-ade2-1d097af3e4de": EVERYTHING,  # Exchange Administrator
    "31392ffb-586c-42d1-9346-e59415a2cc4e": READ_RECIPIENTS,  # Exchange Recipient Administrator
    "f2ef992c-3afb-46b9-b7cf-a126ee74c451": READING,  # Global Reader
    "5d6b6bb7-de71-4623-b4af-96380a352509": frozenset(  # Security Reader
        {Role.VIEW_RECIPIENTS, Role.SECURITY_READER}
    ),
    "194ae4cb-b126-40b2-bd5b-6091b380977d": frozenset(  # Security Administrator
        {Role.VIEW_RECIPIENTS, Role.SECURITY_READER}
    ),
    "17315797-102d-40b4-93e0-432062caca18": READING,  # Compliance Administrator
    "729827e3-9c14-49f7-bb1b-9608f156bbb8": frozenset({Role.VIEW_RECIPIENTS}),  # Helpdesk
}

ROLE_GROUPS: dict[str, frozenset[Role]] = {
    "Organization Management": EVERYTHING,
    "Recipient Management": READ_RECIPIENTS,
    "View-Only Organization Management": READING,
    "Security Reader": frozenset({Role.VIEW_RECIPIENTS, Role.SECURITY_READER}),
}
"""Built-in role groups. A custom one lists its own Roles in its document."""
