"""Ports for the post office: IMAP 993 and 143, POP3 995 and 110, SMTP 587.

Nothing here knows a protocol: a front says when TLS is to start and when it is over.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from portineria.lab.history import Asked, History
from portineria.lab.portrefused import PortRefused
from portineria.lab.post.front import Front
from portineria.lab.post.imap import ImapFront
from portineria.lab.post.office import PostOffice
from portineria.lab.post.pop import PopFront
from portineria.lab.post.smtp import SmtpFront

IDLE = 1800.0  # seconds of silence after which a connection is closed
PIECE = 65_536

Maker = Callable[[PostOffice, str], Front]


@dataclass(frozen=True, slots=True)
class Door:
    """One port: the service's own number, whether TLS comes first, and who answers."""

    number: int
    implicit_tls: bool
    front: Maker


DOORS: Mapping[str, Door] = MappingProxyType(
    {
        "imaps": Door(993, True, lambda office, address: ImapFront(office, address)),
        "imap": Door(143, False, lambda office, address: ImapFront(office, address, tls=False)),
        "pops": Door(995, True, lambda office, address: PopFront(office, address)),
        "pop": Door(110, False, lambda office, address: PopFront(office, address, tls=False)),
        "smtp": Door(587, False, lambda office, address: SmtpFront(office, address)),
    }
)


async def serve_connection(
    front: Front,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    context: ssl.SSLContext,
    *,
    idle: float = IDLE,
) -> None:
    """Carry one conversation to its end and close the connection. Lost peers are no error."""
    try:
        _carry(front, writer)
        writer.write(await front.open())
        while not front.closed:
            await writer.drain()
            if front.shaking:
                reader, writer = await _begin_tls(reader, writer, context)
                _carry(front, writer)
                front.tls_started()
            data = await _heard(reader, idle)
            if data is None:
                writer.write(front.expire())
                break
            if not data:
                break
            writer.write(await front.receive(data))
        await writer.drain()
    except (OSError, TimeoutError, ssl.SSLError):
        pass  # the peer is gone, silent, or does not speak TLS
    finally:
        front.close()
        await _close(writer)


def _carry(front: Front, writer: asyncio.StreamWriter) -> None:
    async def drain(octets: bytes) -> bytes:
        if len(octets) < PIECE:
            return octets
        writer.write(octets)
        await writer.drain()
        return b""

    front.push = writer.write
    front.drain = drain


async def _heard(reader: asyncio.StreamReader, idle: float) -> bytes | None:
    """The next octets, empty at the end; None when none came in `idle` seconds."""
    try:
        async with asyncio.timeout(idle):
            return await reader.read(PIECE)
    except TimeoutError:
        return None


async def _begin_tls(
    _clear: asyncio.StreamReader, writer: asyncio.StreamWriter, context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The same connection under TLS, with a new reader: what the old one may still hold came
    unprotected and is left behind with it."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport = await loop.start_tls(writer.transport, protocol, context, server_side=True)
    if transport is None:
        raise ConnectionResetError("the connection was lost during the handshake")
    protocol.connection_made(transport)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        async with asyncio.timeout(1.0):
            await writer.wait_closed()
    except (OSError, TimeoutError, ssl.SSLError):
        writer.transport.abort()


@dataclass(slots=True)
class PostServers:
    """The open ports. `ports` are the real numbers by door name."""

    ports: dict[str, int] = field(default_factory=dict)
    _servers: list[asyncio.Server] = field(default_factory=list)
    _talks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def close(self) -> None:
        """Shut the ports and end every conversation."""
        for server in self._servers:
            server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        for server in self._servers:
            await server.wait_closed()


async def listen(
    office: PostOffice,
    context: ssl.SSLContext,
    *,
    host: str = "127.0.0.1",
    ports: Mapping[str, int] | None = None,
    idle: float = IDLE,
) -> PostServers:
    """Open every door of DOORS, or those in `ports` (name -> number, 0 for any free one).

    Raises PortRefused when a port cannot be had; doors already opened are shut again.
    """
    servers = PostServers()
    wanted = ports if ports is not None else {name: door.number for name, door in DOORS.items()}
    try:
        for name, number in wanted.items():
            try:
                await _open_door(servers, office, context, name, (host, number), idle)
            except OSError as error:
                raise PortRefused(number, (name,), error) from None
    except OSError:
        await servers.close()
        raise
    return servers


async def _open_door(
    servers: PostServers,
    office: PostOffice,
    context: ssl.SSLContext,
    name: str,
    address: tuple[str, int],
    idle: float,
) -> None:
    door = DOORS[name]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            servers._talks.add(task)
            task.add_done_callback(servers._talks.discard)
        peer = writer.get_extra_info("peername")
        front = door.front(office, str(peer[0]) if peer else "127.0.0.1")
        await serve_connection(front, reader, writer, context, idle=idle)

    server = await asyncio.start_server(
        talk, *address, ssl=context if door.implicit_tls else None, backlog=512
    )
    servers._servers.append(server)
    servers.ports[name] = server.sockets[0].getsockname()[1]


def into(history: History) -> Callable[[dict[str, Any]], None]:
    """A `record` for PostOffice that writes into the lab's history.

    `operation` is "smtp auth", "smtp message" or "imap first command", `path` the gate that
    refused or "accepted", `status` 200, 401 at AUTH, 403 later; `said` the sentence uttered.
    """

    def record(said: dict[str, Any]) -> None:
        refused = 401 if said["step"] == "auth" else 403
        history.note(
            Asked(
                at=datetime.fromisoformat(said["at"]),
                face=said["face"],
                method=said["mechanism"],
                path=said["gate"] or "accepted",
                operation=f"{said['face']} {said['step']}",
                status=refused if said["gate"] else 200,
                wrote=False,
                writes=False,
                target=said["user"],
                caller=said["client"],
                said=said["said"],
            )
        )

    return record
