"""The end of basic authentication for IMAP and POP: refused before anybody is named.

The server says so to everybody who connects (LOGINDISABLED, no PLAIN), so no switch, policy
or licence of one mailbox has its turn. SMTP offers LOGIN still, and asks those first.
Source: Exchange dossier 1.10, 5.2, 5.3; for the order of SMTP 1.9.
"""

from __future__ import annotations

from portineria.policy.rungs.access import Access
from portineria.policy.rungs.retirement import retired
from portineria.policy.rungs.step import Said, step
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.mailbox import Protocol


@step(
    Layer.BASIC_RETIREMENT,
    asks="Does the server still offer IMAP and POP to passwords, whoever comes?",
    about="basic, IMAP and POP",
    source="Microsoft Learn, Deprecation of Basic authentication in Exchange Online",
    confidence=Confidence.DOCUMENTED,
)
def retirement_imap_pop(access: Access) -> Said | None:
    if not access.basic or access.protocol is Protocol.SMTP:
        return None
    return retired(access)
