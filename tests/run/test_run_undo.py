"""Undo takes back what the run did and what still stands as the run left it, and tells the rest."""

from __future__ import annotations

from typing import Any

import pytest
from run_fakes import (
    MAILBOX,
    Stage,
    SteppingCrew,
    Weather,
    change,
    drive,
    no_stops,
    plan_of,
    snapshot_of,
    window_stage,
)

from portineria.fault import GuardStop, OperatorFault
from portineria.policy.change import Change, Family, Phase, Verb
from portineria.policy.plan import Plan
from portineria.run.apply import End, Outcome, apply
from portineria.run.journal import progress_of
from portineria.run.undo import check_undoable, undo_plan

SD, CA, MB = Family.SECURITY_DEFAULTS, Family.CONDITIONAL_ACCESS, Family.MAILBOX


def run(stage: Stage, plan: Plan, name: str = "run-1") -> Outcome:
    return drive(apply(plan, plan.digest, name, stage.means(), no_stops))


def undo_of(stage: Stage) -> Plan:
    state = progress_of(stage.journal.entries())
    snapshot = snapshot_of(stage.tenant)
    return drive(undo_plan(state, snapshot, stage.service, SteppingCrew(), stage.clock))


def carried_back(stage: Stage) -> Outcome:
    """Make the undo plan, and carry it out with a journal of its own."""
    plan = undo_of(stage)
    assert plan.undo_of == "run-1"
    again = Stage()
    again.tenant, again.clock = stage.tenant, stage.clock
    again.service = stage.service
    return run(again, plan, "run-2")


def test_a_whole_run_with_its_window_is_taken_back() -> None:
    stage = Stage()
    plan = window_stage(stage)
    before = stage.tenant.document()
    run(stage, plan)
    assert stage.tenant.document() != before
    outcome = carried_back(stage)
    assert outcome.end is End.DONE
    assert stage.tenant.document() == before
    assert outcome.window is not None


def test_security_defaults_come_back_last_behind_ours_going_to_report_only() -> None:
    stage = Stage()
    run(stage, window_stage(stage))
    undo = undo_of(stage)
    told = [(c.phase, c.verb, c.target.name, dict(c.after or {})) for c in undo.changes]
    window = [row for row in told if row[0] in (Phase.WINDOW, Phase.ENFORCE)]
    report_only = {"state": "enabledForReportingButNotEnforced"}
    assert window == [
        (Phase.WINDOW, Verb.UPDATE, "Portineria: mfa", report_only),
        (Phase.WINDOW, Verb.UPDATE, "Portineria: block", report_only),
        (Phase.ENFORCE, Verb.UPDATE, "security-defaults", {"isEnabled": True}),
    ]
    assert [c.phase for c in undo.changes] == sorted(c.phase for c in undo.changes)
    assert [c.id for c in undo.changes] == list(range(1, len(undo.changes) + 1))
    assert undo.window


def test_closings_come_first_and_openings_last() -> None:
    stage = Stage()
    for guid in ("ada", "bob"):
        stage.tenant.put(MB, guid, {**MAILBOX, "PopEnabled": False})
    run(
        stage,
        plan_of(
            change(1, Phase.CLOSE, MB, "ada", {"ImapEnabled": True}, {"ImapEnabled": False}),
            change(2, Phase.EXPLICIT, MB, "bob", {"PopEnabled": False}, {"PopEnabled": True}),
        ),
    )
    undo = undo_of(stage)
    assert [(c.phase, c.target.key) for c in undo.changes] == [
        (Phase.CLOSE, "bob"),
        (Phase.EXCEPTION, "ada"),
    ]


def test_a_mailbox_inherits_again_only_when_the_tenant_switch_is_back() -> None:
    stage = Stage()
    run(stage, window_stage(stage))
    names = [(c.target.family, c.target.key) for c in undo_of(stage).changes]
    assert names.index((Family.TRANSPORT, "")) < max(
        i for i, name in enumerate(names) if name == (MB, "scan")
    )


def test_what_others_changed_since_is_left_and_told() -> None:
    stage = Stage()
    stage.tenant.put(MB, "ada", MAILBOX)
    both = {"ImapEnabled": True, "SmtpClientAuthenticationDisabled": None}
    run(
        stage,
        plan_of(
            change(
                1,
                Phase.CLOSE,
                MB,
                "ada",
                both,
                {"ImapEnabled": False, "SmtpClientAuthenticationDisabled": True},
            )
        ),
    )
    after = stage.tenant.truth(MB, "ada") or {}
    stage.tenant.put(MB, "ada", {**after, "SmtpClientAuthenticationDisabled": False})
    undo = undo_of(stage)
    assert [dict(c.after or {}) for c in undo.changes] == [{"ImapEnabled": True}]
    assert any("SmtpClientAuthenticationDisabled is False" in note for note in undo.notes)


