"""One authorised call of Graph, and the words of its answers (entra-graph 0, 7.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from portineria.lab.ask import Answer, Ask, Seen
from portineria.lab.world import World

if TYPE_CHECKING:
    from portineria.lab.lab import Lab

NOT_FOUND = (
    "Resource '{name}' does not exist or one of its queried reference-property objects are not "
    "present."
)


class GraphFault(Exception):
    """A refusal with Graph's status, code and message. `inner` replaces innerError members."""

    def __init__(
        self, status: int, code: str, message: str, inner: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.inner = dict(inner or {})


def not_found(name: str) -> GraphFault:
    return GraphFault(404, "Request_ResourceNotFound", NOT_FOUND.format(name=name))


def malformed(message: str) -> GraphFault:
    return GraphFault(400, "Request_BadRequest", message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request whose token was good for it. `names` are the parts of its path."""

    lab: Lab
    ask: Ask
    names: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, Any] = field(default_factory=dict)
    version: str = "v1.0"

    @property
    def world(self) -> World:
        return self.lab.world

    @property
    def seen(self) -> Seen:
        return self.ask.seen

    @property
    def root(self) -> str:
        """The base of links and contexts."""
        return f"{self.lab.urls['graph']}/{self.version}"

    def body(self) -> dict[str, Any]:
        """The JSON object that was sent. Raises GraphFault."""
        try:
            body = self.ask.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise GraphFault(400, "BadRequest", "Unable to read JSON request payload.")
        return body

    def now(self) -> str:
        return self.lab.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def context(self, what: str) -> str:
        return f"{self.root}/$metadata#{what}"


def one(call: Call, what: str, document: Mapping[str, Any], status: int = 200) -> Answer:
    """A single entity."""
    body = {"@odata.context": call.context(f"{what}/$entity"), **document}
    return Answer(status=status, body=body)


def done() -> Answer:
    """204 without a body: what PATCH and DELETE answer."""
    return Answer(status=204)


def fault_answer(lab: Lab, ask: Ask, fault: GraphFault) -> Answer:
    """The error envelope; innerError.date has no Z (entra-graph 0)."""
    request = lab.world.new_id("request")
    inner = {
        **fault.inner,
        "date": lab.clock.now().strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request,
        "client-request-id": ask.headers.get("client-request-id", request),
    }
    error = {"code": fault.code, "message": fault.message, "innerError": inner}
    return Answer(status=fault.status, body={"error": error}, headers={"request-id": request})
