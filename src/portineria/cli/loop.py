"""The only place that starts an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a use-case to its end. Ctrl-C cancels it and comes out as KeyboardInterrupt.

    The answer does not come out through the task: at its end asyncio asks for the handler of
    Ctrl-C, which holds the task, and Python's `signal.getsignal` makes the text of what it
    holds. Of a large tenant that takes seconds, and more memory than the tenant.
    """
    answers: list[Result] = []

    async def whole() -> None:
        answers.append(await work)

    asyncio.run(whole())
    return answers[0]
