"""How far this machine's clock is from the service's, by the Date of its answers."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

TOLERATED = 60.0
"""Seconds that say nothing: the way of an answer, and clocks that are set now and then."""


def skew(date: str, now: datetime) -> float | None:
    """Seconds by which `now` is ahead of an HTTP Date (behind: negative); None where it is none.

    Source: RFC 9110 section 6.6.1.
    """
    try:
        return (now - parsedate_to_datetime(date)).total_seconds()
    except (TypeError, ValueError):
        return None


def told(seconds: float | None) -> str:
    """ "1 h 2 min ahead of", or "" where the clocks agree or nothing is known."""
    if seconds is None or abs(seconds) < TOLERATED:
        return ""
    minutes = round(abs(seconds) / 60)
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    length = " ".join(f"{count} {unit}" for count, unit in parts if count)
    return f"{length} ahead of" if seconds > 0 else f"{length} behind"
