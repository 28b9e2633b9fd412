"""Apply does what was promised, in its order, and rests where it cannot be sure."""

from __future__ import annotations

from dataclasses import replace

import pytest
from run_fakes import (
    MAILBOX,
    Stage,
    Weather,
    change,
    drive,
    no_stops,
    plan_of,
    window_stage,
)

from portineria.fault import GuardStop, PartlyApplied
from portineria.policy.change import Change, Family, Phase
from portineria.policy.plan import Plan, Stop
from portineria.run.apply import End, Outcome, apply
from portineria.run.journal import progress_of


def run(stage: Stage, plan: Plan, run_id: str = "run-1") -> Outcome:
    return drive(apply(plan, plan.digest, run_id, stage.means(), no_stops))


def close_imap(number: int, guid: str, phase: Phase = Phase.CLOSE) -> Change:
    return change(
        number, phase, Family.MAILBOX, guid, {"ImapEnabled": True}, {"ImapEnabled": False}
    )


def mailboxes(*guids: str, weather: Weather | None = None) -> Stage:
    stage = Stage(weather=weather or Weather())
    for guid in guids:
        stage.tenant.put(Family.MAILBOX, guid, MAILBOX)
    return stage


def test_a_whole_plan_with_its_window_ends_in_what_was_promised() -> None:
    stage = Stage()
    plan = window_stage(stage)
    outcome = run(stage, plan)
    assert (outcome.end, outcome.exit_code) == (End.DONE, 0)
    assert (outcome.written, outcome.already, outcome.total) == (10, 0, 10)
    assert outcome.window is not None
    assert outcome.window.requests == 3
    world = stage.tenant.document()
    assert world[Family.SECURITY_DEFAULTS, ""] == {"isEnabled": False}
    assert world[Family.CONDITIONAL_ACCESS, "Portineria: block"] == {
        "displayName": "Portineria: block",
        "state": "enabled",
        "conditions": {"excludeUsers": ["scan"]},
    }
    assert world[Family.TRANSPORT, ""] == {"SmtpClientAuthenticationDisabled": True}


def test_every_write_has_one_promise_before_it_and_one_outcome_behind_it() -> None:
    stage = Stage()
    run(stage, window_stage(stage))
    promises, outcomes = stage.told("promise"), stage.told("outcome")
    assert len(promises) == len(outcomes) == len(stage.writes()) == 10
    assert [p["n"] for p in promises] == sorted({o["n"] for o in outcomes})


def test_phases_come_one_behind_the_other_each_confirmed_before_the_next() -> None:
    stage = Stage()
    plan = window_stage(stage)
    run(stage, plan)
    phase_of = {each.id: each.phase.name for each in plan.changes}
    confirmed: list[str] = []
    for entry in stage.journal.entries():
        if entry["kind"] == "confirmed":
            confirmed.append(entry["phase"])
        if entry["kind"] == "promise":
            mine = Phase[phase_of[entry["change"]]]
            barrier = Phase.WINDOW if mine is Phase.ENFORCE else mine
            assert {phase.name for phase in Phase if phase < barrier} <= set(confirmed)


def test_a_plan_with_another_digest_is_not_begun() -> None:
    stage = mailboxes("ada")
    plan = plan_of(close_imap(1, "ada"))
    with pytest.raises(GuardStop) as stop:
        drive(apply(plan, "f" * 64, "run-1", stage.means(), no_stops))
    assert "digest" in stop.value.why
    assert (stage.service.history, stage.journal.entries()) == ([], [])


def test_a_guard_that_speaks_stops_it_before_the_first_line_and_the_first_request() -> None:
    stage = mailboxes("ada")
    plan = plan_of(close_imap(1, "ada"))

    async def guards() -> tuple[Stop, ...]:
        return (Stop(guard="blast-radius", why="half the tenant", try_="say so", word="--many"),)

    with pytest.raises(GuardStop) as stop:
        drive(apply(plan, plan.digest, "run-1", stage.means(), guards))
    assert stop.value.evidence["guards"] == ["blast-radius"]
    assert (stage.service.history, stage.journal.entries()) == ([], [])


def test_an_unfinished_earlier_run_of_the_tenant_must_be_resumed_first() -> None:
    first = mailboxes("ada", weather=Weather(refuses={"bob": 1}))
    first.tenant.put(Family.MAILBOX, "bob", MAILBOX)
    assert run(first, plan_of(close_imap(1, "ada"), close_imap(2, "bob"))).exit_code == 5
    earlier = progress_of(first.journal.entries())
    second = mailboxes("ada")
    plan = plan_of(close_imap(1, "ada"))
    with pytest.raises(GuardStop) as stop:
        drive(apply(plan, plan.digest, "run-2", second.means(), no_stops, [earlier]))
    assert "run-1" in stop.value.why
    other_tenant = replace(plan, tenant_id="fabrikam")
    digest = other_tenant.digest
    assert (
        drive(apply(other_tenant, digest, "run-2", second.means(), no_stops, [earlier])).exit_code
        == 0
    )


def test_undoing_the_run_that_rests_is_allowed() -> None:
    first = mailboxes("ada", "bob", weather=Weather(refuses={"bob": 1}))
    run(first, plan_of(close_imap(1, "ada"), close_imap(2, "bob")))
    earlier = progress_of(first.journal.entries())
    second = mailboxes("ada")
    plan = plan_of(close_imap(1, "ada"), undo_of="run-1")
    outcome = drive(apply(plan, plan.digest, "run-2", second.means(), no_stops, [earlier]))
    assert outcome.end is End.DONE


