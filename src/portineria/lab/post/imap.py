"""Exchange Online's IMAP: XOAUTH2, then a mailbox that opens at the first command, or does not.

Source: dossier exchange-online 1.10, 5.2. `LOGIN` is always `NO LOGIN failed.`
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from portineria.lab.post import bearer, fetch, sentences
from portineria.lab.post.connected import MailboxFront
from portineria.lab.post.mailboxes import Folder, Stored
from portineria.lab.post.office import PostOffice
from portineria.lab.post.search import matching
from portineria.mail.events import Argument, Event, ImapCommand, Login, TlsAsked
from portineria.mail.imap.grammar import ImapSyntax, chosen, sequence, word
from portineria.mail.imap.server import ImapServer

FLAGS = "\\Seen \\Answered \\Flagged \\Deleted \\Draft $MDNSent"


class NoFolder(Exception):
    """No folder has that name."""


class ImapFront(MailboxFront):
    """Port 993 (`tls`) or 143."""

    face = "imap"
    permission = bearer.IMAP
    flag = "ImapEnabled"

    def __init__(self, office: PostOffice, address: str = "127.0.0.1", *, tls: bool = True) -> None:
        session = office.session()
        self._imap = ImapServer(sentences.imap_words(session), tls=tls)
        super().__init__(office, session, self._imap, address)
        self._folder: Folder | None = None
        self._writable = False

    async def _on(self, event: Event) -> None:
        match event:
            case TlsAsked():
                self._imap.begin_tls(sentences.IMAP_BEGIN_TLS)
            case Login():
                await self._on_login(event, sentences.IMAP_AUTHENTICATED)
            case ImapCommand():
                self._on_command(event)
            case _:
                return  # Quit and Dropped were answered by the machine

    def _failed(self, event: Login) -> str:
        if event.verb == "LOGIN":
            return sentences.IMAP_LOGIN_FAILED
        return sentences.IMAP_AUTHENTICATE_FAILED

    def _not_connected(self) -> str:
        return sentences.NOT_CONNECTED

    # --- commands ---

    def _on_command(self, event: ImapCommand) -> None:
        if self._mailbox() is None:
            self._imap.reply(sentences.NOT_CONNECTED)
            return
        run = _COMMANDS.get(event.verb)
        needs_folder = event.verb in _ON_A_FOLDER
        if run is None or (needs_folder and self._folder is None):
            self._imap.reply(sentences.IMAP_COMMAND_ERROR)
            return
        try:
            run(self, event)
        except (ImapSyntax, IndexError):
            self._imap.reply(sentences.IMAP_ARGUMENT_ERROR)
        except NoFolder:
            self._imap.reply(sentences.IMAP_NO_FOLDER)

    def _done(self, untagged: Iterable[str | bytes] = ()) -> None:
        lines = (line.encode() if isinstance(line, str) else line for line in untagged)
        self._imap.reply(sentences.IMAP_COMPLETED, lines)

    def _named(self, argument: Argument) -> Folder:
        folder = self.office.store.folder(self._guid, word(argument))
        if folder is None:
            raise NoFolder
        return folder

    @property
    def _open(self) -> Folder:
        if self._folder is None:
            raise ImapSyntax
        return self._folder

    def _picked(self, event: ImapCommand, argument: Argument) -> list[tuple[int, Stored]]:
        """Numbers and messages that a sequence set names, by uid or by number."""
        pairs = sequence(word(argument))
        numbered = list(enumerate(self._open.messages, start=1))
        keys = [stored.uid if event.uid else number for number, stored in numbered]
        picked = set(chosen(pairs, keys))
        return [row for row, key in zip(numbered, keys, strict=True) if key in picked]

    def _noop(self, event: ImapCommand) -> None:
        folder = self._folder
        self._done([] if folder is None else [f"{len(folder.messages)} EXISTS"])

    def _namespace(self, event: ImapCommand) -> None:
        self._done(['NAMESPACE (("" "/")) NIL NIL'])

    def _list(self, event: ImapCommand) -> None:
        _, pattern = word(event.arguments[0]), word(event.arguments[1])
        if not pattern:
            self._done([f'{event.verb} (\\Noselect) "/" ""'])
            return
        found = re.compile(
            "".join({"*": ".*", "%": "[^/]*"}.get(c, re.escape(c)) for c in pattern), re.IGNORECASE
        )
        names = [folder.name for folder in self.office.store.folders(self._guid)]
        self._done(
            f'{event.verb} (\\HasNoChildren) "/" {_quoted(name)}'
            for name in names
            if found.fullmatch(name)
        )

    def _status(self, event: ImapCommand) -> None:
        folder, items = self._named(event.arguments[0]), event.arguments[1]
        if not isinstance(items, tuple):
            raise ImapSyntax
        values = {
            "MESSAGES": len(folder.messages),
            "RECENT": sum(stored.recent for stored in folder.messages),
            "UIDNEXT": folder.next_uid,
            "UIDVALIDITY": folder.validity,
            "UNSEEN": sum("\\Seen" not in stored.flags for stored in folder.messages),
        }
        names = [word(item).upper() for item in items]
        if not set(names) <= values.keys():
            raise ImapSyntax
        counts = " ".join(f"{name} {values[name]}" for name in names)
        self._done([f"STATUS {_quoted(folder.name)} ({counts})"])

    def _select(self, event: ImapCommand) -> None:
        self._folder = None
        folder = self._named(event.arguments[0])
        self._folder, self._writable = folder, event.verb == "SELECT"
        unseen = [
            number
            for number, stored in enumerate(folder.messages, start=1)
            if "\\Seen" not in stored.flags
        ]
        first = [f"OK [UNSEEN {unseen[0]}] Is the first unseen message"] if unseen else []
        permanent = FLAGS if self._writable else ""
        lines = [
            f"{len(folder.messages)} EXISTS",
            f"{sum(stored.recent for stored in folder.messages)} RECENT",
            f"FLAGS ({FLAGS})",
            f"OK [PERMANENTFLAGS ({permanent})] Permanent flags",
            *first,
            f"OK [UIDVALIDITY {folder.validity}] UIDVALIDITY value",
            f"OK [UIDNEXT {folder.next_uid}] The next unique identifier value",
        ]
        access = "READ-WRITE" if self._writable else "READ-ONLY"
        sentence = sentences.IMAP_SELECTED.replace("{access}", access)
        self._imap.reply(sentence, [line.encode() for line in lines])

    def _close(self, event: ImapCommand) -> None:
        if event.verb == "CLOSE" and self._writable:
            self._open.remove(_deleted(self._open))
        self._folder = None
        self._done()

    def _expunge(self, event: ImapCommand) -> None:
        gone = _deleted(self._open) if self._writable else set()
        numbers = [n for n, stored in enumerate(self._open.messages, start=1) if stored.uid in gone]
        self._open.remove(gone)
        self._done(f"{number - index} EXPUNGE" for index, number in enumerate(numbers))

    def _fetch(self, event: ImapCommand) -> None:
        names = fetch.wanted(event.arguments[1], uid=event.uid)
        picked = self._picked(event, event.arguments[0])
        if self._writable and fetch.marks_seen(names):
            for _, stored in picked:
                stored.flags.add("\\Seen")
        self._done(fetch.line(number, stored, names) for number, stored in picked)

    def _store(self, event: ImapCommand) -> None:
        picked = self._picked(event, event.arguments[0])
        how, given = word(event.arguments[1]).upper(), event.arguments[2]
        flags = {word(item) for item in given} if isinstance(given, tuple) else {word(given)}
        if not self._writable or how.removesuffix(".SILENT") not in _STORE:
            raise ImapSyntax
        for _, stored in picked:
            stored.flags = _STORE[how.removesuffix(".SILENT")](stored.flags, flags)
        names = ["FLAGS", "UID"] if event.uid else ["FLAGS"]
        shown = [] if how.endswith(".SILENT") else picked
        self._done(fetch.line(number, stored, names) for number, stored in shown)

    def _search(self, event: ImapCommand) -> None:
        numbered = list(enumerate(self._open.messages, start=1))
        found = matching(numbered, event.arguments)
        keys = (str(stored.uid if event.uid else number) for number, stored in found)
        self._done([" ".join(["SEARCH", *keys])])

    def _append(self, event: ImapCommand) -> None:
        folder, content = self._named(event.arguments[0]), event.arguments[-1]
        given = [word(f) for a in event.arguments if isinstance(a, tuple) for f in a]
        if len(event.arguments) < 2 or not isinstance(content, bytes):
            raise ImapSyntax
        uid = folder.add(content, self.office.world.clock.now(), frozenset(given))
        self._imap.reply(f"OK [APPENDUID {folder.validity} {uid}] APPEND completed.")

    def _idle(self, event: ImapCommand) -> None:
        self._imap.idle(sentences.IMAP_IDLE)


def _deleted(folder: Folder) -> set[int]:
    return {stored.uid for stored in folder.messages if "\\Deleted" in stored.flags}


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


_STORE: dict[str, Callable[[set[str], set[str]], set[str]]] = {
    "FLAGS": lambda old, given: given,
    "+FLAGS": lambda old, given: old | given,
    "-FLAGS": lambda old, given: old - given,
}

_ON_A_FOLDER = frozenset(
    {"CLOSE", "UNSELECT", "CHECK", "EXPUNGE", "FETCH", "STORE", "SEARCH"},
)
_COMMANDS: dict[str, Callable[[ImapFront, ImapCommand], None]] = {
    "NOOP": ImapFront._noop,
    "CHECK": ImapFront._noop,
    "NAMESPACE": ImapFront._namespace,
    "LIST": ImapFront._list,
    "LSUB": ImapFront._list,
    "STATUS": ImapFront._status,
    "SELECT": ImapFront._select,
    "EXAMINE": ImapFront._select,
    "CLOSE": ImapFront._close,
    "UNSELECT": ImapFront._close,
    "EXPUNGE": ImapFront._expunge,
    "FETCH": ImapFront._fetch,
    "STORE": ImapFront._store,
    "SEARCH": ImapFront._search,
    "APPEND": ImapFront._append,
    "IDLE": ImapFront._idle,
}
