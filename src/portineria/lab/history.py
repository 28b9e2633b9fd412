"""What was asked of the lab, in order: the witness that tests call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it went. `status` 0 means that the connection was cut without an answer.

    `wrote` is whether the request was a write that reached the tenant: a refused, throttled or
    cut-before one did not. A write that was forgotten did not either.
    """

    at: datetime
    face: str
    method: str
    path: str
    operation: str
    status: int
    wrote: bool
    writes: bool
    target: str
    caller: str
    weather: str = ""
    """What the weather did to it: throttled, failed, cut-before, cut-after, forgotten, or ""."""
    said: str = ""
    """The mail hosts' sentence, `{stamp}` standing for its end; "" where none was uttered."""

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat()}


@dataclass(slots=True)
class History:
    """Every request since the start or the last `clear`. Never holds a token or a secret."""

    asked: list[Asked] = field(default_factory=list)

    def note(self, asked: Asked) -> None:
        self.asked.append(asked)

    def clear(self) -> None:
        self.asked.clear()

    def writes(self) -> Iterator[Asked]:
        """Only what changed, or tried to change, the tenant through its own interfaces."""
        return (asked for asked in self.asked if asked.writes)
