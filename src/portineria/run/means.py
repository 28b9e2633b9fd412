"""What carrying out a plan is given, so that it reaches for nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from portineria.clock import Clock
from portineria.policy.plan import Stop
from portineria.run.patience import Patience
from portineria.run.ports import Crew, Journal, Progress, Resources
from portineria.run.story import Story

Guards = Callable[[], Awaitable[tuple[Stop, ...]]]
"""Looks afresh and says what stops the plan: only the stops whose word was not given."""


class Shield(Protocol):
    """Carries a piece of work to its end: signals that arrive meanwhile wait until it is over."""

    async def __call__(self, work: Callable[[], Awaitable[Any]]) -> Any: ...


async def unshielded(work: Callable[[], Awaitable[Any]]) -> Any:
    return await work()


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """The ports, and how patient to be. `limit` bounds the concurrent changes of mailboxes."""

    resources: Resources
    journal: Journal
    clock: Clock
    crew: Crew
    progress: Progress
    shield: Shield = unshielded
    patience: Patience = field(default_factory=Patience)
    limit: int = 8

    def story(self) -> Story:
        """The run so far, as this journal tells it."""
        return Story(self.journal, self.clock)
