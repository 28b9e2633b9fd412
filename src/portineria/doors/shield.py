"""Signals that wait. Implements run.means.Shield."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any

_HELD = (signal.SIGINT, signal.SIGTERM)


class SignalShield:
    """Inside it SIGINT and SIGTERM are noted and take effect when the work is over.

    `tell` is called at the first one, so that nobody thinks that the program hangs.
    Works in the main thread of a Unix process, where the event loop can take signals.
    """

    def __init__(self, tell: Callable[[str], None] = lambda _: None) -> None:
        self._tell = tell

    async def __call__(self, work: Callable[[], Awaitable[Any]]) -> Any:
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in _HELD}
        noted: list[signal.Signals] = []

        def note(number: signal.Signals) -> None:
            if not noted:
                self._tell("the signal is noted: it takes effect when the window is shut again")
            noted.append(number)

        for number in _HELD:
            loop.add_signal_handler(number, note, number)
        try:
            return await work()
        finally:
            for number in _HELD:
                loop.remove_signal_handler(number)
                signal.signal(number, before[number])
            if noted:
                signal.raise_signal(noted[0])
                await asyncio.sleep(0)
