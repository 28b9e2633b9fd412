"""Exchange's $batch: several commands in one request, each with a status of its own.

Source: Exchange dossier 2.8; ten parts is what Microsoft's own module sends at most.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from portineria.m365.data import Data, members, text
from portineria.m365.messages import Request, Response

BATCH = 10

Message = tuple[Mapping[str, str], Mapping[str, Any]]


def pack(batch_url: str, invoke_url: str, parts: Sequence[Message]) -> Request:
    """Parts are numbered from 0; each carries its own headers, the envelope the token."""
    body = {
        "requests": [
            {
                "id": str(number),
                "method": "POST",
                "url": invoke_url,
                "headers": dict(headers),
                "body": dict(content),
            }
            for number, (headers, content) in enumerate(parts)
        ]
    }
    return Request(
        method="POST",
        url=batch_url,
        headers={
            "accept": "application/json",
            "content-type": "application/json; charset=utf-8",
            "prefer": "odata.continue-on-error",
        },
        body=json.dumps(body, ensure_ascii=False).encode(),
        timeout=300.0,
    )


def parts_of(data: Data, count: int) -> list[Response | None]:
    """The answers in the order of the parts; None for a part that has none."""
    found: list[Response | None] = [None] * count
    answers = data.body.get("responses")
    for answer in answers if isinstance(answers, list) else []:
        number = text(answer.get("id"))
        if number.isdigit() and int(number) < count:
            found[int(number)] = _response(answer)
    return found


def _response(answer: Mapping[str, Any]) -> Response:
    body = answer.get("body")
    return Response(
        status=int(answer.get("status") or 0),
        headers={
            name.lower(): text(value) for name, value in members(answer.get("headers")).items()
        },
        body=body.encode() if isinstance(body, str) else json.dumps(body or {}).encode(),
    )
