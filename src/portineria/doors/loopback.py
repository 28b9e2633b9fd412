"""The door on 127.0.0.1 to which a browser carries the answer of a sign-in: once, and not long.

Source: RFC 8252 section 7.3. Entra does not compare the port of http://localhost; its public
clients register that name, so the redirect URI says it while we listen on the address.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from urllib.parse import parse_qsl, urlsplit

from portineria.fault import NotSignedIn, OperatorFault

HOST = "127.0.0.1"
MOST = 64 * 1024
"""Octets of a request: an authorization code has a thousand, and a browser adds its own."""
SLOW = 10.0
"""Seconds that a browser may take to send its request."""

_HEAD = "<!doctype html><html lang=en><meta charset=utf-8><title>Portineria</title>"
_DONE = "<h1>You are signed in</h1><p>You may close this window and go back to the terminal.</p>"
_NOT = (
    "<h1>The sign-in did not succeed</h1><p>The terminal says why. You may close this window.</p>"
)
_STRAY = "<h1>Nobody waits for this answer</h1><p>You may close this window.</p>"


class Loopback:
    """Open inside `async with`; a `port` of 0 is any free one.

    Entering raises OperatorFault for a port that cannot be had.
    """

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._state = ""
        self._server: asyncio.Server | None = None
        self._came: asyncio.Future[Mapping[str, str]] | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def uri(self) -> str:
        return f"http://localhost:{self._port}"

    async def __aenter__(self) -> Loopback:
        try:
            self._server = await asyncio.start_server(self._serve, HOST, self._port, limit=MOST)
        except OSError as error:
            raise OperatorFault(
                f"the port for the answer of the sign-in cannot be opened: {error.strerror}",
                where=f"--port {self._port}",
                try_="leave --port out for a free one, or name another",
            ) from None
        self._port = self._server.sockets[0].getsockname()[1]
        self._came = asyncio.get_running_loop().create_future()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.close()

    async def answer(self, state: str, within: float) -> Mapping[str, str]:
        """The first answer that carries our `state`. Raises NotSignedIn after so many seconds."""
        assert self._came is not None
        self._state = state
        try:
            return await asyncio.wait_for(asyncio.shield(self._came), within)
        except TimeoutError:
            raise NotSignedIn(
                f"nobody signed in within {within / 60:.0f} minutes",
                where=self.uri,
                try_=NotSignedIn.mend,
            ) from None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                path, members = await asyncio.wait_for(_request(reader), SLOW)
                status, page = self._judged(path, members)
                writer.write(_encoded(status, page))
                await writer.drain()
                self._take(status, members)
        finally:
            self._open.discard(writer)
            writer.close()

    def _judged(self, path: str, members: Mapping[str, str]) -> tuple[str, str]:
        """What is answered. Others may knock: only what carries our state ends the wait."""
        if path != "/":
            return "404 Not Found", _STRAY
        given = members.get("state", "").encode()
        if not self._state or not hmac.compare_digest(given, self._state.encode()):
            return "400 Bad Request", _STRAY
        assert self._came is not None
        if self._came.done():
            return "410 Gone", _STRAY
        return "200 OK", _DONE if "code" in members else _NOT

    def _take(self, status: str, members: Mapping[str, str]) -> None:
        """Only now: whoever waits closes this door, and the page has to be out before."""
        if status == "200 OK" and self._came is not None and not self._came.done():
            self._came.set_result(members)


async def _request(reader: asyncio.StreamReader) -> tuple[str, Mapping[str, str]]:
    """The path and the members, of a query or of a form. Raises IncompleteReadError,
    LimitOverrunError."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    target = urlsplit(head[0].split(" ")[1] if head[0].count(" ") == 2 else "")
    headers = dict(line.lower().split(":", 1) for line in head[1:] if ":" in line)
    length = headers.get("content-length", "0").strip()
    body = await reader.readexactly(min(int(length), MOST)) if length.isdecimal() else b""
    return target.path, dict(parse_qsl(f"{target.query}&{body.decode('latin-1')}"))


def _encoded(status: str, page: str) -> bytes:
    body = (_HEAD + page).encode()
    return (
        f"HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\n"
        f"content-length: {len(body)}\r\ncache-control: no-store\r\nconnection: close\r\n"
        "content-security-policy: default-src 'none'\r\nreferrer-policy: no-referrer\r\n\r\n"
    ).encode() + body
