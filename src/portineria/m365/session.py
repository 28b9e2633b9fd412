"""The conversation: builds a request, paces it, judges the answer, waits, goes on or gives up.

Everything that comes out is Data or a raised Fault; nobody above sees a status code.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from portineria.clock import Clock
from portineria.fault import AmbiguousWrite, Fault, Incomplete, NotFound, Throttled
from portineria.m365.answers import Keep, read_exchange, read_graph
from portineria.m365.batch import BATCH, pack, parts_of
from portineria.m365.data import Data, Row
from portineria.m365.endpoints import Endpoints
from portineria.m365.lanes import METHODS, kind_of, lane_of
from portineria.m365.messages import Door, NoAnswer, Request, Response, Tokens
from portineria.m365.pace import (
    CONDITIONAL_ACCESS_SPACING,
    REPORT_SPAN,
    REPORT_TURNS,
    Burst,
    Pace,
)
from portineria.m365.retry import (
    LIMITS,
    GiveUp,
    Kind,
    Lane,
    Limits,
    Mishap,
    Wait,
    decide,
    mishap,
    retry_after,
)

Call = tuple[str, Mapping[str, Any]]
"""A cmdlet's name and its parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    """One request to be carried to its end, through refusals and losses."""

    request: Request
    scope: str
    kind: Kind
    lane: Lane
    where: str
    judge: Callable[[Response], Data | Fault]


