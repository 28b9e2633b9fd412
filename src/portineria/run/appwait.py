"""Waits for what is pending: tries again, ever more slowly, until it works or its time is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from portineria.clock import Clock
from portineria.policy.appsteps.ladder import Checked
from portineria.policy.appsteps.step import Outcome
from portineria.run.ports import Progress

FIRST, LONGEST = 5.0, 300.0
"""Seconds before the second attempt, and the most between two later ones."""

Attempt = Callable[[], Awaitable[tuple[Checked, ...]]]


@dataclass(frozen=True, slots=True)
class Waited:
    """The last attempt, and how long it took to come to it."""

    checks: tuple[Checked, ...]
    attempts: int
    seconds: float


async def until_settled(
    attempt: Attempt, clock: Clock, progress: Progress, patience: float | None
) -> Waited:
    """Attempt, and again while something is pending; at most `patience` seconds, None: as long
    as the service may take.

    What is still refused after its latest time is judged wrong by the steps themselves, so the
    loop ends by itself.
    """
    began, attempts, pause = clock.tick(), 1, FIRST
    checks = await attempt()
    while (until := latest(checks)) is not None:
        spent = clock.tick() - began
        left = (until - clock.now()).total_seconds() + 1.0
        if patience is not None:
            left = min(left, patience - spent)
        if left <= 0:
            break
        wait = min(pause, left)
        progress.step(_told(checks, until, wait))
        await clock.sleep(wait)
        pause = min(pause * 2, LONGEST)
        attempts += 1
        checks = await attempt()
    return Waited(checks, attempts, clock.tick() - began)


def latest(checks: Sequence[Checked]) -> datetime | None:
    """When the last of what is pending must have come; None where nothing is."""
    return max(
        (
            one.by.until
            for one in checks
            if one.answer is Outcome.PENDING and one.by and one.by.until
        ),
        default=None,
    )


def _told(checks: Sequence[Checked], until: datetime, wait: float) -> str:
    steps = sorted({one.by.step for one in checks if one.answer is Outcome.PENDING and one.by})
    return (
        f"waiting for {', '.join(steps)}: until {until:%H:%M:%S} UTC at the latest, next attempt "
        f"in {timedelta(seconds=round(wait))}"
    )
