"""A plan for people, in plain text: what, in which order, why, at what exposure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from portineria.policy.change import Change, Family, Fields, Json, Phase, Target, Verb
from portineria.policy.guards.registry import standing
from portineria.policy.plan import Cell, Drift, LeftOut, Plan
from portineria.policy.show.cells import cell_lines
from portineria.policy.show.kinds import (
    FEW,
    MANY,
    cells_by_kind,
    changes_by_kind,
    lines_by_kind,
)
from portineria.policy.show.visible import columns, line
from portineria.tongue.say import compose, say

PHASES = {
    Phase.CLOSE: "close first",
    Phase.EXPLICIT: "open what is granted, explicitly",
    Phase.TENANT_SWITCH: "the tenant switch",
    Phase.STAGE: "stage what opens nothing yet: report-only policies, applications without rights",
    Phase.WINDOW: "the window: security defaults go off",
    Phase.ENFORCE: "enforce the replacements",
    Phase.EXCEPTION: "the grant's own exception",
}
SIGN = {Verb.CREATE: "+", Verb.UPDATE: "~", Verb.DELETE: "-"}


SINGLE = (Family.TRANSPORT, Family.ORGANIZATION, Family.SECURITY_DEFAULTS)
CAUSES = ("basic grants", "grants that ended", "the basic twin")
"""Causes that are neither the name of a grant nor a key of the file."""
MOST_LEFT_OUT = 20
"""Lines of a group's members that are no mailbox; the rest is counted, and stands in the JSON."""


NOTHING = "Nothing to do: the tenant already is as the policy asks."
NOTHING_MORE = "Nothing to do: whatever of the policy can be, and could be seen, already is."

IN_ITS_JSON = "the plan's JSON holds all of it (--output FILE, --json)"


def plan_text(plan: Plan, *, each_cell: bool = False, each: bool = False) -> str:
    """The lines of `plan_lines` as one text that ends with a newline."""
    return "".join(f"{told}\n" for told in plan_lines(plan, each_cell=each_cell, each=each))


def plan_lines(
    plan: Plan, *, each_cell: bool = False, each: bool = False, whole: str = IN_ITS_JSON
) -> Iterator[str]:
    """The whole plan; an empty plan says so.

    What there is much of is told by kind, with how many there are: all of it is accounted for.
    `whole` says where each stands by itself. `each` tells every change and every line here;
    `each_cell` shows every cell with all who speak of it, in place of the table of promises.
    """
    return map(line, _lines(plan, each_cell, each, whole))


def _lines(plan: Plan, each_cell: bool, each: bool, whole: str) -> Iterator[str]:
    count = len(plan.changes)
    yield compose("Plan for tenant {}: {}", plan.tenant_id, _changed(count))
    yield compose("digest {}", plan.digest)
    if not plan.changes:
        yield ""
        yield say(NOTHING_MORE if plan.refusals or plan.unknown else NOTHING)
    refused = [f"{r.grant}, {r.mailbox}: {r.why}. Instead: {r.instead}" for r in plan.refusals]
    parts = (plan.changes, plan.notes, refused, plan.exposure, plan.unknown, plan.cells)
    if not each and any(len(part) > MANY for part in parts):
        yield ""
        yield compose("Told by kind and counted, because there is much of it: {}.", whole)
        yield say("The digest is of the whole.")
    yield from _section("Why", plan.notes, each)
    yield from _section("Refused", refused, each)
    left_out = _left_out(plan.left_out, len(plan.left_out) if each else MOST_LEFT_OUT)
    yield from _titled("Left out, because no mailbox answers for them", list(left_out))
    yield from _changes(plan, each)
    yield from _section("Doors that open", plan.exposure, each)
    yield from _section("Protection lost", plan.lost, each)
    yield from _section("Could not be seen", plan.unknown, each)
    yield from cell_lines(plan.cells) if each_cell else _promises(plan.cells, each)
    yield from _stops(plan)


def _section(title: str, lines: Sequence[str], each: bool) -> Iterator[str]:
    return _titled(title, list(map(say, lines) if each else lines_by_kind(lines)))


