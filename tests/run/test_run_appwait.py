"""Waiting for what is pending: until it works, its time is over, or patience ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from run_fakes import drive

from portineria.clock import VirtualClock
from portineria.policy.appsteps.ladder import Checked
from portineria.policy.appsteps.step import Judged, Outcome
from portineria.policy.change import Family
from portineria.policy.drift import Memory, Remembered
from portineria.run.appcheck import exit_code, together
from portineria.run.appwait import LONGEST, latest, until_settled
from portineria.run.given import GivenByRuns

NOON = datetime(2026, 11, 5, 12, tzinfo=UTC)


@dataclass
class Told:
    lines: list[str] = field(default_factory=list)

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        self.lines.append(text)


def answered(outcome: Outcome, until: datetime | None = None) -> Checked:
    by = Judged(number=7, step="mailbox right", outcome=outcome, because="b", until=until)
    nothing: Any = None
    return Checked(nothing, outcome, None if outcome is Outcome.YES else by, (by,))


@dataclass
class Service:
    """Pending until `works`, or for ever; wrong after `until`, as the steps judge it."""

    clock: VirtualClock
    until: datetime
    works: datetime | None = None
    looks: list[float] = field(default_factory=list)

    async def attempt(self) -> tuple[Checked, ...]:
        self.looks.append(self.clock.tick())
        if self.works is not None and self.clock.now() >= self.works:
            return (answered(Outcome.YES),)
        if self.clock.now() >= self.until:
            return (answered(Outcome.NO),)
        return (answered(Outcome.PENDING, self.until), answered(Outcome.YES))


def test_it_tries_again_ever_more_slowly_until_it_works() -> None:
    clock, told = VirtualClock(NOON), Told()
    until = NOON + timedelta(hours=2)
    service = Service(clock, until, works=NOON + timedelta(minutes=40))
    waited = drive(until_settled(service.attempt, clock, told, None))
    assert together(waited.checks) is Outcome.YES
    pauses = [b - a for a, b in zip(service.looks, service.looks[1:], strict=False)]
    assert pauses[:4] == [5.0, 10.0, 20.0, 40.0]
    assert max(pauses) == LONGEST
    assert waited.attempts == len(service.looks)
    assert waited.seconds == clock.tick()
    assert told.lines[0] == (
        "waiting for mailbox right: until 14:00:00 UTC at the latest, next attempt in 0:00:05"
    )


def test_what_never_works_is_wrong_when_its_time_is_over() -> None:
    clock = VirtualClock(NOON)
    until = NOON + timedelta(hours=2)
    waited = drive(until_settled(Service(clock, until).attempt, clock, Told(), None))
    assert exit_code(waited.checks) == 1
    assert until <= clock.now() <= until + timedelta(seconds=2)


def test_patience_is_an_end_of_its_own_and_leaves_it_pending() -> None:
    clock = VirtualClock(NOON)
    service = Service(clock, NOON + timedelta(hours=2))
    waited = drive(until_settled(service.attempt, clock, Told(), 60.0))
    assert (exit_code(waited.checks), clock.tick()) == (3, 60.0)
    once = Service(clock, NOON + timedelta(hours=2))
    assert drive(until_settled(once.attempt, clock, Told(), 0.0)).attempts == 1


def test_the_latest_of_several_is_waited_for() -> None:
    checks = [answered(Outcome.PENDING, NOON + timedelta(minutes=m)) for m in (5, 9, 1)]
    assert latest(checks) == NOON + timedelta(minutes=9)
    assert latest([answered(Outcome.NO), answered(Outcome.YES)]) is None


def test_one_answer_for_all_of_them() -> None:
    yes, no = answered(Outcome.YES), answered(Outcome.NO)
    late, dark = answered(Outcome.PENDING, NOON), answered(Outcome.UNKNOWN)
    assert [exit_code(some) for some in ([yes], [yes, late], [late, no], [dark, yes], [])] == [
        0, 3, 1, 3, 0,
    ]  # fmt: skip
    assert together([late, dark]) is Outcome.PENDING


def test_runs_of_our_own_tell_when_a_right_was_given() -> None:
    at = NOON.isoformat()
    fields = {
        (Family.MAILBOX_PERMISSION, "g1/p1", "AccessRights"): Remembered(["FullAccess"], "r", at),
        (Family.MAILBOX_PERMISSION, "g2/p1", "AccessRights"): Remembered(None, "r", at),
        (Family.MAILBOX_PERMISSION, "g3/p1", "AccessRights"): Remembered(["FullAccess"], "r", "?"),
        (Family.GROUP_MEMBER, "group/g1", "member"): Remembered(True, "r", at),
        (Family.GROUP_MEMBER, "other/g1", "member"): Remembered(True, "r", "2026-11-05T13:00:00"),
    }
    given = GivenByRuns(Memory(fields=fields))
    assert given.right("P1", "G1") == NOON
    assert [given.right("p1", guid) for guid in ("g2", "g3", "g4")] == [None, None, None]
    assert (given.member("g1"), given.member("g9")) == (NOON, None)
