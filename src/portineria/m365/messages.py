"""What is said to a service and what it answers, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request. `url` is absolute; `body` is already encoded."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout: float = 60.0
    """Seconds until the door gives up on the whole exchange."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP answer, whatever its status. Header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
