"""How long to wait before believing, and before giving up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """All in seconds.

    `stale` is how old an answer of the service may be: of an object that we did not just write,
    two equal answers count as two only when this lies between them, and a lost write is asked
    about only after it. What we wrote and saw change needs no such wait: old answers are older.
    Microsoft documents no bound (UNVERIFIED), so it can be set. `confirm` bounds the reading
    again after a phase, `differ` how long a difference must last before it is called drift,
    `window` the retries of one forced call, `replicate` how long what was just made may be unknown
    to the next write that names it (Graph dossier 4.1: up to about a minute); `first` is the first
    pause, each next one doubles up to `longest`.
    """

    stale: float = 30.0
    confirm: float = 300.0
    differ: float = 45.0
    window: float = 120.0
    replicate: float = 90.0
    first: float = 1.0
    longest: float = 30.0

    def pauses(self, limit: float) -> Iterator[float]:
        """Growing pauses that add up to `limit`."""
        spent, pause = 0.0, self.first
        while spent < limit:
            pause = min(pause, self.longest, limit - spent)
            yield pause
            spent += pause
            pause *= 2
