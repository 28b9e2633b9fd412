"""The gateway's side door: health, readiness and metrics on loopback, traces for its owner alone.

Listeners speak the same little HTTP: a TCP port on loopback, which any user of the machine may ask;
a socket in the state folder, which only the owner may open, for what devices say passes there; and
where it is wanted a port for balancers of other machines, which hear yes or no and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol as Shape
from urllib.parse import parse_qs, urlsplit

MOST_HEAD = 8192
ASKED_WITHIN = 10.0
_NAMES = ("localhost", "127.0.0.1", "[::1]", "gateway")


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    kind: str
    body: str


class Side(Shape):
    """Who knows the answers: one gate, or the process above several."""

    async def ready(self) -> Answer: ...
    async def metrics(self) -> str: ...
    async def trace(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One line of JSON for each line of a session, until whoever listens leaves."""
        ...


@dataclass(slots=True)
class Control:
    """`port` is the one that was given, once it listens; without `host`: on the owner's socket."""

    side: Side
    socket: Path
    host: str | None = "127.0.0.1"
    port: int = 0
    health: tuple[str, int] | None = None

    async def serve(self, ready: Callable[[], None]) -> None:
        """Until cancelled. Raises OSError where it cannot listen."""
        self.socket.unlink(missing_ok=True)
        own = await asyncio.start_unix_server(self._own, self.socket, limit=MOST_HEAD)
        self.socket.chmod(0o600)
        servers: list[asyncio.Server] = [own]
        if self.host is not None:
            tcp = await asyncio.start_server(self._open, self.host, self.port, limit=MOST_HEAD)
            self.port = tcp.sockets[0].getsockname()[1]
            servers.append(tcp)
        if self.health is not None:
            servers.append(await asyncio.start_server(self._far, *self.health, limit=MOST_HEAD))
            self.health = servers[-1].sockets[0].getsockname()[:2]
        try:
            ready()
            await asyncio.Event().wait()
        finally:
            for server in servers:
                server.close()
            self.socket.unlink(missing_ok=True)

    async def _open(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._talk(reader, writer, self._ask)

    async def _far(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Whoever asks may name any host: a page that was led here reads nothing of worth."""

        async def ask(path: str) -> Answer:
            if urlsplit(path).path != "/readyz":
                return Answer(404, "text/plain", "/readyz\n")
            code = (await self.side.ready()).code
            return Answer(code, "text/plain", "ready\n" if code == 200 else "not ready\n")

        await self._talk(reader, writer, ask, any_host=True)

    async def _own(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def ask(path: str) -> Answer | None:
            place = urlsplit(path)
            if place.path != "/trace":
                return await self._ask(path)
            name = "".join(parse_qs(place.query).get("credential", [])[:1])
            head = "HTTP/1.1 200 OK\r\ncontent-type: application/jsonl\r\nconnection: close\r\n\r\n"
            writer.write(head.encode())
            await self.side.trace(name, reader, writer)
            return None

        await self._talk(reader, writer, ask)

    async def _talk(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ask: Callable[[str], Awaitable[Answer | None]],
        *,
        any_host: bool = False,
    ) -> None:
        try:
            async with asyncio.timeout(ASKED_WITHIN):
                head = await reader.readuntil(b"\r\n\r\n")
            path = _path(head, any_host=any_host)
            answer = Answer(400, "text/plain", "GET only\n") if path is None else await ask(path)
            if answer is not None:
                writer.write(_said(answer))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _ask(self, path: str) -> Answer:
        match urlsplit(path).path:
            case "/healthz":
                return Answer(200, "text/plain", "ok\n")
            case "/readyz":
                return await self.side.ready()
            case "/metrics":
                text = await self.side.metrics()
                return Answer(200, "text/plain; version=0.0.4; charset=utf-8", text)
            case _:
                return Answer(404, "text/plain", "/healthz /readyz /metrics\n")


def _path(head: bytes, *, any_host: bool = False) -> str | None:
    """Of a GET for this machine; a page of a browser that was led here names another host."""
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or words[0] != "GET":
        return None
    if any_host:
        return words[1]
    hosts = [line[5:].strip() for line in lines[1:] if line[:5].lower() == "host:"]
    names = [host if host.endswith("]") else host.rpartition(":")[0] or host for host in hosts]
    return words[1] if names and all(name in _NAMES for name in names) else None


_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 503: "Service Unavailable"}


def _said(answer: Answer) -> bytes:
    body = answer.body.encode()
    head = (
        f"HTTP/1.1 {answer.code} {_REASONS[answer.code]}\r\ncontent-type: {answer.kind}\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body
