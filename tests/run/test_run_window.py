"""Inside the window only the forced calls are sent, and there is always a way out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from run_fakes import Killed, Reaper, Stage, Weather, drive, no_stops, window_stage

from portineria.fault import PermissionFault
from portineria.policy.change import Change, Family, Verb, Written
from portineria.policy.plan import Plan
from portineria.run.apply import End, Outcome, apply
from portineria.run.journal import Way, Window, progress_of
from portineria.run.resume import repair_first, resume

SD = Family.SECURITY_DEFAULTS
CA = Family.CONDITIONAL_ACCESS


def run(stage: Stage, plan: Plan) -> Outcome:
    return drive(apply(plan, plan.digest, "run-1", stage.means(), no_stops))


def states(stage: Stage) -> dict[str, str]:
    return {body["displayName"]: body["state"] for body in stage.tenant.all(CA).values()}


def calls_in_window(stage: Stage) -> list[tuple[str, Family]]:
    """What the service saw between the first protection taken and the last put back."""
    forced = [c.verb == "write" and c.family is SD for c in stage.service.history]
    first = forced.index(True)
    last = max(i for i, c in enumerate(stage.service.history) if c.verb == "write"
               and c.family in (SD, CA) and c.key)  # fmt: skip
    return [(c.verb, c.family) for c in stage.service.history[first : last + 1]]


def test_three_calls_go_through_the_window_and_nothing_else() -> None:
    stage = Stage()
    outcome = run(stage, window_stage(stage))
    assert outcome.window is not None
    assert (outcome.window.way, outcome.window.requests) == (Way.FORWARD, 3)
    assert calls_in_window(stage)[:3] == [("write", SD), ("write", CA), ("write", CA)]


def test_its_seconds_are_counted_from_the_first_call_to_the_last_answer() -> None:
    stage = Stage(weather=Weather(refuses={"Portineria: mfa": 3}))
    plan = window_stage(stage)
    stage.weather.refuses["Portineria: mfa"] = 0
    stage.weather.refuses["security-defaults"] = 2
    outcome = run(stage, plan)
    assert outcome.window is not None
    assert (outcome.window.requests, outcome.window.seconds) == (5, 3.0)
    assert outcome.window.confirmed_seconds >= outcome.window.seconds


def test_a_lost_answer_inside_is_sent_again_and_not_asked_about() -> None:
    for seed in range(30):
        stage = Stage()
        plan = window_stage(stage)
        only_window = LoseAnswers(stage, seed)
        stage.service.write = only_window  # type: ignore[method-assign]
        outcome = run(stage, plan)
        assert outcome.end is End.DONE
        opened = next(
            i for i, e in enumerate(stage.journal.entries()) if e["kind"] == "window-open"
        )
        results = [e["result"] for e in stage.journal.entries()[opened:] if e["kind"] == "outcome"]
        assert "adopted" not in results


class LoseAnswers:
    """Loses answers to the forced calls only, after they took effect."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self._write = stage.service.write
        self._weather = Weather(seed=seed, lost=0.5)

    async def __call__(self, change: Change) -> Written:
        from portineria.fault import AmbiguousWrite

        written = await self._write(change)
        if change.phase.name in ("WINDOW", "ENFORCE") and self._weather.strikes("lost", 0.5):
            raise AmbiguousWrite("the connection was cut")
        return written


@pytest.mark.parametrize("name", ["Portineria: block", "Portineria: mfa"])
def test_where_a_replacement_is_refused_for_good_security_defaults_come_back(name: str) -> None:
    stage = Stage()
    plan = window_stage(stage)
    stage.service.write = Refuse(stage, name)  # type: ignore[method-assign]
    outcome = run(stage, plan)
    assert (outcome.end, outcome.exit_code) == (End.TURNED_BACK, 5)
    assert outcome.window is not None
    assert outcome.window.way is Way.BACK
    assert stage.tenant.truth(SD) == {"isEnabled": True}
    assert set(states(stage).values()) == {"enabledForReportingButNotEnforced"}
    assert progress_of(stage.journal.entries()).window is Window.SHUT


class Refuse:
    """Refuses to enforce one policy for want of a permission, until told otherwise."""

    def __init__(self, stage: Stage, name: str) -> None:
        self._write = stage.service.write
        self._name = name
        self.refusing = True

    async def __call__(self, change: Change) -> Written:
        enforces = (change.after or {}).get("state") == "enabled"
        if self.refusing and enforces and change.target.name == self._name:
            raise PermissionFault("no permission Policy.ReadWrite.ConditionalAccess")
        return await self._write(change)


def test_a_run_that_turned_back_can_be_resumed_when_the_cause_is_gone() -> None:
    stage = Stage()
    plan = window_stage(stage)
    refuse = Refuse(stage, "Portineria: mfa")
    stage.service.write = refuse  # type: ignore[method-assign]
    run(stage, plan)
    refuse.refusing = False
    outcome = drive(resume(stage.means()))
    assert outcome.end is End.DONE
    assert set(states(stage).values()) == {"enabled"}
    assert stage.tenant.truth(SD) == {"isEnabled": False}


def test_a_replacement_that_is_forgotten_is_sent_again_and_then_turned_back_from() -> None:
    stage = Stage()
    plan = window_stage(stage)
    stage.service.write = ForgetEnforcing(stage)  # type: ignore[method-assign]
    outcome = run(stage, plan)
    assert outcome.end is End.TURNED_BACK
    assert [row.change.target.name for row in outcome.broken] == ["Portineria: mfa"]
    assert stage.tenant.truth(SD) == {"isEnabled": True}


