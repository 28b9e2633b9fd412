"""May the mailbox's own account sign in?"""

from __future__ import annotations

from portineria.policy.rungs.access import ROOMY, Access
from portineria.policy.rungs.step import Said, no, step, unknown, yes
from portineria.policy.verdict import Confidence, Layer
from portineria.tenant.unseen import Unseen


@step(
    Layer.ACCOUNT,
    asks="Is the account enabled?",
    about="basic and people; an application signs in as itself",
    source="Graph v1.0, user: accountEnabled; Microsoft Learn, About shared mailboxes",
    confidence=Confidence.DOCUMENTED,
)
def account(access: Access) -> Said | None:
    if not access.basic and not access.person:
        return None
    if access.delegate:
        return yes("a delegate signs in with an account of their own")
    user = access.account
    if isinstance(user, Unseen):
        return unknown(f"its account was not seen: {user.because}", "read the directory's users")
    if user.enabled:
        return yes("its account is enabled")
    if access.mailbox.kind in ROOMY:
        return no(
            f"a {access.mailbox.kind.value} mailbox's account is disabled, as it should be",
            "let people in as delegates with OAuth, or an application with rights on it",
            evidence=user.upn,
        )
    return no("its account is disabled", "enable the account", evidence=user.upn)
