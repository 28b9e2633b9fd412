"""The lab on ports of this machine: HTTPS faces, the post office, TLS everywhere."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Scope

from portineria.clock import Clock, SystemClock
from portineria.lab.app import build_app
from portineria.lab.authority import Authority, authority
from portineria.lab.lab import Lab, open_lab
from portineria.lab.names import shared_face
from portineria.lab.portrefused import PortRefused
from portineria.lab.ports import (
    FACES,
    ORDER,
    REAL_PORTS,
    SHARED,
    address,
    consecutive,
)
from portineria.lab.post.office import PostOffice
from portineria.lab.post.serve import DOORS, PostServers, into, listen
from portineria.lab.told import tell
from portineria.lab.weather import forecast
from portineria.lab.web import Choose, Front


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to open a lab.

    `ports` maps a door (ports.ORDER) to a number; a door that is not named gets a free one.
    `base_port` numbers them all, from it on; `real_ports` takes Microsoft's numbers and tells
    addresses by Microsoft's names, which the caller has to point at this machine. At most one
    of the three. `hosts` are more names the certificate is good for. `mailboxes` fills the
    seed up with made-up people to a tenant of so many; None leaves it as it stands.
    """

    state_dir: Path
    seed: str = "contoso"
    mailboxes: int | None = None
    weather: str = "fair"
    overrides: Mapping[str, Any] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    base_port: int | None = None
    real_ports: bool = False
    hosts: tuple[str, ...] = ()
    clock: Clock | None = None

    def numbers(self) -> Mapping[str, int]:
        """Door to port number, 0 for any free one. Raises ValueError."""
        if self.real_ports:
            return REAL_PORTS
        return self.ports if self.base_port is None else consecutive(self.base_port)

    def told(self) -> dict[str, Any]:
        """What the lab was started with; seed and weather may be changed while it runs."""
        return {
            "seed": self.seed,
            "mailboxes": self.mailboxes,
            "weather": self.weather,
            "base_port": self.base_port,
            "real_ports": self.real_ports,
            "hosts": list(self.hosts),
        }


@dataclass(slots=True)
class Running:
    """A lab with open doors. `info` is what `portineria lab up --json` prints."""

    lab: Lab
    info: dict[str, Any]
    stopping: asyncio.Event
    fronts: list[Front] = field(default_factory=list)
    post: PostServers | None = None
    ports: dict[str, int] = field(default_factory=dict)

    async def close(self) -> None:
        """Shut every door; nothing is left running."""
        if self.post is not None:
            await self.post.close()
        for front in self.fronts:
            await front.close()


async def serve(options: Options) -> Running:
    """Open every door. Raises PortRefused for a port that cannot be had, ValueError for an
    unknown seed or weather, or a number of mailboxes that cannot be."""
    clock = options.clock or SystemClock(asyncio.sleep)
    numbers = options.numbers()
    lab = open_lab(
        clock,
        options.seed,
        forecast(options.weather, options.overrides),
        mailboxes=options.mailboxes,
    )
    ca = authority(options.state_dir, clock)
    context = ca.server_context(clock, options.hosts)
    running = Running(lab, {}, asyncio.Event())
    lab.stop = running.stopping.set
    try:
        await _open_web(running, options, context, numbers)
        running.post = await _open_post(lab, context, numbers)
        running.ports |= running.post.ports
    except BaseException:
        await running.close()
        raise
    lab.tell = tell
    await tell(lab)
    running.info = _info(running, options, ca)
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


async def _open_web(
    running: Running, options: Options, context: ssl.SSLContext, numbers: Mapping[str, int]
) -> None:
    app = build_app(running.lab)
    if options.real_ports:
        by_name = _by_name(options.hosts)
        await _open_front(running, app, context, numbers, SHARED, by_name)
    for face in FACES:
        if face not in running.ports:
            await _open_front(running, app, context, numbers, (face,), _always(face))
    for face in FACES:
        running.lab.urls[face] = address(face, running.ports[face], real=options.real_ports)


async def _open_front(
    running: Running,
    app: ASGIApp,
    context: ssl.SSLContext,
    numbers: Mapping[str, int],
    faces: tuple[str, ...],
    choose: Choose,
) -> None:
    front = Front(choose)
    running.fronts.append(front)
    port = numbers.get(faces[0], 0)
    try:
        await front.open(app, context, port)
    except OSError as error:
        raise PortRefused(port, faces, error) from None
    running.ports |= dict.fromkeys(faces, front.port)


def _always(face: str) -> Choose:
    return lambda _: face


def _by_name(extra: tuple[str, ...]) -> Choose:
    def choose(scope: Scope) -> str:
        return shared_face(Request(scope).url.hostname or "", str(scope["path"]), extra)

    return choose


async def _open_post(lab: Lab, context: ssl.SSLContext, numbers: Mapping[str, int]) -> PostServers:
    office = PostOffice(lab.world, lambda: lab.weather, record=into(lab.history))
    lab.forget_mail = office.forget
    return await listen(office, context, ports={name: numbers.get(name, 0) for name in DOORS})


def _info(running: Running, options: Options, ca: Authority) -> dict[str, Any]:
    lab = running.lab
    doors = {
        door: address(door, running.ports[door], real=options.real_ports)
        for door in ORDER
        if door not in FACES
    }
    return {
        **lab.info,
        "pid": os.getpid(),
        "seed": lab.seed,
        "weather": lab.weather.name,
        "options": options.told(),
        "ca": str(ca.path),
        **lab.urls,
        **doors,
        "smtps": None,
    }
