"""Progress on stderr: one moving line on a terminal, plain lines now and then elsewhere."""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TextIO

from portineria.cli.pace import Pace, told
from portineria.clock import Clock

SPACING = 1.0
"""Seconds between two plain lines of the same step, to begin with."""
SPARSER = 0.05
"""They grow sparser: at most twenty lines for each doubling of the time that a step takes."""
BLINK = 0.1
"""Seconds between two changes of the moving line: more often nobody reads it."""


class TerminalProgress:
    """Rewrites one line; `close` wipes it."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        from rich.console import Console
        from rich.status import Status
        from rich.text import Text

        self._status = Status("", console=Console(file=stream))
        self._text = Text
        self._clock = clock
        self._paces: defaultdict[str, Pace] = defaultdict(Pace)
        self._last: tuple[str, float] = ("", 0.0)

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        now = self._clock.tick()
        self._paces[text].mark(now, done)
        said, when = self._last
        if text == said and now - when < BLINK and not (total and done == total):
            return
        self._last = (text, now)
        self._status.start()
        # As text, not as markup: names of a tenant may hold square brackets.
        self._status.update(self._text(told(text, done, total, self._paces[text].left(total))))

    def close(self) -> None:
        self._status.stop()


class PlainProgress:
    """A line for each new step, and for the same step at most one a second, then fewer."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self._paces: defaultdict[str, Pace] = defaultdict(Pace)
        self._said: dict[str, tuple[float, float]] = {}
        """By step: when its first line was, and its last."""

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        now = self._clock.tick()
        self._paces[text].mark(now, done)
        first, last = self._said.get(text, (now, float("-inf")))
        spacing = max(SPACING, SPARSER * (now - first))
        if now - last < spacing and not (total and done == total):
            return
        self._said[text] = (first, now)
        line = told(text, done, total, self._paces[text].left(total))
        print(line, file=self._stream, flush=True)

    def close(self) -> None:
        return


def progress(clock: Clock) -> TerminalProgress | PlainProgress:
    """What fits the stderr of this process."""
    if sys.stderr.isatty():
        return TerminalProgress(sys.stderr, clock)
    return PlainProgress(sys.stderr, clock)
