"""Thousands of mailboxes: looked at ten in a request and just ahead of writing, each written by
itself, counted, and read again together.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from run_fakes import (
    MAILBOX,
    FakeService,
    Killed,
    Stage,
    Weather,
    change,
    drive,
    no_stops,
    plan_of,
    snapshot_of,
)

from portineria.fault import PartlyApplied, ServiceFault
from portineria.policy.change import Change, Family, Fields, Missing, Phase, Target, Written
from portineria.policy.plan import Plan
from portineria.run.apply import End, Outcome, apply
from portineria.run.carry import FRESH
from portineria.run.journal import progress_of
from portineria.run.patience import Patience
from portineria.run.resume import resume
from portineria.run.sight import AT_ONCE, in_parts
from portineria.run.undo import undo_plan
from portineria.tenant.unseen import Unseen


class Slow(FakeService):
    """Counts requests, takes `pace` seconds a write, and lets a test step in between."""

    pace = 0.0
    batches: list[int]
    alone: int
    meanwhile: Any = None

    async def read(self, target: Target, fields: Any) -> Fields | Missing | Unseen:
        self.alone += 1
        return await super().read(target, fields)

    async def read_each(self, asked: Any) -> list[Fields | Missing | Unseen]:
        self.batches.append(len(asked))
        assert len({target.family for target, _ in asked}) == 1
        return await super().read_each(asked)

    async def write(self, change: Change) -> Written:
        await self.tenant.clock.sleep(self.pace)
        written = await super().write(change)
        if self.meanwhile is not None:
            self.meanwhile(change)
        return written


@dataclass
class Crowd(Stage):
    steps: list[tuple[str, int, int]] = field(default_factory=list)
    pace: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.slow = Slow(self.tenant, self.weather, self.reaper)
        self.slow.pace, self.slow.batches, self.slow.alone = self.pace, [], 0
        self.service = self.slow

    def means(self, patience: Patience | None = None, limit: int = 3) -> Any:
        return replace(super().means(patience), progress=self, limit=limit)

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        self.steps.append((text, done, total))

    def fill(self, number: int, **fields: Any) -> Plan:
        """So many mailboxes, and a plan that closes IMAP on each."""
        for n in range(number):
            self.tenant.put(Family.MAILBOX, f"m{n}", {**MAILBOX, **fields})
        return plan_of(*(close_imap(n) for n in range(number)))

    def truth(self, guid: str) -> Any:
        return (self.tenant.truth(Family.MAILBOX, guid) or {})["ImapEnabled"]


def close_imap(number: int) -> Change:
    before, after = {"ImapEnabled": True}, {"ImapEnabled": False}
    return change(number + 1, Phase.CLOSE, Family.MAILBOX, f"m{number}", before, after)


def run(stage: Crowd, plan: Plan, limit: int = 3) -> Outcome:
    return drive(apply(plan, plan.digest, "run-1", stage.means(limit=limit), no_stops))


def test_ten_are_looked_at_in_one_request_and_each_is_written_by_itself() -> None:
    stage = Crowd()
    outcome = run(stage, stage.fill(95))
    assert (outcome.end, outcome.written) == (End.DONE, 95)
    assert len(stage.writes()) == len(stage.told("promise")) == len(stage.told("outcome")) == 95
    ahead, again = [*[10] * 9, 5], [*[10] * 9, 5] * 2
    assert Counter(stage.slow.batches) == Counter([*ahead, *again])
    assert stage.slow.alone == 0


def test_no_object_is_written_before_it_was_looked_at() -> None:
    stage = Crowd()
    run(stage, stage.fill(40))
    for n in range(40):
        verbs = [call.verb for call in stage.service.history if call.key == f"m{n}"]
        assert verbs == ["read", "write", "read", "read"]


def test_a_look_that_is_not_just_ahead_any_more_is_taken_again() -> None:
    stage = Crowd(pace=FRESH / 4)
    run(stage, stage.fill(AT_ONCE), limit=1)
    assert stage.slow.alone == AT_ONCE - 5, "the first five were written within its time"


def test_what_somebody_changes_meanwhile_is_noticed_and_left() -> None:
    stage = Crowd(pace=FRESH / 4)
    plan = stage.fill(AT_ONCE)

    def meddle(change: Change) -> None:
        if change.target.key == "m5":
            stage.tenant.put(Family.MAILBOX, "m9", {**MAILBOX, "ImapEnabled": None})

    stage.slow.meanwhile = meddle
    outcome = run(stage, plan, limit=1)
    assert isinstance(outcome.fault, PartlyApplied)
    assert "m9" in outcome.fault.where
    assert [call.key for call in stage.writes()] == [f"m{n}" for n in range(9)]
    assert stage.truth("m9") is None


def test_those_that_are_as_wanted_already_are_waited_for_together() -> None:
    stage = Crowd()
    plan = stage.fill(60, ImapEnabled=False)
    stage.tenant.put(Family.MAILBOX, "m0", MAILBOX)
    outcome = run(stage, plan)
    assert (outcome.written, outcome.already) == (1, 59)
    assert [call.key for call in stage.writes()] == ["m0"]
    assert stage.clock.tick() < 5 * Patience().stale, "not once for each of them"


def test_one_that_only_seemed_done_is_looked_at_by_itself_and_written() -> None:
    """An old answer said that it was as wanted, and the second look tells otherwise."""
    stage = Crowd()
    plan = stage.fill(4, ImapEnabled=False)
    seen: list[int] = []

    def told_once(asked: Any) -> None:
        seen.append(len(asked))
        if len(seen) == 1:
            stage.tenant.put(Family.MAILBOX, "m2", MAILBOX)

    real = stage.slow.read_each

    async def read_each(asked: Any) -> Any:
        answer = await real(asked)
        told_once(asked)
        return answer

    stage.slow.read_each = read_each
    outcome = run(stage, plan)
    assert (outcome.written, outcome.already) == (1, 3)
    assert stage.truth("m2") is False


def test_a_batch_that_fails_is_asked_for_one_by_one() -> None:
    stage = Crowd()
    plan = stage.fill(20)
    real, left = stage.slow.read_each, [2]

    async def read_each(asked: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise ServiceFault("the service failed (HTTP 503)")
        return await real(asked)

    stage.slow.read_each = read_each
    assert run(stage, plan).written == 20
    assert stage.slow.alone == 20


def test_after_the_first_fault_nothing_more_is_begun() -> None:
    stage = Crowd()
    plan = stage.fill(40)
    stage.tenant.put(Family.MAILBOX, "m3", {**MAILBOX, "ImapEnabled": None})
    outcome = run(stage, plan, limit=1)
    assert outcome.end is End.STOPPED
    assert [call.key for call in stage.writes()] == ["m0", "m1", "m2"]


@pytest.mark.parametrize("seed", range(4))
def test_bad_weather_changes_nothing_but_the_time(seed: int) -> None:
    weather = Weather(seed=seed, stale=8.0, unavailable=0.1, lost=0.1)
    stage = Crowd(weather=weather, seed=seed)
    plan = stage.fill(50)
    outcome = run(stage, plan)
    for _ in range(20):
        if outcome.end is End.DONE:
            break
        outcome = drive(resume(stage.means()))
    assert outcome.end is End.DONE
    assert all(stage.truth(f"m{n}") is False for n in range(50))
    assert len(stage.told("promise")) == len(stage.told("outcome"))


@pytest.mark.parametrize("at", [0, 7, 40, 77, 120])
def test_a_killed_run_of_many_is_finished_and_nothing_is_written_twice(at: int) -> None:
    stage = Crowd()
    plan = stage.fill(30)
    stage.reaper.at = at
    with pytest.raises(Killed):
        run(stage, plan)
    stage.reaper.at = -1
    again = drive(
        resume(stage.means())
        if stage.journal.entries()
        else apply(plan, plan.digest, "run-1", stage.means(), no_stops)
    )
    assert again.end is End.DONE
    assert all(stage.truth(f"m{n}") is False for n in range(30))
    twice = [key for key, n in Counter(call.key for call in stage.writes()).items() if n > 1]
    assert twice == []


def test_progress_counts_the_changes_and_then_the_reading_again() -> None:
    stage = Crowd()
    run(stage, stage.fill(25))
    made = [(done, total) for text, done, total in stage.steps if text == "changes"]
    assert made == [(n, 25) for n in range(1, 26)]
    read = [(done, total) for text, done, total in stage.steps if text == "reading again"]
    assert read[-1] == (25, 25)


def test_several_changes_of_one_object_stay_behind_one_another() -> None:
    stage = Crowd()
    plan = stage.fill(12)
    second = change(
        99, Phase.CLOSE, Family.MAILBOX, "m0", {"ImapEnabled": False}, {"ImapEnabled": None}
    )
    outcome = run(stage, replace(plan, changes=(*plan.changes, second)))
    assert outcome.end is End.DONE
    assert [call.key for call in stage.writes()].count("m0") == 2
    assert stage.truth("m0") is None


def test_undoing_many_reads_them_ten_at_a_time() -> None:
    stage = Crowd()
    run(stage, stage.fill(35))
    stage.tenant.put(Family.MAILBOX, "m4", {**MAILBOX, "ImapEnabled": None})
    stage.slow.batches.clear()
    state = progress_of(stage.journal.entries())
    means = stage.means()
    snapshot = snapshot_of(stage.tenant)
    plan = drive(undo_plan(state, snapshot, stage.service, means.crew, stage.clock))
    assert Counter(stage.slow.batches) == Counter([10, 10, 10, 5])
    assert stage.slow.alone == 0
    assert len(plan.changes) == 34
    assert [note for note in plan.notes if "m4" in note]


def test_what_cannot_be_read_together_is_a_part_by_itself() -> None:
    def target(family: Family, key: str) -> Target:
        return Target(family=family, key=key, name="n")

    boxes = [target(Family.MAILBOX, str(n)) for n in range(12)]
    people = [target(Family.USER, str(n)) for n in range(3)]
    nameless, transport = target(Family.USER, ""), target(Family.TRANSPORT, "")
    mixed = [boxes[0], people[0], nameless, *boxes[1:], transport, *people[1:]]
    parts = in_parts(mixed, lambda each: each)
    assert parts == [boxes[:10], people, [nameless], boxes[10:], [transport]]
