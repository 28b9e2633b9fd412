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
    """What a recipient is, as far as mail access is concerned.

    From RecipientTypeDetails, and from the listing that it stands in where that tells more:
    inactive and soft-deleted mailboxes keep the type they had, and a High Volume Email account
    is a mail user among others. GROUP is the mailbox of a Microsoft 365 group. ON_PREMISES is a
    mail user that the company's own directory synchronises, MAIL_USER any other.
    """

    USER = "user"
    SHARED = "shared"
    ROOM = "room"
    EQUIPMENT = "equipment"
    DISCOVERY = "discovery"
    GROUP = "group"
    DISTRIBUTION = "distribution group"
    INACTIVE = "inactive"
    SOFT_DELETED = "soft-deleted"
    ON_PREMISES = "on-premises"
    MAIL_USER = "mail user"
    GUEST = "guest"
    CONTACT = "contact"
    PUBLIC_FOLDER = "public folder"
    HVE = "hve"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """One recipient with what Exchange says of its protocols.

    `guid` is Exchange's key and the identity of every write. `entra_id` joins it to a user
    (ExternalDirectoryObjectId), or is None. Addresses are lower case; `aliases` are its other
    addresses. `plan` is the mailbox plan that its licence gave it (its Name), "" for none.
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
    aliases: tuple[str, ...] = ()
    plan: str = ""