def test_what_is_already_as_before_needs_nothing() -> None:
    stage = Stage()
    stage.tenant.put(MB, "ada", MAILBOX)
    close = change(1, Phase.CLOSE, MB, "ada", {"ImapEnabled": True}, {"ImapEnabled": False})
    run(stage, plan_of(close))
    stage.tenant.put(MB, "ada", MAILBOX)
    undo = undo_of(stage)
    assert (undo.changes, undo.notes) == ((), ())


def test_what_was_found_as_wanted_was_not_ours_and_is_not_taken_back() -> None:
    stage = Stage()
    stage.tenant.put(MB, "ada", {**MAILBOX, "ImapEnabled": False})
    close = change(1, Phase.CLOSE, MB, "ada", {"ImapEnabled": True}, {"ImapEnabled": False})
    run(stage, plan_of(close))
    assert undo_of(stage).changes == ()
    with pytest.raises(OperatorFault):
        check_undoable(progress_of(stage.journal.entries()))


def test_a_made_object_that_others_edited_is_not_deleted() -> None:
    stage = Stage()
    body = {"displayName": "Portineria: x", "state": "disabled"}
    run(stage, plan_of(change(1, Phase.STAGE, CA, "", None, body, "Portineria: x")))
    stage.tenant.put(CA, "id-1", {**body, "state": "enabled"})
    undo = undo_of(stage)
    assert undo.changes == ()
    assert any("Portineria: x" in note and "state" in note for note in undo.notes)


def test_what_was_deleted_is_made_again_and_referred_to_by_its_new_id() -> None:
    stage = Stage()
    place = {"displayName": "Portineria: here", "isTrusted": False}
    policy = {"displayName": "Portineria: x", "state": "disabled", "where": ["old-place"]}
    stage.tenant.put(Family.NAMED_LOCATION, "old-place", place)
    stage.tenant.put(CA, "old-policy", policy)
    run(
        stage,
        plan_of(
            change(1, Phase.CLOSE, CA, "old-policy", policy, None, "Portineria: x"),
            change(2, Phase.CLOSE, Family.NAMED_LOCATION, "old-place", place, None, "here"),
        ),
    )
    before: Any = {
        (Family.NAMED_LOCATION, "Portineria: here"): place,
        (CA, "Portineria: x"): {**policy, "where": ["id-1"]},
    }
    undo = undo_of(stage)
    made: list[Change] = list(undo.changes)
    assert [c.verb for c in made] == [Verb.CREATE, Verb.CREATE]
    assert (made[1].after or {})["where"] == ["change:1.id"]
    assert carried_back(stage).end is End.DONE
    assert stage.tenant.document() == before


def test_signing_people_out_cannot_be_undone_and_is_named() -> None:
    stage = Stage()
    run(
        stage,
        plan_of(change(1, Phase.CLOSE, Family.SESSIONS, "ada", None, {"revoked": True}, "ada")),
    )
    undo = undo_of(stage)
    assert undo.changes == ()
    assert any("cannot be undone" in note and "ada" in note for note in undo.notes)


def test_what_cannot_be_read_is_unknown_and_a_guard_stops_on_it() -> None:
    stage = Stage()
    stage.tenant.put(MB, "ada", MAILBOX)
    close = change(1, Phase.CLOSE, MB, "ada", {"ImapEnabled": True}, {"ImapEnabled": False})
    run(stage, plan_of(close))
    stage.service.weather = Weather(unavailable=1.0)
    undo = undo_of(stage)
    assert undo.changes == ()
    assert any("503" in unknown for unknown in undo.unknown)
    assert "unknown" in [stop.guard for stop in undo.stops]


def test_a_foreign_enforced_policy_stands_in_the_way_of_security_defaults() -> None:
    stage = Stage()
    run(stage, window_stage(stage))
    stage.tenant.put(CA, "theirs", {"displayName": "Theirs", "state": "enabled"})
    undo = undo_of(stage)
    assert any("«Theirs»" in unknown for unknown in undo.unknown)


def test_a_run_inside_its_window_is_repaired_and_not_undone() -> None:
    stage = Stage()
    plan = window_stage(stage)
    run(stage, plan)
    lines = stage.journal.entries()
    opened = next(i for i, e in enumerate(lines) if e["kind"] == "window-open")
    state = progress_of(lines[: opened + 1])
    with pytest.raises(GuardStop):
        drive(
            undo_plan(state, snapshot_of(stage.tenant), stage.service, SteppingCrew(), stage.clock)
        )


def test_an_undone_undo_is_the_run_again() -> None:
    stage = Stage()
    plan = window_stage(stage)
    run(stage, plan)
    promised = stage.tenant.document()
    undo = undo_of(stage)
    second = Stage()
    second.tenant, second.clock, second.service = stage.tenant, stage.clock, stage.service
    assert run(second, undo, "run-1").end is End.DONE
    assert carried_back(second).end is End.DONE
    assert stage.tenant.document() == promised