class ForgetEnforcing:
    def __init__(self, stage: Stage) -> None:
        self._write = stage.service.write

    async def __call__(self, change: Change) -> Written:
        enforces = (change.after or {}).get("state") == "enabled"
        if enforces and change.target.name == "Portineria: mfa":
            return Written()
        return await self._write(change)


def test_security_defaults_that_forget_to_go_off_are_named_as_broken() -> None:
    stage = Stage(weather=Weather(forgets={"security-defaults": 99}))
    outcome = run(stage, window_stage(stage))
    assert [row.change.target.name for row in outcome.broken] == ["security-defaults"]
    assert outcome.end in (End.TURNED_BACK, End.EXPOSED)
    assert stage.tenant.truth(SD) == {"isEnabled": True}


def test_a_window_that_can_be_shut_neither_way_stays_open_and_says_so() -> None:
    stage = Stage()
    plan = window_stage(stage)
    stage.service.write = NoWayOut(stage)  # type: ignore[method-assign]
    outcome = run(stage, plan)
    assert (outcome.end, outcome.exit_code) == (End.EXPOSED, 5)
    assert outcome.fault is not None
    assert "window is open" in outcome.fault.why
    assert progress_of(stage.journal.entries()).exposed
    assert states(stage)["Portineria: block"] == "enabled", "what can stand, stands"


class NoWayOut:
    """Refuses the second replacement, and security defaults ever after."""

    def __init__(self, stage: Stage) -> None:
        self._write = stage.service.write

    async def __call__(self, change: Change) -> Written:
        after = change.after or {}
        wants = after.get("state") == "enabled" and change.target.name == "Portineria: mfa"
        if wants or after.get("isEnabled") is True:
            raise PermissionFault("no permission")
        return await self._write(change)


def test_what_was_not_staged_stops_before_the_window() -> None:
    stage = Stage()
    plan = window_stage(stage)
    without = [each for each in plan.changes if each.id != 6]
    outcome = run(stage, replace(plan, changes=tuple(without)))
    assert outcome.end is End.STOPPED
    assert "window-open" not in stage.kinds()
    assert stage.tenant.truth(SD) == {"isEnabled": True}


def test_signals_wait_until_the_window_is_shut() -> None:
    """The whole passage goes through the shield, and nothing else does."""
    stage = Stage()
    plan = window_stage(stage)
    seen: list[str] = []

    async def shield(work: Callable[[], Awaitable[Any]]) -> Any:
        seen.append(",".join(stage.kinds()[-1:]))
        passed = await work()
        seen.append(stage.kinds()[-1])
        return passed

    means = replace(stage.means(), shield=shield)
    drive(apply(plan, plan.digest, "run-1", means, no_stops))
    assert seen == ["confirmed", "window-shut"]


def kill_inside(place: str, nth: int) -> Stage:
    """A process killed at the nth such place after the window opened."""
    rehearsal = Stage()
    run(rehearsal, window_stage(rehearsal))
    places = rehearsal.reaper.places
    opened = places.index("after window-open")
    at = [i for i, each in enumerate(places) if i >= opened and each == place][nth]
    stage = Stage(reaper=Reaper(at=at))
    plan = window_stage(stage)
    with pytest.raises(Killed):
        run(stage, plan)
    return stage


INSIDE = [
    (place, nth)
    for place in ("before promise", "after promise", "before write", "after write",
                  "before outcome", "torn outcome", "after outcome")
    for nth in range(3)
]  # fmt: skip


@pytest.mark.parametrize(("place", "nth"), INSIDE)
def test_a_process_killed_inside_repairs_before_anything_else(place: str, nth: int) -> None:
    stage = kill_inside(place, nth)
    seen = len(stage.service.history)
    outcome = drive(repair_first(stage.means()))
    assert outcome is not None
    repairing = stage.service.history[seen:]
    assert {call.family for call in repairing} <= {SD, CA}
    assert repairing[0].verb == "write" or len(stage.told("outcome")) >= 9
    assert not progress_of(stage.journal.entries()).exposed
    assert set(states(stage).values()) == {"enabled"}
    assert drive(resume(stage.means())).end is End.DONE


def test_a_process_killed_while_turning_back_goes_on_turning_back() -> None:
    stage = Stage()
    plan = window_stage(stage)
    stage.service.write = Refuse(stage, "Portineria: mfa")  # type: ignore[method-assign]
    run(stage, plan)
    entries = stage.journal.entries()
    turned = next(i for i, e in enumerate(entries) if e["kind"] == "turning-back")
    again = Stage()
    window_stage(again)
    again.tenant, again.service.tenant = stage.tenant, stage.tenant
    again.tenant.put(SD, "", {"isEnabled": False})
    for entry in entries[: turned + 1]:
        again.journal.append(entry)
    outcome = drive(repair_first(again.means()))
    assert outcome is not None
    assert outcome.end is End.TURNED_BACK
    assert again.tenant.truth(SD) == {"isEnabled": True}
    assert again.service.history[0].verb == "write"


def test_nothing_is_repaired_where_no_window_is_open() -> None:
    stage = Stage()
    run(stage, window_stage(stage))
    assert drive(repair_first(stage.means())) is None


def test_a_window_change_is_never_a_create() -> None:
    """The plan that these tests stand on: forced calls say a whole state."""
    plan = window_stage(Stage())
    assert all(c.verb is Verb.UPDATE for c in plan.changes if c.phase.name in ("WINDOW", "ENFORCE"))
