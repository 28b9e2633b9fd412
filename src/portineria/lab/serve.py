"""The lab on real ports: one a face, TLS everywhere, and the post office beside them."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from portineria.clock import Clock, SystemClock
from portineria.lab.app import build_app
from portineria.lab.authority import Authority, authority
from portineria.lab.lab import Lab, open_lab
from portineria.lab.post.office import PostOffice
from portineria.lab.post.serve import DOORS, PostServers, into, listen
from portineria.lab.weather import forecast

FACES = ("login", "graph", "exchange", "control")
HOST = "127.0.0.1"
KEEP = 120  # seconds an idle connection stays open: clients wait long between two requests


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to open a lab. `ports` maps a door (FACES, and imaps imap pops pop smtp) to a number;
    a door that is not named gets a free one."""

    state_dir: Path
    seed: str = "contoso"
    weather: str = "fair"
    overrides: Mapping[str, Any] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    clock: Clock | None = None


@dataclass(slots=True)
class Running:
    """A lab with open doors. `info` is what `portineria lab up --json` prints."""

    lab: Lab
    info: dict[str, Any]
    stopping: asyncio.Event
    fronts: list[Front]
    post: PostServers | None = None

    async def close(self) -> None:
        """Shut every door; nothing is left running."""
        if self.post is not None:
            await self.post.close()
        for front in self.fronts:
            await front.close()


async def serve(options: Options) -> Running:
    """Open every door. Raises OSError for a port that is taken, ValueError for an unknown seed
    or weather."""
    clock = options.clock or SystemClock(asyncio.sleep)
    lab = open_lab(clock, options.seed, forecast(options.weather, options.overrides))
    ca = authority(options.state_dir, clock)
    context = ca.server_context(clock)
    running = Running(lab, {}, asyncio.Event(), [])
    lab.stop = running.stopping.set
    try:
        app = build_app(lab)
        for face in FACES:
            front = Front(face)
            running.fronts.append(front)
            await front.open(app, context, options.ports.get(face, 0))
            lab.urls[face] = f"https://localhost:{front.port}"
        running.post = await _open_post(lab, context, options.ports)
    except BaseException:
        await running.close()
        raise
    running.info = _info(running, ca)
    lab.info = running.info
    return running


async def run_forever(options: Options, ready: Callable[[dict[str, Any]], None]) -> None:
    """Serve until SIGTERM, SIGINT or the control door's /stop; `ready` is told the info."""
    running = await serve(options)
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    try:
        for number in signals:
            loop.add_signal_handler(number, running.stopping.set)
        ready(running.info)
        await running.stopping.wait()
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
        await running.close()


class Front:
    """One port that serves one face."""

    def __init__(self, face: str) -> None:
        self.face = face
        self.port = 0
        self._state = ServerState()
        self._server: asyncio.Server | None = None

    async def open(self, app: ASGIApp, context: ssl.SSLContext, port: int) -> None:
        # No lifespan and no signal handlers of uvicorn's: the protocol alone is used.
        config = uvicorn.Config(
            _facing(app, self.face),
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


def _facing(app: ASGIApp, face: str) -> ASGIApp:
    async def faced(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "portineria.face": face}, receive, send)

    return faced


async def _open_post(lab: Lab, context: ssl.SSLContext, ports: Mapping[str, int]) -> PostServers:
    office = PostOffice(lab.world, lambda: lab.weather, record=into(lab.history))
    return await listen(office, context, ports={name: ports.get(name, 0) for name in DOORS})


def _info(running: Running, ca: Authority) -> dict[str, Any]:
    lab, post = running.lab, running.post
    doors = {name: f"localhost:{port}" for name, port in post.ports.items()} if post else {}
    return {
        **lab.info,
        "pid": os.getpid(),
        "seed": lab.seed,
        "weather": lab.weather.name,
        "ca": str(ca.path),
        **lab.urls,
        **doors,
    }
