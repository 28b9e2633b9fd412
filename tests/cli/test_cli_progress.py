"""Progress: what has been done, of how much, and how long the rest takes where that is known."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest

from portineria.cli.pace import SURE, WINDOW, Pace, about, told
from portineria.cli.progress import PlainProgress, TerminalProgress
from portineria.clock import VirtualClock


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 11, 1, tzinfo=UTC))


def lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def test_it_says_how_many_of_how_many_or_how_many_so_far() -> None:
    assert told("changes", 120, 2295, 42.0) == "changes 120 of 2295, about 40 s left"
    assert told("changes", 1, 2) == "changes 1 of 2"
    assert told("mailboxes", 3000, 0) == "mailboxes 3000 so far"
    assert told("transport", 0, 0) == "transport"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "5 s"), (43, "45 s"), (97, "95 s"), (100, "2 min"), (3000, "50 min"), (9000, "2 h")],
)
def test_a_duration_is_told_as_roughly_as_it_is_known(seconds: float, words: str) -> None:
    assert about(seconds) == words


def test_nothing_is_promised_of_the_rest_before_there_is_a_rate() -> None:
    pace = Pace()
    pace.mark(0.0, 5)
    assert pace.left(100) is None
    pace.mark(SURE - 0.1, 50)
    assert pace.left(100) is None, "too soon"
    pace.mark(SURE, 55)
    assert pace.left(100) == pytest.approx(SURE / 50 * 45)
    assert pace.left(55) is None, "it is over"
    assert pace.left(0) is None, "nobody knows of how many"


def test_where_nothing_has_moved_for_a_while_nothing_is_promised() -> None:
    pace = Pace()
    pace.mark(0.0, 10)
    for second in range(1, int(WINDOW) + 2):
        pace.mark(float(second), 20)
    assert pace.left(100) is None


def test_a_service_that_grows_slow_is_noticed_within_a_minute() -> None:
    pace = Pace()
    for second in range(100):
        pace.mark(float(second), second * 10)
    for second in range(100, 100 + int(WINDOW)):
        pace.mark(float(second), 1000 + (second - 100))
    left = pace.left(2000)
    assert left is not None
    assert left > 700, "at one a second, not at ten"


def test_a_step_that_begins_anew_is_measured_anew() -> None:
    pace = Pace()
    pace.mark(0.0, 10)
    pace.mark(50.0, 100)
    pace.mark(51.0, 1)
    assert pace.left(100) is None
    pace.mark(61.0, 11)
    assert pace.left(100) == pytest.approx(89.0)


def test_elsewhere_than_on_a_terminal_a_long_step_says_a_line_now_and_then(
    clock: VirtualClock,
) -> None:
    stream = io.StringIO()
    teller = PlainProgress(stream, clock)
    for number in range(1, 10_001):
        teller.step("changes", number, 10_000)
        clock.advance(0.05)
    teller.close()
    said = lines(stream)
    assert said[0] == "changes 1 of 10000"
    assert said[-1] == "changes 10000 of 10000"
    assert 40 < len(said) < 100
    assert re.fullmatch(r"changes \d+ of 10000, about \d+ (s|min) left", said[len(said) // 2])


def test_steps_that_run_side_by_side_do_not_drive_each_other_to_a_line_each(
    clock: VirtualClock,
) -> None:
    stream = io.StringIO()
    teller = PlainProgress(stream, clock)
    for number in range(1, 200):
        teller.step("accounts", number, 1000)
        teller.step("mailboxes", number)
        clock.advance(0.01)
    assert lines(stream) == [
        "accounts 1 of 1000",
        "mailboxes 1 so far",
        "accounts 101 of 1000",
        "mailboxes 101 so far",
    ]


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_moves_and_names_are_no_markup(clock: VirtualClock) -> None:
    screen = Screen()
    teller = TerminalProgress(screen, clock)
    try:
        teller.step("rights of [bold]Mail[/bold]", 1, 2)
        teller.step("rights of [bold]Mail[/bold]", 1, 2)
        clock.advance(1.0)
        teller.step("rights of [bold]Mail[/bold]", 2, 2)
    finally:
        teller.close()
    assert "[bold]Mail[/bold] 2 of 2" in screen.getvalue()
