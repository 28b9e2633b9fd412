"""The half of IMAP and POP3 that makes them strange: a login opens no mailbox yet.

AUTHENTICATE looks at the token alone. The first command on the mailbox finds out whether there
is one, whether the protocol is on, and whether the token may open it (dossier 1.10, 3.2, 5.2).
"""

from __future__ import annotations

from abc import abstractmethod

from portineria.lab.ask import Seen
from portineria.lab.login import signinlog
from portineria.lab.post import gates
from portineria.lab.post.bearer import Bearer, right_to
from portineria.lab.post.front import Front
from portineria.lab.post.office import PostOffice
from portineria.lab.post.refusals import Refused, SignInRefused
from portineria.lab.post.sentences import Session
from portineria.lab.world import Document
from portineria.mail.events import Login
from portineria.mail.machine import Machine
from portineria.mail.sasl import TokenOffered


class BasicIsGone(SignInRefused):
    """Passwords open neither IMAP nor POP anywhere in the worldwide service (1.10, section 6)."""

    gate = "retirement"


class MailboxFront(Front):
    """A front whose mailbox is opened by the first command on it."""

    flag = ""  # ImapEnabled or PopEnabled

    def __init__(self, office: PostOffice, session: Session, machine: Machine, address: str):
        super().__init__(office, session, machine, address)
        self._login: Login | None = None
        self._bearer: Bearer | None = None
        self._guid = ""

    async def _on_login(self, event: Login, done: str) -> None:
        try:
            self._bearer = self._heard(event)
            self._at_auth(event, self._bearer)
        except Refused as refusal:
            self._refuse_login(event, refusal, self._failed(event))
            return
        self._login = event
        self._accept_login(event, done, self._bearer.client)

    def _heard(self, event: Login) -> Bearer:
        if not isinstance(event.offered, TokenOffered):
            self._log_password(event.offered.user)
            raise BasicIsGone
        return self._read_token(event.offered)

    def _log_password(self, name: str) -> None:
        """The password is not looked at: nobody's tries are counted. What Entra's log says of it
        nobody has shown (reading `retired-basic-in-sign-in-log`)."""
        wire = self.office.wire()
        if wire.weather.reading("retired-basic-in-sign-in-log") == "absent":
            return
        user = wire.world["users"].find("userPrincipalName", name)
        off = user is not None and not user.get("accountEnabled", True)
        given = signinlog.Attempt(
            event=signinlog.INTERACTIVE,
            client=signinlog.BASIC_CLIENTS[self.face],
            protocol="ropc",
            agent=signinlog.BASIC_AGENT,
            address=self.address,
            user=user,
            name=name,
            code=50034 if user is None else 50057 if off else 50126,
        )
        signinlog.note(Seen(wire.world), given)

    def _at_auth(self, event: Login, bearer: Bearer) -> None:
        """What more is asked at AUTH; nothing, as far as anybody has seen."""

    @abstractmethod
    def _failed(self, event: Login) -> str:
        """The one sentence for every refused login."""

    @abstractmethod
    def _not_connected(self) -> str: ...

    def _mailbox(self) -> str | None:
        """The opened mailbox's Guid; None after having written down why it stays shut."""
        login, bearer = self._login, self._bearer
        if self._guid or login is None or bearer is None:
            return self._guid or None
        try:
            self._guid = str(self._connected(login.offered.user, bearer)["Guid"])
        except Refused as refusal:
            said = self._not_connected()
            self._note("first command", login, refusal.gate, said, bearer.client)
            return None
        self._note("first command", login, "", "", bearer.client)
        return self._guid

    def _connected(self, user: str, bearer: Bearer) -> Document:
        wire = self.office.wire()
        mailbox = gates.mailbox_there(wire, wire.recipient(user))
        gates.protocol_flag(wire, mailbox, self.flag)
        right_to(wire, bearer, mailbox, self.permission)
        return mailbox
