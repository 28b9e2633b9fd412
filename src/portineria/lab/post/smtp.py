"""Exchange Online's SMTP submission: everything is decided at AUTH, the sender at the end.

The order of the gates is `gates.BASIC_SMTP` and `gates.TOKEN_SMTP`; the reading
`smtp-refusal-order` puts the credentials before them (dossier exchange-online 1.9, unverified).
"""

from __future__ import annotations

import re
from email import message_from_bytes
from email.utils import getaddresses

from portineria.lab.login.refusals import SignInFault
from portineria.lab.post import bearer, gates, sentences
from portineria.lab.post.bearer import Bearer
from portineria.lab.post.delivery import Submission
from portineria.lab.post.front import Front
from portineria.lab.post.office import PostOffice
from portineria.lab.post.refusals import BY_SIGN_IN, Refused, SignInRefused, TokenRefused
from portineria.lab.post.wire import Wire, addresses
from portineria.lab.world import Document
from portineria.mail.events import Event, Login, MailFrom, Message, RcptTo, TlsAsked
from portineria.mail.machine import speakable
from portineria.mail.sasl import PasswordOffered, TokenOffered
from portineria.mail.smtp.server import SmtpServer
from portineria.mail.smtp.words import SmtpLimits

_BYTES = re.compile(r"\(([\d,]+) bytes\)")