def test_what_already_is_as_wanted_is_noted_and_not_written() -> None:
    stage = mailboxes("ada")
    stage.tenant.put(Family.MAILBOX, "ada", {**MAILBOX, "ImapEnabled": False})
    outcome = run(stage, plan_of(close_imap(1, "ada")))
    assert (outcome.written, outcome.already, stage.writes()) == (0, 1, [])
    assert "already" in stage.kinds()


def test_a_difference_stops_it_naming_field_expected_and_found() -> None:
    stage = mailboxes("ada")
    stage.tenant.put(Family.MAILBOX, "ada", {**MAILBOX, "SmtpClientAuthenticationDisabled": True})
    drifted = change(
        1,
        Phase.EXPLICIT,
        Family.MAILBOX,
        "ada",
        {"SmtpClientAuthenticationDisabled": None},
        {"SmtpClientAuthenticationDisabled": False},
    )
    outcome = run(stage, plan_of(drifted))
    assert isinstance(outcome.fault, GuardStop)
    assert outcome.exit_code == 4
    assert outcome.fault.evidence["field"] == "SmtpClientAuthenticationDisabled"
    assert (outcome.fault.evidence["expected"], outcome.fault.evidence["found"]) == (None, True)
    assert stage.writes() == []
    assert progress_of(stage.journal.entries()).ended == "nothing-written"


def test_a_difference_after_the_first_write_leaves_a_run_that_can_be_resumed() -> None:
    stage = mailboxes("ada", "bob")
    plan = plan_of(
        close_imap(1, "ada"),
        change(2, Phase.EXPLICIT, Family.MAILBOX, "bob", {"PopEnabled": False}, {"PopEnabled": 1}),
    )
    outcome = run(stage, plan)
    assert isinstance(outcome.fault, PartlyApplied)
    assert (outcome.exit_code, outcome.end) == (5, End.STOPPED)


def test_what_cannot_be_read_is_not_written() -> None:
    stage = mailboxes("ada", weather=Weather(unavailable=1.0))
    outcome = run(stage, plan_of(close_imap(1, "ada")))
    assert "could not tell" in str(outcome.fault)
    assert stage.writes() == []


def test_an_old_answer_is_waited_out() -> None:
    stage = mailboxes("ada", "bob", weather=Weather(seed=3, stale=12.0))
    outcome = run(stage, plan_of(close_imap(1, "ada"), close_imap(2, "bob")))
    assert outcome.end is End.DONE
    assert len(stage.writes()) == 2


def test_a_write_that_is_accepted_and_forgotten_is_broken_and_named() -> None:
    stage = mailboxes("ada", "bob", weather=Weather(forgets={"bob": 99}))
    plan = plan_of(close_imap(1, "ada"), close_imap(2, "bob"), close_imap(3, "ada", Phase.EXPLICIT))
    outcome = run(stage, plan)
    assert [row.change.target.name for row in outcome.broken] == ["bob"]
    assert outcome.exit_code == 5
    assert outcome.fault is not None
    assert "«bob»" in outcome.fault.why
    assert "confirmed" not in stage.kinds()


def test_security_defaults_are_not_touched_while_a_closing_is_not_confirmed() -> None:
    stage = Stage(weather=Weather(forgets={"ada": 99}))
    outcome = run(stage, window_stage(stage))
    assert outcome.end is End.STOPPED
    assert stage.tenant.truth(Family.SECURITY_DEFAULTS) == {"isEnabled": True}
    assert "window-open" not in stage.kinds()
    assert not [c for c in stage.writes() if c.family is Family.SECURITY_DEFAULTS]


def test_a_create_whose_answer_was_lost_is_adopted_and_never_made_twice() -> None:
    for seed in range(20):
        stage = Stage(weather=Weather(seed=seed, lost=0.5, stale=10.0))
        plan = window_stage(stage)
        run(stage, plan)
        names = [
            fields["displayName"] for fields in stage.tenant.all(Family.CONDITIONAL_ACCESS).values()
        ]
        assert len(names) == len(set(names))


def test_two_objects_of_one_name_stop_it() -> None:
    stage = Stage()
    for key in ("one", "two"):
        stage.tenant.put(Family.NAMED_LOCATION, key, {"displayName": "networks"})
    plan = plan_of(
        change(
            1,
            Phase.STAGE,
            Family.NAMED_LOCATION,
            "",
            None,
            {"displayName": "networks"},
            "networks",
        )
    )
    outcome = run(stage, plan)
    assert outcome.fault is not None
    assert outcome.fault.evidence["found"] == 2
    assert stage.writes() == []


def test_an_exception_is_opened_only_when_its_companion_was_seen_to_stand() -> None:
    stage = Stage(weather=Weather(forgets={"companion": 99}))
    policy = Family.CONDITIONAL_ACCESS
    for name in ("companion", "block"):
        stage.tenant.put(policy, name, {"displayName": name, "state": "off", "users": []})
    plan = plan_of(
        change(1, Phase.EXCEPTION, policy, "companion", {"state": "off"}, {"state": "enabled"}),
        change(2, Phase.EXCEPTION, policy, "block", {"users": []}, {"users": ["scan"]}),
    )
    outcome = run(stage, plan)
    assert [row.change.target.name for row in outcome.broken] == ["companion"]
    assert [call.name for call in stage.writes()] == ["companion"]


def test_signing_people_out_is_written_once_and_believed() -> None:
    stage = Stage()
    plan = plan_of(
        change(1, Phase.CLOSE, Family.SESSIONS, "ada", None, {"revoked": True}, "ada@contoso")
    )
    assert run(stage, plan).end is End.DONE
    assert len(stage.writes()) == 1
