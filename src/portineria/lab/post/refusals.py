"""The refusals of the post office, one class a gate, each with what it says on the wire.

`gate` is for the history that tests read; no client ever sees it.
"""

from __future__ import annotations

from typing import ClassVar

from portineria.lab.post import sentences


class Refused(Exception):
    """A gate did not open. `smtp` is the reply where SMTP utters it."""

    gate: ClassVar[str] = ""
    smtp: ClassVar[str] = sentences.SMTP_AUTH_FAILED


class NoMailbox(Refused):
    gate = "mailbox"
    smtp = sentences.SMTP_NO_MAILBOX


class NoLicence(NoMailbox):
    gate = "licence"


class TenantSwitchOff(Refused):
    gate = "tenant switch"
    smtp = sentences.SMTP_TENANT_OFF


class MailboxSwitchOff(Refused):
    gate = "mailbox switch"
    smtp = sentences.SMTP_MAILBOX_OFF


class ProtocolOff(Refused):
    """ImapEnabled or PopEnabled is false."""

    gate = "protocol flag"


class BasicDenied(Refused):
    gate = "authentication policy"
    smtp = sentences.SMTP_BASIC_OFF


class BasicOffByDefault(Refused):
    gate = "retirement"
    smtp = sentences.SMTP_BASIC_OFF


class BasicRetired(Refused):
    gate = "retirement"
    smtp = sentences.SMTP_RETIRED


class BlockedBySecurityDefaults(Refused):
    gate = "security defaults"
    smtp = sentences.SMTP_SECURITY_DEFAULTS


class BlockedByConditions(Refused):
    """Conditional Access, or a demand for MFA: the wire does not tell them apart."""

    gate = "conditional access"
    smtp = sentences.SMTP_CRITERIA


class AccountLocked(Refused):
    gate = "account locked"
    smtp = sentences.SMTP_ACCOUNT_LOCKED


class WrongPassword(Refused):
    gate = "credentials"
    smtp = sentences.SMTP_WRONG_PASSWORD


class SignInRefused(Refused):
    """Anything else the login service said no with: unknown name, disabled account."""

    gate = "sign-in"


class TokenRefused(Refused):
    gate = "token"


class NotRegistered(Refused):
    """The app has no service principal in Exchange under its enterprise object id."""

    gate = "service principal"


class NoRight(Refused):
    gate = "mailbox right"


class TooManyConnections(Refused):
    gate = "connections"
    smtp = sentences.SMTP_CONNECTIONS


# What the login service's AADSTS numbers become on SMTP (5.5; the map itself is unverified).
BY_SIGN_IN: dict[int, type[Refused]] = {
    50126: WrongPassword,
    50053: AccountLocked,
    530035: BlockedBySecurityDefaults,
    53003: BlockedByConditions,
    53000: BlockedByConditions,
    50076: BlockedByConditions,
    50079: BlockedByConditions,
}