class SmtpFront(Front):
    """Port 587: clear until STARTTLS, mail only after AUTH."""

    face = "smtp"
    permission = bearer.SMTP

    def __init__(self, office: PostOffice, address: str = "127.0.0.1") -> None:
        session, clock = office.session(), office.world.clock
        self._smtp = SmtpServer(
            sentences.smtp_words(session, clock.now(), address),
            limits=SmtpLimits(message=sentences.SMTP_SIZE),
            stamp=lambda: session.stamp(clock.now()),
        )
        super().__init__(office, session, self._smtp, address)
        self._mailbox: Document = {}
        self._principal = ""
        self._login: Login | None = None
        self._client = ""
        self._recipients = 0

    def close(self) -> None:
        if self._mailbox:
            self.office.disconnect(self._mailbox["Guid"])
            self._mailbox = {}

    def _silent(self) -> str:
        return sentences.SMTP_DROPPED

    async def _on(self, event: Event) -> None:
        match event:
            case TlsAsked():
                self._machine.begin_tls(sentences.SMTP_BEGIN_TLS)
            case Login():
                await self._on_login(event)
            case MailFrom():
                self._recipients = 0
                self._machine.accept(sentences.SMTP_SENDER_OK)
            case RcptTo():
                self._on_recipient()
            case Message():
                await self._on_message(event)
            case _:
                return  # Quit and Dropped were answered by the machine

    # --- AUTH ---

    async def _on_login(self, event: Login) -> None:
        try:
            mailbox, principal, client = await self._authenticated(event)
            self.office.connect(mailbox["Guid"])
        except Refused as refusal:
            self._refuse_login(event, refusal, refusal.smtp)
            return
        self._mailbox, self._principal = mailbox, principal
        self._login, self._client = event, client
        self._accept_login(event, sentences.smtp_authenticated(self.session), client)

    async def _authenticated(self, event: Login) -> tuple[Document, str, str]:
        """The mailbox, and who opens it: object id and client id. Raises Refused."""
        match event.offered:
            case PasswordOffered() as offered:
                mailbox = await self._by_password(offered)
                return mailbox, str(mailbox.get("ExternalDirectoryObjectId", "")), ""
            case TokenOffered() as offered:
                mailbox, bearer_ = self._by_token(offered)
                return mailbox, bearer_.principal, bearer_.client

    async def _by_password(self, offered: PasswordOffered) -> Document:
        wire = self.office.wire()
        switch_first = wire.weather.reading("smtp-refusal-order") == "switch-first"
        if not switch_first:
            await self._sign_in(wire, offered)
        mailbox = _through(wire, offered.user, gates.BASIC_SMTP)
        if switch_first:
            await self._sign_in(wire, offered)
        if mailbox is None:
            raise SignInRefused
        return mailbox

    async def _sign_in(self, wire: Wire, offered: PasswordOffered) -> None:
        """Exchange turns a basic login into a password sign-in at the login service."""
        office = self.office
        try:
            await office.sign_in(
                wire.world, wire.weather, offered.user, offered.password.reveal(), self.address
            )
        except SignInFault as fault:
            raise BY_SIGN_IN.get(fault.code, SignInRefused) from None

    def _by_token(self, offered: TokenOffered) -> tuple[Document, Bearer]:
        wire = self.office.wire()
        switch_first = wire.weather.reading("smtp-refusal-order") == "switch-first"
        token = None if switch_first else self._read_token(offered)
        mailbox = _through(wire, offered.user, gates.TOKEN_SMTP)
        token = token or self._read_token(offered)
        if not token.is_app:
            gates.security_defaults_on_tokens(wire)
        if mailbox is None:
            raise TokenRefused
        bearer.right_to(wire, token, mailbox, self.permission)
        return mailbox, token

    # --- the message ---

    def _on_recipient(self) -> None:
        most = str(self._mailbox.get("RecipientLimits", "500"))
        if most.isdecimal() and self._recipients >= int(most):
            self._machine.refuse(sentences.SMTP_TOO_MANY_RECIPIENTS)
            return
        self._recipients += 1
        self._machine.accept(sentences.SMTP_RECIPIENT_OK)

    async def _on_message(self, message: Message) -> None:
        gate, refusal = self._unsendable(message)
        if gate:
            self._noted(gate, refusal)
            self._machine.refuse(refusal)
            return
        office, clock = self.office, self.office.world.clock
        guid = self._mailbox["Guid"]
        while wait := office.wait_for_turn(guid):
            await clock.sleep(wait)
        office.note_sent(guid, len(message.recipients))
        submission = Submission(
            office, self.session, self._mailbox, self._smtp.hello, self.address, message
        )
        content, name = submission.completed()
        submission.deliver(content)
        accepted = sentences.smtp_accepted(name, self.session)
        self._noted("", accepted)
        self._machine.accept(accepted)

    def _noted(self, gate: str, said: str) -> None:
        if self._login is not None:
            self._note("message", self._login, gate, said, self._client)

    def _unsendable(self, message: Message) -> tuple[str, str]:
        """The gate that stops the message at submission and what it says; twice "" for none."""
        office, mailbox = self.office, self._mailbox
        wire = office.wire()
        own = str(mailbox["PrimarySmtpAddress"])
        for sender in [message.sender, *_header_from(message.content)]:
            if sender and not self._may_send_as(wire, sender):
                denied = sentences.smtp_send_as_denied(own, speakable(sender.encode(), 254))
                return "send as", denied
        if len(message.content) > _send_size(mailbox):
            return "size", sentences.SMTP_TOO_LARGE_FOR_MAILBOX
        today = office.recipients_today(mailbox["Guid"]) + len(message.recipients)
        over = today > office.limits.recipients_per_day
        return ("quota", sentences.SMTP_QUOTA) if over else ("", "")

    def _may_send_as(self, wire: Wire, sender: str) -> bool:
        """The logged-in mailbox, or one it (or who opened it) holds SendAs on (3.5)."""
        if sender.lower() in addresses(self._mailbox):
            return True
        other = wire.recipient(sender)
        holders = (self._principal, str(self._mailbox.get("ExternalDirectoryObjectId")))
        return other is not None and any("SendAs" in wire.send_rights(other, h) for h in holders)


def _through(wire: Wire, user: str, in_order: tuple[gates.Gate, ...]) -> Document | None:
    """The mailbox of a name after these gates; None for a name that means nobody.

    Raises Refused. A person without a mailbox or licence is told so before anything else.
    """
    recipient = wire.recipient(user)
    if recipient is None and not wire.is_known_user(user):
        return None
    mailbox = gates.mailbox_there(wire, recipient)
    for gate in in_order:
        gate(wire, mailbox)
    return mailbox


def _header_from(content: bytes) -> list[str]:
    """The addresses of the From header; real clients leave it out at times."""
    head = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
    values = message_from_bytes(head).get_all("From", [])
    return [address for _, address in getaddresses([str(value) for value in values])]


def _send_size(mailbox: Document) -> int:
    """MaxSendSize in octets: "35 MB (36,700,160 bytes)"; unlimited is the advertised size."""
    found = _BYTES.search(str(mailbox.get("MaxSendSize", "35 MB (36,700,160 bytes)")))
    return int(found[1].replace(",", "")) if found else sentences.SMTP_SIZE
