"""Answers mail programs that look for their settings, and people with a link.

What is answered without a link is the same for everybody of a domain. Nothing is logged of who
asked.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from portineria.clock import Clock
from portineria.doors.settinglinks import Kept, Links
from portineria.settings.formats.discover import asked_for, refusal, response, where
from portineria.settings.formats.documents import client_config
from portineria.settings.given import Server

MOST = 65_536
"""Octets of a request's body."""
HEADERS = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
}
CONFIG = ("/.well-known/autoconfig/mail/config-v1.1.xml", "/mail/config-v1.1.xml")
DISCOVER = ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml")
XML = "text/xml; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What stands on the page before a link is used; `language` is their code."""

    language: str
    title: str
    note: str
    button: str


class _Server(uvicorn.Server):
    """Ends at a signal, and does not raise it again."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def end(self) -> None:
        self.should_exit = True


@dataclass(slots=True)
class SettingServer:
    """`offers` may be replaced at any time. `words` are the page's before a link is used."""

    offers: Mapping[str, tuple[Server, ...]]
    links: Links
    clock: Clock
    words: Callable[[], Words]
    taken: int = 0

    def app(self) -> Starlette:
        routes = [Route(path, self._config, methods=["GET"]) for path in CONFIG]
        routes += [Route(path, self._discover, methods=["GET", "POST"]) for path in DISCOVER]
        routes += [
            Route("/autodiscover/autodiscover.json", self._where, methods=["GET"]),
            Route("/s/{token}", self._link, methods=["GET", "POST"]),
            Route("/healthz", self._well, methods=["GET"]),
        ]
        return Starlette(routes=routes)

    async def serve(
        self,
        host: str,
        port: int,
        tls: tuple[Path, Path] | None,
        ready: Callable[[int], None],
    ) -> None:
        """Until SIGTERM or SIGINT. Raises OSError where it cannot listen."""
        config = uvicorn.Config(
            self.app(),
            host=host,
            port=port,
            log_level="critical",
            access_log=False,
            server_header=False,
            lifespan="off",
            ssl_certfile=str(tls[0]) if tls else None,
            ssl_keyfile=str(tls[1]) if tls else None,
            ssl_version=ssl.PROTOCOL_TLS_SERVER,
            h11_max_incomplete_event_size=MOST,
            timeout_keep_alive=5,
            limit_concurrency=200,
        )
        door = config.bind_socket()
        server = _Server(config)
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.end)
        door.listen(128)
        ready(door.getsockname()[1])
        try:
            await server.serve(sockets=[door])
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)
            door.close()

    # --- without a link: the same for everybody of a domain ---

    async def _config(self, request: Request) -> Response:
        domain = self._domain(request, request.query_params.get("emailaddress", ""))
        servers = self.offers.get(domain, ())
        if not servers:
            return _nothing()
        return Response(client_config(domain, domain, servers), media_type=XML, headers=HEADERS)

    async def _discover(self, request: Request) -> Response:
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MOST:
                return Response("", 413, headers=HEADERS)
        address = asked_for(body.decode("utf-8", "replace"))
        if address is None:
            return Response(refusal(600, "Invalid Request"), media_type=XML, headers=HEADERS)
        servers = self.offers.get(address.rpartition("@")[2].casefold(), ())
        if not servers:
            told = "The e-mail address cannot be found."
            return Response(refusal(500, told), media_type=XML, headers=HEADERS)
        return Response(response(address, servers), media_type=XML, headers=HEADERS)

    async def _where(self, request: Request) -> Response:
        host = request.url.netloc
        code, text = where(request.query_params.get("Protocol", ""), host)
        return Response(text, code, media_type="application/json", headers=HEADERS)

    async def _well(self, request: Request) -> Response:
        return Response("ok\n", media_type="text/plain", headers=HEADERS)

    def _domain(self, request: Request, address: str) -> str:
        """Of the address where one is given, else of the host that was asked."""
        if "@" in address:
            return address.rpartition("@")[2].casefold()
        host = (request.url.hostname or "").casefold()
        return host.removeprefix("autoconfig.")

    # --- with one ---

    async def _link(self, request: Request) -> Response:
        """Looking does not use it up: programs that look at links for people press no button."""
        token, now = request.path_params["token"], self._now()
        if request.method == "GET":
            if not self.links.is_there(token, now):
                return _nothing()
            return Response(_page(self.words()), media_type="text/html", headers=HEADERS)
        kept = self.links.take(token, now)
        if kept is None:
            return _nothing()
        self.taken += 1
        return _shown(kept)

    def _now(self) -> datetime:
        return self.clock.now()


def _nothing() -> Response:
    """The same for what there is not, what is over and what was read."""
    return Response("Not found.\n", 404, media_type="text/plain", headers=HEADERS)


def _shown(kept: Kept) -> Response:
    headers = dict(HEADERS)
    if kept.name:
        headers["content-disposition"] = f'attachment; filename="{kept.name}"'
    return Response(kept.text, media_type=kept.kind, headers=headers)


def _page(words: Words) -> str:
    title, note, button = map(escape, (words.title, words.note, words.button))
    return (
        f'<!doctype html><html lang="{escape(words.language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{title}</title>"
        "<style>body{font:1rem system-ui,sans-serif;max-width:40rem;margin:4rem auto;"
        "padding:0 1rem}button{font:inherit;padding:.6rem 1.2rem}</style></head>"
        f"<body><main><h1>{title}</h1><p>{note}</p>"
        f'<form method="post"><button>{button}</button></form></main></body></html>'
    )
