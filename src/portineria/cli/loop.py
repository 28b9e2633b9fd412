"""The only place that starts an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(work: Coroutine[Any, Any, Result], *, serving: bool = False) -> Result:
    """Run a use-case to its end. Ctrl-C cancels it and comes out as KeyboardInterrupt.

    `serving`: by uvloop's loop, where there is one; what serves many lives longer than it loads.

    The answer does not come out through the task: at its end asyncio asks for the handler of
    Ctrl-C, which holds the task, and Python's `signal.getsignal` makes the text of what it
    holds. Of a large tenant that takes seconds, and more memory than the tenant.
    """
    answers: list[Result] = []

    async def whole() -> None:
        answers.append(await work)

    with asyncio.Runner(loop_factory=_quick_loop if serving else None) as runner:
        runner.run(whole())
    return answers[0]


def _quick_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # Windows has none
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
