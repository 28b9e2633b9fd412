"""A gate in this process, a mail server of the tests' own behind it, clients in plain streams."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from doors_tls import write_chain
from portineria.clock import SystemClock
from portineria.doors.gate.gate import Gate
from portineria.doors.gate.house import Behind
from portineria.doors.gate.servertls import ServerTls
from portineria.doors.gate.turns import OwnTurns
from portineria.gateway.admission import Credential, Entrance, Register, proof_of
from portineria.gateway.gatewayfile import CertificateWish, GatewayFile, ListenWish, Tls
from portineria.gateway.limits import Limits, Pacing
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol

KEY, PASSWORD = b"k" * 32, "right-password"
BOX = "scan@contoso.example"
LOOPBACK = (ip_network("127.0.0.0/8"),)
WITHIN = 10.0


@dataclass
class Upstream:
    """Takes XOAUTH2 with TLS at once, by three protocols; `refuse` tokens, and says what it did."""

    context: ssl.SSLContext
    refuse: set[str] = field(default_factory=set)
    sessions: int = 0
    resumed: list[bool] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    answer: bytes = b"250 2.0.0 taken\r\n"
    size: int = 1000
    deaf: bool = False
    """Says nothing after an IMAP login, or to DATA, and reads no more."""
    flood: bytes = b""
    """Said after an IMAP login, without being asked."""
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def imap(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] hello\r\n")
        async for tag, verb, rest in _commands(reader):
            if verb == b"AUTHENTICATE":
                if not self._lets_in(rest.split()[-1]):
                    writer.write(b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n")
                    await reader.readline()
                    writer.write(tag + b" NO AUTHENTICATE failed.\r\n")
                    continue
                writer.write(tag + b" OK in\r\n" + self.flood)
                if self.deaf:
                    await asyncio.sleep(WITHIN)
            else:
                writer.write(tag + b" OK " + verb + b" done\r\n")
            await writer.drain()

    async def pop(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"+OK hello\r\n")
        while line := await reader.readline():
            if line.startswith(b"AUTH"):
                writer.write(b"+ \r\n")
                good = self._lets_in((await reader.readline()).strip())
                writer.write(b"+OK in\r\n" if good else b"-ERR no\r\n")
            else:
                writer.write(b"+OK " + line.split()[0] + b"\r\n")

    async def smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        while line := await reader.readline():
            verb = line.split()[0].upper() if line.split() else b""
            if verb == b"EHLO":
                writer.write(f"250-mail\r\n250-SIZE {self.size}\r\n250 8BITMIME\r\n".encode())
            elif verb == b"AUTH":
                good = self._lets_in(line.split()[-1])
                writer.write(b"235 in\r\n" if good else b"535 no\r\n")
            elif verb == b"DATA" and self.deaf:
                await asyncio.sleep(WITHIN)
            elif verb == b"DATA":
                writer.write(b"354 go\r\n")
                await writer.drain()
                mail = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(mail)
                writer.write(self.answer)
            else:
                writer.write(b"250 ok\r\n")

    def _lets_in(self, response: bytes) -> bool:
        said = b64decode(response).decode()
        token = said.partition("Bearer ")[2].partition("\x01")[0]
        self.logins.append(token)
        return bool(token) and token not in self.refuse


async def _commands(reader: asyncio.StreamReader) -> AsyncIterator[tuple[bytes, bytes, bytes]]:
    while line := await reader.readline():
        tag, _, rest = line.strip().partition(b" ")
        verb, _, rest = rest.partition(b" ")
        yield tag, verb.upper(), rest


class Tokens:
    """`first`, `second` and so on; `renew` is allowed as often as `renewals` says."""

    def __init__(self, renewals: int = 0) -> None:
        self.number = 1
        self.renewals = renewals

    async def token(self, entrance: Entrance) -> Secret:
        return Secret(f"token-{self.number}")

    def renew(self, entrance: Entrance) -> bool:
        if not self.renewals:
            return False
        self.renewals -= 1
        self.number += 1
        return True


def credential(**more: Any) -> Credential:
    base = Credential(
        id="c1",
        names=("scan",),
        proof=proof_of(KEY, Secret(PASSWORD)),
        mailboxes=(BOX,),
        protocols=frozenset(Protocol),
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )
    return replace(base, **more)


@dataclass
class House:
    gate: Gate
    upstream: Upstream
    ca: Path

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca)

    async def knock(
        self, at: int = 0, *, tls: bool | ssl.SSLContext = False, name: str = "localhost"
    ) -> Client:
        context = self.tls if tls is True else tls or None
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            self.gate.ports[at][1],
            ssl=context,
            server_hostname=name if context else None,
        )
        return Client(reader, writer)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(WITHIN):
            while not true():  # noqa: ASYNC110 - what is waited for is not ours to tell
                await asyncio.sleep(0.01)


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def ask(self, line: bytes = b"") -> bytes:
        """Say a line, if any, and hear one; b"" where the other end hung up."""
        if line:
            self.writer.write(line + b"\r\n")
        async with asyncio.timeout(WITHIN):
            return (await self.reader.readline()).rstrip(b"\r\n")

    async def answers(self, line: bytes) -> list[bytes]:
        """An SMTP answer of several lines."""
        found = [await self.ask(line)]
        while found[-1][3:4] == b"-":
            found.append(await self.ask())
        return found

    async def log_in(self, password: str = PASSWORD) -> bytes:
        """By SMTP, after the greeting."""
        await self.answers(b"EHLO scanner")
        return await self.ask(b"AUTH PLAIN " + b64encode(f"\0scan\0{password}".encode()))

    async def gone(self) -> bool:
        async with asyncio.timeout(WITHIN):
            return await self.reader.read() == b""

    def hang_up(self) -> None:
        self.writer.close()


@asynccontextmanager
async def standing(
    folder: Path,
    *listeners: ListenWish,
    credentials: tuple[Credential, ...] = (),
    renewals: int = 0,
    limits: Limits | None = None,
    pacing: Pacing | None = None,
    upstream: Callable[[Upstream], None] = lambda _: None,
    make: Callable[[ssl.SSLContext], Upstream] = Upstream,
    **more: Any,
) -> AsyncIterator[House]:
    """`more` are members of GatewayFile."""
    ca, leaf = write_chain(folder)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(leaf)
    behind = make(server)
    upstream(behind)
    client = ssl.create_default_context(cafile=ca)
    servers, at = [], {}
    for protocol in Protocol:
        serve = _counted(behind, getattr(behind, protocol.value))
        one = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server, limit=1 << 20)
        servers.append(one)
        port = one.sockets[0].getsockname()[1]
        at[protocol] = Behind("localhost", port, False, client)
    file = GatewayFile(
        listen=listeners or (listen(Protocol.IMAP),),
        certificates=(CertificateWish(certificate=leaf),),
        limits=limits or Limits(),
        pacing=pacing or Pacing(),
        **more,
    )
    doors = [Entrance(mailbox=BOX, protocol=protocol, grant="g") for protocol in Protocol]
    gate = Gate(
        file,
        ServerTls(file.certificates, file.client_ca),
        at,
        Register(KEY, credentials or (credential(),), doors),
        Tokens(renewals),
        clock := SystemClock(asyncio.sleep),
        OwnTurns(file.pacing, float(file.limits.patience_seconds), clock),
    )
    ready = asyncio.Event()
    serving = asyncio.ensure_future(gate.serve(lambda _: ready.set()))
    try:
        await asyncio.wait(
            {serving, asyncio.ensure_future(ready.wait())}, return_when="FIRST_COMPLETED"
        )
        assert ready.is_set(), serving.exception()
        yield House(gate, behind, ca)
    finally:
        gate.stop()
        await serving
        for one in servers:
            one.close()
        for writer in list(behind.open):
            writer.close()
    assert not gate.open
    assert gate.crowd.total == 0


def _counted(behind: Upstream, serve: Any) -> Any:
    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind.sessions += 1
        behind.resumed.append(bool(writer.get_extra_info("ssl_object").session_reused))
        behind.open.add(writer)
        try:
            await serve(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            behind.open.discard(writer)
            writer.close()

    return session


def listen(protocol: Protocol, tls: Tls = Tls.STARTTLS, **more: Any) -> ListenWish:
    return ListenWish(protocol=protocol, host="127.0.0.1", port=0, tls=tls, **more)
