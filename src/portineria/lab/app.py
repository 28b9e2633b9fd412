"""One ASGI app with every HTTP face of the lab: login, graph, exchange and the control door.

A face is `async def answer(lab, ask) -> Answer`; it names the operation, then hands a
synchronous handler to `sky.weathered`. Which face answers is decided by the Host header, or
by the port it came in by (scope["portineria.face"], "" where that port has no such host).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from portineria.lab import control
from portineria.lab.ask import Answer, Ask, Seen
from portineria.lab.exchange import face as exchange
from portineria.lab.graph import face as graph
from portineria.lab.lab import Lab
from portineria.lab.login import face as login
from portineria.lab.names import HOSTS
from portineria.lab.sky import Cut

Face = Callable[[Lab, Ask], Awaitable[Answer]]
FACES: Mapping[str, Face] = MappingProxyType(
    {
        "login": login.answer,
        "graph": graph.answer,
        "exchange": exchange.answer,
        "control": control.answer,
    }
)


def build_app(lab: Lab, hosts: Mapping[str, str] = HOSTS) -> ASGIApp:
    """The app for in-process use (dispatch by host) and for uvicorn (dispatch by its ports)."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        name = scope.get("portineria.face")
        if name is None:
            name = hosts.get(request.url.hostname or "", "")
        if name not in FACES:
            await Response(b"no such host in the lab", 421)(scope, receive, send)
            return
        ask = await _ask(lab, name, request)
        try:
            answer = await FACES[name](lab, ask)
        except Cut:
            cut = scope.get("extensions", {}).get("portineria.cut")
            if cut is None:
                raise
            cut()
            return
        await _response(answer, lab.clock.now())(scope, receive, send)

    return app


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


def _response(answer: Answer, now: datetime) -> Response:
    """Dated by the lab's clock, not by the machine's: clients compare it with theirs."""
    headers = {"date": format_datetime(now.astimezone(UTC), usegmt=True), **answer.headers}
    if answer.body is not None and "content-type" not in {name.lower() for name in headers}:
        headers["content-type"] = (
            "application/octet-stream"
            if isinstance(answer.body, bytes)
            else "application/json; charset=utf-8"
        )
    return Response(answer.encoded() or None, answer.status, headers)
