"""What Microsoft says of each way, with its dates, numbers and sources: the one file of them.

Sources: dossier exchange-online 4.2, 4.5, 4.6 and 6; the pages that it names stand beside each
fact. Nothing unverified is here, for all of it is told to people.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from portineria.policy.readings import RETIREMENT
from portineria.policy.verdict import Confidence
from portineria.tenant.mailbox import Protocol

_BLOG = (
    "Exchange Team blog, 27 January 2026: updated schedule for SMTP AUTH basic (exchange-online 6)"
)
_HVE = "Microsoft Learn, High Volume Email for Microsoft 365; MC1243552 (exchange-online 4.5)"
_DIRECT = (
    "Microsoft Learn, How to set up a multifunction device; MC1093237 (exchange-online 4.6, 6)"
)
_CONNECTOR = "Microsoft Learn, How to set up a multifunction device (exchange-online 4.6)"
_LIMITS = (
    "Microsoft Learn, Exchange Online limits; SMTP submission improvements (exchange-online 4.2)"
)
_OAUTH = (
    "Microsoft Learn, Authenticate an IMAP, POP or SMTP connection using OAuth (exchange-online 3)"
)
_WAVES = (
    "Microsoft Learn, Deprecation of Basic authentication in Exchange Online (exchange-online 6)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """`says` is a whole sentence. `day` is the first day on which it holds, where it has one;
    `whole_month` where only the month was told. `value` is its number, where it has one."""

    says: str
    source: str
    confidence: Confidence = Confidence.DOCUMENTED
    day: date | None = None
    whole_month: bool = False
    value: float | None = None

    @property
    def when(self) -> str:
        """The day as it is told: 2027-01-01, or 2028-09 where only the month is known."""
        if self.day is None:
            return ""
        return f"{self.day:%Y-%m}" if self.whole_month else self.day.isoformat()


BASIC_SMTP_OFF = Fact(
    says="Basic SMTP AUTH is off by default for existing tenants from the end of December 2026; an "
    "administrator can bring it back.",
    source=_BLOG,
    day=RETIREMENT[Protocol.SMTP][-1].start,
)
BASIC_SMTP_NEW = Fact(
    says="Tenants made after December 2026 do not have basic SMTP AUTH by default.",
    source=_BLOG,
    day=RETIREMENT[Protocol.SMTP][-1].start,
)
BASIC_SMTP_REMOVED = Fact(
    says="The day on which basic SMTP AUTH is removed for good is to be announced in the second "
    "half of 2027.",
    source=_BLOG,
    day=date(2027, 7, 1),
    whole_month=True,
)
BASIC_READING_GONE = Fact(
    says="Basic authentication of IMAP and POP is off for everybody since January 2023, and nobody "
    "can bring it back.",
    source=_WAVES,
    day=RETIREMENT[Protocol.IMAP][-1].start,
)
HVE_HERE = Fact(
    says="High Volume Email is generally available since March 2026.",
    source=_HVE,
    day=date(2026, 3, 1),
    whole_month=True,
)
HVE_BILLED = Fact(
    says="High Volume Email is billed by use since 1 June 2026, and needs a billing policy.",
    source=_HVE,
    day=date(2026, 6, 1),
)
HVE_PRICE = Fact(
    says="A million recipients of High Volume Email cost about 42 US dollars.",
    source=_HVE,
    value=42.0,
)
HVE_INTERNAL = Fact(
    says="High Volume Email sends to recipients of the own tenant only, since June 2025.",
    source=_HVE,
    day=date(2025, 6, 1),
    whole_month=True,
)
HVE_ACCOUNTS = Fact(
    says="A tenant may have 100 High Volume Email accounts.", source=_HVE, value=100
)
HVE_BASIC_ENDS = Fact(
    says="Basic authentication of High Volume Email ends in September 2028.",
    source=_HVE,
    day=date(2028, 9, 1),
    whole_month=True,
)
HVE_DEFAULTS = Fact(
    says="Security defaults block the password of a High Volume Email account as any other.",
    source=_HVE,
    confidence=Confidence.FIELD_REPORT,
)
DIRECT_INTERNAL = Fact(
    says="Direct send reaches recipients of the own tenant only, and is treated as mail from the "
    "internet.",
    source=_DIRECT,
)
DIRECT_REJECTED = Fact(
    says="A tenant can reject direct send (RejectDirectSend) since September 2025; a change takes "
    "up to half an hour.",
    source=_DIRECT,
    day=date(2025, 9, 1),
    whole_month=True,
)
CONNECTOR_MATCH = Fact(
    says="A connector knows its sender by a fixed public address or by a certificate, and lets it "
    "send to anybody.",
    source=_CONNECTOR,
)
DAILY = Fact(says="A mailbox may send to 10,000 recipients a day.", source=_LIMITS, value=10_000)
MINUTE = Fact(
    says="A mailbox may send 30 messages a minute through at most three connections.",
    source=_LIMITS,
    value=30,
)
OAUTH_STAYS = Fact(
    says="No end of OAuth for IMAP, POP and SMTP was announced.",
    source=_OAUTH,
)

CONDITIONAL_ACCESS = Fact(
    says="Conditional Access, which takes the place of security defaults, needs Microsoft Entra ID "
    "P1.",
    source="Answer of a tenant without it (entra-graph 1.4)",
    confidence=Confidence.CAPTURED,
)

FACTS: tuple[Fact, ...] = (
    BASIC_READING_GONE,
    BASIC_SMTP_OFF,
    BASIC_SMTP_NEW,
    BASIC_SMTP_REMOVED,
    CONDITIONAL_ACCESS,
    HVE_INTERNAL,
    HVE_HERE,
    HVE_BILLED,
    HVE_PRICE,
    HVE_ACCOUNTS,
    HVE_DEFAULTS,
    HVE_BASIC_ENDS,
    DIRECT_INTERNAL,
    DIRECT_REJECTED,
    CONNECTOR_MATCH,
    DAILY,
    MINUTE,
    OAUTH_STAYS,
)
