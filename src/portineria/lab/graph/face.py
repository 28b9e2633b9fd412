"""Graph's front: versions, tokens, permissions, batches; each part passes the sky by itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from portineria.lab.ask import Answer, Ask
from portineria.lab.graph import delegated
from portineria.lab.graph.auditing import audited
from portineria.lab.graph.call import Call, GraphFault, fault_answer
from portineria.lab.graph.routes import READS_BY_POST, ROUTES, Route
from portineria.lab.login import tokens
from portineria.lab.login.conditional import GRAPH
from portineria.lab.sky import Turn, weathered

if TYPE_CHECKING:
    from portineria.lab.lab import Lab

JSON = (
    "application/json;odata.metadata=minimal;odata.streaming=true;"
    "IEEE754Compatible=false;charset=utf-8"
)
_NO_METADATA = "odata.metadata=none"
_KEPT = ("@odata.nextLink", "@odata.count", "@odata.deltaLink")
_TENANT = re.compile(r"^/myorganization(?=/)", re.IGNORECASE)
MOST = 20
"""Parts of one batch (entra-graph 7.2)."""


async def answer(lab: Lab, ask: Ask) -> Answer:
    version, path = _versioned(ask.path)
    if path.lower() == "/$batch":
        return await _batch(lab, ask, version)
    return await _single(lab, ask)


async def _single(lab: Lab, ask: Ask) -> Answer:
    _, path = _versioned(ask.path)
    writes = ask.method not in ("GET", "HEAD") and not READS_BY_POST.search(path)
    ask = replace(
        ask,
        operation=f"{ask.method} {path}",
        writes=writes,
        target=path,
        caller=tokens.caller(ask.bearer),
    )
    return await weathered(lab, ask, _serve, lambda turn: _busy(lab, ask, turn))


def _versioned(path: str) -> tuple[str, str]:
    version, _, rest = path.lstrip("/").partition("/")
    return version, f"/{rest}"


def _serve(lab: Lab, ask: Ask) -> Answer:
    version, path = _versioned(ask.path)
    try:
        claims = _claims(lab, ask)
        route, names = _route(version, ask.method, _plain(path))
        held = set(claims.get("roles") or ()) | set(str(claims.get("scp", "")).split())
        scoped = any(needed <= held for needed in route.needs)
        if not scoped or not delegated.may(ask.seen, claims, ask.method, _plain(path)):
            raise _forbidden(route)
        call = Call(lab=lab, ask=ask, names=names, claims=claims, version=version)
        return _dressed(lab, ask, audited(route.handler, call))
    except GraphFault as fault:
        return fault_answer(lab, ask, fault)


def _plain(path: str) -> str:
    """A path as the routes have it.

    Casts may be written with the schema's alias, as Microsoft's libraries do, and the tenant be
    named myorganization, as it was in Azure AD Graph (pnp/cli-microsoft365 does).
    """
    return _TENANT.sub("", path).replace("/graph.", "/microsoft.graph.")


def _dressed(lab: Lab, ask: Ask, answer: Answer) -> Answer:
    """The headers that every answer of Graph has; without annotations where none are wanted."""
    request = lab.world.new_id("request")
    bare = _NO_METADATA in ask.headers.get("accept", "").replace(" ", "")
    kind = JSON.replace("odata.metadata=minimal", _NO_METADATA) if bare else JSON
    headers = {
        "request-id": request,
        "client-request-id": ask.headers.get("client-request-id", request),
        **({"content-type": kind} if answer.body is not None else {}),
        **answer.headers,
    }
    body = _bare(answer.body) if bare else answer.body
    return replace(answer, body=body, headers=headers)


def _bare(value: Any) -> Any:
    """Without annotations, but for those of a collection (OData JSON Format 4.01, 3.1.2)."""
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _bare(item) for name, item in value.items() if "@odata." not in name or name in _KEPT
    }


def _claims(lab: Lab, ask: Ask) -> Mapping[str, Any]:
    """The token's claims. Raises GraphFault 401; its texts are UNVERIFIED (entra-graph 7.3)."""
    if not ask.bearer:
        raise GraphFault(401, "InvalidAuthenticationToken", "Access token is empty.")
    try:
        claims = tokens.read(lab.world, ask.bearer)
    except tokens.TokenFault as fault:
        text = (
            "Lifetime validation failed, the token is expired."
            if fault.because == "expired"
            else "IDX14100: JWT is not well formed."
        )
        raise GraphFault(401, "InvalidAuthenticationToken", text) from None
    if claims["aud"] not in ("https://graph.microsoft.com", GRAPH):
        raise GraphFault(401, "InvalidAuthenticationToken", "Access token validation failure.")
    return claims


