"""The listeners of one process and everything that is open behind them."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any
from typing import Protocol as Shape

from portineria.clock import Clock
from portineria.doors.gate.counts import Counts
from portineria.doors.gate.crossing import Crossing
from portineria.doors.gate.gatelog import log
from portineria.doors.gate.house import Behind, Tap, told
from portineria.doors.gate.leg import Leg
from portineria.doors.gate.pool import Pool
from portineria.doors.gate.reach import Reach
from portineria.doors.gate.resumption import Resumption
from portineria.doors.gate.servertls import ServerTls
from portineria.doors.gate.turns import Answer, Turns
from portineria.fault import Fault
from portineria.gateway.admission import Address, Admitted, Entrance, Register, Turned
from portineria.gateway.credentials import UNTOLD, tellable
from portineria.gateway.gatewayfile import GatewayFile, ListenWish, Tls
from portineria.gateway.mailflow import Delivered, Sending
from portineria.gateway.manners import is_too_much
from portineria.gateway.session import Again, Back, Check, Session, SmtpSession
from portineria.gateway.throttle import Crowd, Throttle
from portineria.gateway.upstream import ImapLogin, PopLogin, SmtpLogin, UpstreamLogin
from portineria.gateway.words import imap_words, pop_words, smtp_offers, smtp_words
from portineria.mail.conversation import Token
from portineria.mail.imap.server import ImapServer
from portineria.mail.pop.server import PopServer
from portineria.mail.smtp.server import SmtpServer
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol

BACKLOG = 1024
BEFORE = (b"8BITMIME", b"PIPELINING", b"ENHANCEDSTATUSCODES")
"""What EHLO is answered with before any mail server behind was heard: nothing that could be untrue
of one that takes mail today, and no SIZE."""
DRAIN = 10.0
"""Seconds that a message on its way has, once the gateway stops."""
MOST_FAILURES = 1000
"""Failed logins that wait to be told to other processes; more than that they find out alone."""


class Tokens(Shape):
    async def token(self, entrance: Entrance) -> Secret:
        """Raises Fault."""
        ...

    def renew(self, entrance: Entrance) -> bool:
        """Forget what is kept; False where it is so young that another would be no better."""
        ...


@dataclass(slots=True)
class Gate:
    """Implements house.House. `serve` runs until `stop` is called."""

    file: GatewayFile
    server_tls: ServerTls = field(repr=False)
    mail_servers: Mapping[Protocol, Behind]
    register: Register = field(repr=False)
    tokens: Tokens = field(repr=False)
    clock: Clock
    turns: Turns = field(repr=False)
    open: set[Crossing] = field(default_factory=set, repr=False)
    ports: list[tuple[ListenWish, int]] = field(default_factory=list)
    counts: Counts = field(default_factory=Counts)
    troubles: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    """Mailboxes that could not be opened the last time, why, and since when."""
    taps: Callable[[Crossing], Tap | None] = lambda _: None
    """Makes a tap for a session, while somebody listens."""
    throttle: Throttle = field(init=False, repr=False)
    crowd: Crowd = field(init=False, repr=False)
    pool: Pool = field(init=False, repr=False)
    resumption: Resumption = field(init=False, repr=False)
    _reach: Reach = field(init=False, repr=False)
    stopping: bool = False
    failures: deque[tuple[str, str]] = field(
        default_factory=lambda: deque(maxlen=MOST_FAILURES), repr=False
    )
    """Failed logins, by address and name, of which others may want to know."""
    _offers: tuple[bytes, ...] = BEFORE
    _group: asyncio.TaskGroup | None = field(default=None, repr=False)
    _stop: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def __post_init__(self) -> None:
        limits = self.file.limits
        self.throttle, self.crowd = Throttle(limits), Crowd(limits)
        self.resumption = Resumption(self.clock)
        listened = {wish.protocol for wish in self.file.listen}
        makes = {protocol: self._login(protocol) for protocol in Protocol if protocol in listened}
        self._reach = Reach(self.clock)
        self.pool = Pool(
            self.file.pool, self.mail_servers, makes, self.clock, self._reach, self._heard_offers
        )

    async def serve(
        self, ready: Callable[[Gate], None], doors: Sequence[socket.socket | None] = ()
    ) -> None:
        """Listen, tell that it does, and go on until `stop`; then what is open is closed.

        `doors`: sockets that listen already, in the order of the file; None is opened here.
        """
        loop = asyncio.get_running_loop()
        servers = []
        async with asyncio.TaskGroup() as group:
            self._group = group
            chores = []
            try:
                for wish, given in zip_longest(self.file.listen, doors):
                    door = given or listening(wish.host, wish.port)
                    self.ports.append((wish, door.getsockname()[1]))
                    servers.append(
                        await loop.create_server(self._maker(wish), sock=door, backlog=BACKLOG)
                    )
                chores.append(group.create_task(self._sweep()))
                chores.append(group.create_task(self.turns.keep()))
                if self.file.pool:
                    chores.append(group.create_task(self.pool.keep()))
                elif Protocol.SMTP in self.pool.make:
                    chores.append(group.create_task(self.pool.look(Protocol.SMTP)))
                ready(self)
                await self._stop.wait()
            finally:
                self.stopping = True
                for server in servers:
                    server.close()
                await self._drain()
                for chore in chores:
                    chore.cancel()
                for crossing in list(self.open):
                    crossing.close("the gateway stops")
                await self.turns.leave()

    def stop(self) -> None:
        self._stop.set()

    def replace(self, register: Register) -> None:
        """Other credentials or grants from now on; whoever may not stay is sent away."""
        self.register = register
        now = self._now()
        for crossing in list(self.open):
            if crossing.admitted is None or crossing.address is None:
                continue
            judged = register.standing(crossing.admitted, crossing.protocol, crossing.address, now)
            if isinstance(judged, Turned):
                crossing.close(judged.why)

    async def _drain(self) -> None:
        """Messages on their way are brought to their end; whoever says nothing waits for nobody."""
        end = self.time() + DRAIN
        for crossing in list(self.open):
            crossing.leave_politely()
        while self.open and any(one.busy for one in self.open) and self.time() < end:
            await self.clock.sleep(0.05)

    async def _sweep(self) -> None:
        """One timer for all sessions: logins that take too long, and sessions that say nothing."""
        limits = self.file.limits
        while True:
            await self.clock.sleep(1.0)
            now = self.time()
            for crossing in list(self.open):
                record = crossing.record
                if record.logged_in is None:
                    if now - record.began > limits.login_seconds:
                        crossing.close("the login took too long")
                    continue
                octets = record.from_client + record.from_server
                if octets != record.counted:
                    record.counted, record.last = octets, now
                imap = crossing.protocol is Protocol.IMAP
                longest = limits.idle_seconds if imap else limits.idle_seconds / 3
                if now - max(record.last, record.logged_in) > longest:
                    crossing.close("nobody said anything for too long")

    def _maker(self, wish: ListenWish) -> Callable[[], asyncio.BaseProtocol]:
        return lambda: Crossing(self, wish).client

    def _login(self, protocol: Protocol) -> Callable[[], UpstreamLogin]:
        starttls = self.mail_servers[protocol].starttls
        if protocol is Protocol.IMAP:
            return lambda: ImapLogin(starttls=starttls)
        if protocol is Protocol.POP:
            return lambda: PopLogin(starttls=starttls)
        return lambda: SmtpLogin(starttls=starttls, name=self.file.name)

    def _now(self) -> datetime:
        return self.clock.now().astimezone(UTC)

    # --- house.House ---

    def trusts(self, peer: Address) -> bool:
        plain: Any = getattr(peer, "ipv4_mapped", None) or peer
        return any(plain in network for network in self.file.proxies)

    def enter(self, crossing: Crossing) -> str:
        assert crossing.address is not None
        why = "the gateway stops" if self.stopping else self.crowd.enter(crossing.address)
        crossing.counted = not why
        return why

    def session(self, crossing: Crossing, *, tls: bool) -> Session:
        protocol = crossing.protocol
        clear = crossing.listener.tls is Tls.NONE and self._is_near(crossing)
        login = self._login(protocol)
        if protocol is Protocol.IMAP:
            return Session(ImapServer(imap_words(clear_login=clear), tls=tls), login)
        if protocol is Protocol.POP:
            return Session(PopServer(pop_words(clear_login=clear), tls=tls), login)
        offers, name = smtp_offers(self._offers), self.file.name
        front = SmtpServer(smtp_words(name, offers, clear_login=clear), tls=tls)
        bare_lf = crossing.listener.bare_lf
        return SmtpSession(front, login, lambda found: (name, *smtp_offers(found)), bare_lf)

    def known(self, crossing: Crossing) -> Admitted | Turned | None:
        """Only where nothing else than the address is left to say: after TLS, or where none is."""
        if crossing.protocol is not Protocol.SMTP or crossing.listener.tls is Tls.STARTTLS:
            return None
        if crossing.listener.tls is Tls.NONE and not self._is_near(crossing):
            return None
        assert crossing.address is not None
        return self.register.judge_address(crossing.address, self._now())

    def judge(self, check: Check, crossing: Crossing) -> Admitted | Turned:
        offered, address = check.offered, crossing.address
        assert address is not None
        self._log_out(crossing)  # this is another try on the same connection
        user, now = tellable(offered.user), self.time()
        names = self.register.is_name
        if not names(offered.user) and names(offered.password.reveal()):
            user = UNTOLD  # the two fields were mixed up
        crossing.record.user = user
        locked = self.throttle.verdict(address, user, now)
        judged = self.register.judge(
            offered.user, offered.password, crossing.protocol, address, self._now()
        )
        # It was looked at all the same: a locked name takes as long as a wrong password.
        if locked:
            return Turned(locked)
        if isinstance(judged, Turned):
            self.throttle.failed(address, user, now)
            self.failures.append((str(address), user))
            return judged
        self.throttle.passed(address, user)
        if why := self.crowd.log_in(judged.credential.id):
            return Turned(why, judged.credential.id)
        return judged

    async def place(self, crossing: Crossing) -> bool:
        if crossing.place is not None:
            return True
        assert crossing.admitted is not None
        mailbox = crossing.admitted.entrance.mailbox
        crossing.place = await self.turns.take(mailbox, smtp=crossing.protocol is Protocol.SMTP)
        if crossing not in self.open:
            self._free(crossing)
        return crossing.place is not None

    def _log_out(self, crossing: Crossing) -> None:
        self._free(crossing)
        admitted, crossing.admitted = crossing.admitted, None
        if admitted is not None and not admitted.credential.by_address:
            self.crowd.log_out(admitted.credential.id)

    def _free(self, crossing: Crossing) -> None:
        place, crossing.place = crossing.place, None
        if place is not None:
            self.turns.give_back(place)

    async def token(self, crossing: Crossing, *, fresh: bool = False) -> Token | None:
        assert crossing.admitted is not None
        entrance = crossing.admitted.entrance
        try:
            if fresh and not self.tokens.renew(entrance):
                return None
            return Token(entrance.mailbox, await self.tokens.token(entrance))
        except Fault as fault:
            self.counts.token_failures += 1
            self.trouble(entrance.mailbox, fault.why)
            raise

    def trouble(self, mailbox: str, why: str) -> None:
        self.troubles[mailbox] = (why, self._now())

    def warmed(self, protocol: Protocol) -> tuple[Leg, UpstreamLogin] | None:
        return self.pool.take(protocol)

    def behind(self, protocol: Protocol) -> Behind:
        return self.mail_servers[protocol]

    def may_send(self, crossing: Crossing, sending: Sending) -> str | Answer | Awaitable[Answer]:
        assert crossing.admitted is not None
        mailbox = crossing.admitted.entrance.mailbox
        if not crossing.admitted.credential.may_send_as(sending.sender, mailbox):
            return "550 5.7.60 This credential may not send as that address."
        return self.turns.ask(mailbox)

    def heard(self, crossing: Crossing, event: Delivered | Again | Back) -> None:
        assert crossing.admitted is not None
        mailbox = crossing.admitted.entrance.mailbox
        said = event.answer if isinstance(event, Delivered) else event.said
        if is_too_much(said):
            self.counts.upstream_busy += 1
            self.turns.throttled(mailbox)
        if isinstance(event, Delivered):
            if event.taken:
                self.turns.delivered(mailbox, event.recipients)
        elif isinstance(event, Back):
            self.counts.upstream_refusals += 1
            told = said.decode("utf-8", "replace")[:200] or event.why
            self.trouble(mailbox, told)

    def let_in(self, crossing: Crossing, offers: tuple[bytes, ...]) -> None:
        crossing.record.logged_in = self.time()
        self.counts.logins[crossing.protocol.value] += 1
        if crossing.admitted is not None:
            self.troubles.pop(crossing.admitted.entrance.mailbox, None)
        self._heard_offers(crossing.protocol, offers)
        self.resumption.keep(self.mail_servers[crossing.protocol], crossing.server)

    async def reach(self, leg: Leg, behind: Behind) -> None:
        await self._reach.connect(leg, behind)

    def resumable(self, behind: Behind) -> ssl.SSLSession | None:
        return self.resumption.session(behind)

    def _heard_offers(self, protocol: Protocol, offers: tuple[bytes, ...]) -> None:
        if protocol is Protocol.SMTP:
            self._offers = offers

    def context(self, crossing: Crossing) -> ssl.SSLContext:
        return self.server_tls.context(old=crossing.listener.old_tls and self._is_near(crossing))

    def _is_near(self, crossing: Crossing) -> bool:
        """Whether it comes from a network that the listener names."""
        plain: Any = getattr(crossing.address, "ipv4_mapped", None) or crossing.address
        return any(plain in network for network in crossing.listener.networks)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._group is not None
        self._group.create_task(_alone(work))

    def arrived(self, crossing: Crossing) -> None:
        self.open.add(crossing)
        crossing.tap = self.taps(crossing)

    def left(self, crossing: Crossing) -> None:
        self.open.discard(crossing)
        if crossing.counted and crossing.address is not None:
            self.crowd.leave(crossing.address)
        self._log_out(crossing)
        self.counts.ended(crossing.record)
        log.info(told(crossing.record, self.time()))

    def time(self) -> float:
        return self.clock.tick()

    async def sleep(self, seconds: float) -> None:
        await self.clock.sleep(seconds)


async def _alone(work: Coroutine[Any, Any, None]) -> None:
    """A fault of ours in one session ends none of the others."""
    try:
        await work
    except Exception:
        log.exception("a session met a fault of the gateway's own")


def listening(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket that listens without Nagle's delay; `shared` with others of its kind at this port.

    Raises OSError.

    asyncio sets TCP_NODELAY only where the socket's protocol is named, which costs 40 ms a login.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if shared:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    door.bind((host, port))
    door.listen(BACKLOG)
    door.setblocking(False)
    return door
