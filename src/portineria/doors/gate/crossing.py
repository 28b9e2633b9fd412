"""One client of the gateway and the mail server behind it: two legs and the session between them.

What the session asks for is done here: handshakes, the connection behind, the token (waited for in
a task of the gate's group). After the login of IMAP and POP octets go across unread; a slow reader
makes the other side wait, so that no more than two buffers are held for anybody.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from typing import Protocol as Shape

from portineria.doors.gate.leg import Leg
from portineria.fault import Fault
from portineria.gateway.admission import Address, Admitted, Turned
from portineria.gateway.mailflow import Delivered, Sending
from portineria.gateway.session import (
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
from portineria.gateway.words import No
from portineria.mail.conversation import Token
from portineria.tenant.mailbox import Protocol

CONNECT = 30.0
"""Seconds for a connection to the mail server."""


@dataclass(slots=True)
class Record:
    """What the log says of one session. Octets are those of the clear text, by direction."""

    protocol: Protocol
    address: str
    began: float
    user: str = ""
    credential: str = ""
    mailbox: str = ""
    grant: str = ""
    tls: str = ""
    from_client: int = 0
    from_server: int = 0
    messages: int = 0
    logged_in: float | None = None
    refusal: bytes = field(default=b"", repr=False)
    turned: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Behind:
    """The mail server of one protocol. `starttls`: the port begins in the clear."""

    host: str
    port: int
    starttls: bool
    context: ssl.SSLContext = field(repr=False)


class House(Shape):
    """What a crossing asks of the gate it belongs to."""

    def session(self, protocol: Protocol, *, tls: bool, clear: bool) -> Session: ...
    def judge(self, check: Check, protocol: Protocol, address: Address) -> Admitted | Turned: ...
    async def token(self, mailbox: str) -> Token:
        """Raises Fault."""
        ...

    def behind(self, protocol: Protocol) -> Behind: ...
    def may_send(self, admitted: Admitted, sending: Sending) -> str:
        """The reply that refuses, or nothing."""
        ...

    def client_context(self) -> ssl.SSLContext: ...
    def spawn(self, work: Coroutine[Any, Any, None]) -> None: ...
    def arrived(self, crossing: Crossing) -> None: ...
    def left(self, crossing: Crossing) -> None: ...
    def time(self) -> float: ...


class Crossing:
    """Implements leg.Owner for both of its legs."""

    __slots__ = (
        "_clear",
        "_closing",
        "_house",
        "_piping",
        "_session",
        "address",
        "admitted",
        "client",
        "protocol",
        "record",
        "server",
    )

    def __init__(
        self, house: House, protocol: Protocol, tls: ssl.SSLContext | None, *, clear: bool
    ) -> None:
        self._house = house
        self._session: Session | None = None
        self._piping = False
        self._closing = False
        self._clear = clear
        self.address: Address | None = None
        self.protocol = protocol
        self.client = Leg(self, tls)
        self.server: Leg | None = None
        self.admitted: Admitted | None = None
        self.record = Record(protocol, "", house.time())

    # --- from Leg ---

    def connected(self, leg: Leg) -> None:
        """The client is there; on a port that begins in the clear it is greeted at once."""
        transport = leg.transport
        if leg is not self.client or transport is None:
            return
        peer = transport.get_extra_info("peername")
        self.address = ip_address(peer[0])
        self.record.address = str(self.address)
        tls = self.client.context is not None
        self._session = self._house.session(self.protocol, tls=tls, clear=self._clear)
        self._house.arrived(self)
        if not tls:
            self._session.start()
            self._turn()

    def received(self, leg: Leg, octets: memoryview) -> None:
        if leg is self.client:
            self.record.from_client += len(octets)
            if self._piping:
                if self.server is not None:
                    self.server.send(octets)
                return
            if self._session is not None:
                self._session.from_client(bytes(octets))
        else:
            self.record.from_server += len(octets)
            if self._piping:
                self.client.send(octets)
                return
            if self._session is not None:
                self._session.from_server(bytes(octets))
        self._turn()

    def secured(self, leg: Leg) -> None:
        session = self._session
        if session is None:
            return
        if leg is self.client:
            tls = leg.tls
            self.record.tls = (tls.version() or "") if tls is not None else ""
            if leg.context is not None:
                session.start()
            else:
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
            other.wait(is_full)

    # --- what the session asks for ---

    def _turn(self) -> None:
        """Do what is asked until nothing is, then send what there is to send."""
        session = self._session
        if session is None:
            return
        while not self._closing and (event := session.next_event()) is not None:
            if not self._do(session, event):
                break
        self._send(session)
        if session.over and not self._closing:
            self.close(self.record.why)

    def _send(self, session: Session) -> None:
        if out := session.to_client():
            self.client.send(out)
        if self.server is not None and (out := session.to_server()):
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
                return True
            case End(why):
                self.record.why = why
                return False
            case _:
                return self._open(session, event)

    def _open(self, session: Session, event: SessionEvent) -> bool:
        """What concerns the connections themselves."""
        self._send(session)
        match event:
            case ClientTls():
                self.client.begin_tls(self._house.client_context())
            case Connect():
                self._house.spawn(self._connect(self._house.behind(self.protocol)))
            case ServerTls():
                assert self.server is not None
                self.server.begin_tls(self._house.behind(self.protocol).context)
            case Pipe():
                self._piping = True
                self.record.logged_in = self._house.time()
            case Back(why, said):
                self.record.turned, self.record.refusal = why, said
                self.server, leg = None, self.server
                if leg is not None:
                    leg.close()
                return True
            case _:
                pass
        return False

    def _sending(self, session: Session, event: Sending) -> bool:
        assert isinstance(session, SmtpSession)
        assert self.admitted is not None
        self.record.logged_in = self.record.logged_in or self._house.time()
        if reply := self._house.may_send(self.admitted, event):
            session.stop(reply)
        else:
            session.go()
        return True

    def _check(self, session: Session, check: Check) -> bool:
        assert self.address is not None
        self.record.user = check.offered.user
        judged = self._house.judge(check, self.protocol, self.address)
        if isinstance(judged, Turned):
            self.record.turned = judged.why
            session.deny(No.CREDENTIAL)
            return True
        self.admitted = judged
        self.record.credential = judged.credential.id
        self.record.mailbox = judged.entrance.mailbox
        self.record.grant = judged.entrance.grant
        self._house.spawn(self._fetch(session, judged.entrance.mailbox))
        return False

    async def _fetch(self, session: Session, mailbox: str) -> None:
        try:
            token = await self._house.token(mailbox)
        except Fault as fault:
            self.record.turned = fault.why
            session.deny(No.NOT_NOW)
        else:
            session.admit(token)
        self._turn()

    async def _connect(self, behind: Behind) -> None:
        leg = Leg(self, None if behind.starttls else behind.context, behind.host)
        self.server = leg
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT):
                await loop.create_connection(lambda: leg, behind.host, behind.port)
        except (OSError, TimeoutError) as error:
            self.record.turned = f"the mail server was not reached: {type(error).__name__}"
            if self._session is not None and not self._closing:
                self._session.deny(No.NOT_NOW)
                self._turn()
            return
        if self._closing:
            leg.abort()

    # --- ends ---

    def _client_ended(self, why: str) -> None:
        self.record.why = self.record.why or why or "the client hung up"
        if isinstance(self._session, SmtpSession):
            self._session.client_left()
        if self._piping and not why and self.server is not None:
            self.server.finish()  # what the server still says is brought
            return
        self.close(self.record.why)

    def _server_ended(self, leg: Leg, why: str) -> None:
        if leg is not self.server:
            return  # one that was given up before
        self.record.why = self.record.why or why or "the mail server hung up"
        session = self._session
        if session is None or self._piping:
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
        for leg in (self.client, self.server):
            if leg is not None:
                leg.close()
        self._house.left(self)
