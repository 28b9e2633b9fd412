"""Names that moved: a mailbox that is called otherwise now, and an address that is another's.

A policy names addresses, and an address can be given to somebody else. Earlier runs knew which
mailbox stood behind each, by its id.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from portineria.policy.desired import Desired
from portineria.policy.drift import Memory
from portineria.policy.plan import Refusal
from portineria.tenant.snapshot import Snapshot


def other_people(desired: Desired, snapshot: Snapshot, memory: Memory) -> Iterator[str]:
    """Addresses that a grant opens and behind which another mailbox stands than at an earlier run.

    Whether that one is meant only the admin can tell: what is not known stops the plan.
    """
    told: set[str] = set()
    for grant in desired.grants:
        for name in grant.who.mailboxes if grant.allow else ():
            box, known = snapshot.mailbox(name), memory.known_as(name)
            if box is None or known is None or known.value == box.guid or name in told:
                continue
            told.add(name)
            then = snapshot.mailbox(known.value)
            was = "a mailbox that is gone" if then is None else f"the mailbox of {then.address}"
            yield (
                f"who is meant by {name}: at run {known.run} ({known.at[:10]}) it was {was} "
                f"({known.value}), today it is another ({box.guid})"
            )


def renamed(refusal: Refusal, snapshot: Snapshot, memory: Memory) -> Refusal:
    """A name that nobody bears any more, with the name that its mailbox has now."""
    known = memory.known_as(refusal.mailbox)
    if known is None or snapshot.mailbox(refusal.mailbox) is not None:
        return refusal
    box = snapshot.mailbox(known.value)
    if box is None:
        return refusal
    told = f"at run {known.run} ({known.at[:10]}) it was the mailbox that is {box.address} now"
    return replace(refusal, instead=f"write {box.address}: {told}")
