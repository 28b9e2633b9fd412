"""Carries Requests over HTTPS. The only file that knows which HTTP client it is."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import httpx2

from portineria.doors.trouble import in_between, proxy_of, unreachable
from portineria.fault import NoFile, OperatorFault, UsageFault
from portineria.m365.messages import NoAnswer, Request, Response

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DIRECT = ("all://localhost", "all://127.0.0.1", "all://[::1]")
_NEVER_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
)


class HttpDoor:
    """Implements m365.messages.Door. Redirects are not followed: a token goes where it was sent.

    `ca_file` is a PEM bundle in the place of the machine's own. Proxies come from `proxy` or
    from the environment, never for loopback. `transport` is for tests: an ASGITransport keeps
    everything in the process.
    """

    def __init__(
        self,
        ca_file: Path | None = None,
        *,
        proxy: str | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        through: dict[str, httpx2.AsyncBaseTransport | None] = {}
        if transport is None and proxy is None:
            through = dict.fromkeys(_DIRECT)
        trusted = _trust(ca_file)
        try:
            self._client = httpx2.AsyncClient(
                verify=trusted,
                proxy=proxy if transport is None else None,
                mounts=through,
                transport=transport,
                trust_env=transport is None,
                headers={"user-agent": "portineria"},
            )
        except (ValueError, ImportError, OSError, httpx2.InvalidURL) as error:
            raise _environment_fault(error) from None

    async def send(self, request: Request) -> Response:
        """Raises NoAnswer, whose `sent` tells whether the request may have been executed.

        A web page or a redirect is no answer either: Intercepted.
        """
        try:
            answer = await self._client.request(
                request.method,
                request.url,
                headers=dict(request.headers),
                content=request.body or None,
                timeout=httpx2.Timeout(request.timeout, connect=min(20.0, request.timeout)),
            )
        except (httpx2.TransportError, OSError, EOFError) as error:
            raise explain(error, request.url, request.timeout) from error
        headers = {name.lower(): value for name, value in answer.headers.items()}
        stranger = in_between(
            answer.status_code,
            headers.get("content-type", ""),
            answer.content,
            headers.get("location", ""),
            urlsplit(request.url).netloc,
        )
        if stranger is not None:
            raise stranger
        return Response(status=answer.status_code, headers=headers, body=answer.content)

    async def close(self) -> None:
        await self._client.aclose()

    async def __aenter__(self) -> HttpDoor:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


def _trust(ca_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise NoFile(
            f"the CA file cannot be used: {error.strerror or error}",
            where=str(ca_file),
            try_="name a readable PEM file with the certificates of the authorities to trust",
        ) from error


def _environment_fault(error: Exception) -> OperatorFault:
    """The client reads proxies and trust from the environment, and chokes on what is there."""
    if isinstance(error, OSError):
        return NoFile(
            f"the authorities to trust cannot be read: {error.strerror or error}",
            where="SSL_CERT_FILE, SSL_CERT_DIR",
            try_="unset them, or name a readable PEM file as `ca` in the profile",
        )
    return UsageFault(
        "the proxy that the environment names cannot be used",
        where="HTTPS_PROXY, ALL_PROXY, NO_PROXY",
        try_="write it as export HTTPS_PROXY=http://HOST:PORT; SOCKS is not spoken here",
        evidence={"error": type(error).__name__},
    )


def explain(error: Exception, url: str, timeout: float) -> NoAnswer:
    """Why no answer came from `url`, and what to try. The message holds no header."""
    parts = urlsplit(url)
    host, loopback = parts.netloc, parts.hostname in LOOPBACK
    sent = not isinstance(error, _NEVER_SENT)
    late = isinstance(error, httpx2.TimeoutException)
    if late and (sent or not proxy_of(os.environ)):
        return NoAnswer(
            f"{host} did not answer in {timeout:g} seconds",
            sent=sent,
            where=host,
            try_="check the way to it (firewall, proxy), or try again later",
            evidence={"host": host, "error": type(error).__name__},
        )
    return unreachable(error, host, sent=sent, loopback=loopback)