def _route(version: str, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
    if version not in ("v1.0", "beta"):
        raise GraphFault(400, "BadRequest", "Invalid version.")
    known = False
    for route in ROUTES:
        match = route.pattern.fullmatch(path)
        if match is None or (route.beta and version != "beta"):
            continue
        known = True
        if route.method == method:
            return route, match.groupdict()
    if known:
        text = "Specified HTTP method is not allowed for the request target."
        raise GraphFault(405, "Request_BadRequest", text)
    segment = path.strip("/").split("/")[0]
    raise GraphFault(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def _forbidden(route: Route) -> GraphFault:
    """Policy endpoints say AccessDenied, directory endpoints Authorization_RequestDenied."""
    if route.policy:
        return GraphFault(
            403,
            "AccessDenied",
            "You cannot perform the requested operation, required scopes are missing in the token.",
        )
    text = "Insufficient privileges to complete the operation."
    return GraphFault(403, "Authorization_RequestDenied", text)


def _busy(lab: Lab, ask: Ask, turn: Turn) -> Answer:
    code = "TooManyRequests" if turn.status == 429 else "serviceNotAvailable"
    text = "Too many requests" if turn.status == 429 else "The service is unavailable."
    refused = fault_answer(lab, ask, GraphFault(turn.status, code, text))
    if turn.retry_after is None:
        return refused
    return replace(refused, headers={**refused.headers, "retry-after": f"{turn.retry_after:g}"})


async def _batch(lab: Lab, ask: Ask, version: str) -> Answer:
    """Parts in order of arrival; a failed dependency is 424 (entra-graph 7.2)."""
    try:
        parts = ask.json()["requests"]
        _check_batch(parts)
    except (ValueError, KeyError, TypeError):
        return fault_answer(
            lab, ask, GraphFault(400, "BadRequest", "Invalid batch payload format.")
        )
    statuses: dict[str, int] = {}
    responses = []
    for part in parts:
        if any(statuses.get(str(one), 424) >= 400 for one in part.get("dependsOn") or ()):
            done = Answer(status=424, body={"error": {"code": "FailedDependency", "message": ""}})
        else:
            done = await _single(lab, _part(ask, part, version))
        statuses[str(part["id"])] = done.status
        responses.append(_response(part, done))
    return Answer(body={"responses": responses})


def _check_batch(parts: Any) -> None:
    """Raises ValueError for what makes the whole batch a 400."""
    ids = [str(part["id"]).lower() for part in parts]
    if not parts or len(parts) > MOST or len(set(ids)) != len(ids):
        raise ValueError("number or ids of the parts")
    for part in parts:
        headers = {name.lower() for name in part.get("headers") or {}}
        if "body" in part and "content-type" not in headers:
            raise ValueError("a body without a content type")


def _part(ask: Ask, part: Mapping[str, Any], version: str) -> Ask:
    url = urlsplit(str(part["url"]))
    headers = {name.lower(): str(value) for name, value in (part.get("headers") or {}).items()}
    return replace(
        ask,
        method=str(part["method"]).upper(),
        path=f"/{version}/{unquote(url.path).lstrip('/')}",
        query=dict(parse_qsl(url.query, keep_blank_values=True)),
        headers={**ask.headers, "consistencylevel": "", **headers},
        body=json.dumps(part["body"]).encode() if "body" in part else b"",
    )


def _response(part: Mapping[str, Any], done: Answer) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "x-ms-resource-unit": "1"}
    if "retry-after" in done.headers:
        headers["Retry-After"] = done.headers["retry-after"]
    plain = done.body.decode() if isinstance(done.body, bytes) else done.body
    body = {} if plain is None else {"body": plain}
    return {"id": str(part["id"]), "status": done.status, "headers": headers, **body}
