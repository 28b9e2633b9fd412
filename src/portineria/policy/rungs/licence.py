"""Does the account hold an Exchange plan?"""

from __future__ import annotations

from portineria.policy.rungs.access import ROOMY, Access
from portineria.policy.rungs.step import Said, no, step, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.mailbox import RecipientKind
from portineria.tenant.unseen import Unseen


@step(
    Layer.LICENCE,
    asks="Does a user mailbox have an Exchange plan?",
    about="every caller",
    source="Microsoft Learn, Exchange Online service description; About shared mailboxes",
    confidence=Confidence.DOCUMENTED,
)
def licence(access: Access) -> Said | None:
    kind = access.mailbox.kind
    if kind in ROOMY:
        return yes(f"a {kind.value} mailbox needs no licence up to 50 GB")
    if kind is not RecipientKind.USER:
        return None
    user = access.account
    if isinstance(user, Unseen):
        return unknown(f"its licences were not seen: {user.because}", "read the directory's users")
    if isinstance(user.exchange_plan, Unseen):
        because = f"its licences were not seen: {user.exchange_plan.because}"
        return unknown(because, "read the directory's users")
    if user.exchange_plan:
        return yes("its account has an Exchange plan")
    return no(
        "its account has no Exchange plan",
        "assign a licence with an Exchange plan",
        evidence=user.upn,
    )
