"""Mail servers that misbehave, on loopback: each a function of its connection."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter
Serve = Callable[[Reader, Writer], Awaitable[None]]


@asynccontextmanager
async def serving(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server whose connections end with the block."""

    async def closing(reader: Reader, writer: Writer) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await serve(reader, writer)
        writer.close()

    server = await asyncio.start_server(closing, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


def saying(*pieces: bytes) -> Serve:
    """Says one piece, then one more after each line it hears, then stays silent."""

    async def serve(reader: Reader, writer: Writer) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await reader.readline()
        await reader.read()

    return serve


def then_close(*pieces: bytes) -> Serve:
    """The same, and it closes in place of the last silence."""

    async def serve(reader: Reader, writer: Writer) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            if piece is not pieces[-1]:
                await reader.readline()

    return serve


async def silent(reader: Reader, writer: Writer) -> None:
    await reader.read()


async def dripping(reader: Reader, writer: Writer) -> None:
    """A greeting that never ends, an octet at a time."""
    while True:
        writer.write(b"*")
        await writer.drain()
        await asyncio.sleep(0.05)


def flooding(start: bytes, more: bytes) -> Serve:
    """Says more and more, as fast as it is read."""

    async def serve(reader: Reader, writer: Writer) -> None:
        writer.write(start)
        while True:
            writer.write(more)
            await writer.drain()

    return serve


async def asking_for_ever(reader: Reader, writer: Writer) -> None:
    """Greets, offers, and answers whatever comes by asking on."""
    writer.write(b"* OK hi\r\n")
    await reader.readline()
    writer.write(b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\nA1 OK done\r\n")
    while await reader.readline():
        writer.write(b"+ go on\r\n")


def refusing_the_handshake(said: bytes) -> Serve:
    """Reads the first message of the handshake, and says something else."""

    async def serve(reader: Reader, writer: Writer) -> None:
        await reader.read(1000)
        writer.write(said)
        await writer.drain()
        await reader.read()

    return serve


async def in_the_clear_after_all(reader: Reader, writer: Writer) -> None:
    """Says yes to STARTTLS and goes on in the clear."""
    for piece in (b"220 hi\r\n", b"250 STARTTLS\r\n", b"220 go\r\n"):
        writer.write(piece)
        await reader.read(1000)
    writer.write(b"250 what do you mean\r\n")
    await reader.read()


def starttls(context: ssl.SSLContext, injected: bytes = b"", *, obeys: bool = False) -> Serve:
    """A submission server. `injected` comes in the clear behind its yes; one that `obeys` keeps
    what came in the clear behind STARTTLS for after the handshake."""

    async def serve(reader: Reader, writer: Writer) -> None:
        writer.write(b"220 ready\r\n")
        await reader.readline()
        writer.write(b"250-x\r\n250 STARTTLS\r\n")
        await reader.readline()
        kept = bytes(reader._buffer) if obeys else b""  # type: ignore[attr-defined]
        reader._buffer.clear()  # type: ignore[attr-defined]
        writer.write(b"220 go\r\n" + injected)
        await writer.start_tls(context)
        if kept:
            writer.write(b"250 2.0.0 OK\r\n")
        while line := await reader.readline():
            if line == b"QUIT\r\n":
                writer.write(b"221 bye\r\n")
                return
            writer.write(
                b"250-x\r\n250 AUTH PLAIN\r\n" if line[:4] == b"EHLO" else b"535 5.7.8 no\r\n"
            )

    return serve
