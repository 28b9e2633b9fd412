"""Many logins: one at a time for a mailbox, so many mailboxes at a time, and all of them told."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from portineria.doors.crew import AsyncCrew
from portineria.run.probing import by_mailbox

QUESTIONS = [(f"m{number}", protocol) for number in range(300) for protocol in ("imap", "smtp")]


class Told:
    def __init__(self) -> None:
        self.steps: list[tuple[int, int]] = []

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        self.steps.append((done, total))


@pytest.mark.parametrize("limit", [1, 16, 500])
async def test_a_mailbox_has_one_connection_and_all_together_no_more_than_the_limit(
    limit: int,
) -> None:
    now: Counter[str] = Counter()
    most = 0

    async def one(question: tuple[str, str]) -> str:
        nonlocal most
        now[question[0]] += 1
        assert now[question[0]] == 1
        most = max(most, now.total())
        await asyncio.sleep(0)
        now[question[0]] -= 1
        return "-".join(question)

    told = Told()
    found = await by_mailbox(QUESTIONS, lambda q: q[0], one, AsyncCrew(), limit, told)
    assert found == ["-".join(question) for question in QUESTIONS]
    assert most == min(limit, 300)
    assert told.steps == [(done, 600) for done in range(1, 601)]


async def test_the_first_exception_stops_the_rest() -> None:
    async def one(question: tuple[str, str]) -> str:
        raise ValueError(question[0])

    with pytest.raises(ValueError, match="m0"):
        await by_mailbox(QUESTIONS, lambda q: q[0], one, AsyncCrew(), 1)
