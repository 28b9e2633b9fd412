"""When a credential is good: days and hours of the week in a named zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(
    r"(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? "
    r"(?P<h1>\d\d):(?P<m1>\d\d)-(?P<h2>\d\d):(?P<m2>\d\d)(?: (?P<zone>[A-Za-z0-9_+/-]{1,64}))?"
)


@dataclass(frozen=True, slots=True)
class Hours:
    """`begin` and `end` are minutes of the local day; an end that is not later is the next day's.

    The wall clock counts: where the zone leaps, an hour that there is twice is twice good.
    """

    days: frozenset[int]
    begin: int
    end: int
    zone: str
    text: str

    def good(self, now: datetime) -> bool:
        """`now` is aware."""
        local = now.astimezone(ZoneInfo(self.zone))
        day, minute = local.weekday(), local.hour * 60 + local.minute
        if self.begin < self.end:
            return day in self.days and self.begin <= minute < self.end
        if minute >= self.begin:
            return day in self.days
        return minute < self.end and (day - 1) % 7 in self.days


def parse_hours(text: str) -> Hours:
    """`mon-fri 07:00-19:00 Europe/Rome`; without a zone UTC. Raises ValueError."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError("write mon-fri 07:00-19:00 Europe/Rome")
    first, last = found["first"], found["last"] or found["first"]
    if first not in DAYS or last not in DAYS:
        raise ValueError(f"days are {', '.join(DAYS)}")
    begin = int(found["h1"]) * 60 + int(found["m1"])
    end = int(found["h2"]) * 60 + int(found["m2"])
    if int(found["m1"]) > 59 or int(found["m2"]) > 59 or begin >= 1440 or end > 1440:
        raise ValueError("hours go from 00:00 to 24:00")
    zone = found["zone"] or "UTC"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"no zone is called {zone}") from None
    start, count = DAYS.index(first), (DAYS.index(last) - DAYS.index(first)) % 7 + 1
    days = frozenset((start + at) % 7 for at in range(count))
    return Hours(days, begin, end, zone, text.strip())
