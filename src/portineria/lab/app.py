"""One ASGI app with every HTTP face of the lab: login, graph, exchange and the control door.

A face is `async def answer(lab, ask) -> Answer`; it names the operation, then hands a
synchronous handler to `sky.weathered`. Which face answers is decided by the Host header, or
by the port's own face when uvicorn serves one face a port (scope["portineria.face"]).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from portineria.clock import Clock
from portineria.lab.ask import Answer, Ask, Seen
from portineria.lab.history import History
from portineria.lab.seeds.facts import facts
from portineria.lab.seeds.planting import load
from portineria.lab.sky import Cut, Sky
from portineria.lab.weather import Weather
from portineria.lab.world import World

Face = Callable[["Lab", Ask], Awaitable[Answer]]

HOSTS: Mapping[str, str] = MappingProxyType(
    {
        "login.lab": "login",
        "login.microsoftonline.com": "login",
        "graph.lab": "graph",
        "graph.microsoft.com": "graph",
        "exchange.lab": "exchange",
        "outlook.office365.com": "exchange",
        "outlook.office.com": "exchange",
        "control.lab": "control",
    }
)


@dataclass(slots=True)
class Lab:
    """Everything the faces share. `urls` are base addresses without a trailing slash.

    `weather` is replaced as a whole by the control door, so read it at each use.
    """

    world: World
    clock: Clock
    weather: Weather = field(default_factory=Weather)
    history: History = field(default_factory=History)
    sky: Sky = field(default_factory=Sky)
    urls: dict[str, str] = field(
        default_factory=lambda: {
            "login": "https://login.lab",
            "graph": "https://graph.lab",
            "exchange": "https://exchange.lab",
            "control": "https://control.lab",
        }
    )
    seed: str = ""
    info: dict[str, Any] = field(default_factory=dict)
    """What serve tells about the running lab, for the control door."""
    stop: Callable[[], None] = lambda: None


def open_lab(
    clock: Clock, seed: str = "small", weather: Weather | None = None, tenant: World | None = None
) -> Lab:
    """A lab with a planted world (or a given one), ready for `build_app`. Raises NoSuchSeed."""
    world = tenant or World(clock)
    if tenant is None:
        load(world, seed)
    lab = Lab(world, clock, weather or Weather(), seed=seed)
    lab.info = {**facts(world), **{name: lab.urls[name] for name in lab.urls}}
    return lab


def build_app(lab: Lab, hosts: Mapping[str, str] = HOSTS) -> ASGIApp:
    """The app for in-process use (dispatch by host) and for uvicorn (dispatch by port)."""
    faces = _faces()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        name = scope.get("portineria.face") or hosts.get(request.url.hostname or "", "")
        if name not in faces:
            await Response(b"no such host in the lab", 421)(scope, receive, send)
            return
        ask = await _ask(lab, name, request)
        try:
            answer = await faces[name](lab, ask)
        except Cut:
            cut = scope.get("extensions", {}).get("portineria.cut")
            if cut is None:
                raise
            cut()
            return
        await _response(answer)(scope, receive, send)

    return app


def _faces() -> dict[str, Face]:
    """Imported late: the faces know the lab, and the lab is made before them."""
    from portineria.lab.control import answer as control
    from portineria.lab.exchange.face import answer as exchange
    from portineria.lab.graph.face import answer as graph
    from portineria.lab.login.face import answer as login

    return {"login": login, "graph": graph, "exchange": exchange, "control": control}


async def _ask(lab: Lab, face: str, request: Request) -> Ask:
    client = request.client
    return Ask(
        face=face,
        method=request.method,
        path=str(request.scope["path"]),
        query=dict(request.query_params),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=await request.body(),
        address=client.host if client else "127.0.0.1",
        seen=Seen(lab.world),
    )


def _response(answer: Answer) -> Response:
    headers = dict(answer.headers)
    if answer.body is not None and "content-type" not in {name.lower() for name in headers}:
        headers["content-type"] = (
            "application/octet-stream"
            if isinstance(answer.body, bytes)
            else "application/json; charset=utf-8"
        )
    return Response(answer.encoded() or None, answer.status, headers)
