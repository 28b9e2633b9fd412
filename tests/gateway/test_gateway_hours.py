"""When a credential is good: days and hours in a zone, over midnight and a leap of the clock."""

from __future__ import annotations

from datetime import datetime

import pytest

from portineria.gateway.hours import parse_hours

ROME = "mon-fri 07:00-19:00 Europe/Rome"


@pytest.mark.parametrize(
    ("hours", "moment", "good"),
    [
        (ROME, "2026-11-26T06:00+00:00", True),
        (ROME, "2026-11-26T05:59+00:00", False),
        (ROME, "2026-11-26T17:59+00:00", True),
        (ROME, "2026-11-26T18:00+00:00", False),
        (ROME, "2026-07-01T05:00+00:00", True),  # summer time
        (ROME, "2026-11-28T10:00+00:00", False),  # a Saturday
        ("fri 22:00-06:00 UTC", "2026-11-27T23:00+00:00", True),
        ("fri 22:00-06:00 UTC", "2026-11-28T05:59+00:00", True),
        ("fri 22:00-06:00 UTC", "2026-11-28T06:00+00:00", False),
        ("fri 22:00-06:00 UTC", "2026-11-28T22:30+00:00", False),
        ("fri 22:00-06:00 UTC", "2026-11-27T05:00+00:00", False),
        ("sat-mon 00:00-24:00", "2026-11-29T12:00+00:00", True),
        ("sat-mon 00:00-24:00", "2026-12-01T00:00+00:00", False),
        # The night in which the clock goes back: half past two is there twice, and twice good.
        ("sun 02:00-03:00 Europe/Rome", "2026-10-25T00:30+00:00", True),
        ("sun 02:00-03:00 Europe/Rome", "2026-10-25T01:30+00:00", True),
    ],
)
def test_an_hour_is_good_by_the_clock_on_the_wall(hours: str, moment: str, good: bool) -> None:
    assert parse_hours(hours).good(datetime.fromisoformat(moment)) is good


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("always", "write mon-fri"),
        ("mon-xyz 07:00-19:00", "days are mon"),
        ("mon 07:60-19:00", "hours go from"),
        ("mon 24:00-24:00", "hours go from"),
        ("mon 07:00-25:00", "hours go from"),
        ("mon 07:00-19:00 Nowhere/City", "no zone is called"),
    ],
)
def test_what_are_no_hours_is_refused_with_what_to_write(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_hours(text)
