"""$batch: up to ten cmdlet calls in one request, each with its own answer.

Source: dossier exchange-online 2.8. Parts run one after another; without
`Prefer: odata.continue-on-error` the first failure is the last answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from portineria.lab.ask import Answer, Ask
from portineria.lab.exchange import faults
from portineria.lab.exchange.envelope import as_json
from portineria.lab.exchange.faults import Refusal
from portineria.lab.exchange.habits import BATCH_LIMIT
from portineria.lab.exchange.invoke import serve

if TYPE_CHECKING:
    from portineria.lab.lab import Lab


_INHERITED = ("authorization", "x-anchormailbox")


async def serve_batch(lab: Lab, ask: Ask, is_invoke: Callable[[str], bool]) -> Answer:
    """One POST to $batch; `is_invoke` knows the paths a part may have.

    Raises sky.Cut, in the middle of it too.
    """
    try:
        parts = _parts(ask)
    except Refusal as refusal:
        return refusal.answer
    goes_on = "odata.continue-on-error" in ask.headers.get("prefer", "").lower()
    responses = []
    for part in parts:
        answer = await _part(lab, ask, part, is_invoke)
        responses.append(
            {
                "id": part["id"],
                "status": answer.status,
                "headers": dict(answer.headers),
                "body": _readable(answer.body),
            }
        )
        if answer.status >= 400 and not goes_on:
            break
    return as_json(200, {"responses": responses})


def _parts(ask: Ask) -> list[dict[str, Any]]:
    """The requests, each an object with an id and an address. Raises 400 (synthetic)."""
    try:
        parts = list(ask.json()["requests"])
        ids = {str(part["id"]) for part in parts}
        whole = all(_is_part(part) for part in parts)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise faults.malformed("A batch holds requests, each with id and url.") from None
    if not whole or len(ids) != len(parts):
        raise faults.malformed("The ids of a batch's requests are different from each other.")
    if len(parts) > BATCH_LIMIT:
        raise faults.malformed(f"A batch has at most {BATCH_LIMIT} requests, not {len(parts)}.")
    return parts


def _is_part(part: Mapping[str, Any]) -> bool:
    """Raises ValueError for an address that is none, TypeError for one that is no text."""
    return bool(urlsplit(part["url"] + "")) and isinstance(part.get("headers") or {}, dict)


async def _part(
    lab: Lab, outer: Ask, part: Mapping[str, Any], is_invoke: Callable[[str], bool]
) -> Answer:
    address = urlsplit(part["url"])
    own = {str(name).lower(): str(value) for name, value in (part.get("headers") or {}).items()}
    inherited = {k: v for k, v in outer.headers.items() if k in _INHERITED}
    ask = replace(
        outer,
        method=str(part.get("method", "POST")).upper(),
        path=unquote(address.path),
        query=dict(parse_qsl(address.query)),
        headers={**inherited, **own},
        body=json.dumps(part.get("body")).encode(),
    )
    if ask.method != "POST" or not is_invoke(ask.path):
        return faults.malformed("A batch holds POST requests to InvokeCommand.").answer
    return await serve(lab, ask)


def _readable(body: Any) -> Any:
    """What is no JSON travels as a string, the run of NUL bytes included."""
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else body
