"""What one mailbox may do at once, in a minute, in a day; and who waits for how long."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portineria.gateway.limits import Pacing
from portineria.gateway.manners import (
    BACK_OFF,
    LONGEST_BACK_OFF,
    NotToday,
    Pace,
    Paced,
    Slots,
    Wait,
    is_too_much,
)

BOX, OTHER = "scan@contoso.example", "erp@contoso.example"
PACING = Pacing(messages_per_minute=3, recipients_per_day=5)


def waits(pace: Pace, now: float, times: int, box: str = BOX) -> list[float]:
    found = [pace.ask(box, now) for _ in range(times)]
    return [one.seconds if isinstance(one, Wait) else -1.0 for one in found]


def test_a_minute_has_its_messages_and_the_next_ones_wait_in_turn() -> None:
    pace = Pace(PACING, patience=200.0)
    assert waits(pace, 0.0, 7) == [0.0, 0.0, 0.0, 60.0, 60.0, 60.0, 120.0]
    assert waits(pace, 0.0, 1, OTHER) == [0.0]


def test_whoever_would_wait_too_long_is_told_to_come_again_and_takes_no_turn() -> None:
    pace = Pace(PACING, patience=20.0)
    assert waits(pace, 0.0, 5) == [0.0, 0.0, 0.0, -1.0, -1.0]
    assert waits(pace, 41.0, 1) == [19.0]
    told = Pace(Pacing(messages_per_minute=1), patience=1.0)
    told.ask(BOX, 0.0)
    answer = told.ask(BOX, 0.0)
    assert isinstance(answer, NotToday)
    assert answer.reply.startswith("451 4.")


def test_a_day_has_its_recipients() -> None:
    pace = Pace(PACING, patience=20.0)
    pace.delivered(BOX, 5, 0.0)
    answer = pace.ask(BOX, 100.0)
    assert isinstance(answer, NotToday)
    assert answer.reply.startswith("452 4.")
    assert waits(pace, 86_400.0, 1) == [0.0]


def test_what_counts_of_a_mailbox_can_be_kept_and_taken_up_again() -> None:
    one = Paced()
    one.ask(PACING, 20.0, 1000.0)
    one.delivered(PACING, 3, 1000.0)
    one.delivered(PACING, 1, 1100.0)
    one.delivered(PACING, 1, 5000.0)
    one.throttled(5000.0)
    again = Paced.from_row(json.loads(json.dumps(one.to_row())))
    assert again == one
    assert list(again.sent) == [(1100.0, 4), (5000.0, 1)], "some minutes are counted together"
    assert isinstance(again.ask(PACING, 20.0, 87_499.0), NotToday)


def test_no_limit_is_no_limit() -> None:
    pace = Pace(Pacing(messages_per_minute=0, recipients_per_day=0), patience=0.0)
    pace.delivered(BOX, 1_000_000, 0.0)
    assert waits(pace, 0.0, 100) == [0.0] * 100


def test_a_mailbox_that_was_too_much_rests_longer_each_time_until_one_is_taken() -> None:
    pace = Pace(PACING, patience=10_000.0)
    pace.throttled(BOX, 0.0)
    assert waits(pace, 0.0, 1) == [BACK_OFF]
    pace.throttled(BOX, 30.0)
    assert waits(pace, 30.0, 1) == [2 * BACK_OFF]
    for _ in range(9):
        pace.throttled(BOX, 100.0)
    assert waits(pace, 100.0, 1)[0] <= LONGEST_BACK_OFF + 120
    pace.delivered(BOX, 1, 1000.0)
    pace.throttled(BOX, 1000.0)
    assert waits(pace, 1000.0, 1) == [BACK_OFF]


def test_mailboxes_of_which_nothing_counts_are_forgotten() -> None:
    pace = Pace(PACING, patience=20.0)
    pace.ask(BOX, 0.0)
    pace.delivered(OTHER, 1, 0.0)
    pace.sweep(61.0)
    assert pace.held == 1
    pace.sweep(86_401.0)
    assert pace.held == 0


@settings(max_examples=100)
@given(
    gaps=st.lists(st.floats(0, 30), max_size=60),
    most=st.integers(1, 5),
)
def test_in_no_minute_are_there_more_messages_than_allowed(gaps: list[float], most: int) -> None:
    pace = Pace(Pacing(messages_per_minute=most), patience=90.0)
    now, starts = 0.0, []
    for gap in gaps:
        now += gap
        answer = pace.ask(BOX, now)
        if isinstance(answer, Wait):
            starts.append(now + answer.seconds)
    assert all(b <= a + 1e-6 for b, a in pairwise(starts)), "turns are in order"
    for first, last in zip(starts, starts[most:], strict=False):
        assert last - first >= 60.0 - 1e-6


def test_connections_are_given_in_the_order_of_asking() -> None:
    slots = Slots(2)
    assert [slots.take(BOX) for _ in range(3)] == [True, True, False]
    assert slots.take(OTHER)
    slots.wait(BOX, "first")
    slots.wait(BOX, "second")
    assert not slots.take(BOX)
    assert slots.release(BOX) == "first"
    assert slots.release(BOX) == "second"
    assert slots.release(BOX) is None
    assert slots.release(BOX) is None
    assert slots.release(OTHER) is None
    assert slots.held == 0


def test_whoever_gives_up_is_passed_over() -> None:
    slots = Slots(1)
    assert slots.take(BOX)
    for name in ("first", "second"):
        slots.wait(BOX, name)
    slots.give_up(BOX, "first")
    slots.give_up(BOX, "nobody")
    slots.give_up(OTHER, "nobody")
    assert slots.release(BOX) == "second"
    slots.wait(BOX, "third")
    slots.give_up(BOX, "third")
    assert slots.release(BOX) is None
    assert slots.held == 0


def test_no_limit_of_connections() -> None:
    slots = Slots(0)
    assert all(slots.take(BOX) for _ in range(50))


@pytest.mark.parametrize(
    ("said", "too_much"),
    [
        (b"432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/x", True),
        (b"432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", True),
        (b"451 4.7.500 Server busy. Please try again later from [192.0.2.1].", True),
        (b"452 4.5.3 Too many recipients", True),
        (b"421 4.3.2 Service not available", True),
        (b"G3 NO [UNAVAILABLE] try later", True),
        (b"-ERR [SYS/TEMP] later", True),
        (b"* BYE Request is throttled. Suggested Backoff Time: 299968 milliseconds", True),
        (b"250 2.0.0 OK", False),
        (b"550 5.7.60 SMTP; Client does not have permissions to send as this sender", False),
        (b"535 5.7.139 Authentication unsuccessful", False),
        (b"G3 NO AUTHENTICATE failed.", False),
    ],
)
def test_the_answers_that_ask_to_come_slower(said: bytes, too_much: bool) -> None:
    assert is_too_much(said) is too_much
