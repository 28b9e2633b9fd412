"""One client of the gateway and the mail server behind it: two legs and the session between them.

What the session asks for is done here: handshakes, the connection behind, the token (waited for in
a task of the gate's group). After the login of IMAP and POP octets go across unread; a slow reader
makes the other side wait, so that no more than two buffers are held for anybody.
"""

from __future__ import annotations

from collections.abc import Awaitable

from portineria.doors.gate.house import Behind, House, Record, Tap, address_of
from portineria.doors.gate.leg import BEHIND, SLOW, Leg
from portineria.doors.gate.turns import Answer, Place
from portineria.fault import Fault
from portineria.gateway.admission import Address, Admitted, Turned
from portineria.gateway.gatewayfile import ListenWish, Tls
from portineria.gateway.mailflow import Delivered, Sending
from portineria.gateway.manners import NotToday, Wait
from portineria.gateway.proxyline import Nonsense, ProxyLine
from portineria.gateway.session import (
    Again,
    Back,
    Check,
    ClientTls,
    Connect,
    End,
    Pipe,
    ServerTls,
    Session,
    SessionEvent,
    SmtpSession,
)
from portineria.gateway.words import BUSY, LATER, STOPPING, No

MOST_HELD = 65_536
"""Octets of a client that wait while something of it is being answered."""


