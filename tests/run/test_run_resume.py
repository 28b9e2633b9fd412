"""Resume finishes what was promised, from the journal alone, and makes nothing twice."""

from __future__ import annotations

import pytest
from run_fakes import (
    MAILBOX,
    Killed,
    Reaper,
    Stage,
    Weather,
    change,
    drive,
    no_stops,
    plan_of,
    window_stage,
)

from portineria.fault import GuardStop, OperatorFault, Unfinished
from portineria.policy.change import Change, Family, Phase
from portineria.policy.plan import Plan, Stop
from portineria.run.apply import End, apply
from portineria.run.journal import progress_of
from portineria.run.resume import put_away, resume, unfinished
from portineria.run.story import Story

PLACES = (
    "before promise", "torn promise", "after promise", "before write", "after write",
    "before outcome", "torn outcome", "after outcome",
)  # fmt: skip


def killed(place: str, nth: int, plan_made: Plan | None = None) -> tuple[Stage, Plan]:
    rehearsal = Stage()
    plan = plan_made or window_stage(rehearsal)
    drive(apply(plan, plan.digest, "run-1", rehearsal.means(), no_stops))
    at = [i for i, each in enumerate(rehearsal.reaper.places) if each == place]
    stage = Stage(reaper=Reaper(at=at[nth]))
    window_stage(stage)
    with pytest.raises(Killed):
        drive(apply(plan, plan.digest, "run-1", stage.means(), no_stops))
    return stage, plan


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("nth", [0, 4, 9])
def test_it_ends_where_the_plan_promised_and_makes_nothing_twice(place: str, nth: int) -> None:
    whole = Stage()
    plan = window_stage(whole)
    drive(apply(plan, plan.digest, "run-1", whole.means(), no_stops))
    stage, _ = killed(place, nth)
    assert drive(resume(stage.means())).end is End.DONE
    assert stage.tenant.document() == whole.tenant.document()
    promised = [e["n"] for e in stage.told("promise")]
    assert sorted(promised) == sorted(e["n"] for e in stage.told("outcome"))
    assert len(stage.writes()) <= len(promised)


def test_a_create_with_an_open_promise_is_adopted_by_its_name() -> None:
    stage, _ = killed("after write", 4)
    assert drive(resume(stage.means())).end is End.DONE
    adopted = [e for e in stage.told("outcome") if e["result"] == "adopted"]
    assert [entry["id"] for entry in adopted] == ["id-1"]
    assert len(stage.tenant.all(Family.CONDITIONAL_ACCESS)) == 2


def test_a_create_that_never_happened_is_made() -> None:
    stage, _ = killed("before write", 4)
    assert drive(resume(stage.means())).end is End.DONE
    assert [e["result"] for e in stage.told("outcome")].count("not-done") == 1
    assert len(stage.tenant.all(Family.CONDITIONAL_ACCESS)) == 2


def test_a_finished_run_is_left_alone() -> None:
    stage = Stage()
    plan = window_stage(stage)
    drive(apply(plan, plan.digest, "run-1", stage.means(), no_stops))
    lines, asked = len(stage.kinds()), len(stage.service.history)
    assert drive(resume(stage.means())).end is End.DONE
    assert (len(stage.kinds()), len(stage.service.history)) == (lines, asked)


def test_what_others_changed_meanwhile_stops_it_rather_than_being_overwritten() -> None:
    stage, _ = killed("before promise", 1)
    scan = stage.tenant.truth(Family.MAILBOX, "scan") or {}
    smtp = {"SmtpClientAuthenticationDisabled": True}
    stage.tenant.put(Family.MAILBOX, "scan", {**scan, **smtp})
    outcome = drive(resume(stage.means()))
    assert outcome.end is End.STOPPED
    assert stage.tenant.truth(Family.MAILBOX, "scan") == {**scan, **smtp, "PopEnabled": False}


def test_two_objects_of_the_promised_name_stop_it() -> None:
    stage, plan = killed("after write", 4)
    body = dict(plan.changes[4].after or {})
    stage.tenant.put(Family.CONDITIONAL_ACCESS, "twin", body)
    outcome = drive(resume(stage.means()))
    assert outcome.end is End.STOPPED
    assert outcome.fault is not None
    assert outcome.fault.evidence["found"] == 2


def test_guards_speak_again_where_nothing_was_promised_yet() -> None:
    stage, _ = killed("after begin", 0)

    async def guards() -> tuple[Stop, ...]:
        return (Stop(guard="stale", why="it is old", try_="plan again", word="stale"),)

    with pytest.raises(GuardStop):
        drive(resume(stage.means(), guards))
    assert stage.service.history == []
    assert drive(resume(stage.means(), no_stops)).end is End.DONE


def test_an_edited_journal_is_refused() -> None:
    stage, _ = killed("after promise", 0)
    first, rest = bytes(stage.journal.data).split(b"\n", 1)
    stage.journal.data[:] = first.replace(b'"ada"', b'"eve"') + b"\n" + rest
    with pytest.raises(OperatorFault) as fault:
        drive(resume(stage.means()))
    assert "digest" in fault.value.why


def test_a_journal_of_one_torn_line_promised_nothing() -> None:
    stage, _ = killed("torn begin", 0)
    with pytest.raises(OperatorFault):
        drive(resume(stage.means()))


def test_the_torn_line_is_reported_when_it_resumes() -> None:
    stage, _ = killed("torn outcome", 2)
    drive(resume(stage.means()))
    assert [entry["torn"] for entry in stage.told("resumed")] == [True]


def close(number: int, guid: str) -> Change:
    return change(
        number, Phase.CLOSE, Family.MAILBOX, guid, {"ImapEnabled": True}, {"ImapEnabled": False}
    )


def rested() -> Stage:
    stage = Stage(weather=Weather(refuses={"bob": 1}))
    for guid in ("ada", "bob"):
        stage.tenant.put(Family.MAILBOX, guid, MAILBOX)
    plan = plan_of(close(1, "ada"), close(2, "bob"))
    assert drive(apply(plan, plan.digest, "run-1", stage.means(), no_stops)).exit_code == 5
    return stage


def test_unfinished_runs_are_listed_those_inside_a_window_first() -> None:
    resting = progress_of(rested().journal.entries())
    inside = progress_of(killed("before outcome", 7)[0].journal.entries())
    inside.run = "run-9"
    assert [state.run for state in unfinished([resting, inside], "contoso")] == ["run-9", "run-1"]
    assert unfinished([resting], "fabrikam") == ()


def test_a_run_can_be_put_away_but_not_one_inside_its_window() -> None:
    stage = rested()
    put_away(Story(stage.journal, stage.clock), "abandoned")
    assert not progress_of(stage.journal.entries()).unfinished
    inside, _ = killed("before outcome", 7)
    with pytest.raises(Unfinished):
        put_away(Story(inside.journal, inside.clock), "abandoned")
