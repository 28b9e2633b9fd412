"""Messages in memory: folders, flags, uids, and who wants to hear when a folder changes.

Content lives beside the world, not in it: it is nobody's configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from portineria.mail import mime
from portineria.mail.imap import names
from portineria.mail.mime import Part

FLAGS = ("\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft", "$MDNSent")
"""The flags a mailbox keeps, in the order in which the service writes them (captured, 5.8)."""

# The folders of a new mailbox, the special ones with their use as LIST shows it (captured, 5.8).
FOLDERS = {
    "Archive": "",
    "Calendar": "",
    "Contacts": "",
    "Deleted Items": "\\Trash",
    "Drafts": "\\Drafts",
    "INBOX": "",
    "Journal": "",
    "Junk Email": "\\Junk",
    "Notes": "",
    "Outbox": "",
    "Sent Items": "\\Sent",
    "Tasks": "",
}
SUBSCRIBED = ("INBOX", "Deleted Items", "Drafts", "Sent Items", "Junk Email")


@dataclass(slots=True, eq=False)
class Stored:
    """One message. `uid` never changes and is never given twice in its folder."""

    uid: int
    content: bytes
    received: datetime
    flags: set[str] = field(default_factory=set)
    recent: bool = True  # no session has had it under its eyes yet
    _part: Part | None = field(default=None, repr=False)

    @property
    def part(self) -> Part:
        """Its tree of parts, read when first asked for."""
        if self._part is None:
            self._part = mime.parse(self.content)
        return self._part


@dataclass(slots=True, eq=False)
class Folder:
    """`watchers` are called after every change, once for a change of many messages."""

    name: str
    use: str = ""
    validity: int = 14
    next_uid: int = 1
    messages: list[Stored] = field(default_factory=list)
    watchers: list[Callable[[], None]] = field(default_factory=list)
    version: int = 0

    def add(self, content: bytes, received: datetime, flags: Iterable[str] = ()) -> int:
        """The new message's uid."""
        return self.take_in([Stored(0, content, received, kept(flags))])[0]

    def take_in(self, messages: Iterable[Stored]) -> list[int]:
        """Copies of these messages under new uids, in their order."""
        uids = []
        for message in messages:
            self.messages.append(
                Stored(self.next_uid, message.content, message.received, set(message.flags))
            )
            uids.append(self.next_uid)
            self.next_uid += 1
        if uids:
            self.changed()
        return uids

    def remove(self, uids: set[int]) -> None:
        kept_ = [message for message in self.messages if message.uid not in uids]
        if len(kept_) < len(self.messages):
            self.messages = kept_
            self.changed()

    def mark(self, wanted: Iterable[tuple[Stored, Iterable[str]]]) -> None:
        """Give each message exactly these flags, of those that are kept."""
        differ = False
        for message, flags in wanted:
            new = kept(flags)
            differ = differ or new != message.flags
            message.flags = new
        if differ:
            self.changed()

    def changed(self) -> None:
        self.version += 1
        for watcher in list(self.watchers):
            watcher()


def kept(flags: Iterable[str]) -> set[str]:
    """The flags that a mailbox keeps, as it spells them; others are forgotten."""
    wanted = {flag.lower() for flag in flags}
    return {flag for flag in FLAGS if flag.lower() in wanted}


class FolderMissing(Exception):
    """No folder has that name."""


class FolderExists(Exception):
    """The name is taken."""


class FolderFixed(Exception):
    """The folder belongs to the mailbox: it is neither deleted nor renamed."""


@dataclass(slots=True)
class Mailbox:
    """The folders of one mailbox by name, `/` between the levels; a parent always exists."""

    folders: dict[str, Folder] = field(default_factory=dict)
    subscribed: list[str] = field(default_factory=lambda: list(SUBSCRIBED))
    _validity: int = 14

    def __post_init__(self) -> None:
        for name in sorted(FOLDERS, key=lambda name: name != "INBOX"):
            self._make(name, FOLDERS[name])

    def folder(self, name: str) -> Folder:
        """INBOX in any case (RFC 3501 section 5.1). Raises FolderMissing."""
        found = self.folders.get(self._known(name))
        if found is None:
            raise FolderMissing(name)
        return found

    def __iter__(self) -> Iterator[Folder]:
        """In alphabetical order, level by level, as the service lists them."""
        for name in sorted(self.folders, key=lambda name: name.lower().split(names.SEPARATOR)):
            yield self.folders[name]

    def has_children(self, name: str) -> bool:
        return any(other.startswith(name + names.SEPARATOR) for other in self.folders)

    def create(self, name: str) -> None:
        """The folder and those above it. Raises FolderExists."""
        name = self._known(name)
        if name in self.folders:
            raise FolderExists(name)
        for level in [*names.ancestors(name), name]:
            if level not in self.folders:
                self._make(level)

    def delete(self, name: str) -> None:
        """The folder and those in it. Raises FolderMissing, FolderFixed."""
        folder = self._movable(name)
        for inner in self._tree(folder.name):
            del self.folders[inner]

    def rename(self, name: str, new: str) -> None:
        """With everything in it. Raises FolderMissing, FolderFixed, FolderExists."""
        folder, new = self._movable(name), self._known(new)
        old = folder.name
        if new in self.folders or new.startswith(old + names.SEPARATOR):
            raise FolderExists(new)
        for level in names.ancestors(new):
            if level not in self.folders:
                self._make(level)
        for inner in self._tree(old):
            moved = self.folders.pop(inner)
            moved.name = new + inner.removeprefix(old)
            self.folders[moved.name] = moved

    def subscribe(self, name: str) -> None:
        """Raises FolderMissing."""
        found = self.folder(name).name
        if found not in self.subscribed:
            self.subscribed.append(found)

    def unsubscribe(self, name: str) -> None:
        name = self._known(name)
        self.subscribed = [other for other in self.subscribed if other != name]

    def _movable(self, name: str) -> Folder:
        folder = self.folder(name)
        if folder.name in FOLDERS:
            raise FolderFixed(name)
        return folder

    def _tree(self, name: str) -> list[str]:
        within = name + names.SEPARATOR
        return [other for other in self.folders if other == name or other.startswith(within)]

    def _make(self, name: str, use: str = "") -> None:
        """A validity of its own for each: a name used again is not the old folder."""
        self.folders[name] = Folder(name, use, self._validity)
        self._validity += 1

    def _known(self, name: str) -> str:
        """The name with its INBOX spelt as ours."""
        first, separator, rest = name.partition(names.SEPARATOR)
        return ("INBOX" if names.is_inbox(first) else first) + separator + rest


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as it left the tenant: who logged in, the envelope, the octets."""

    mailbox: str
    sender: str
    recipients: tuple[str, ...]
    content: bytes
    at: datetime


@dataclass(slots=True)
class MailStore:
    """Mailboxes by Guid, made when first looked at, and the outbox of the tenant."""

    outbox: list[Sent] = field(default_factory=list)
    _mailboxes: dict[str, Mailbox] = field(default_factory=dict)

    def mailbox(self, guid: str) -> Mailbox:
        if guid not in self._mailboxes:
            self._mailboxes[guid] = Mailbox()
        return self._mailboxes[guid]

    def inbox(self, guid: str) -> Folder:
        return self.mailbox(guid).folders["INBOX"]

    def sent_items(self, guid: str) -> Folder:
        return self.mailbox(guid).folders["Sent Items"]
