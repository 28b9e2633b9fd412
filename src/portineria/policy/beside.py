"""Doors that open beside those that were asked for: a switch knows no callers.

An application that reads a mailbox by IMAP needs the mailbox's IMAP switch, and a password by
SMTP needs its SMTP switch; with the switch on, the mailbox's own person gets in with OAuth too.
No grant asks for that, so a plan says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portineria.policy.plan import Cell
from portineria.policy.promise import OPEN, Judge
from portineria.policy.verdict import Answer
from portineria.tenant.caller import UserThrough, parse_caller

PERSON = UserThrough(None)


def beside(cells: Iterable[Cell], judge: Judge) -> Iterator[str]:
    """In words, each door for a mailbox's own person that a grant for another caller opens."""
    asked = [cell for cell in cells if cell.promised == OPEN]
    people = {
        (cell.mailbox, cell.protocol)
        for cell in asked
        if isinstance(parse_caller(cell.caller), UserThrough)
    }
    for cell in asked:
        door = (cell.mailbox, cell.protocol)
        box = judge.planned.mailbox(cell.mailbox)
        if door in people or box is None:
            continue
        people.add(door)
        found = judge.cell(box, cell.protocol, PERSON, OPEN)
        if found.before != Answer.YES.value and found.after != Answer.NO.value:
            name, sure = cell.protocol.value, found.after == Answer.YES.value
            yield (
                f"{name} opens for {PERSON} on {cell.address} as well: its switch knows no callers"
                if sure
                else f"{name} perhaps opens for {PERSON} on {cell.address} as well: "
                "its switch knows no callers"
            )
