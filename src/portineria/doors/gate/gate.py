"""The listeners of one process and everything that is open behind them."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any
from typing import Protocol as Shape

from portineria.clock import Clock
from portineria.doors.gate.crossing import Behind, Crossing
from portineria.gateway.admission import Address, Admitted, Register, Turned
from portineria.gateway.mailflow import Sending
from portineria.gateway.session import Check, Session, SmtpSession
from portineria.gateway.upstream import ImapLogin, PopLogin, SmtpLogin
from portineria.gateway.words import imap_words, pop_words, smtp_words
from portineria.mail.conversation import Token
from portineria.mail.imap.server import ImapServer
from portineria.mail.pop.server import PopServer
from portineria.mail.smtp.server import SmtpServer
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol

BACKLOG = 1024
_EXTENSIONS = ("SIZE 157286400", "8BITMIME", "PIPELINING", "CHUNKING", "ENHANCEDSTATUSCODES")
log = logging.getLogger("portineria.gateway")


@dataclass(frozen=True, slots=True)
class Listener:
    """Where clients come in. `implicit`: TLS at once. `clear`: passwords before TLS."""

    protocol: Protocol
    host: str
    port: int
    implicit: bool
    clear: bool = False


class Tokens(Shape):
    async def token(self, scope: str) -> Secret: ...


@dataclass(slots=True)
class Gate:
    """Implements crossing.House. `serve` runs until `stop` is called."""

    listeners: tuple[Listener, ...]
    server_tls: ssl.SSLContext = field(repr=False)
    mail_servers: Mapping[Protocol, Behind]
    register: Register = field(repr=False)
    tokens: Tokens = field(repr=False)
    scope: str
    clock: Clock
    name: str = "localhost"
    open: set[Crossing] = field(default_factory=set, repr=False)
    ports: list[tuple[Listener, int]] = field(default_factory=list)
    _group: asyncio.TaskGroup | None = field(default=None, repr=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    async def serve(self, ready: Callable[[Gate], None]) -> None:
        """Listen, tell that it does, and go on until `stop`; then what is open is closed."""
        loop = asyncio.get_running_loop()
        servers = []
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for listener in self.listeners:
                    door = listening(listener.host, listener.port)
                    self.ports.append((listener, door.getsockname()[1]))
                    servers.append(await loop.create_server(self._maker(listener), sock=door))
                ready(self)
                await self._stopping.wait()
            finally:
                for server in servers:
                    server.close()
                for crossing in list(self.open):
                    crossing.close("the gateway stops")

    def stop(self) -> None:
        self._stopping.set()

    def replace(self, register: Register) -> None:
        """Other credentials or grants from now on; whoever may not stay is sent away."""
        self.register = register
        now = self.clock.now().astimezone(UTC)
        for crossing in list(self.open):
            if crossing.admitted is None or crossing.address is None:
                continue
            one = crossing.admitted.credential
            judged = register.standing(one, crossing.protocol, crossing.address, now)
            if isinstance(judged, Turned):
                crossing.close(judged.why)

    def _maker(self, listener: Listener) -> Callable[[], asyncio.BaseProtocol]:
        context = self.server_tls if listener.implicit else None
        return lambda: Crossing(self, listener.protocol, context, clear=listener.clear).client

    # --- crossing.House ---

    def session(self, protocol: Protocol, *, tls: bool, clear: bool) -> Session:
        starttls = self.mail_servers[protocol].starttls
        if protocol is Protocol.IMAP:
            words = imap_words(clear_login=clear)
            return Session(ImapServer(words, tls=tls), lambda: ImapLogin(starttls=starttls))
        if protocol is Protocol.POP:
            return Session(
                PopServer(pop_words(clear_login=clear), tls=tls),
                lambda: PopLogin(starttls=starttls),
            )
        front = SmtpServer(smtp_words(self.name, _EXTENSIONS, clear_login=clear), tls=tls)
        return SmtpSession(
            front,
            lambda: SmtpLogin(starttls=starttls, name=self.name),
            (self.name, *_EXTENSIONS),
        )

    def judge(self, check: Check, protocol: Protocol, address: Address) -> Admitted | Turned:
        offered, now = check.offered, self.clock.now().astimezone(UTC)
        return self.register.judge(offered.user, offered.password, protocol, address, now)

    async def token(self, mailbox: str) -> Token:
        return Token(mailbox, await self.tokens.token(self.scope))

    def behind(self, protocol: Protocol) -> Behind:
        return self.mail_servers[protocol]

    def may_send(self, admitted: Admitted, sending: Sending) -> str:
        if sending.sender.casefold() in ("", admitted.entrance.mailbox.casefold()):
            return ""
        return "550 5.7.60 This credential may not send as that address."

    def client_context(self) -> ssl.SSLContext:
        return self.server_tls

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        assert self._group is not None
        self._group.create_task(work)

    def arrived(self, crossing: Crossing) -> None:
        self.open.add(crossing)

    def left(self, crossing: Crossing) -> None:
        self.open.discard(crossing)
        record = crossing.record
        log.info("%s", line(record, self.time()))

    def time(self) -> float:
        return self.clock.tick()


def line(record: Any, now: float) -> str:
    """One session as one line of JSON: who, from where, what, how much, how long, why it ended."""
    told = {
        "protocol": record.protocol.value,
        "from": record.address,
        "user": record.user,
        "credential": record.credential,
        "mailbox": record.mailbox,
        "grant": record.grant,
        "tls": record.tls,
        "in": record.from_client,
        "out": record.from_server,
        "messages": record.messages,
        "seconds": round(now - record.began, 3),
        "turned": record.turned,
        "refusal": record.refusal.decode("utf-8", "replace")[:300],
        "why": record.why,
    }
    return json.dumps({key: value for key, value in told.items() if value != ""})


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens without Nagle's delay. Raises OSError.

    asyncio sets TCP_NODELAY only where the socket's protocol is named, which costs 40 ms a login.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    door.bind((host, port))
    door.listen(BACKLOG)
    door.setblocking(False)
    return door


def addresses(ports: Iterable[tuple[Listener, int]]) -> dict[str, str]:
    """`imaps: host:port` and so on, as `gateway up --json` prints them."""
    names = {}
    for listener, port in ports:
        implicit = "s" if listener.implicit else ""
        names[f"{listener.protocol.value}{implicit}"] = f"{listener.host}:{port}"
    return names
