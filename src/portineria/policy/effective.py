"""Effective access: may this caller open this mailbox by this protocol, here and now.

The ladder is one ordered tuple; every rung on it is asked, so that all of them can be shown.
A refusal decides over everything, and an unknown over every pass: what was not seen is never
taken for open, nor for shut. Passwords, tokens and the network itself are not judged here.
"""

from __future__ import annotations

from portineria.policy.rungs.access import Access, Context
from portineria.policy.rungs.ladder import LADDER
from portineria.policy.verdict import Allowed, Answer, Effective, Refused, Unknown
from portineria.tenant.caller import Caller
from portineria.tenant.mailbox import Mailbox, Protocol
from portineria.tenant.snapshot import Snapshot

__all__ = ["Access", "Context", "effective", "walk"]


def effective(
    snapshot: Snapshot, mailbox: Mailbox, protocol: Protocol, caller: Caller, context: Context
) -> Effective:
    """Walk the ladder. Raises ValueError where `snapshot.settled` holds an unheard-of option."""
    return walk(Access(snapshot, mailbox, protocol, caller, context))


def walk(access: Access) -> Effective:
    """The same of a question already put together, as `show.why` wants it."""
    ladder = tuple(rung for step in LADDER if (rung := step(access)) is not None)
    for answer, verdict in ((Answer.NO, Refused), (Answer.UNKNOWN, Unknown)):
        for rung in ladder:
            if rung.answer is answer:
                return verdict(rung, ladder)
    return Allowed(ladder)
