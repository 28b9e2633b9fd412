"""Time that one can turn. Everything that needs a date or a wait asks a Clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Protocol


class Clock(Protocol):
    """Now, and waiting. Dates are aware and in UTC; waits and ticks are in seconds."""

    def now(self) -> datetime: ...

    def tick(self) -> float:
        """A reading that only ever grows, for measuring durations."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's time; `sleep` is handed in, so that no core module imports an event loop."""

    def __init__(self, sleep: Callable[[float], Awaitable[object]]) -> None:
        self._sleep = sleep

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one place that may ask the machine

    def tick(self) -> float:
        return monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._sleep(seconds)


class _Turn:
    """Hands the event loop one turn, so that others run before virtual time moves on."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class VirtualClock:
    """Time that moves only when somebody sleeps, or when a test says so."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock starts at an aware date")
        self._start = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def tick(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        wake = self._elapsed + max(0.0, seconds)
        await _Turn()
        self._elapsed = max(self._elapsed, wake)

    def advance(self, seconds: float) -> None:
        """Move time forward without anybody waiting. Raises ValueError for a negative step."""
        if seconds < 0:
            raise ValueError("time does not run backwards")
        self._elapsed += seconds
