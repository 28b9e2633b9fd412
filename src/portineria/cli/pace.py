"""How far a step has come and how long the rest will take, as far as that can be said."""

from __future__ import annotations

from collections import deque

from portineria.tongue.say import compose, say

WINDOW = 60.0
"""Seconds that are looked back on: a service that grows slow is noticed within them."""
SURE = 3.0
"""Seconds after which a rate is one."""


class Pace:
    """What has been done of one step, and when; ticks are readings of a clock, in seconds."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque()

    def mark(self, now: float, done: int) -> None:
        if self._marks and done < self._marks[-1][1]:
            self._marks.clear()  # it has begun anew: another page of it, or another round
        self._marks.append((now, done))
        while len(self._marks) > 2 and self._marks[1][0] <= now - WINDOW:
            self._marks.popleft()

    def left(self, total: int) -> float | None:
        """Seconds that the rest takes at the rate of the last minute; None where there is none."""
        (then, had), (now, done) = self._marks[0], self._marks[-1]
        if now - then < SURE or done <= had or done >= total:
            return None
        return (now - then) / (done - had) * (total - done)


def told(text: str, done: int, total: int, left: float | None = None) -> str:
    """`changes 120 of 2295, about 40 s left` · `mailboxes 3000 so far` · `transport`."""
    if not total:
        return compose("{} {} so far", text, done) if done else say(text)
    if left is None:
        return compose("{} {} of {}", text, done, total)
    return compose("{} {} of {}, about {} left", text, done, total, about(left))


def about(seconds: float) -> str:
    """A duration as roughly as it is known: 5 s, 40 s, 3 min, 2 h."""
    if seconds < 100:
        return f"{max(5, round(seconds / 5) * 5)} s"
    minutes = seconds / 60
    return f"{round(minutes)} min" if minutes < 100 else f"{round(minutes / 60)} h"
