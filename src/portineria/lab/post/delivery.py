"""What becomes of a submitted message: completed, copied, delivered, sent out, or reported back.

An address inside the tenant is a mailbox, a group (its members get the message) or nobody: then
the sender gets the report that Exchange Online writes, for RCPT takes every address. What leaves
the tenant goes to the outbox of the lab.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from portineria.lab.post import report, sentences
from portineria.lab.post.mailboxes import Sent
from portineria.lab.post.office import PostOffice
from portineria.lab.post.report import Fate
from portineria.lab.post.sentences import Session
from portineria.lab.post.wire import Wire, is_mailbox
from portineria.lab.world import Document
from portineria.mail import mime
from portineria.mail.events import Message
from portineria.mail.machine import speakable

_FIELD = re.compile(rb"[!-9;-~]+[ \t]*:")


@dataclass(frozen=True, slots=True)
class Submission:
    """One accepted message: whose login, from which host, under which id."""

    office: PostOffice
    session: Session
    mailbox: Document
    hello: str
    address: str
    message: Message

    def completed(self) -> tuple[bytes, str]:
        """The message with a Message-ID and a Date, and the id without its brackets."""
        content = self.message.content
        header = mime.parse(content).header
        added = b""
        known = mime.first(header, "message-id")
        name = speakable(known or b"", 250).strip("<> ")
        if not name:
            office = self.office
            name = f"{office.world.new_id('message')}@{office.world.initial_domain}"
            added += f"Message-ID: <{name}>\r\n".encode()
        if mime.first(header, "date") is None:
            added += f"Date: {sentences.mail_date(self._now)}\r\n".encode()
        return _under(added, content), name

    def deliver(self, content: bytes) -> None:
        """`content` is the completed message."""
        office, now = self.office, self._now
        wire, own = office.wire(), self.mailbox
        if own.get("MessageCopyForSMTPClientSubmissionEnabled", True):
            office.store.sent_items(own["Guid"]).add(content, now, ("\\Seen",))
        stamped = _under(self._received(), content)
        routes = _Routes(wire)
        routes.all(self.message)
        for guid in routes.inside:
            office.store.inbox(guid).add(stamped, now)
        if routes.outside:
            sent = Sent(own["Guid"], self.message.sender, tuple(routes.outside), stamped, now)
            office.store.outbox.append(sent)
        self._report(wire, routes.fates, content)

    def _received(self) -> bytes:
        return sentences.received(self.session, self.hello, self.address, self._now).encode()

    def _report(self, wire: Wire, fates: list[Fate], content: bytes) -> None:
        """To the envelope's sender, when that is a mailbox here."""
        sender = wire.recipient(self.message.sender)
        told = [fate for fate in fates if fate.wanted]
        if not told or sender is None or not is_mailbox(sender):
            return
        written = report.written(
            told,
            content,
            self.message,
            report.Writer(self.session, self.office.world.initial_domain, self._now),
        )
        self.office.store.inbox(sender["Guid"]).add(written, self._now)

    @property
    def _now(self) -> datetime:
        return self.office.world.clock.now()


def _under(added: bytes, content: bytes) -> bytes:
    """Fields put on top of a message, which may have no header at all."""
    bare = not _FIELD.match(content) and not content.startswith((b"\r\n", b"\n"))
    return added + (b"\r\n" if added and bare else b"") + content


@dataclass(slots=True)
class _Routes:
    """Where the recipients of one message are: mailboxes here, addresses elsewhere, nowhere."""

    wire: Wire
    inside: dict[str, None] = field(default_factory=dict)
    outside: dict[str, None] = field(default_factory=dict)
    fates: list[Fate] = field(default_factory=list)

    def all(self, message: Message) -> None:
        for place, address in enumerate(message.recipients):
            wishes = message.wishes[place] if message.wishes else {}
            self.fates.append(Fate(address, self._one(address), wishes))

    def _one(self, address: str) -> report.Action:
        recipient = self.wire.recipient(address)
        if recipient is not None and is_mailbox(recipient):
            self.inside[recipient["Guid"]] = None
            return "delivered"
        group = self.wire.group(address)
        if group is not None:
            self.inside |= dict.fromkeys(_mailboxes(self.wire, group))
            return "expanded"
        if recipient is None and self.wire.is_ours(address.rpartition("@")[2]):
            return "failed"
        self.outside[address] = None
        return "relayed"


def _mailboxes(wire: Wire, group: Document) -> list[str]:
    """The Guids of the mailboxes of a group's members, groups inside it included."""
    groups, seen = wire.world["groups"], set[str]()
    waiting: list[Document] = [group]
    while waiting:
        for member in waiting.pop().get("members") or ():
            inner = None if member in seen else groups.get(member)
            seen.add(member)
            if inner is not None:
                waiting.append(inner)
    return [str(row["Guid"]) for row in wire.mailboxes_of(seen)]
