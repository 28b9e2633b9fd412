"""Many logins, mailbox by mailbox, within the service's limits.

The logins of one mailbox follow each other: a mailbox may have three SMTP connections at a time
and some twenty of IMAP (dossier exchange-online 4.2, 4.3), and who opens and closes many at once is
throttled. Different mailboxes are tried side by side, at most `limit` of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TypeVar

from portineria.run.ports import Crew, Progress

JOBS = 16
"""Mailboxes at a time, unless told."""

Question = TypeVar("Question")
Result = TypeVar("Result")


async def by_mailbox(
    questions: Sequence[Question],
    mailbox: Callable[[Question], Hashable],
    one: Callable[[Question], Awaitable[Result]],
    crew: Crew,
    limit: int = JOBS,
    progress: Progress | None = None,
) -> list[Result]:
    """Answer every question, in their order; the first exception stops the rest."""
    groups: dict[Hashable, list[int]] = {}
    for number, question in enumerate(questions):
        groups.setdefault(mailbox(question), []).append(number)
    found: dict[int, Result] = {}

    async def each(numbers: list[int]) -> None:
        for number in numbers:
            found[number] = await one(questions[number])
            if progress is not None:
                progress.step("logins tried", len(found), len(questions))

    async for _ in crew.each(groups.values(), each, limit):
        pass
    return [found[number] for number in range(len(questions))]
