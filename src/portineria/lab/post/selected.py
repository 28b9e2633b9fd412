"""IMAP's commands on an opened folder: FETCH, STORE, SEARCH, COPY, MOVE, EXPUNGE, APPEND.

RFC 3501 section 6.4, UIDPLUS (4315), MOVE (6851). Each gives the tagged sentence and its own
untagged lines; what others did meanwhile is added by the front.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from portineria.lab.post import fetch, sentences
from portineria.lab.post.folders import WrongCount, count, named
from portineria.lab.post.mailboxes import Folder, FolderMissing, Mailbox, Stored, kept
from portineria.lab.post.search import matching
from portineria.lab.post.view import OutOfRange, Row, View
from portineria.mail.events import Argument, ImapCommand
from portineria.mail.imap.dates import moment
from portineria.mail.imap.grammar import ImapSyntax, as_set, sequence, word
from portineria.mail.imap.searching import NoSuchKey, search
from portineria.mail.imap.section import items


@dataclass(frozen=True, slots=True)
class Said:
    """The tagged sentence and the untagged lines before it, without `* ` and line ends."""

    sentence: str = sentences.IMAP_COMPLETED
    untagged: list[bytes] = field(default_factory=list)


class ReadOnly(Exception):
    """The folder was opened by EXAMINE."""


def answer(view: View, mailbox: Mailbox, event: ImapCommand) -> Said:
    """Raises ImapSyntax, WrongCount."""
    try:
        return COMMANDS[event.verb](view, mailbox, event)
    except ReadOnly:
        return Said(sentences.IMAP_READ_ONLY)
    except OutOfRange:
        return Said(sentences.IMAP_NO_MESSAGE)
    except NoSuchKey:
        return Said(sentences.IMAP_BAD_SET)
    except FolderMissing as missing:
        return Said(sentences.imap_no_target(str(missing)))


def _picked(view: View, argument: Argument, event: ImapCommand) -> list[Row]:
    return view.picked(sequence(word(argument)), uid=event.uid)


def _writable(view: View) -> None:
    if not view.writable:
        raise ReadOnly


def _fetch(view: View, _mailbox: Mailbox, event: ImapCommand) -> Said:
    which, what = count(event, 2)
    wanted = items(what)
    if event.uid and "UID" not in wanted:
        wanted = (*wanted, "UID")
    rows = _picked(view, which, event)
    lines = [fetch.line(row, wanted, view) for row in rows]
    if view.writable and fetch.marks_seen(wanted):
        view.folder.mark((stored, stored.flags | {"\\Seen"}) for _, stored in rows)
    return Said(untagged=lines)


def _store(view: View, _mailbox: Mailbox, event: ImapCommand) -> Said:
    if len(event.arguments) < 3:
        raise WrongCount
    which, how, *given = event.arguments
    verb, silent, _ = word(how).upper().partition(".SILENT")
    if verb not in _CHANGES or not word(how).upper() == verb + silent:
        raise ImapSyntax
    rows = _picked(view, which, event)
    flags = kept(_flags(given))
    _writable(view)
    view.folder.mark((stored, _CHANGES[verb](stored.flags, flags)) for _, stored in rows)
    view.told(rows)
    names = ("FLAGS", "UID") if event.uid else ("FLAGS",)
    return Said(untagged=[] if silent else [fetch.line(row, names, view) for row in rows])


def _flags(given: list[Argument]) -> list[str]:
    """A parenthesised list, or flags one after the other."""
    inside = given[0] if len(given) == 1 and isinstance(given[0], tuple) else given
    return [word(flag) for flag in inside]


_CHANGES: dict[str, Callable[[set[str], set[str]], set[str]]] = {
    "FLAGS": lambda old, given: given,
    "+FLAGS": lambda old, given: old | given,
    "-FLAGS": lambda old, given: old - given,
}


def _search(view: View, _mailbox: Mailbox, event: ImapCommand) -> Said:
    if not event.arguments:
        raise WrongCount
    asked = search(event.arguments)
    if asked.charset not in ("", "US-ASCII"):
        return Said(sentences.IMAP_CHARSET)
    found = (stored.uid if event.uid else number for number, stored in matching(view, asked.key))
    return Said(untagged=[" ".join(["SEARCH", *map(str, found)]).encode()])


def _copy(view: View, mailbox: Mailbox, event: ImapCommand) -> Said:
    rows, target = _from_to(view, mailbox, event)
    if not rows:
        return Said()
    code = _copied(rows, target)
    return Said(sentences.imap_copied(code))


def _move(view: View, mailbox: Mailbox, event: ImapCommand) -> Said:
    """The code comes untagged, ahead of EXPUNGE and without a text (captured, 5.8)."""
    _writable(view)
    rows, target = _from_to(view, mailbox, event)
    code = _copied(rows, target)
    view.folder.remove({stored.uid for _, stored in rows})
    return Said(untagged=[f"OK [{code}]".encode()])


def _from_to(view: View, mailbox: Mailbox, event: ImapCommand) -> tuple[list[Row], Folder]:
    which, where = count(event, 2)
    return _picked(view, which, event), named(mailbox, where)


def _copied(rows: list[Row], target: Folder) -> str:
    uids = target.take_in([stored for _, stored in rows])
    sources = as_set([stored.uid for _, stored in rows])
    return f"COPYUID {target.validity} {sources} {as_set(uids)}"


def _expunge(view: View, _mailbox: Mailbox, event: ImapCommand) -> Said:
    arguments = count(event, 1) if event.uid else count(event, 0)
    _writable(view)
    expunge(view, _picked(view, arguments[0], event) if arguments else list(view))
    return Said()


def expunge(view: View, among: list[Row]) -> None:
    """Take the deleted ones of these away."""
    view.folder.remove({stored.uid for _, stored in among if "\\Deleted" in stored.flags})


def _check(_view: View, _mailbox: Mailbox, event: ImapCommand) -> Said:
    count(event, 0)
    return Said()


COMMANDS: dict[str, Callable[[View, Mailbox, ImapCommand], Said]] = {
    "CHECK": _check,
    "COPY": _copy,
    "EXPUNGE": _expunge,
    "FETCH": _fetch,
    "MOVE": _move,
    "SEARCH": _search,
    "STORE": _store,
}


def append(mailbox: Mailbox, event: ImapCommand, now: datetime) -> str:
    """APPEND's sentence; it needs no opened folder. Raises ImapSyntax, WrongCount."""
    name, *between, content = count(event, 2, 4)
    flags: list[str] = []
    if between and isinstance(between[0], tuple):
        flags, between = [word(flag) for flag in between[0]], between[1:]
    if len(between) > 1 or not isinstance(content, bytes):
        raise ImapSyntax
    when = moment(word(between[0])) if between else now
    try:
        folder = named(mailbox, name)
    except FolderMissing as missing:
        return sentences.imap_no_target(str(missing))
    (uid,) = folder.take_in([Stored(0, content, when, kept(flags))])
    return sentences.imap_appended(folder.validity, uid)
