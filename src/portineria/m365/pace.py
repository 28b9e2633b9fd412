"""Keeps a family of calls under its limit, for everybody who shares the session."""

from __future__ import annotations

from collections import deque

from portineria.clock import Clock

CONDITIONAL_ACCESS_SPACING = 1.25
"""Seconds between calls: 0.8 a second, under the tenant's 1 a second that all apps share.

The service sends no Retry-After for this family. Source: Graph throttling limits, identity
protection and conditional access.
"""

REPORT_TURNS, REPORT_SPAN = 5, 10.5
"""Requests of one application to the sign-in and audit logs, in so many seconds (the limit is ten).

Source: Graph throttling limits, identity and access reports.
"""


class Pace:
    """Hands out turns `spacing` seconds apart. Needs no lock: a turn is taken before waiting."""

    def __init__(self, clock: Clock, spacing: float = 0.0) -> None:
        self._clock = clock
        self._spacing = spacing
        self._free_at = 0.0

    async def turn(self) -> None:
        now = self._clock.tick()
        start = max(now, self._free_at)
        self._free_at = start + self._spacing
        if start > now:
            await self._clock.sleep(start - now)

    def hold(self, seconds: float) -> None:
        """Nobody gets a turn for so long: what one caller was told holds for all."""
        self._free_at = max(self._free_at, self._clock.tick() + seconds)


class Burst(Pace):
    """Hands out `turns` at once, and as many again `span` seconds after each."""

    def __init__(self, clock: Clock, turns: int, span: float) -> None:
        super().__init__(clock)
        self._span = span
        self._given: deque[float] = deque(maxlen=turns)

    async def turn(self) -> None:
        now = self._clock.tick()
        start = max(now, self._free_at)
        if len(self._given) == self._given.maxlen:
            start = max(start, self._given[0] + self._span)
        self._given.append(start)
        if start > now:
            await self._clock.sleep(start - now)
