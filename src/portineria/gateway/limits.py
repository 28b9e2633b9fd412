"""The numbers that bound a gateway, whatever somebody sends."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sessions, seconds, and failed logins. Each can be set in `gateway.yaml`.

    The idle times are those below which a server may not go (RFC 9051 5.4, RFC 1939 3, RFC 5321
    4.5.3.2); Exchange Online ends its side earlier where it wants to.
    """

    sessions: int = 10_000
    sessions_per_address: int = 200
    sessions_per_credential: int = 50
    login_seconds: int = 60
    """From the connection to a login that the mail server took."""
    idle_seconds: int = 1860
    """IMAP, after the login; POP and SMTP take a third of it, 620."""
    failures: int = 5
    """Failed logins of one address or of one name, after which the next ones wait."""
    lockout_seconds: int = 900
    """The longest wait after failed logins."""
    patience_seconds: int = 25
    """How long a message or a login waits for its mailbox's turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """What Exchange Online lets one mailbox do; 0 is no limit.

    Source: Microsoft Learn, Exchange Online limits (sending limits), and Troubleshoot SMTP AUTH
    client submission: 3 connections, 30 messages a minute, 10,000 recipients a day. For IMAP and
    POP no number is published; eight connections stay below what is met in the field.
    """

    smtp_connections: int = 3
    messages_per_minute: int = 30
    recipients_per_day: int = 10_000
    mailbox_connections: int = 8
    """IMAP and POP together."""
