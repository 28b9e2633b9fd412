"""When to wait, and when to give up."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portineria.clock import VirtualClock
from portineria.m365.answers import CONCURRENCY
from portineria.m365.messages import NoAnswer, Response
from portineria.m365.pace import CONDITIONAL_ACCESS_SPACING, Pace
from portineria.m365.retry import GiveUp, Kind, Lane, Limits, Wait, decide, retry_after

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
CUT = NoAnswer("cut", sent=True)
UNREACHED = NoAnswer("unreached", sent=False)


def status(code: int, body: bytes = b"", **headers: str) -> Response:
    return Response(status=code, body=body, headers=headers)


TABLE = [
    # what came back, kind of call, may it go again, may a write have happened
    (status(429), Kind.CREATE, True, False),
    (status(503), Kind.CREATE, True, False),
    (status(500), Kind.CREATE, False, True),
    (status(502), Kind.CREATE, False, True),
    (status(504), Kind.CREATE, False, True),
    (CUT, Kind.CREATE, False, True),
    (UNREACHED, Kind.CREATE, True, False),
    (CUT, Kind.IDEMPOTENT, True, False),
    (status(500), Kind.IDEMPOTENT, True, False),
    (CUT, Kind.DELETE, True, False),
    (CUT, Kind.READ, True, False),
    (status(500), Kind.READ, True, False),
    (status(400), Kind.READ, False, False),
    (status(403), Kind.CREATE, False, False),
    (status(500, CONCURRENCY.encode()), Kind.CREATE, True, False),
    (status(400, b'{"error":{"message":"1040: location"}}'), Kind.CREATE, True, False),
]


@pytest.mark.parametrize(("answer", "kind", "again", "ambiguous"), TABLE)
def test_what_was_refused_goes_again_and_a_lost_create_does_not(
    answer: Response | NoAnswer, kind: Kind, again: bool, ambiguous: bool
) -> None:
    verdict = decide(1, answer, kind, Lane.GRAPH)
    if again:
        assert isinstance(verdict, Wait)
    else:
        assert verdict == GiveUp(ambiguous=ambiguous)


def test_an_idempotent_write_that_is_lost_to_the_end_is_ambiguous() -> None:
    assert decide(6, CUT, Kind.IDEMPOTENT, Lane.GRAPH) == GiveUp(ambiguous=True)


def test_conditional_access_without_retry_after_backs_off_by_doubling() -> None:
    waits = [decide(n, status(429), Kind.IDEMPOTENT, Lane.CONDITIONAL_ACCESS) for n in (1, 2, 3, 4)]
    assert waits == [Wait(2.0), Wait(4.0), Wait(8.0), Wait(16.0)]


def test_a_wish_of_the_service_is_kept_exactly() -> None:
    assert decide(1, status(429), Kind.READ, Lane.GRAPH, asked=17.0, spread=0.9) == Wait(17.0)


@given(st.integers(1, 20), st.floats(0, 400), st.none() | st.floats(0, 4000))
def test_nobody_ever_waits_longer_than_the_limits(
    attempt: int, waited: float, asked: float | None
) -> None:
    limits = Limits(attempts=5, waiting=60.0)
    verdict = decide(
        attempt, status(503), Kind.READ, Lane.EXCHANGE, waited=waited, asked=asked, limits=limits
    )
    if isinstance(verdict, Wait):
        assert attempt < 5
        assert waited + verdict.seconds <= 60.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("Sun, 01 Nov 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Nov 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(Response(status=429, headers={"retry-after": value}), NOW) == seconds


async def test_turns_are_spaced_and_a_hold_holds_everybody() -> None:
    clock = VirtualClock(NOW)
    pace = Pace(clock, CONDITIONAL_ACCESS_SPACING)
    taken = []
    for _ in range(3):
        await pace.turn()
        taken.append(clock.tick())
    assert taken == [0.0, 1.25, 2.5]
    pace.hold(30.0)
    await pace.turn()
    assert clock.tick() == 32.5
