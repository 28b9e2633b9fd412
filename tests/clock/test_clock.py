"""Time that one can turn, and the machine's, which only passes a wait on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from time import time

import pytest

from portineria.clock import SystemClock, VirtualClock

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_virtual_time_stands_still_until_somebody_moves_it() -> None:
    clock = VirtualClock(START)
    assert clock.now() == clock.now() == START
    assert clock.tick() == 0
    clock.advance(90.5)
    assert clock.now() == START + timedelta(seconds=90.5)
    assert clock.tick() == 90.5
    clock.advance(0)
    assert clock.tick() == 90.5


async def test_a_sleep_moves_virtual_time_by_its_length_and_never_back() -> None:
    clock = VirtualClock(START)
    await clock.sleep(30)
    assert clock.now() == START + timedelta(seconds=30)
    await clock.sleep(-5)
    await clock.sleep(0)
    assert clock.tick() == 30


async def test_two_who_sleep_at_once_sleep_side_by_side() -> None:
    clock = VirtualClock(START)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.tick()))

    await asyncio.gather(sleeper("long", 60), sleeper("short", 10))
    assert clock.tick() == 60, "and not 70"
    assert dict(woken)["long"] == 60


async def test_whoever_is_ready_runs_before_virtual_time_moves_on() -> None:
    clock = VirtualClock(START)
    seen: list[float] = []

    async def ready() -> None:
        seen.append(clock.tick())

    waiting = asyncio.create_task(ready())
    await clock.sleep(60)
    await waiting
    assert seen == [0]


def test_time_does_not_run_backwards() -> None:
    clock = VirtualClock(START)
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-0.001)
    assert clock.now() == START


def test_a_clock_starts_at_a_date_that_says_its_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        VirtualClock(START.replace(tzinfo=None))
    rome = START.astimezone(timezone(timedelta(hours=1)))
    assert VirtualClock(rome).now() == START


async def test_the_machines_clock_says_utc_and_hands_a_wait_on() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    clock = SystemClock(sleep)
    before = clock.tick()
    await clock.sleep(3600)
    assert waits == [3600]
    assert clock.now().tzinfo is UTC
    assert abs(clock.now().timestamp() - time()) < 60
    assert 0 <= clock.tick() - before < 3600, "which nobody waited for"
