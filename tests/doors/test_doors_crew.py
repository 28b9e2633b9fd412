"""Bounded work: never more than the limit, and one failure ends it in good order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from portineria.doors.crew import AsyncCrew


async def double(number: int) -> int:
    await asyncio.sleep(0)
    return number * 2


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_every_item_comes_back_once_with_its_result(limit: int) -> None:
    found = {item: result async for item, result in AsyncCrew().each(range(20), double, limit)}
    assert found == {number: number * 2 for number in range(20)}


async def test_no_items_are_no_results() -> None:
    assert [pair async for pair in AsyncCrew().each([], double, 4)] == []


async def test_a_crew_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError):
        await anext(AsyncCrew().each([1], double, 0))


async def test_no_more_than_the_limit_work_at_a_time_and_items_are_taken_as_needed() -> None:
    running, most, taken = 0, 0, 0

    def source() -> Iterator[int]:
        nonlocal taken
        for number in range(100):
            taken += 1
            yield number

    async def work(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return number

    done = 0
    async for _ in AsyncCrew().each(source(), work, 3):
        done += 1
        assert taken <= done + 3 * 3
    assert (done, most) == (100, 3)


async def test_the_first_failure_is_raised_as_itself_and_the_others_stop() -> None:
    stopped = []

    async def work(number: int) -> int:
        if number == 3:
            raise LookupError("three")
        try:
            await asyncio.sleep(60 if number > 3 else 0)
        except asyncio.CancelledError:
            stopped.append(number)
            raise
        return number

    with pytest.raises(LookupError, match="three"):
        async for _ in AsyncCrew().each(range(100), work, 3):
            pass
    assert stopped
    assert max(stopped) < 10


async def test_a_failure_does_not_interrupt_what_the_caller_awaits() -> None:
    """It surfaces where the results are asked for, and nowhere else."""
    calls = []

    async def work(number: int) -> int:
        if number:
            raise LookupError
        return number

    async def caller() -> None:
        async for item, _ in AsyncCrew().each(range(2), work, 1):
            await asyncio.sleep(0.01)
            calls.append(item)

    with pytest.raises(LookupError):
        await caller()
    assert calls == [0]


async def test_whoever_leaves_early_leaves_nobody_working() -> None:
    stopped = asyncio.Event()

    async def work(number: int) -> int:
        if number == 0:
            return 0
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.set()
            raise
        return number

    results = AsyncCrew().each(range(5), work, 2)
    assert await anext(results) == (0, 0)
    await results.aclose()
    assert stopped.is_set()
