"""The service's own end of basic authentication for SMTP, by date."""

from __future__ import annotations

from portineria.policy.readings import Reading, era
from portineria.policy.rungs.access import Access
from portineria.policy.rungs.step import Said, no, step, undecided, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.mailbox import Protocol


@step(
    Layer.BASIC_RETIREMENT,
    asks="Does the service still take passwords for SMTP?",
    about="basic, SMTP only",
    source="Microsoft Learn, Deprecation of Basic authentication in Exchange Online",
    confidence=Confidence.DOCUMENTED,
)
def retirement(access: Access) -> Said | None:
    if not access.basic or access.protocol is not Protocol.SMTP:
        return None
    return retired(access)


def retired(access: Access) -> Said:
    """What the dates say of a password for this protocol; the gate for IMAP and POP asks too."""
    now = era(access.protocol, access.context.now.date())
    if isinstance(now.open, Reading):
        return _read(access, now.open)
    if now.open:
        return yes(now.because)
    return no(now.because, "use OAuth, or the gateway for a client that cannot", source=now.source)


def _read(access: Access, reading: Reading) -> Said:
    match reading.under(access.snapshot.settled):
        case None:
            return undecided(reading)
        case "open":
            return yes("this tenant still takes passwords for it, as was settled here")
        case "default-off":
            return no(
                "basic SMTP is off by default in this tenant, as was settled here",
                "an administrator can bring it back until Microsoft removes it; or use OAuth",
                source=reading.source,
            )
        case _:
            return no(
                "Microsoft has removed basic SMTP, as was settled here",
                "use OAuth, or the gateway for a client that cannot",
                source=reading.source,
            )
