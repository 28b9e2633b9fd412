"""Security defaults: MFA for people, and no password-only protocols."""

from __future__ import annotations

from portineria.policy.readings import SMTP_OAUTH_UNDER_SECURITY_DEFAULTS
from portineria.policy.rungs.access import Access
from portineria.policy.rungs.step import Said, no, step, undecided, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.mailbox import Protocol
from portineria.tenant.unseen import Unseen


@step(
    Layer.SECURITY_DEFAULTS,
    asks="Are security defaults off, or do they let this login pass?",
    about="every caller; they are about people, so an application's own token passes",
    source="Microsoft Learn, Security defaults in Microsoft Entra ID",
    confidence=Confidence.DOCUMENTED,
)
def security_defaults(access: Access) -> Said | None:
    on = access.snapshot.security_defaults
    if not access.basic and not access.person:
        because = "security defaults are about people, and an application is none"
        return yes(because, confidence=Confidence.FIELD_REPORT)
    if on is False:
        return yes("security defaults are off")
    if access.person:
        return _person(access, on)
    if isinstance(on, Unseen):
        return unknown(
            f"security defaults were not seen: {on.because}", "give the reader Policy.Read.All"
        )
    return no(
        "security defaults block every login with a password alone",
        "use OAuth or the gateway; only a grant through basic can ask security defaults off",
    )


def _person(access: Access, on: bool | Unseen) -> Said:
    """IMAP and POP with a token are modern sign-ins; of SMTP the documentation is not clear."""
    if access.protocol is not Protocol.SMTP:
        because = "whether on or off, a person with a modern client can pass them with MFA"
        return yes(because, confidence=Confidence.FIELD_REPORT)
    reading = SMTP_OAUTH_UNDER_SECURITY_DEFAULTS
    match reading.under(access.snapshot.settled):
        case "passes":
            return yes("a person with OAuth passes security defaults, as was settled here")
        case "refused" if not isinstance(on, Unseen):
            return no(
                "security defaults refuse SMTP even with OAuth, as was settled here",
                "let an application or the gateway send, or send through Graph",
                source=reading.source,
            )
        case None if not isinstance(on, Unseen):
            return undecided(reading)
        case _:
            because = on.because if isinstance(on, Unseen) else ""
            return unknown(
                f"security defaults were not seen: {because}", "give the reader Policy.Read.All"
            )
