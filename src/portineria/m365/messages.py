"""What is said to a service and what it answers, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from portineria.fault import InBetween, NetworkFault, NotTrusted
from portineria.secret import Secret

Evidence = Mapping[str, object] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request. `url` is absolute; `body` is already encoded.

    Headers and bodies carry tokens and secrets: they are not in the repr.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    timeout: float = 60.0
    """Seconds until the door gives up on the whole exchange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP answer, whatever its status. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


class NoAnswer(NetworkFault):
    """The exchange broke. `sent` tells whether the service may have got the request."""

    def __init__(
        self, why: str, *, sent: bool, where: str = "", try_: str = "", evidence: Evidence = None
    ) -> None:
        super().__init__(why, where=where, try_=try_, evidence=evidence)
        self.sent = sent


class Distrusted(NoAnswer, NotTrusted):
    """The service's certificate was not accepted; nothing was sent."""


class Intercepted(NoAnswer, InBetween):
    """Somebody in between answered, or would not let us through."""


class Door(Protocol):
    """Carries one exchange. Raises NoAnswer where none came back."""

    async def send(self, request: Request) -> Response: ...


class Tokens(Protocol):
    """Access tokens for a scope, kept until shortly before they end."""

    async def token(self, scope: str) -> Secret:
        """A bearer token. Raises OperatorFault or ServiceFault where none is given."""
        ...

    def forget(self) -> None:
        """Ask anew next time: the service did not like the last one."""
        ...
