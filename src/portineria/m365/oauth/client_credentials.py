"""An application's own tokens with a client secret, over the HTTP door, without msal.

Source: Graph dossier 5.2, 5.4; RFC 6749 section 4.4.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from portineria.clock import Clock
from portineria.fault import ServiceFault
from portineria.m365.messages import Door, NoAnswer, Request, Response
from portineria.m365.oauth.refusals import token_fault
from portineria.m365.retry import GiveUp, Kind, Lane, decide, mishap, retry_after
from portineria.secret import Secret

EARLY = 300.0
"""Seconds before its end at which a token is not used any more."""


class ClientCredentials:
    """Implements m365.messages.Tokens."""

    def __init__(
        self, door: Door, clock: Clock, login: str, tenant: str, client_id: str, secret: Secret
    ) -> None:
        self._door = door
        self._clock = clock
        self._url = f"{login}/{tenant}/oauth2/v2.0/token"
        self._client_id = client_id
        self._secret = secret
        self._kept: dict[str, tuple[Secret, float]] = {}

    async def token(self, scope: str) -> Secret:
        """Raises OperatorFault, PermissionFault, ServiceFault or NoAnswer."""
        kept = self._kept.get(scope)
        if kept is not None and self._clock.tick() < kept[1]:
            return kept[0]
        document = await self._ask(scope)
        token = Secret(str(document["access_token"]))
        life = float(document.get("expires_in") or 0)
        self._kept[scope] = (token, self._clock.tick() + max(life - EARLY, life / 2))
        return token

    def forget(self) -> None:
        self._kept.clear()

    async def _ask(self, scope: str) -> Mapping[str, Any]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret.reveal(),
            "scope": scope,
        }
        request = Request(
            method="POST",
            url=self._url,
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
        )
        attempt, waited = 0, 0.0
        while True:
            attempt += 1
            answer = await self._try(request)
            if not isinstance(answer, Exception) and mishap(answer) is None:
                return _read(answer.status, answer.body, self._url)
            asked = retry_after(answer, self._clock.now())
            verdict = decide(attempt, answer, Kind.READ, Lane.GRAPH, waited=waited, asked=asked)
            if isinstance(verdict, GiveUp):
                if isinstance(answer, Exception):
                    raise answer
                return _read(answer.status, answer.body, self._url)
            await self._clock.sleep(verdict.seconds)
            waited += verdict.seconds

    async def _try(self, request: Request) -> Response | NoAnswer:
        try:
            return await self._door.send(request)
        except NoAnswer as fault:
            return fault


def _read(status: int, body: bytes, where: str) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise ServiceFault("the token service answered something that is not JSON", where=where)
    if status != 200 or "access_token" not in document:
        raise token_fault(status, document, where)
    return document
