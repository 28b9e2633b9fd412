"""IMAP's commands on the tree of folders: LIST and its kin, CREATE, DELETE, RENAME, STATUS.

RFC 3501 section 6.3. LIST takes no options: Exchange Online does not offer LIST-EXTENDED, and
shows the use of a special folder (RFC 6154) unasked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from portineria.lab.post import sentences
from portineria.lab.post.mailboxes import (
    Folder,
    FolderExists,
    FolderFixed,
    FolderMissing,
    Mailbox,
)
from portineria.mail.events import Argument, ImapCommand
from portineria.mail.imap import names
from portineria.mail.imap.grammar import ImapSyntax, word
from portineria.mail.imap.names import BadName


class WrongCount(Exception):
    """More or fewer arguments than the command takes."""


Untagged = list[str]
_ATOM = re.compile(r"[^\x00-\x20(){%*\"\\\]\x7f-\uffff]+")


def answer(mailbox: Mailbox, event: ImapCommand) -> tuple[str, Untagged]:
    """The tagged sentence and the untagged lines before it. Raises ImapSyntax, WrongCount."""
    try:
        return sentences.IMAP_COMPLETED, COMMANDS[event.verb](mailbox, event)
    except FolderMissing as missing:
        return sentences.imap_no_folder(str(missing)), []
    except FolderExists:
        return sentences.IMAP_FOLDER_EXISTS, []
    except FolderFixed:
        return sentences.IMAP_FOLDER_FIXED, []
    except BadName:
        raise ImapSyntax from None


def count(event: ImapCommand, least: int, most: int = 0) -> Sequence[Argument]:
    """The arguments, so many of them. Raises WrongCount."""
    if not least <= len(event.arguments) <= max(least, most):
        raise WrongCount
    return event.arguments


def named(mailbox: Mailbox, argument: Argument) -> Folder:
    """Raises FolderMissing, ImapSyntax."""
    return mailbox.folder(word(argument).removesuffix(names.SEPARATOR))


def written(name: str) -> str:
    """A name as the service writes it: bare where it can be, else quoted."""
    if _ATOM.fullmatch(name):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# --- the commands ---------------------------------------------------------------------------


def _list(mailbox: Mailbox, event: ImapCommand) -> Untagged:
    reference, pattern = (word(argument) for argument in count(event, 2))
    if not pattern:
        return [f'{event.verb} (\\Noselect) "/" ""']
    matches = names.matcher(reference, pattern)
    return [
        _line(event.verb, _attributes(mailbox, folder), folder.name)
        for folder in mailbox
        if matches(folder.name)
    ]


def _lsub(mailbox: Mailbox, event: ImapCommand) -> Untagged:
    """In the order of subscribing (captured, 5.8). With `%`, a level above a subscribed name is
    shown when it is not subscribed itself (RFC 3501 section 6.3.9)."""
    reference, pattern = (word(argument) for argument in count(event, 2))
    if not pattern:
        return [f'{event.verb} (\\Noselect) "/" ""']
    matches = names.matcher(reference, pattern)
    lines: dict[str, str] = {}
    known = [name for name in mailbox.subscribed if name in mailbox.folders]
    for name in known:
        if matches(name):
            lines[name] = _line(event.verb, _attributes(mailbox, mailbox.folders[name]), name)
        elif pattern.endswith("%"):
            for above in names.ancestors(name):
                if matches(above) and above not in known:
                    lines.setdefault(above, _line(event.verb, "\\Noselect \\HasChildren", above))
    return list(lines.values())


def _line(verb: str, attributes: str, name: str) -> str:
    return f'{verb} ({attributes}) "/" {written(name)}'


def _attributes(mailbox: Mailbox, folder: Folder) -> str:
    """In the captured order (5.8): INBOX marked, then children, then the use."""
    marked = ["\\Marked"] if folder.name == "INBOX" else []
    children = "\\HasChildren" if mailbox.has_children(folder.name) else "\\HasNoChildren"
    return " ".join([*marked, children, *([folder.use] if folder.use else [])])


def _create(mailbox: Mailbox, event: ImapCommand) -> Untagged:
    (name,) = count(event, 1)
    mailbox.create(names.SEPARATOR.join(names.levels(word(name))))
    return []


def _delete(mailbox: Mailbox, event: ImapCommand) -> Untagged:
    (name,) = count(event, 1)
    mailbox.delete(named(mailbox, name).name)
    return []


def _rename(mailbox: Mailbox, event: ImapCommand) -> Untagged:
    old, new = count(event, 2)
    folder = named(mailbox, old)
    mailbox.rename(folder.name, names.SEPARATOR.join(names.levels(word(new))))
    return []


def _subscribe(mailbox: Mailbox, event: ImapCommand) -> Untagged:
    (name,) = count(event, 1)
    mailbox.subscribe(named(mailbox, name).name)
    return []


def _unsubscribe(mailbox: Mailbox, event: ImapCommand) -> Untagged:
    (name,) = count(event, 1)
    mailbox.unsubscribe(word(name).removesuffix(names.SEPARATOR))
    return []


def _status(mailbox: Mailbox, event: ImapCommand) -> Untagged:
    """The line ends in a space, as captured (5.8)."""
    name, items = count(event, 2)
    folder = named(mailbox, name)
    if not isinstance(items, tuple) or not items:
        raise ImapSyntax
    wanted = [word(item).upper() for item in items]
    if not set(wanted) <= _COUNTS.keys():
        raise ImapSyntax
    counts = " ".join(f"{item} {_COUNTS[item](folder)}" for item in wanted)
    return [f"STATUS {written(folder.name)} ({counts}) "]


def _namespace(_mailbox: Mailbox, event: ImapCommand) -> Untagged:
    count(event, 0)
    return ['NAMESPACE (("" "/")) NIL NIL']


_COUNTS: dict[str, Callable[[Folder], int]] = {
    "MESSAGES": lambda folder: len(folder.messages),
    "RECENT": lambda folder: sum(stored.recent for stored in folder.messages),
    "UIDNEXT": lambda folder: folder.next_uid,
    "UIDVALIDITY": lambda folder: folder.validity,
    "UNSEEN": lambda folder: sum("\\Seen" not in stored.flags for stored in folder.messages),
}

COMMANDS: dict[str, Callable[[Mailbox, ImapCommand], Untagged]] = {
    "LIST": _list,
    "LSUB": _lsub,
    "CREATE": _create,
    "DELETE": _delete,
    "RENAME": _rename,
    "SUBSCRIBE": _subscribe,
    "UNSUBSCRIBE": _unsubscribe,
    "STATUS": _status,
    "NAMESPACE": _namespace,
}
