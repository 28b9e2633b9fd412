"""One reversible operation on one object of the tenant, with its before and after.

Fields carry Microsoft's own names and JSON values (`SmtpClientAuthenticationDisabled: null`),
so that what is shown is what is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

Json = Any
Fields = Mapping[str, Json]


class Family(StrEnum):
    """Kinds of objects that a change can touch. Key in parentheses.

    mailbox (Exchange guid): ImapEnabled, PopEnabled, SmtpClientAuthenticationDisabled
    user (directory id): AuthenticationPolicy (its Name, or null)
    transport (""): SmtpClientAuthenticationDisabled, AllowLegacyTLSClients
    organization (""): DefaultAuthenticationPolicy (Name or null), RejectDirectSend
    mailbox-plan (guid): ImapEnabled, PopEnabled
    authentication-policy (Name): AllowBasicAuthImap, AllowBasicAuthPop, AllowBasicAuthSmtp
    security-defaults (""): isEnabled
    conditional-access (id, "" until created): displayName, state, conditions, grantControls
    named-location (id, "" until created): @odata.type, displayName, isTrusted, ipRanges
    mailbox-permission ("GUID/principal id"): AccessRights (["FullAccess"]); create and delete only
    recipient-permission ("GUID/principal id"): AccessRights (["SendAs"]); create and delete only
    sign-in-sessions (directory id): revoked (true); create only, cannot be undone
    application (client id, "" until made): displayName, signInAudience, tags, keyCredentials
    (SHA-1 thumbprints, never keys), passwordCredentials (ids)
    service-principal (object id, "" until made): appId, accountEnabled
    app-role-assignment ("principal id/role"): appRole (its value), resource (its appId)
    exchange-service-principal (object id): AppId, DisplayName; create and delete only
    distribution-group (Exchange guid, "" until made): DisplayName, MemberJoinRestriction
    distribution-group-member ("group guid/mailbox guid"): member (true); create and delete only
    management-role-assignment ("principal id/Name"): Role, RecipientWriteScope,
    RecipientGroupScope (the group's guid); create and delete only
    """

    MAILBOX = "mailbox"
    USER = "user"
    TRANSPORT = "transport"
    ORGANIZATION = "organization"
    MAILBOX_PLAN = "mailbox-plan"
    AUTHENTICATION_POLICY = "authentication-policy"
    SECURITY_DEFAULTS = "security-defaults"
    CONDITIONAL_ACCESS = "conditional-access"
    NAMED_LOCATION = "named-location"
    MAILBOX_PERMISSION = "mailbox-permission"
    RECIPIENT_PERMISSION = "recipient-permission"
    SESSIONS = "sign-in-sessions"
    APPLICATION = "application"
    SERVICE_PRINCIPAL = "service-principal"
    APP_ROLE = "app-role-assignment"
    EXCHANGE_PRINCIPAL = "exchange-service-principal"
    GROUP = "distribution-group"
    GROUP_MEMBER = "distribution-group-member"
    ROLE_ASSIGNMENT = "management-role-assignment"


ENTRA = frozenset({Family.APPLICATION, Family.SERVICE_PRINCIPAL, Family.APP_ROLE})
"""What only an administrator's own session writes: the permission for it is never at rest."""
OF_APPS = ENTRA | {
    Family.EXCHANGE_PRINCIPAL,
    Family.GROUP,
    Family.GROUP_MEMBER,
    Family.ROLE_ASSIGNMENT,
}
"""What applications of our own are made of, beside the permissions on mailboxes."""


class Verb(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Phase(IntEnum):
    """The guarded order: all of a phase is confirmed by reading again before the next begins."""

    CLOSE = 1
    EXPLICIT = 2
    TENANT_SWITCH = 3
    STAGE = 4
    WINDOW = 5
    ENFORCE = 6
    EXCEPTION = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is changed: family and key as in Family, and the name shown to people.

    For an object not yet made, `key` is "" and `name` is unique: a resumed run finds it by it.
    """

    family: Family
    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`before` and `after` hold only the fields that change; a create has no before (None).

    `id` counts from 1 in order of execution. A value "change:3.id" stands for the id that
    change 3 will be given when it is made. `because` names grants and posture keys.
    """

    id: int
    verb: Verb
    target: Target
    before: Fields | None
    after: Fields | None
    phase: Phase
    because: tuple[str, ...]
    reason: str
    risk: str = "low"
    """low | medium | high, as shown to people."""


@dataclass(frozen=True, slots=True)
class Missing:
    """The object is not there: a definite answer, unlike Unseen."""


@dataclass(frozen=True, slots=True)
class Written:
    """A write that the service accepted. `id` is the new object's, "" for other verbs."""

    id: str = ""