class Crossing:
    """Implements leg.Owner for both of its legs."""

    __slots__ = (
        "_closing",
        "_house",
        "_parked",
        "_piping",
        "_proxy",
        "_reaching",
        "_session",
        "address",
        "admitted",
        "client",
        "counted",
        "listener",
        "place",
        "protocol",
        "record",
        "server",
        "tap",
    )

    def __init__(self, house: House, listener: ListenWish) -> None:
        self._house = house
        self._session: Session | None = None
        self._piping = False
        self._closing = False
        self._parked = False  # known by its address: nothing is read before the mail server is
        self._proxy: ProxyLine | None = None
        self._reaching = False  # the mail server is to be connected to
        self.address: Address | None = None
        self.listener = listener
        self.protocol = listener.protocol
        self.client = Leg(self)
        self.server: Leg | None = None
        self.admitted: Admitted | None = None
        self.counted = False
        """Whether the gate counts it among the sessions of its address."""
        self.place: Place | None = None
        """The one of the mailbox's connections that it has."""
        self.tap: Tap | None = None
        self.record = Record(listener.protocol, "", house.time())

    # --- from Leg ---

    def connected(self, leg: Leg) -> None:
        """The client is there; on a port that begins in the clear it is greeted at once."""
        transport = leg.transport
        if leg is not self.client or transport is None:
            return
        peer = address_of(transport.get_extra_info("peername")[0])
        self._house.arrived(self)
        if self._house.trusts(peer):
            self._proxy = ProxyLine()
            leg.hold()
        else:
            self._begin(peer)

    def held(self, leg: Leg, octets: bytes) -> None:
        """What a balancer says first."""
        assert self._proxy is not None
        if (said := self._proxy.feed(octets)) is None:
            return
        self._proxy = None
        if isinstance(said, Nonsense):
            self.close(said.why)
        elif said.address is None:
            self.close("the balancer looked whether anybody is here")
        else:
            self._begin(said.address)
            leg.release(said.rest)

    def _begin(self, address: Address) -> None:
        self.address = address
        self.record.address = str(address)
        implicit = self.listener.tls is Tls.IMPLICIT
        if why := self._house.enter(self):
            self.record.turned = why
            if not implicit:
                self.client.send(BUSY[self.protocol])
            self.close(why)
            return
        self._session = self._house.session(self, tls=implicit)
        if implicit:
            self.client.context = self._house.context(self)
        else:
            self._greet(self._session)

    def _greet(self, session: Session) -> None:
        session.start()
        known = self._house.known(self)
        if isinstance(known, Admitted) and isinstance(session, SmtpSession):
            self._parked = True
            self._welcome(known)
            self._house.spawn(self._fetch(session))
        elif isinstance(known, Turned):
            self.record.turned = known.why
        self._turn()

    def received(self, leg: Leg, octets: memoryview) -> None:
        if self.tap is not None:
            self.tap.heard(leg is self.client, octets)
        if leg is self.client:
            self.record.from_client += len(octets)
        else:
            self.record.from_server += len(octets)
        if self._piping:
            other = self.server if leg is self.client else self.client
            if other is not None:
                other.send(octets)
            return
        if (session := self._session) is not None:
            feed = session.from_client if leg is self.client else session.from_server
            feed(bytes(octets))
        self._turn()

    def secured(self, leg: Leg) -> None:
        session = self._session
        if session is None:
            return
        if leg is self.client:
            self.record.tls = (leg.tls and leg.tls.version()) or ""
            if leg.context is not None:
                self._greet(session)
                return
            session.client_tls_started()
        elif leg.context is None:
            session.server_tls_started()
        self._turn()

    def ended(self, leg: Leg, why: str) -> None:
        if self._closing:
            return
        if leg is self.client:
            self._client_ended(why)
        else:
            self._server_ended(leg, why)

    def full(self, leg: Leg, is_full: bool) -> None:
        other = self.server if leg is self.client else self.client
        if other is not None:
            other.wait(is_full, SLOW)

    # --- what the session asks ---

    def _turn(self) -> None:
        """Do what is asked until nothing is, then send what there is to send."""
        session = self._session
        if session is None:
            return
        while not (self._closing or self._parked) and (event := session.next_event()) is not None:
            if not self._do(session, event):
                break
        if session.inside and self.record.logged_in is None:
            self._house.let_in(self, session.offers)
        over = session.over and not self._closing
        self._send(session, last=over)
        if over:
            self.close(self.record.why)
            return
        self.client.wait(session.held > MOST_HELD, BEHIND)
        if self._piping:
            self._session = None  # nothing is read any more; it still held the token

    def _send(self, session: Session, *, last: bool = False) -> None:
        if out := session.to_client():
            if self.tap is not None:
                self.tap.said(True, out)
            self.client.send(out, last=last)
        if self.server is not None and (out := session.to_server()):
            if self.tap is not None:
                self.tap.said(False, out)
            self.server.send(out)

    def _do(self, session: Session, event: SessionEvent) -> bool:
        """Whether the session can be asked on at once."""
        match event:
            case Check():
                return self._check(session, event)
            case Sending():
                return self._sending(session, event)
            case Delivered():
                self.record.messages += event.taken
                self.record.refused += not event.taken
                self._house.heard(self, event)
                return True
            case End(why):
                self.record.why = why
                self.record.ambiguous += session.ambiguous
                return False
            case _:
                return self._open(session, event)

    def _open(self, session: Session, event: SessionEvent) -> bool:
        """What concerns the connections themselves."""
        self._send(session)
        match event:
            case ClientTls():
                self.client.begin_tls(self._house.context(self))
            case Connect():
                self._reaching = True  # by `_fetch`, whose token made the session ask
            case ServerTls():
                assert self.server is not None
                self.server.begin_tls(self._house.behind(self.protocol).context)
            case Pipe():
                self._piping = True
            case Again(said) | Back(_, said):
                self.record.turned = getattr(event, "why", "")
                self.record.refusal = said
                self._house.heard(self, event)
                if self.server is not None:
                    self.server.close()
                self.server = None
                if isinstance(event, Back):
                    return True
                self._house.spawn(self._fetch(session, fresh=True))
            case _:
                pass
        return False

    def _sending(self, session: Session, event: Sending) -> bool:
        assert isinstance(session, SmtpSession)
        answer = self._house.may_send(self, event)
        if isinstance(answer, str):
            session.stop(answer)
        elif isinstance(answer, Wait) and answer.seconds <= 0:
            session.go()
        else:
            self._house.spawn(self._its_turn(session, answer))
            return False
        return True

    async def _its_turn(self, session: SmtpSession, answer: Answer | Awaitable[Answer]) -> None:
        told = answer if isinstance(answer, Wait | NotToday) else await answer
        if isinstance(told, NotToday):
            session.stop(told.reply)
        else:
            await self._house.sleep(told.seconds)
            if self._closing:
                return
            session.go()
        self._turn()

    def _check(self, session: Session, check: Check) -> bool:
        judged = self._house.judge(check, self)
        if isinstance(judged, Turned):
            self.record.turned, self.record.credential = judged.why, judged.credential
            session.deny(No.CREDENTIAL)
            return True
        self._welcome(judged)
        self._house.spawn(self._fetch(session))
        return False

    def _welcome(self, admitted: Admitted) -> None:
        self.admitted = admitted
        self.record.credential = admitted.credential.id
        self.record.mailbox = admitted.entrance.mailbox
        self.record.grant = admitted.entrance.grant

    async def _fetch(self, session: Session, *, fresh: bool = False) -> None:
        """A place and a token; with them a connection, warm where there is one."""
        try:
            if not await self._house.place(self):
                self._refuse(session, No.BUSY, "the mailbox has too many connections")
                return
            token = await self._house.token(self, fresh=fresh)
        except Fault as fault:
            self._refuse(session, No.NOT_NOW, fault.why)
            return
        if self._closing:
            return
        if token is None:
            why = "the mail server refused the login"
            self._house.heard(self, Back(why, self.record.refusal))
            self._refuse(session, No.UPSTREAM, why)
            return
        self._parked = False
        admitted = self.admitted
        if isinstance(session, SmtpSession) and admitted and admitted.credential.by_address:
            session.known(token)
        elif warm := self._house.warmed(self.protocol):
            self.server, login = warm
            self.server.adopt(self)
            session.admit(token, login)
        else:
            session.admit(token)
        self._turn()
        if self._reaching:
            await self._connect(self._house.behind(self.protocol))

    def _refuse(self, session: Session, why: No, turned: str) -> None:
        if self._closing:
            return
        self.record.turned = turned
        if self._parked:  # it never logged in, so there is no login to answer
            self.client.send(LATER)
            self.close(turned)
            return
        session.deny(why)
        self._turn()

    async def _connect(self, behind: Behind) -> None:
        self._reaching = False
        self.server = leg = Leg(self, None if behind.starttls else behind.context, behind.host)
        leg.resume = self._house.resumable(behind)
        try:
            await self._house.reach(leg, behind)
        except OSError as error:
            if self._session is not None:
                why = f"the mail server was not reached: {type(error).__name__}"
                self._refuse(self._session, No.NOT_NOW, why)
            return
        if self._closing:
            leg.abort()

    # --- ends ---

    @property
    def busy(self) -> bool:
        """Whether a message is on its way."""
        return isinstance(self._session, SmtpSession) and self._session.busy

    def leave_politely(self) -> None:
        """The gateway stops: close now what may be closed between two sentences."""
        if not self.busy:
            if not self._piping and self._session is not None:
                self.client.send(STOPPING[self.protocol])
            self.close("the gateway stops")

    def _client_ended(self, why: str) -> None:
        self.record.why = self.record.why or why or "the client hung up"
        if isinstance(self._session, SmtpSession):
            self._session.client_left()
            self._turn()  # whether a message was cut behind its end
        if self._piping and not why and self.server is not None:
            self.server.finish()  # what the server still says is brought
            return
        self.close(self.record.why)

    def _server_ended(self, leg: Leg, why: str) -> None:
        if leg is not self.server:
            return  # one that was given up before
        self.record.why = self.record.why or why or "the mail server hung up"
        if (session := self._session) is None:
            self.close(self.record.why)
            return
        session.server_left()
        self._turn()

    def close(self, why: str) -> None:
        """End both legs, once."""
        if self._closing:
            return
        self._closing = True
        self.record.why = self.record.why or why
        if self.tap is not None:
            self.tap.over(self.record)
        for leg in filter(None, (self.client, self.server)):
            leg.close()
        self._house.left(self)
