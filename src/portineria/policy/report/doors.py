"""Every door that is open: who could come through it, and which grant asked for it.

A door is one mailbox and one protocol. It is open where a password or a person with OAuth would
pass the whole ladder; where nothing refuses and something could not be told, it is counted apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from portineria.policy.effective import Access, Context, walk
from portineria.policy.entitle import Entitlements
from portineria.policy.verdict import Allowed, Answer, Effective, Refused
from portineria.tenant.caller import Basic, Caller, UserThrough
from portineria.tenant.mailbox import Mailbox, Protocol, RecipientKind, SmtpSwitch
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

WITH_MAILBOX = {
    RecipientKind.USER,
    RecipientKind.SHARED,
    RecipientKind.ROOM,
    RecipientKind.EQUIPMENT,
}
_PASSWORD, _PERSON = Basic(), UserThrough()


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """`grants` are the names of those that open it; `because` says what could not be told."""

    mailbox: Mailbox
    protocol: Protocol
    password: Answer
    person: Answer
    grants: tuple[str, ...] = ()
    because: str = ""

    @property
    def answer(self) -> Answer:
        """YES where anybody passes, UNKNOWN where nobody is known to, and somebody may."""
        return Answer.YES if Answer.YES in (self.password, self.person) else Answer.UNKNOWN


def find_doors(
    snapshot: Snapshot,
    entitlements: Entitlements | None,
    now: datetime,
    tell: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[Door, ...] | Unseen:
    """Of every mailbox that was seen, in their order. `tell` hears how many are done of how many.

    Raises ValueError as `effective` does.
    """
    boxes = snapshot.mailboxes
    if isinstance(boxes, Unseen):
        return boxes
    found: list[Door] = []
    for done, box in enumerate(boxes):
        if box.kind in WITH_MAILBOX:
            found += _of(snapshot, box, entitlements, Context(now))
        if done % 500 == 0:
            tell(done, len(boxes))
    return tuple(found)


def _of(
    snapshot: Snapshot, box: Mailbox, entitlements: Entitlements | None, context: Context
) -> Iterator[Door]:
    for protocol in Protocol:
        if _shut(snapshot, box, protocol):
            continue  # what the switch refuses needs no ladder: a large tenant is mostly shut
        answers = [_ask(snapshot, box, protocol, who, context) for who in (_PASSWORD, _PERSON)]
        password, person = (answer for answer, _ in answers)
        if password is Answer.NO and person is Answer.NO:
            continue
        own = None if entitlements is None else entitlements.by_mailbox.get(box.guid)
        grants = () if own is None else tuple(grant.name for grant in own.open_for(protocol))
        passes = Answer.YES in (password, person)
        because = next((why for answer, why in answers if answer is Answer.UNKNOWN), "")
        yield Door(
            mailbox=box,
            protocol=protocol,
            password=password,
            person=person,
            grants=grants,
            because="" if passes else because,
        )


def _shut(snapshot: Snapshot, box: Mailbox, protocol: Protocol) -> bool:
    if protocol is not Protocol.SMTP:
        return (box.imap if protocol is Protocol.IMAP else box.pop) is False
    if box.smtp is not SmtpSwitch.INHERIT:
        return box.smtp is SmtpSwitch.OFF
    transport = snapshot.transport
    return not isinstance(transport, Unseen) and transport.smtp_auth_disabled


def _ask(
    snapshot: Snapshot, box: Mailbox, protocol: Protocol, who: Caller, context: Context
) -> tuple[Answer, str]:
    verdict: Effective = walk(Access(snapshot, box, protocol, who, context))
    if isinstance(verdict, Allowed):
        return Answer.YES, ""
    if isinstance(verdict, Refused):
        return Answer.NO, ""
    return Answer.UNKNOWN, verdict.by.because
