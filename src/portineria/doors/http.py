"""Carries Requests over HTTPS. The only file that knows which HTTP client it is."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

import httpx2

from portineria.fault import OperatorFault
from portineria.m365.messages import NoAnswer, Request, Response

_BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")
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
            through = dict.fromkeys(_LOOPBACK)
        self._client = httpx2.AsyncClient(
            verify=_trust(ca_file),
            proxy=proxy if transport is None else None,
            mounts=through,
            transport=transport,
            trust_env=transport is None,
            headers={"user-agent": "portineria"},
        )

    async def send(self, request: Request) -> Response:
        """Raises NoAnswer, whose `sent` tells whether the request may have been executed."""
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
        raise OperatorFault(
            f"the CA file cannot be used: {error}",
            where=str(ca_file),
            try_="Name a readable PEM file with the certificates of the authorities to trust.",
        ) from error


def explain(error: Exception, url: str, timeout: float) -> NoAnswer:
    """Why no answer came from `url`, and what to try. The message holds no header."""
    host = urlsplit(url).netloc
    sent = not isinstance(error, _NEVER_SENT)
    evidence = {"host": host, "error": type(error).__name__, "detail": str(error)[:300]}
    if trouble := tls_trouble(error):
        return NoAnswer(
            f"the TLS certificate of {host} is not trusted: {trouble}",
            sent=False,
            where=host,
            try_=tls_advice(os.environ),
            evidence=evidence,
        )
    if isinstance(error, httpx2.TimeoutException):
        return NoAnswer(
            f"{host} did not answer in {timeout:g} seconds",
            sent=sent,
            where=host,
            try_="Check the way to it (firewall, proxy), or try again later.",
            evidence=evidence,
        )
    why = f"{host} cut the connection" if sent else f"{host} cannot be reached"
    return NoAnswer(
        why,
        sent=sent,
        where=host,
        try_="Check the name, the network and the proxy; a real service may be down for a moment.",
        evidence=evidence,
    )


def tls_trouble(error: BaseException | None) -> str:
    """What the TLS library said of a certificate, "" where it was something else."""
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message or str(error)
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return "certificate verify failed"
        error, seen = error.__cause__ or error.__context__, seen + 1
    return ""


def tls_advice(environment: Mapping[str, str]) -> str:
    """Where to name a CA; says so when the environment names one that is not used here."""
    advice = (
        "If a proxy inspects TLS, or this is an imitation with a CA of its own, name that CA's "
        "PEM file as `ca` in the profile."
    )
    named = [name for name in _BUNDLES if environment.get(name)]
    if not named:
        return advice
    return f"{advice} The environment's {' and '.join(named)}: not used here."
