"""Progress on stderr: one moving line on a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

import sys
from typing import TextIO

from portineria.clock import Clock

SPACING = 1.0
"""Seconds between two plain lines of the same step."""


class TerminalProgress:
    """Rewrites one line; `done` wipes it."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.status import Status

        self._status = Status("", console=Console(file=stream))

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        self._status.start()
        self._status.update(told(text, done, total))

    def close(self) -> None:
        self._status.stop()


class PlainProgress:
    """A line for each new step, and for the same step at most one a second."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self._last: tuple[str, float] = ("", 0.0)

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        now = self._clock.tick()
        said, when = self._last
        if text == said and now - when < SPACING and not (total and done == total):
            return
        self._last = (text, now)
        print(told(text, done, total), file=self._stream, flush=True)

    def close(self) -> None:
        return


def told(text: str, done: int, total: int) -> str:
    if total:
        return f"{text} {done}/{total}"
    return f"{text} {done}" if done else text


def progress(clock: Clock) -> TerminalProgress | PlainProgress:
    """What fits the stderr of this process."""
    if sys.stderr.isatty():
        return TerminalProgress(sys.stderr)
    return PlainProgress(sys.stderr, clock)
