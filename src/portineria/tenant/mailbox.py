"""Mailboxes, the three protocols and their switches."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from portineria.tenant.unseen import Unseen


class Protocol(StrEnum):
    IMAP = "imap"
    POP = "pop"
    SMTP = "smtp"


class SmtpSwitch(StrEnum):
    """CASMailbox.SmtpClientAuthenticationDisabled with its sense turned the right way round.

    False is on, True is off, null follows the tenant's transport configuration.
    Source: Set-CASMailbox reference, SmtpClientAuthenticationDisabled.
    """

    ON = "on"
    OFF = "off"
    INHERIT = "inherit"

    @classmethod
    def from_disabled(cls, disabled: bool | None) -> SmtpSwitch:
        return cls.INHERIT if disabled is None else cls.OFF if disabled else cls.ON

    @property
    def disabled(self) -> bool | None:
        """The value Exchange stores: true is off, false is on, null inherits."""
        return {SmtpSwitch.ON: False, SmtpSwitch.OFF: True, SmtpSwitch.INHERIT: None}[self]


class RecipientKind(StrEnum):
    """What a recipient is, as far as mail access is concerned (RecipientTypeDetails)."""

    USER = "user"
    SHARED = "shared"
    ROOM = "room"
    EQUIPMENT = "equipment"
    DISCOVERY = "discovery"
    GROUP = "group"
    INACTIVE = "inactive"
    ON_PREMISES = "on-premises"
    GUEST = "guest"
    HVE = "hve"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One recipient with what Exchange says of its protocols.

    `guid` is Exchange's key and the identity of every write. `entra_id` joins it to a user
    (ExternalDirectoryObjectId), or is None. Addresses are lower case.
    """

    guid: str
    entra_id: str | None
    address: str
    upn: str
    display_name: str
    kind: RecipientKind = RecipientKind.USER
    imap: bool | Unseen = True
    pop: bool | Unseen = True
    smtp: SmtpSwitch | Unseen = SmtpSwitch.INHERIT
    authentication_policy: str | Unseen | None = None
    """The policy assigned to this user (its Name), None when there is none of its own."""
