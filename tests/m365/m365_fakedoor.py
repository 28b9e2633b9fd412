"""A door that answers from a list, and remembers what was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from portineria.clock import VirtualClock
from portineria.m365.endpoints import Endpoints
from portineria.m365.messages import NoAnswer, Request, Response
from portineria.m365.retry import Limits
from portineria.m365.session import Session
from portineria.secret import Secret

TENANT = "11111111-2222-3333-4444-555555555555"
INVOKE = f"https://outlook.office365.com/adminapi/beta/{TENANT}/InvokeCommand"

Said = Response | NoAnswer


class FakeDoor:
    """Gives the scripted answers in order; with `by_cmdlet`, chooses by cmdlet or path."""

    def __init__(self, *script: Said, table: Mapping[str, Any] | None = None) -> None:
        self._script = list(script)
        self._table = {name: _listed(said) for name, said in (table or {}).items()}
        self.asked: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.asked.append(request)
        said = self._choose(request)
        if isinstance(said, NoAnswer):
            raise said
        return said

    def _choose(self, request: Request) -> Said:
        if self._script:
            return self._script.pop(0)
        told = [cmdlet(request)] if "InvokeCommand" in request.url else _graph_names(request)
        for name in told:
            if name in self._table:
                answers = self._table[name]
                return answers.pop(0) if len(answers) > 1 else answers[0]
        raise AssertionError(f"nobody expected {request.method} {request.url} {told}")

    @property
    def paths(self) -> list[str]:
        return [request.url for request in self.asked]


class FakeTokens:
    def __init__(self) -> None:
        self.given = 0
        self.forgotten = 0

    async def token(self, scope: str) -> Secret:
        self.given += 1
        return Secret(f"token-{self.forgotten}-for-{scope}")

    def forget(self) -> None:
        self.forgotten += 1


def _listed(said: Any) -> list[Said]:
    return list(said) if isinstance(said, (list, tuple)) else [said]


def _graph_names(request: Request) -> list[str]:
    path = request.url.split("/v1.0", 1)[-1].split("/beta", 1)[-1]
    bare = path.split("?", 1)[0]
    return [f"{request.method} {path}", f"{request.method} {bare}", path, bare]


def cmdlet(request: Request) -> str:
    return str(parameters_of(request)["CmdletName"])


def parameters_of(request: Request) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(request.body)["CmdletInput"]
    return found


def answer(document: Any, status: int = 200, **headers: str) -> Response:
    return Response(status=status, headers=headers, body=json.dumps(document).encode())


def rows(*objects: Mapping[str, Any], **more: Any) -> Response:
    return answer({"@adminapi.warnings": [], "value": list(objects), **more})


def open_session(
    door: FakeDoor, tokens: FakeTokens | None = None, limits: Limits | None = None
) -> tuple[Session, VirtualClock]:
    clock = VirtualClock(datetime(2026, 11, 1, 12, tzinfo=UTC))
    session = Session(
        door,
        tokens or FakeTokens(),
        clock,
        Endpoints(),
        TENANT,
        limits=limits or Limits(),
        new_id=lambda: "00000000-0000-4000-8000-000000000000",
    )
    return session, clock
