"""A journal that takes no more lines: nothing is sent that was not promised, and it is resumed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from run_fakes import MemoryJournal, Stage, drive, no_stops, window_stage

from portineria.fault import StateFault
from portineria.run.apply import ROOM, End, apply
from portineria.run.journal import progress_of
from portineria.run.resume import repair_first, resume


@dataclass
class FullJournal(MemoryJournal):
    """Refuses every line after the first `room` ones; `reserved` is what was asked to be kept."""

    room: int = 0
    free: int = ROOM
    reserved: int = 0

    def append(self, entry: Mapping[str, Any]) -> None:
        if self.room <= 0:
            raise StateFault("the journal cannot be written: No space left on device")
        self.room -= 1
        super().append(entry)

    def reserve(self, octets: int) -> None:
        if octets > self.free:
            raise StateFault("the journal cannot be written: No space left on device")
        self.reserved = octets

    def release(self) -> None:
        self.reserved = 0


def whole_story() -> tuple[dict[Any, Any], list[str]]:
    stage = Stage()
    plan = window_stage(stage)
    drive(apply(plan, plan.digest, "run-1", stage.means(), no_stops))
    return stage.tenant.document(), stage.kinds()


PROMISED, KINDS = whole_story()


def stage_with_room(lines: int) -> tuple[Stage, FullJournal]:
    stage = Stage()
    stage.journal = journal = FullJournal(room=lines)
    return stage, journal


@pytest.mark.parametrize("lines", range(1, len(KINDS)), ids=lambda n: f"{n}-{KINDS[n]}")
def test_wherever_the_disk_fills_the_run_rests_and_the_next_one_finishes_it(lines: int) -> None:
    stage, journal = stage_with_room(lines)
    plan = window_stage(stage)
    outcome = drive(apply(plan, plan.digest, "run-1", stage.means(), no_stops))
    promises = KINDS[:lines].count("promise")
    assert len(stage.writes()) == promises, "nothing was sent that is not promised"
    assert outcome.fault is not None
    assert outcome.fault.exit_code == (5 if promises else 2)
    exposed = progress_of(journal.entries()).exposed
    assert (outcome.end is End.EXPOSED) == exposed
    assert ("the window is open" in outcome.fault.why) == exposed
    assert journal.reserved == 0
    journal.room = 1000
    drive(repair_first(stage.means()))
    assert drive(resume(stage.means())).end is End.DONE
    assert stage.tenant.document() == PROMISED


def test_where_not_even_the_first_line_fits_there_is_no_run() -> None:
    stage, journal = stage_with_room(0)
    plan = window_stage(stage)
    with pytest.raises(StateFault):
        drive(apply(plan, plan.digest, "run-1", stage.means(), no_stops))
    assert (stage.kinds(), stage.writes(), journal.reserved) == ([], [], 0)


def test_without_room_for_a_window_no_run_begins() -> None:
    stage, journal = stage_with_room(1000)
    journal.free = ROOM - 1
    plan = window_stage(stage)
    with pytest.raises(StateFault):
        drive(apply(plan, plan.digest, "run-1", stage.means(), no_stops))
    assert (stage.kinds(), stage.writes()) == ([], [])


def test_room_is_kept_for_the_window_before_it_opens() -> None:
    """What was kept when the run began may have been needed by then."""
    stage, journal = stage_with_room(1000)
    plan = window_stage(stage)
    seen: list[tuple[str, int]] = []
    append = journal.append

    def watched(entry: Mapping[str, Any]) -> None:
        seen.append((entry["kind"], journal.reserved))
        if entry["kind"] == "confirmed" and entry["phase"] == "STAGE":
            journal.reserved = 0  # thrown, because the disk was full for a moment
        append(entry)

    journal.append = watched  # type: ignore[method-assign]
    assert drive(apply(plan, plan.digest, "run-1", stage.means(), no_stops)).end is End.DONE
    assert dict(seen)["window-open"] == ROOM


def test_a_run_whose_disk_is_full_still_is_not_taken_up() -> None:
    stage, _ = stage_with_room(KINDS.index("window-open") + 2)
    plan = window_stage(stage)
    drive(apply(plan, plan.digest, "run-1", stage.means(), no_stops))
    sent = len(stage.writes())
    outcome = drive(resume(stage.means()))
    assert outcome.fault is not None
    assert (outcome.end, outcome.fault.exit_code) == (End.EXPOSED, 5)
    assert "repairs before anything else" in outcome.fault.try_
    assert len(stage.writes()) == sent
