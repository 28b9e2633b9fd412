"""Undo is a plan: the inverse of a run against the tenant of today, through the same guards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import ip_address

from portineria.clock import Clock
from portineria.fault import Fault, NoSuch, Unfinished
from portineria.policy.change import Change, Family, Fields, Missing, Target, Verb
from portineria.policy.guards.case import Case
from portineria.policy.guards.registry import speak
from portineria.policy.plan import Cell, Plan
from portineria.policy.promise import OPEN, REFUSED, Judge, exposure
from portineria.policy.simulate import simulate
from portineria.policy.verdict import Answer
from portineria.run.callers import with_real_callers
from portineria.run.journal import RunState
from portineria.run.ports import Crew, Resources
from portineria.run.sight import in_parts, resolve
from portineria.run.takeback import ObjectKey, Takeback, left_by, object_key, take_back
from portineria.tenant.caller import parse_caller
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

_LIMIT = 8


async def undo_plan(
    state: RunState,
    snapshot: Snapshot,
    resources: Resources,
    crew: Crew,
    clock: Clock,
    accepted: Iterable[str] = (),
) -> Plan:
    """Plan how what a run did is taken back. Nothing is written.

    `state` is the run's journal, `snapshot` the tenant of today, `accepted` words given against
    guards. Only what is still as the run left it is taken back; the rest is in the notes, and
    what could not be read is in `unknown`, on which a guard stops. Raises BadJournal for a
    run without a plan, Unfinished for one that rests inside its window.
    """
    _refuse_exposed(state)
    plan = with_real_callers(state.plan, state.done)
    made = [_on_its_object(change, state) for change in plan.changes if _ours(change, state)]
    seen = await _see(made, resources, crew)
    found = take_back(made, seen)
    return _judged(plan, found, snapshot, state.run, clock, tuple(sorted(accepted)))


def _ours(change: Change, state: RunState) -> bool:
    done = state.done.get(change.id)
    return done is not None and done.ours


def _on_its_object(change: Change, state: RunState) -> Change:
    real = resolve(change, state.done)
    key = real.target.key or state.done[change.id].id
    return replace(real, target=replace(real.target, key=key))


async def _see(
    made: list[Change], resources: Resources, crew: Crew
) -> dict[ObjectKey, Fields | Missing | Unseen]:
    """Today's values of the touched fields; an object that cannot be read is Unseen."""
    fields: dict[ObjectKey, dict[str, None]] = {}
    names: dict[ObjectKey, str] = {}
    for change in made:
        wanted = {**(change.before or {}), **(change.after or {})}
        fields.setdefault(object_key(change), {}).update(dict.fromkeys(wanted))
        names[object_key(change)] = change.target.name

    targets = [Target(family=f, key=key, name=names[f, key]) for f, key in left_by(made)]
    parts: list[list[Target]] = in_parts(targets, lambda target: target)

    async def some(part: list[Target]) -> list[Fields | Missing | Unseen]:
        asked = [(target, tuple(fields[target.family, target.key])) for target in part]
        try:
            if len(asked) > 1:
                return await resources.read_each(asked)
            if part[0].family is Family.SESSIONS:
                return [Missing()]
            return [await resources.read(*asked[0])]
        except Fault as fault:
            return [Unseen(fault.why) for _ in part]

    return {
        (target.family, target.key): seen
        async for part, answers in crew.each(parts, some, _LIMIT)
        for target, seen in zip(part, answers, strict=True)
    }


def _judged(
    plan: Plan,
    found: Takeback,
    snapshot: Snapshot,
    run: str,
    clock: Clock,
    accepted: tuple[str, ...],
) -> Plan:
    unknown = list(found.unknown)
    try:
        planned = simulate(snapshot, found.changes)
    except ValueError as lost:
        unknown.append(f"the snapshot and the run do not fit together: {lost}")
        planned = snapshot
    unknown += _defaults_refused(found.changes, planned)
    judge = Judge(snapshot, planned, clock.now())
    gone = {f"app:{key}" for key in _removed(found.changes)}
    cells = tuple(
        cell
        for cell in (_promised_back(cell, judge) for cell in plan.cells if cell.caller not in gone)
        if cell is not None and not _concerned(cell, found)
    )
    undo = Plan(
        tenant_id=plan.tenant_id,
        made_at=clock.now(),
        snapshot_taken_at=snapshot.taken_at,
        policy_digest=plan.policy_digest,
        changes=found.changes,
        cells=cells,
        accepted=accepted,
        exposure=exposure(cells),
        unknown=tuple(unknown),
        notes=tuple(found.notes),
        undo_of=run,
    )
    return replace(undo, stops=speak(Case(plan=undo, snapshot=snapshot, now=clock.now())))


def _removed(changes: Iterable[Change]) -> Iterator[str]:
    """Applications that are taken away: of what is not there nothing can be promised."""
    for change in changes:
        if change.target.family is Family.APPLICATION and change.verb is Verb.DELETE:
            yield change.target.key


def _promised_back(cell: Cell, judge: Judge) -> Cell | None:
    """What the run found before it is what its undoing promises; an unknown promises nothing."""
    box = judge.today.mailbox(cell.mailbox)
    if box is None or cell.before == Answer.UNKNOWN.value:
        return None
    promised = OPEN if cell.before == Answer.YES.value else REFUSED
    caller = parse_caller(cell.caller)
    place = str(ip_address(cell.place)) if cell.place else ""
    again = judge.cell(box, cell.protocol, caller, promised, place=place)
    return replace(again, grants=cell.grants)


def _concerned(cell: Cell, found: Takeback) -> bool:
    """Whether something left alone may keep this cell from being as it was."""
    per_mailbox = {Family.MAILBOX, Family.USER, Family.MAILBOX_PERMISSION}
    return any(
        family not in per_mailbox or key.split("/")[0] in (cell.mailbox, "")
        or family is Family.USER
        for family, key in found.left
    )  # fmt: skip


def _defaults_refused(changes: Iterable[Change], planned: Snapshot) -> list[str]:
    """Security defaults cannot come back while a policy, of whomever, is enforced."""
    back_on = any(
        change.target.family is Family.SECURITY_DEFAULTS and (change.after or {}).get("isEnabled")
        for change in changes
    )
    policies = planned.conditional_access
    if not back_on:
        return []
    if isinstance(policies, Unseen):
        return [f"security defaults would come back, and {policies.because}"]
    enforced = [policy.name for policy in policies if policy.enforced]
    if not enforced:
        return []
    return [f"security defaults cannot come back while «{enforced[0]}» is enforced"]


def check_undoable(state: RunState) -> None:
    """Raises Unfinished inside a window, NoSuch where there is nothing to take back."""
    _refuse_exposed(state)
    if not any(done.ours for done in state.done.values()):
        raise NoSuch(
            f"run {state.run or '(none)'} wrote nothing that stands",
            where=f"run {state.run}",
            try_="`portineria runs list` shows what was done",
        )


def _refuse_exposed(state: RunState) -> None:
    if state.exposed:
        raise Unfinished(
            f"run {state.run} rests inside its window",
            where=f"run {state.run}",
            try_=f"`portineria apply --resume {state.run}` first: it repairs",
        )
