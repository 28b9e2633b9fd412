"""HTTPS ports: uvicorn's protocol behind sockets of our own, with TLS and a way to cut."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

HOST = "127.0.0.1"
KEEP = 120  # seconds an idle connection stays open: clients wait long between two requests

Choose = Callable[[Scope], str]
"""The face that a request on this port means; "" for none."""


class Front:
    """One port, and the face or faces behind it."""

    def __init__(self, choose: Choose) -> None:
        self.port = 0
        self._choose = choose
        self._state = ServerState()
        self._server: asyncio.Server | None = None

    async def open(self, app: ASGIApp, context: ssl.SSLContext, port: int) -> None:
        """Listen on `port`, 0 for any free one. Raises OSError."""
        # No lifespan and no signal handlers of uvicorn's: the protocol alone is used.
        config = uvicorn.Config(
            _facing(app, self._choose),
            log_config=None,
            access_log=False,
            date_header=False,  # the app dates its answers by the lab's clock
            timeout_keep_alive=KEEP,
        )
        config.load()
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        self._server = await asyncio.get_running_loop().create_server(
            lambda: _Cuttable(config, self._state, {}), HOST, port, ssl=context, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for task in list(self._state.tasks):
            task.cancel()
        await asyncio.gather(*self._state.tasks, return_exceptions=True)
        for connection in list(self._state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        await self._server.wait_closed()


class _Cuttable(H11Protocol):
    """Lets the app break its connection: scope["extensions"]["portineria.cut"]()."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**scope.get("extensions", {}), "portineria.cut": self.transport.abort}
            await inner({**scope, "extensions": extensions}, receive, send)

        self.app = app


def _facing(app: ASGIApp, choose: Choose) -> ASGIApp:
    async def faced(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "portineria.face": choose(scope)}, receive, send)

    return faced
