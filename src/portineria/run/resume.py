"""Finishing what was interrupted: from the journal alone, and a window first of all."""

from __future__ import annotations

from collections.abc import Iterable

from portineria.fault import BadJournal, Fault, PartlyApplied, StateFault, Unfinished
from portineria.policy.plan import Plan
from portineria.run.apply import (
    ROOM,
    End,
    Outcome,
    after_window,
    ask_guards,
    carry_on,
    outcome,
    rest_unwritten,
)
from portineria.run.journal import RunState
from portineria.run.means import Guards, Means
from portineria.run.story import Story
from portineria.run.window import opening_calls, repair


async def resume(means: Means, guards: Guards | None = None) -> Outcome:
    """Take the run of this journal from where it stands to its end.

    A finished run is left alone. A window that is open is repaired before anything else. Where
    nothing was ever promised, the guards speak again first. Raises BadJournal for a journal
    without a plan, GuardStop where a guard stops it.
    """
    story = means.story()
    plan = _plan_of(story)
    if story.state.ended:
        return outcome(plan, story, End.DONE)
    if story.state.promises == 0 and guards is not None:
        await ask_guards(guards)
    halted = await _resumed(plan, story, means)
    if halted is not None:
        return halted
    return await carry_on(plan, story, means)


async def repair_first(means: Means) -> Outcome | None:
    """Shut the window that a run left open, and nothing more; None where none is open.

    Every command that may write calls this for each unfinished run before its own work.
    """
    story = means.story()
    if not story.state.exposed:
        return None
    plan = _plan_of(story)
    halted = await _resumed(plan, story, means)
    if halted is not None:
        return halted
    why = "the window was repaired; what follows it is still to be done"
    story.stopped(why)
    fault: Fault = PartlyApplied(
        why,
        where=f"run {story.state.run}",
        try_=f"`portineria apply --resume {story.state.run}`",
    )
    return outcome(plan, story, End.STOPPED, fault)


async def _resumed(plan: Plan, story: Story, means: Means) -> Outcome | None:
    """Take up the run: its window first. An Outcome where it rests again at once."""
    try:
        means.journal.reserve(ROOM)
        story.resumed()
        return await _repair(plan, story, means)
    except StateFault as full:
        return rest_unwritten(plan, story, full)
    finally:
        means.journal.release()


async def _repair(plan: Plan, story: Story, means: Means) -> Outcome | None:
    if not story.state.exposed:
        return None
    means.progress.step("a window was left open: repairing it before anything else")
    changes = opening_calls(plan.changes)
    passage = await means.shield(lambda: repair(changes, story, means))
    return after_window(plan, changes, passage, story)


def _plan_of(story: Story) -> Plan:
    """The promised plan. Raises BadJournal where the journal was edited."""
    plan = story.state.plan
    if plan.digest != story.state.digest:
        raise BadJournal(
            "the plan in the journal is not the one that was promised: its digest differs",
            where=f"run {story.state.run}",
            try_=BadJournal.mend,
        )
    return plan


def unfinished(runs: Iterable[RunState], tenant_id: str) -> tuple[RunState, ...]:
    """The tenant's unfinished runs, those inside a window first."""
    mine = [state for state in runs if state.tenant_id == tenant_id and state.unfinished]
    return tuple(sorted(mine, key=lambda state: (not state.exposed, state.run)))


def put_away(story: Story, result: str) -> None:
    """End a run that will not be resumed: "undone" or "abandoned".

    Raises Unfinished while its window is open, because that must be repaired.
    """
    if story.state.exposed:
        raise Unfinished(
            "the run rests inside its window and cannot be put away",
            where=f"run {story.state.run}",
            try_=f"`portineria apply --resume {story.state.run}`",
        )
    if not story.state.ended:
        story.end(result)