class Session:
    """Speaks to one tenant's Graph and Exchange administration.

    `new_id` makes the correlation ids; tests hand in their own.
    """

    def __init__(
        self,
        door: Door,
        tokens: Tokens,
        clock: Clock,
        endpoints: Endpoints,
        tenant_id: str,
        *,
        limits: Limits = LIMITS,
        new_id: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self.endpoints = endpoints
        self.tenant_id = tenant_id
        self._door = door
        self._tokens = tokens
        self._clock = clock
        self._limits = limits
        self._new_id = new_id
        self._connection = new_id()
        self._paces = {
            Lane.GRAPH: Pace(clock),
            Lane.EXCHANGE: Pace(clock),
            Lane.CONDITIONAL_ACCESS: Pace(clock, CONDITIONAL_ACCESS_SPACING),
            Lane.REPORTS: Burst(clock, REPORT_TURNS, REPORT_SPAN),
        }

    async def graph(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        kind: Kind | None = None,
        needs: str = "",
        advanced: bool = False,
        version: str = "v1.0",
        keep: Keep = None,
    ) -> Data:
        """One call of Graph; `path` begins with a slash, or is a whole nextLink.

        `kind` is told from the method where it is not given (POST counts as a create); `keep`
        names the members of rows that are wanted.
        Raises ServiceFault, NetworkFault, AmbiguousWrite. Source: Graph dossier 0, 7.
        """
        url = path if path.startswith("https://") else f"{self.endpoints.graph}/{version}{path}"
        headers = {"accept": "application/json"}
        if advanced:
            headers["consistencylevel"] = "eventual"
        if body is not None:
            headers["content-type"] = "application/json"
        where = f"{method} {urlsplit(url).path}"
        return await self._carry(
            _Errand(
                request=Request(method=method, url=url, headers=headers, body=_encode(body)),
                scope=self.endpoints.graph_scope,
                kind=kind or METHODS[method],
                lane=lane_of(url),
                where=where,
                judge=lambda answer: read_graph(answer, where=where, needs=needs, keep=keep),
            )
        )

    async def graph_pages(
        self,
        path: str,
        *,
        needs: str = "",
        advanced: bool = False,
        version: str = "v1.0",
        keep: Keep = None,
    ) -> AsyncIterator[tuple[Row, ...]]:
        """A collection page by page. Raises Incomplete where a next page leads elsewhere."""
        following: str | None = path
        while following is not None:
            data = await self.graph(
                "GET", following, needs=needs, advanced=advanced, version=version, keep=keep
            )
            if data.rows is None:
                raise Incomplete("the answer holds no list", where=f"GET {path}")
            yield data.rows
            following = self._same_host(data.next, self.endpoints.graph)
            del data

    async def graph_list(
        self, path: str, *, needs: str = "", advanced: bool = False, version: str = "v1.0"
    ) -> list[Row]:
        pages = self.graph_pages(path, needs=needs, advanced=advanced, version=version)
        return [row async for page in pages for row in page]

    async def exchange(
        self,
        cmdlet: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        anchor: str | None = None,
        kind: Kind | None = None,
    ) -> Data:
        """Invoke one cmdlet. Raises ValueError for an empty Identity, which would mean all.

        Source: Exchange dossier 1.3 (the danger), 2.4 (the request).
        """
        _refuse_empty_identity(parameters or {})
        return await self._invoke(self._invoke_url, cmdlet, parameters or {}, anchor, kind)

    async def exchange_pages(
        self,
        cmdlet: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        sized: bool = True,
        keep: Keep = None,
    ) -> AsyncIterator[tuple[Row, ...]]:
        """A whole listing page by page, one anchor throughout.

        `keep` names the members of rows that are wanted. `sized` is False for the commands that
        have no ResultSize. Raises Incomplete where the service breaks it off; pages already
        yielded are then a part, and the caller must throw them away.
        Source: Exchange dossier 2.6.
        """
        wanted = {**(parameters or {}), **({"ResultSize": "Unlimited"} if sized else {})}
        _refuse_empty_identity(wanted)
        following: str | None = self._invoke_url
        while following is not None:
            data = await self._invoke(following, cmdlet, wanted, None, Kind.READ, keep)
            following = self._same_host(data.next, self.endpoints.exchange)
            if data.rows is None:
                raise Incomplete("the answer holds no list", where=cmdlet)
            yield data.rows
            if following is None and data.partial:
                raise Incomplete(
                    "the listing was cut short: the service says that there are more results",
                    where=cmdlet,
                    try_="Run it again; what was read is a part and was thrown away.",
                )
            del data

    async def exchange_list(
        self,
        cmdlet: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        sized: bool = True,
    ) -> list[Row]:
        pages = self.exchange_pages(cmdlet, parameters, sized=sized)
        return [row async for page in pages for row in page]

    async def exchange_batch(
        self, calls: Sequence[Call], *, anchor: str | None = None
    ) -> list[Data | Fault]:
        """Read many objects, ten a request; a part that was refused is asked again alone.

        The answers are in the order of the calls. For reads only: a batch that is lost on the
        way could not be settled part by part.
        """
        found: list[Data | Fault] = []
        for start in range(0, len(calls), BATCH):
            found += await self._batch(calls[start : start + BATCH], anchor)
        return found

    async def _batch(self, calls: Sequence[Call], anchor: str | None) -> list[Data | Fault]:
        for _, parameters in calls:
            _refuse_empty_identity(parameters)
        parts = [self._message(name, parameters, anchor) for name, parameters in calls]
        url = self._invoke_url.removesuffix("InvokeCommand") + "$batch"
        data = await self._carry(
            _Errand(
                request=pack(url, self._invoke_url, parts),
                scope=self.endpoints.exchange_scope,
                kind=Kind.READ,
                lane=Lane.EXCHANGE,
                where="$batch",
                judge=lambda answer: read_exchange(answer, where="$batch"),
            )
        )
        answers = parts_of(data, len(calls))
        found: list[Data | Fault] = []
        for (name, parameters), answer in zip(calls, answers, strict=True):
            if answer is None or mishap(answer) is not None:
                found.append(await self._again(name, parameters, anchor))
            else:
                found.append(read_exchange(answer, where=name))
        return found

    async def _again(
        self, cmdlet: str, parameters: Mapping[str, Any], anchor: str | None
    ) -> Data | Fault:
        try:
            return await self.exchange(cmdlet, parameters, anchor=anchor, kind=Kind.READ)
        except Fault as fault:
            return fault

    @property
    def _invoke_url(self) -> str:
        return f"{self.endpoints.exchange}/adminapi/beta/{self.tenant_id}/InvokeCommand"

    async def _invoke(
        self,
        url: str,
        cmdlet: str,
        parameters: Mapping[str, Any],
        anchor: str | None,
        kind: Kind | None,
        keep: Keep = None,
    ) -> Data:
        headers, body = self._message(cmdlet, parameters, anchor)
        return await self._carry(
            _Errand(
                request=Request(
                    method="POST", url=url, headers=headers, body=_encode(body), timeout=300.0
                ),
                scope=self.endpoints.exchange_scope,
                kind=kind or kind_of(cmdlet),
                lane=Lane.EXCHANGE,
                where=cmdlet,
                judge=lambda answer: read_exchange(answer, where=cmdlet, keep=keep),
            )
        )

    def _message(
        self, cmdlet: str, parameters: Mapping[str, Any], anchor: str | None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        """Headers and body of InvokeCommand. Source: Exchange dossier 2.4."""
        system = f"APP:SystemMailbox{{bb558c35-97f1-4cb9-8ff7-d53741dc928c}}@{self.tenant_id}"
        headers = {
            "accept": "application/json",
            "accept-language": "en-US",
            "content-type": "application/json; charset=utf-8",
            "connection-id": self._connection,
            "parameter-based-routing": "true",
            "prefer": "odata.maxpagesize=1000",
            "x-anchormailbox": anchor or system,
            "x-cmdletname": cmdlet,
            "x-responseformat": "json",
        }
        return headers, {"CmdletInput": {"CmdletName": cmdlet, "Parameters": dict(parameters)}}

    async def _carry(self, errand: _Errand) -> Data:
        attempt, waited, maybe_done, renewed = 0, 0.0, False, False
        while True:
            attempt += 1
            await self._paces[errand.lane].turn()
            answer = await self._exchange_once(errand)
            outcome = answer if isinstance(answer, NoAnswer) else errand.judge(answer)
            if isinstance(outcome, Data):
                return outcome
            if _unauthorised(answer) and not renewed:
                self._tokens.forget()
                renewed = True
                continue
            if maybe_done and errand.kind is Kind.DELETE and isinstance(outcome, NotFound):
                return Data()
            verdict = self._verdict(attempt, answer, errand, waited)
            maybe_done = maybe_done or (
                mishap(answer) is Mishap.LOST and errand.kind is not Kind.READ
            )
            if isinstance(verdict, GiveUp):
                raise _final(outcome, errand, attempt, maybe_done)
            await self._rest(verdict, answer, errand.lane)
            waited += verdict.seconds

    async def _exchange_once(self, errand: _Errand) -> Response | NoAnswer:
        token = await self._tokens.token(errand.scope)
        headers = {
            **errand.request.headers,
            "authorization": f"Bearer {token.reveal()}",
            "client-request-id": self._new_id(),
        }
        try:
            return await self._door.send(replace(errand.request, headers=headers))
        except NoAnswer as fault:
            return fault

    def _verdict(
        self, attempt: int, answer: Response | NoAnswer, errand: _Errand, waited: float
    ) -> Wait | GiveUp:
        return decide(
            attempt,
            answer,
            errand.kind,
            errand.lane,
            waited=waited,
            asked=retry_after(answer, self._clock.now()),
            spread=sum(self._new_id().encode()) % 100 / 100,
            limits=self._limits,
        )

    async def _rest(self, verdict: Wait, answer: Response | NoAnswer, lane: Lane) -> None:
        """A throttle holds the whole lane; a stumble only the one who stumbled."""
        if isinstance(answer, Response) and answer.status == 429:
            self._paces[lane].hold(verdict.seconds)
        else:
            await self._clock.sleep(verdict.seconds)

    def _same_host(self, link: str | None, origin: str) -> str | None:
        """A next page is followed only where our token may go. Raises Incomplete otherwise."""
        if link is None:
            return None
        if not link.lower().startswith(origin.lower() + "/"):
            raise Incomplete(
                "the next page of the listing is on another host, to which no token is sent",
                evidence={"host": urlsplit(link).netloc},
            )
        return link


def _encode(body: Mapping[str, Any] | None) -> bytes:
    return b"" if body is None else json.dumps(body, ensure_ascii=False).encode()


def _refuse_empty_identity(parameters: Mapping[str, Any]) -> None:
    for name in parameters:
        if name.lower() == "identity" and not str(parameters[name] or "").strip():
            raise ValueError("an empty Identity would mean every object of the tenant")


def _unauthorised(answer: Response | NoAnswer) -> bool:
    return isinstance(answer, Response) and answer.status == 401


def _final(outcome: Fault, errand: _Errand, attempts: int, maybe_done: bool) -> Fault:
    """What to raise: a write that was lost on the way is never called a plain failure."""
    evidence = {**outcome.evidence, "attempts": attempts}
    if maybe_done:
        return AmbiguousWrite(
            f"the answer to a write was lost, it may have happened: {outcome.why}",
            where=errand.where,
            try_="look at the object again before repeating it",
            evidence=evidence,
        )
    if isinstance(outcome, (NoAnswer, Throttled)):
        outcome.evidence["attempts"] = attempts
    outcome.where = outcome.where or errand.where
    return outcome