def _titled(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield ""
        yield say(title)
        yield from (f"  {line}" for line in lines)


def _left_out(members: Sequence[LeftOut], most: int) -> Iterator[str]:
    for one in members[:most]:
        name = one.name or one.address or one.id
        address = f" ({one.address})" if one.address and one.address != name else ""
        group = compose("group {}", one.group)
        yield f"{one.grant}, {group}: {name}{address}, {say(one.kind)}: {say(one.why)}"
    if len(members) > most:
        yield compose("and {} more; --json lists them all", len(members) - most)


def _changes(plan: Plan, each: bool) -> Iterator[str]:
    drifted: dict[int, list[Drift]] = {}
    for one in plan.drift:
        drifted.setdefault(one.change, []).append(one)
    if drifted:
        yield ""
        yield compose(
            "Drift: {} of the changes repair what earlier runs had left otherwise", len(drifted)
        )
    by_kind = not each and len(plan.changes) > MANY
    for phase, changes in groupby(plan.changes, key=lambda change: change.phase):
        yield ""
        if by_kind:
            yield from _phase_by_kind(phase, list(changes), drifted)
            continue
        yield f"{phase.value}. {say(PHASES[phase])}"
        for change in changes:
            yield from _change(change, drifted.get(change.id, ()))


def _phase_by_kind(
    phase: Phase, changes: Sequence[Change], drifted: Mapping[int, Sequence[Drift]]
) -> Iterator[str]:
    yield f"{phase.value}. {say(PHASES[phase])}: {_changed(len(changes))}"
    for kind in changes_by_kind(changes, drifted):
        if kind.count <= FEW:
            for change in kind.of:
                yield from _change(change, drifted.get(change.id, ()))
            continue
        first = kind.first
        what = f"{kind.count} x {first.target.family}: {kind.who()}"
        yield f"  {SIGN[first.verb]} {what}{_risk(first)}"
        yield from _details(first)
        if first.id in drifted:
            told = compose("drifted, all of them; the first: {}", _drift(drifted[first.id][0]))
            yield f"         {told}"


def _change(change: Change, drift: Iterable[Drift]) -> Iterator[str]:
    what = f"{change.target.family}: {_name(change.target)}"
    yield f"  {SIGN[change.verb]} {change.id:>3}  {what}{_risk(change)}"
    yield from _details(change)
    yield from (f"         {_drift(one)}" for one in drift)


def _name(target: Target) -> str:
    """What there is one of has a name of ours; all else is called as people called it."""
    return say(target.name) if target.family in SINGLE else target.name


def _details(change: Change) -> Iterator[str]:
    yield from (f"         {told}" for told in _fields(change.before, change.after))
    causes = ", ".join(say(one) if one in CAUSES else one for one in change.because)
    yield f"         {say(change.reason)}  ({causes})"


def _risk(change: Change) -> str:
    return "" if change.risk == "low" else f"  [{say(f'{change.risk} risk')}]"


def _drift(one: Drift) -> str:
    """Drifted: run … left ImapEnabled false on 2026-11-23, and it is true now."""
    perhaps = f"; {say(one.perhaps)}" if one.perhaps else ""
    day = one.at[:10]
    if not one.field:
        return compose("drifted: run {} made it on {}, and it is gone", one.run, day) + perhaps
    left, found = _value(one.left), _value(one.found)
    return (
        compose(
            "drifted: run {} left {} {} on {}, and it is {} now",
            one.run,
            one.field,
            left,
            day,
            found,
        )
        + perhaps
    )


def _fields(before: Fields | None, after: Fields | None) -> Iterator[str]:
    """One line a leaf, whole: `conditions.users.excludeUsers: [] -> ["…"]`."""
    old, new = dict(_leaves(before or {})), dict(_leaves(after or {}))
    for name in new if after is not None else old:
        value = say("(removed)") if after is None else _value(new[name])
        if before is None:
            yield f"{name}: {value}"
        elif old.get(name) != new.get(name):
            yield f"{name}: {_value(old.get(name))} -> {value}"


def _leaves(fields: Fields, path: str = "") -> Iterator[tuple[str, Json]]:
    for name, value in fields.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def _value(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)


def _promises(cells: Sequence[Cell], each: bool) -> Iterator[str]:
    if not cells:
        return
    by_kind = not each and len(cells) > MANY
    told = (
        [(kind.first, kind.who()) for kind in cells_by_kind(cells)]
        if by_kind
        else [(cell, cell.address) for cell in cells]
    )
    rows = [tuple(map(say, ("mailbox", "protocol", "caller", "from", "before", "promised")))]
    rows += [
        (who, c.protocol.value, c.caller, c.place or say("anywhere"), say(c.before), _promised(c))
        for c, who in told
    ]
    yield ""
    yield say("Promises (effective access: before, and as planned)")
    yield from (f"  {row}" for row in columns(rows))


def _promised(cell: Cell) -> str:
    expected = {"open": "yes", "refused": "no"}[cell.promised]
    if cell.after == expected:
        return compose("{} by {}", cell.promised, cell.layer) if cell.layer else say(cell.promised)
    return compose("{}, but effective access says «{}» ({})", cell.promised, cell.after, cell.layer)


def _stops(plan: Plan) -> Iterator[str]:
    if not plan.stops:
        return
    left = standing(plan.stops, plan.accepted)
    yield ""
    yield say("Guards")
    for stop in plan.stops:
        state = say("stops" if stop in left else "overruled")
        yield f"  {stop.guard} {state}: {say(stop.why)}"
        if stop in left:
            word = f"; {compose('or --accept {}', stop.word)}" if stop.word else ""
            yield f"      {say(stop.try_)}{word}"


def _changed(count: int) -> str:
    return say("1 change") if count == 1 else compose("{} changes", count)
