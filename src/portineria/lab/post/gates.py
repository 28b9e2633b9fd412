"""What SMTP asks at AUTH, and what IMAP and POP ask when a mailbox is first touched.

Each gate looks at one thing and raises its own refusal; who calls them in which order is the
order in which the service speaks (dossier exchange-online 1.9, 1.10; unverified where several
would refuse, so the reading `smtp-refusal-order` turns it round).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from portineria.lab.post.refusals import (
    BasicDenied,
    BasicOffByDefault,
    BasicRetired,
    BlockedBySecurityDefaults,
    MailboxSwitchOff,
    NoLicence,
    NoMailbox,
    ProtocolOff,
    TenantSwitchOff,
)
from portineria.lab.post.wire import Wire, is_mailbox
from portineria.lab.world import Document

BASIC_ENDS = datetime(2027, 1, 1, tzinfo=UTC)  # section 6: end of December 2026


def mailbox_there(wire: Wire, recipient: Document | None) -> Document:
    """The recipient, when it is a mailbox. Raises NoMailbox and NoLicence."""
    if recipient is None or not is_mailbox(recipient):
        raise NoMailbox
    if not wire.has_licence(recipient):
        raise NoLicence
    return recipient


def smtp_switch(wire: Wire, mailbox: Document) -> None:
    """The mailbox's value, and the tenant's where that is null (1.9). Both kinds of login."""
    own = wire.as_switched(mailbox, "smtpSwitch").get("SmtpClientAuthenticationDisabled")
    if own is True:
        raise MailboxSwitchOff
    transport = wire.tenant("transport", "smtpSwitch")
    if own is None and transport.get("SmtpClientAuthenticationDisabled"):
        raise TenantSwitchOff


def authentication_policy(wire: Wire, mailbox: Document) -> None:
    """Basic only. Without any policy basic is allowed (1.8)."""
    policy = wire.authentication_policy(mailbox)
    if policy is not None and not policy.get("AllowBasicAuthSmtp"):
        raise BasicDenied


def retirement(wire: Wire, _mailbox: Document) -> None:
    """Basic only, from the service's date on, by the reading `basic-smtp-after-2026`.

    How an administrator brings it back after the date is not published, so nothing here does.
    """
    if wire.world.clock.now() < BASIC_ENDS:
        return
    match wire.weather.reading("basic-smtp-after-2026"):
        case "default-off":
            raise BasicOffByDefault
        case "removed":
            raise BasicRetired
        case _:
            return


def security_defaults_on_tokens(wire: Wire) -> None:
    """People's tokens only, and only by the reading `refused`; nobody has seen it (1.9)."""
    policy = wire.get("policies", "securityDefaults", "securityDefaults") or {}
    refused = wire.weather.reading("smtp-oauth-under-security-defaults") == "refused"
    if refused and policy.get("isEnabled"):
        raise BlockedBySecurityDefaults


def protocol_flag(wire: Wire, mailbox: Document, flag: str) -> None:
    """`flag` is ImapEnabled or PopEnabled; on unless it is false (1.10)."""
    if wire.as_switched(mailbox, "imapPopFlag").get(flag) is False:
        raise ProtocolOff


Gate = Callable[[Wire, Document], None]

BASIC_SMTP: tuple[Gate, ...] = (smtp_switch, authentication_policy, retirement)
"""In order, before (or, by the other reading, after) the password is looked at."""

TOKEN_SMTP: tuple[Gate, ...] = (smtp_switch,)
"""The same for a token."""
