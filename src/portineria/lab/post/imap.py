"""Exchange Online's IMAP: XOAUTH2, then a mailbox that opens at the first command, or does not.

Source: dossier exchange-online 1.10, 5.2, 5.8. `LOGIN` is always `NO LOGIN failed.` The commands
are in `folders` and `selected`; here is who may give which, and what is told unasked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from portineria.lab.post import bearer, folders, selected, sentences
from portineria.lab.post.connected import MailboxFront
from portineria.lab.post.folders import WrongCount
from portineria.lab.post.mailboxes import FLAGS, FolderMissing, Mailbox
from portineria.lab.post.office import PostOffice
from portineria.lab.post.view import View
from portineria.mail.events import Event, ImapCommand, Login, TlsAsked
from portineria.mail.imap.grammar import ImapSyntax
from portineria.mail.imap.server import ImapServer


class ImapFront(MailboxFront):
    """Port 993 (`tls`) or 143."""

    face = "imap"
    permission = bearer.IMAP
    flag = "ImapEnabled"

    def __init__(self, office: PostOffice, address: str = "127.0.0.1", *, tls: bool = True) -> None:
        session = office.session()
        self._imap = ImapServer(sentences.imap_words(session), tls=tls)
        super().__init__(office, session, self._imap, address)
        self._view: View | None = None

    def close(self) -> None:
        self._leave()

    def _silent(self) -> str:
        return sentences.IMAP_CLOSED

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
        guid = self._mailbox()
        if guid is None:
            self._imap.reply(sentences.NOT_CONNECTED)
            return
        try:
            self._run(self.office.store.mailbox(guid), event)
        except WrongCount:
            self._imap.reply(sentences.IMAP_ARGUMENT_COUNT)
        except ImapSyntax:
            self._imap.reply(sentences.IMAP_ARGUMENT_ERROR)

    def _run(self, mailbox: Mailbox, event: ImapCommand) -> None:
        if event.verb in folders.COMMANDS:
            sentence, lines = folders.answer(mailbox, event)
            self._done(event, sentence, [line.encode() for line in lines])
        elif event.verb in _OWN:
            _OWN[event.verb](self, mailbox, event)
        elif self._view is None:
            self._imap.reply(sentences.IMAP_WRONG_STATE)
        elif event.verb in selected.COMMANDS:
            said = selected.answer(self._view, mailbox, event)
            self._done(event, said.sentence, said.untagged)
        else:
            self._close_folder(event)

    def _done(self, event: ImapCommand, sentence: str, untagged: Iterable[bytes] = ()) -> None:
        """The command's own lines, then what others did, then the sentence."""
        lines = [*untagged]
        if self._view is not None:
            lines += self._view.news(expunges=event.verb not in ("FETCH", "STORE", "SEARCH"))
        self._imap.reply(sentence, lines)

    def _noop(self, _mailbox: Mailbox, event: ImapCommand) -> None:
        folders.count(event, 0)
        self._done(event, sentences.IMAP_COMPLETED)

    def _append(self, mailbox: Mailbox, event: ImapCommand) -> None:
        self._done(event, selected.append(mailbox, event, self.office.world.clock.now()))

    def _select(self, mailbox: Mailbox, event: ImapCommand) -> None:
        """The folder before is closed even when this one cannot be opened (RFC 3501 6.3.1)."""
        (name,) = folders.count(event, 1)
        self._leave()
        try:
            folder = folders.named(mailbox, name)
        except FolderMissing as missing:
            self._imap.reply(sentences.imap_no_folder(str(missing)))
            return
        view = self._view = View(folder, writable=event.verb == "SELECT")
        folder.watchers.append(self._changed)
        permanent = " ".join(FLAGS) if view.writable else ""
        unseen = view.first_unseen
        lines = [
            f"{len(view)} EXISTS",
            f"{view.recent} RECENT",
            f"FLAGS ({' '.join(FLAGS)})",
            f"OK [PERMANENTFLAGS ({permanent})] Permanent flags",
            *([f"OK [UNSEEN {unseen}] Is the first unseen message"] if unseen else []),
            f"OK [UIDVALIDITY {folder.validity}] UIDVALIDITY value",
            f"OK [UIDNEXT {folder.next_uid}] The next unique identifier value",
        ]
        access = "READ-WRITE" if view.writable else "READ-ONLY"
        sentence = sentences.IMAP_SELECTED.replace("{access}", access)
        self._imap.reply(sentence, [line.encode() for line in lines])

    def _close_folder(self, event: ImapCommand) -> None:
        """CLOSE takes the deleted messages away without a word, UNSELECT leaves them."""
        folders.count(event, 0)
        view = self._view
        self._leave()
        if view is not None and event.verb == "CLOSE" and view.writable:
            selected.expunge(view, list(view))
        self._imap.reply(sentences.IMAP_COMPLETED)

    def _leave(self) -> None:
        if self._view is not None:
            self._view.folder.watchers.remove(self._changed)
            self._view = None

    # --- what is told unasked ---

    def _idle(self, _mailbox: Mailbox, event: ImapCommand) -> None:
        folders.count(event, 0)
        self._imap.idle(sentences.IMAP_IDLE)
        self._tell()

    def _changed(self) -> None:
        """Somebody changed the folder. A client that idles hears it now, others when they ask."""
        if self._imap.idling:
            self._tell()
            self._push()

    def _tell(self) -> None:
        if self._view is not None:
            self._imap.untagged(self._view.news(expunges=True))


_OWN: dict[str, Callable[[ImapFront, Mailbox, ImapCommand], None]] = {
    "NOOP": ImapFront._noop,
    "SELECT": ImapFront._select,
    "EXAMINE": ImapFront._select,
    "APPEND": ImapFront._append,
    "IDLE": ImapFront._idle,
}
