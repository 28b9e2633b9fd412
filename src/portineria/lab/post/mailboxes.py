"""Messages in memory: enough of a mailbox to log in to, list, read, mark and delete.

Content lives beside the world, not in it: it is nobody's configuration.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

FOLDERS = ("INBOX", "Archive", "Deleted Items", "Drafts", "Junk Email", "Sent Items")


@dataclass(slots=True)
class Stored:
    """One message. `uid` never changes and is never given twice in its folder."""

    uid: int
    content: bytes
    received: datetime
    flags: set[str] = field(default_factory=set)
    recent: bool = True


@dataclass(slots=True)
class Folder:
    name: str
    validity: int = 14
    next_uid: int = 1
    messages: list[Stored] = field(default_factory=list)

    def add(self, content: bytes, received: datetime, flags: frozenset[str] = frozenset()) -> int:
        """The new message's uid."""
        uid = self.next_uid
        self.next_uid += 1
        self.messages.append(Stored(uid, content, received, set(flags)))
        return uid

    def remove(self, uids: set[int]) -> None:
        self.messages = [message for message in self.messages if message.uid not in uids]


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as it left: who logged in, the envelope, the octets."""

    mailbox: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes
    at: datetime


@dataclass(slots=True)
class MailStore:
    """Folders by mailbox Guid, made when first looked at, and the outbox of the tenant."""

    outbox: list[Sent] = field(default_factory=list)
    _mailboxes: dict[str, dict[str, Folder]] = field(default_factory=dict)

    def folder(self, guid: str, name: str) -> Folder | None:
        """By name; INBOX in any case (RFC 3501 section 5.1)."""
        wanted = "INBOX" if name.upper() == "INBOX" else name
        return self._folders(guid).get(wanted)

    def folders(self, guid: str) -> Iterator[Folder]:
        yield from self._folders(guid).values()

    def inbox(self, guid: str) -> Folder:
        return self._folders(guid)["INBOX"]

    def sent_items(self, guid: str) -> Folder:
        return self._folders(guid)["Sent Items"]

    def _folders(self, guid: str) -> dict[str, Folder]:
        if guid not in self._mailboxes:
            self._mailboxes[guid] = {name: Folder(name) for name in FOLDERS}
        return self._mailboxes[guid]
