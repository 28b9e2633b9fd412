"""The gateway's side door: health, readiness and metrics on loopback, traces for its owner alone.

Two listeners speak the same little HTTP: a TCP port on loopback, which any user of the machine may
ask, and a socket in the state folder, which only the owner may open: what devices say passes there.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from portineria.doors.gate.gate import Gate
from portineria.doors.gate.trace import Tracer

MOST_HEAD = 8192
ASKED_WITHIN = 10.0
LOOK = 0.5
"""Seconds between two looks whether a listener has left."""
_NAMES = ("localhost", "127.0.0.1", "[::1]", "gateway")


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    kind: str
    body: str


@dataclass(slots=True)
class Control:
    """`port` is the one that was given, once it listens."""

    gate: Gate
    tracer: Tracer
    socket: Path
    host: str = "127.0.0.1"
    port: int = 0

    async def serve(self, ready: Callable[[], None]) -> None:
        """Until cancelled. Raises OSError where it cannot listen."""
        self.socket.unlink(missing_ok=True)
        tcp = await asyncio.start_server(self._open, self.host, self.port, limit=MOST_HEAD)
        own = await asyncio.start_unix_server(self._own, self.socket, limit=MOST_HEAD)
        self.socket.chmod(0o600)
        self.port = tcp.sockets[0].getsockname()[1]
        try:
            ready()
            await asyncio.Event().wait()
        finally:
            for server in (tcp, own):
                server.close()
            self.socket.unlink(missing_ok=True)

    async def _open(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._talk(reader, writer, self._ask)

    async def _own(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def ask(path: str) -> Answer | None:
            place = urlsplit(path)
            if place.path != "/trace":
                return await self._ask(path)
            name = "".join(parse_qs(place.query).get("credential", [])[:1])
            await self._trace(name, reader, writer)
            return None

        await self._talk(reader, writer, ask)

    async def _talk(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        ask: Callable[[str], Awaitable[Answer | None]],
    ) -> None:
        try:
            async with asyncio.timeout(ASKED_WITHIN):
                head = await reader.readuntil(b"\r\n\r\n")
            path = _path(head)
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
                return self._ready()
            case "/metrics":
                text = self.gate.counts.text(self._gauges())
                return Answer(200, "text/plain; version=0.0.4; charset=utf-8", text)
            case _:
                return Answer(404, "text/plain", "/healthz /readyz /metrics\n")

    def _ready(self) -> Answer:
        """503 once it stops, or where no mailbox at all could be opened the last time."""
        gate = self.gate
        troubles = [
            {"mailbox": mailbox, "why": why, "since": since.astimezone(UTC).isoformat()}
            for mailbox, (why, since) in sorted(gate.troubles.items())
        ]
        served = sum(gate.counts.logins.values())
        ready = not gate.stopping and not (troubles and not served)
        told = {"ready": ready, "troubles": troubles}
        return Answer(200 if ready else 503, "application/json", json.dumps(told) + "\n")

    def _gauges(self) -> list[tuple[str, str, float]]:
        gate = self.gate
        return [
            ("open_sessions", "Sessions that are open.", float(len(gate.open))),
            ("locked", "Addresses and names that wait after failed logins.", gate.throttle.locked),
            ("mailboxes_in_trouble", "Mailboxes not opened the last time.", len(gate.troubles)),
            ("warm_connections", "Connections that wait for a token.", float(gate.pool.ready)),
            ("pool_taken", "Logins that took one of those.", float(gate.pool.taken)),
            ("pool_missed", "Logins that found none.", float(gate.pool.missed)),
        ]

    async def _trace(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One line of JSON for each line of a session, until whoever listens leaves."""
        head = "HTTP/1.1 200 OK\r\ncontent-type: application/jsonl\r\nconnection: close\r\n\r\n"
        writer.write(head.encode())
        with self.tracer.listen(name) as lines:
            while not reader.at_eof():
                try:
                    async with asyncio.timeout(LOOK):
                        told = await lines.get()
                except TimeoutError:
                    continue
                writer.write(json.dumps(told).encode() + b"\n")
                await writer.drain()


def _path(head: bytes) -> str | None:
    """Of a GET for this machine; a page of a browser that was led here names another host."""
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or words[0] != "GET":
        return None
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
