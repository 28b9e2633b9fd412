"""What earlier runs left behind, from their journals: what drift is measured against. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from portineria.fault import OperatorFault
from portineria.policy.change import Change, Family, Verb
from portineria.policy.drift import Memory, Remembered
from portineria.policy.plan import Plan
from portineria.run.journal import RunState
from portineria.run.sight import resolve
from portineria.tenant.naming import folded

Fields = dict[tuple[Family, str, str], Remembered]
Made = dict[tuple[Family, str], Remembered]


def memory_of(states: Iterable[RunState]) -> Memory:
    """Fold the runs of one tenant, oldest first; a later one overwrites what an earlier left.

    What a run found as wanted counts like what it wrote: it was so then. A journal whose plan
    cannot be read tells nothing.
    """
    fields: Fields = {}
    made: Made = {}
    names: dict[str, Remembered] = {}
    for state in states:
        try:
            plan = state.plan
        except OperatorFault:
            continue
        for change in plan.changes:
            if change.id in state.done:
                _take(change, state, fields, made)
        names.update(_names(plan, state))
    return Memory(fields=fields, made=made, names=names)


def _take(change: Change, state: RunState, fields: Fields, made: Made) -> None:
    done = state.done[change.id]
    real = resolve(change, state.done)
    family, key = real.target.family, (real.target.key or done.id).lower()
    at = state.when.get(change.id, state.begun_at)
    if real.verb is Verb.CREATE:
        made[family, real.target.name] = Remembered(True, state.run, at)
    if real.after is None:
        made.pop((family, real.target.name), None)
        for where in [where for where in fields if where[:2] == (family, key)]:
            del fields[where]
        return
    for name, value in real.after.items():
        fields[family, key, name] = Remembered(value, state.run, at)


def _names(plan: Plan, state: RunState) -> Iterable[tuple[str, Remembered]]:
    for cell in plan.cells:
        yield folded(cell.address), Remembered(cell.mailbox, state.run, state.begun_at)
