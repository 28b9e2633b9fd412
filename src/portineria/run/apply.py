"""Carrying out a plan: nothing but what was promised, in its order, each phase seen to stand.

`apply` begins a run; `carry_on` is the same road for a run that begins and one that resumes.
Design: least exposure, the window, journal (docs/architecture.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from portineria.fault import Fault, GuardStop, PartlyApplied, StateFault, Unfinished
from portineria.policy.change import Change, Family, Phase
from portineria.policy.plan import Plan
from portineria.run.carry import carry_out
from portineria.run.confirm import Unconfirmed, confirm
from portineria.run.journal import RunState, Way
from portineria.run.means import Guards, Means
from portineria.run.step import object_id
from portineria.run.story import Story
from portineria.run.window import FORCED, Passage, WindowReport, pass_through, prepare

_BARRIERS = (
    (Phase.CLOSE,),
    (Phase.EXPLICIT,),
    (Phase.TENANT_SWITCH,),
    (Phase.STAGE,),
    FORCED,
    (Phase.EXCEPTION,),
)
ROOM = 1024 * 1024
"""Octets kept on the journal's disk while a run goes on: more than any window has to say."""
_TOGETHER = frozenset({Family.MAILBOX, Family.USER})


class End(StrEnum):
    """How far a run came. Exposed: the window could be shut neither way; repair it first."""

    DONE = "done"
    STOPPED = "stopped"
    TURNED_BACK = "turned back"
    EXPOSED = "exposed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run. `written` changes are ours, `already` ones were found as wanted.

    `fault` says why it rests (None when done); `broken` are the rows that the service accepted
    and that are still as they were.
    """

    run: str
    end: End
    total: int
    written: int
    already: int
    window: WindowReport | None = None
    unconfirmed: tuple[Unconfirmed, ...] = ()
    fault: Fault | None = None

    @property
    def broken(self) -> tuple[Unconfirmed, ...]:
        return tuple(row for row in self.unconfirmed if row.broken)

    @property
    def exit_code(self) -> int:
        return 0 if self.fault is None else self.fault.exit_code


async def apply(
    plan: Plan,
    digest: str,
    run: str,
    means: Means,
    guards: Guards,
    earlier: Iterable[RunState] = (),
) -> Outcome:
    """Begin a run and go as far as it safely goes. The caller holds the tenant's lock.

    `digest` is what the admin was shown; `run` a new id whose journal `means` holds; `earlier`
    are the runs of this tenant. Raises GuardStop where nothing was written: another digest, an
    unfinished earlier run, or a guard; StateFault where the journal has no room. What goes wrong
    after the first promise is in the Outcome, whose run can be resumed.
    """
    if plan.digest != digest:
        raise GuardStop(
            f"the plan's digest is {plan.digest}, the promised one is {digest}",
            where="plan",
            try_="look at the plan again, and give the digest that it prints",
        )
    refuse_beside_unfinished(plan, earlier)
    await ask_guards(guards)
    means.journal.reserve(ROOM)
    story = means.story()
    try:
        story.begin(run, plan)
    except StateFault:
        means.journal.release()
        raise
    return await carry_on(plan, story, means)


def refuse_beside_unfinished(plan: Plan, earlier: Iterable[RunState]) -> None:
    """Raises GuardStop while an earlier run of the tenant rests unfinished.

    Undoing that very run is allowed, unless it rests inside its window.
    """
    for state in earlier:
        if state.tenant_id != plan.tenant_id or not state.unfinished:
            continue
        if plan.undo_of == state.run and not state.exposed:
            continue
        where = "inside its window: security may be down" if state.exposed else state.stopped
        raise Unfinished(
            f"run {state.run} is unfinished ({where or 'its process ended'})",
            where=f"run {state.run}",
            try_=f"`portineria apply --resume {state.run}` first"
            if state.exposed
            else f"`portineria apply --resume {state.run}` first, or `portineria undo {state.run}`",
        )


async def ask_guards(guards: Guards) -> None:
    """Raises GuardStop with the first stop whose word was not given."""
    stops = await guards()
    for stop in stops:
        raise GuardStop(
            stop.why,
            where=f"guard {stop.guard}",
            try_=stop.try_,
            evidence={"guards": [each.guard for each in stops], "word": stop.word},
        )


async def carry_on(plan: Plan, story: Story, means: Means) -> Outcome:
    """Go from where the journal stands to the end of the plan, or to where it must rest.

    A journal that cannot be written is such a place: what is not promised is not sent.
    """
    try:
        means.journal.reserve(ROOM)
        return await _carry_on(plan, story, means)
    except StateFault as full:
        return rest_unwritten(plan, story, full)
    finally:
        means.journal.release()


async def _carry_on(plan: Plan, story: Story, means: Means) -> Outcome:
    for phases in _BARRIERS:
        changes = [change for change in plan.changes if change.phase in phases]
        if all(change.phase in story.state.confirmed for change in changes):
            continue
        if phases is FORCED and plan.window:
            halted = await _window(plan, changes, story, means)
        else:
            halted = await _phases(plan, changes, story, means)
        if halted is not None:
            return halted
    story.end("done")
    return outcome(plan, story, End.DONE)


def _not_overtaken(changes: Sequence[Change], plan: Plan, story: Story) -> list[Change]:
    """Without those whose fields a later change of this plan has already changed again, or may
    have: its promise is open, because the process was killed beside the write.
    """
    done = story.state.done
    last: dict[tuple[Family, str, str], int] = {}
    for change in plan.changes:
        if change.id in done or story.open_promise(change.id) is not None:
            for name in _fields(change):
                last[change.target.family, object_id(change, done), name] = change.id

    def overtaken(change: Change) -> bool:
        which = change.target.family, object_id(change, done)
        deleted = last.get((*which, _WHOLE), 0)
        return any(
            max(last.get((*which, name), 0), deleted) > change.id for name in _fields(change)
        )

    return [change for change in changes if not overtaken(change)]


_WHOLE = ""


def _fields(change: Change) -> Iterable[str]:
    return (_WHOLE,) if change.after is None else change.after


async def _phases(
    plan: Plan, changes: Sequence[Change], story: Story, means: Means
) -> Outcome | None:
    """Group behind group, each seen to stand before the next: a phase is a barrier, and so is
    every change of the whole tenant. The block from elsewhere stands before the door is opened.
    Policies that are staged decide nothing yet, so they are seen to stand all at once; a named
    location is seen before a policy is built on it.
    """
    staged: list[Change] = []
    for group in _groups(changes):
        fault = await carry_out(group, len(plan.changes), story, means)
        if fault is not None:
            return _rest(plan, story, fault)
        if _staged(group[0]):
            staged += group
            continue
        halted = await _barrier(plan, group, story, means)
        if halted is not None:
            return halted
    halted = await _barrier(plan, staged, story, means)
    if halted is not None:
        return halted
    for phase in sorted({change.phase for change in changes}):
        story.confirmed(phase)
    return None


def _staged(change: Change) -> bool:
    return change.phase is Phase.STAGE and change.target.family is Family.CONDITIONAL_ACCESS


def _groups(changes: Sequence[Change]) -> list[list[Change]]:
    """Runs of mailbox and user changes go together; everything else goes alone."""

    def company(change: Change) -> tuple[bool, int]:
        together = change.target.family in _TOGETHER
        return together, 0 if together else change.id

    return [list(group) for _, group in groupby(changes, key=company)]


async def _barrier(
    plan: Plan, changes: Sequence[Change], story: Story, means: Means
) -> Outcome | None:
    missing = await confirm(_not_overtaken(changes, plan, story), story, means)
    if not missing:
        return None
    told = "; ".join(row.tell() for row in missing)
    story.unconfirmed((row.change.id for row in missing), told)
    fault = PartlyApplied(
        f"not confirmed, so nothing that follows was done: {told}",
        where=f"phase {missing[0].change.phase.name.lower()}",
        try_="wait, then `portineria apply --resume`",
        evidence={"run": story.state.run, "changes": [row.change.id for row in missing]},
    )
    return _rest(plan, story, fault, unconfirmed=missing)


async def _window(
    plan: Plan, changes: Sequence[Change], story: Story, means: Means
) -> Outcome | None:
    """Both phases of the window at once: there is no barrier inside it."""
    try:
        forced = await prepare(changes, story, means)
        # Inside there is no turning away from a full disk: the room is there before it opens.
        means.journal.reserve(ROOM)
    except Fault as fault:
        return _rest(plan, story, fault)
    passage = await means.shield(lambda: pass_through(forced, story, means))
    return after_window(plan, changes, passage, story)


def after_window(
    plan: Plan, changes: Sequence[Change], passage: Passage, story: Story
) -> Outcome | None:
    """Note that the window is behind, or rest where it left the run."""
    if not passage.why:
        for phase in sorted({change.phase for change in changes}):
            story.confirmed(phase)
        return None
    exposed = story.state.exposed
    fault = PartlyApplied(
        f"{_WORDS[exposed]}: {passage.why}",
        where="the window",
        try_="`portineria apply --resume` now: it repairs before anything else"
        if exposed
        else "`portineria apply --resume` when the cause is gone",
        evidence={"run": story.state.run},
    )
    end = End.EXPOSED if exposed else End.TURNED_BACK
    return _rest(plan, story, fault, end, passage.unconfirmed)


_WORDS = {
    True: "the window is open: the tenant may be without security defaults and replacements",
    False: "the way forward was closed, and the way back was gone: protection is as it was",
}


def _rest(
    plan: Plan,
    story: Story,
    fault: Fault,
    end: End = End.STOPPED,
    unconfirmed: tuple[Unconfirmed, ...] = (),
) -> Outcome:
    if isinstance(fault, StateFault):
        return rest_unwritten(plan, story, fault)
    if story.state.promises == 0:
        story.end("nothing-written")
    else:
        story.stopped(fault.why)
    return outcome(plan, story, end, fault, unconfirmed)


def rest_unwritten(plan: Plan, story: Story, full: StateFault) -> Outcome:
    """Rest because the journal takes no more lines, as where a process ends: it says nothing."""
    if story.state.promises == 0:
        return outcome(plan, story, End.STOPPED, full)
    exposed, run = story.state.exposed, story.state.run
    fault = PartlyApplied(
        f"{_WORDS[True]}, and {full.why}: what cannot be promised is not sent"
        if exposed
        else f"{full.why}: what cannot be promised is not sent",
        where=full.where,
        try_=f"make room on that disk, then `portineria apply --resume {run}`: it repairs before "
        "anything else"
        if exposed
        else f"make room on that disk, then `portineria apply --resume {run}`",
        evidence={"run": story.state.run, "cause": full.code, **full.evidence},
    )
    return outcome(plan, story, End.EXPOSED if exposed else End.STOPPED, fault)


def outcome(
    plan: Plan,
    story: Story,
    end: End,
    fault: Fault | None = None,
    unconfirmed: tuple[Unconfirmed, ...] = (),
) -> Outcome:
    done = story.state.done.values()
    return Outcome(
        run=story.state.run,
        end=end,
        total=len(plan.changes),
        written=sum(each.ours for each in done),
        already=sum(not each.ours for each in done),
        window=window_report(story.state),
        unconfirmed=unconfirmed,
        fault=fault,
    )


def window_report(state: RunState) -> WindowReport | None:
    """How the run's last window went, as its journal tells it."""
    told = state.window_report
    if told is None:
        return None
    return WindowReport(
        way=Way(told["way"]),
        requests=told["requests"],
        seconds=told["seconds"],
        confirmed_seconds=told["confirmed_seconds"],
    )
