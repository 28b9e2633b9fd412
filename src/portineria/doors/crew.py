"""Bounded concurrency. Implements run.ports.Crew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Done(Generic[Item, Result]):
    item: Item
    result: Result


@dataclass(frozen=True, slots=True)
class _Failed:
    error: Exception


class AsyncCrew:
    """So many workers, taking items as they come; results wait in a queue no longer than that."""

    async def each(
        self, items: Iterable[Item], work: Callable[[Item], Awaitable[Result]], limit: int
    ) -> AsyncIterator[tuple[Item, Result]]:
        """Yield (item, result) as they finish; the first exception stops the rest.

        A worker never raises into its group, so that a failure surfaces here, where it is
        iterated, and not in whatever the caller happens to await between two results.
        """
        if limit < 1:
            raise ValueError("a crew needs at least one worker")
        shift: _Shift[Item, Result] = _Shift(iter(items), work, asyncio.Queue(limit), limit)
        failure: Exception | None = None
        async with asyncio.TaskGroup() as group:
            workers = [group.create_task(shift.toil()) for _ in range(limit)]
            try:
                while (entry := await shift.results.get()) is not None:
                    if isinstance(entry, _Failed):
                        failure = entry.error
                        break
                    yield entry.item, entry.result
            except GeneratorExit:
                pass  # the caller has left: let the group end without making an error of it
            finally:
                for worker in workers:
                    worker.cancel()
        if failure is not None:
            raise failure


@dataclass(slots=True)
class _Shift(Generic[Item, Result]):
    """What the workers of one call share; the last to rest says so with None."""

    source: Iterator[Item]
    work: Callable[[Item], Awaitable[Result]]
    results: asyncio.Queue[_Done[Item, Result] | _Failed | None]
    busy: int

    async def toil(self) -> None:
        try:
            for item in self.source:
                await self.results.put(_Done(item, await self.work(item)))
        except Exception as error:
            await self.results.put(_Failed(error))
        self.busy -= 1
        if self.busy == 0:
            await self.results.put(None)
