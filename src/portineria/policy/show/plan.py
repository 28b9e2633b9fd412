"""A plan for people, in plain text: what, in which order, why, at what exposure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from portineria.policy.change import Fields, Json, Phase, Verb
from portineria.policy.guards.registry import standing
from portineria.policy.plan import Cell, Drift, LeftOut, Plan
from portineria.policy.show.cells import cell_lines
from portineria.policy.show.visible import columns, line

PHASES = {
    Phase.CLOSE: "close first",
    Phase.EXPLICIT: "open what is granted, explicitly",
    Phase.TENANT_SWITCH: "the tenant switch",
    Phase.STAGE: "stage the replacements, report-only",
    Phase.WINDOW: "the window: security defaults go off",
    Phase.ENFORCE: "enforce the replacements",
    Phase.EXCEPTION: "the grant's own exception",
}
SIGN = {Verb.CREATE: "+", Verb.UPDATE: "~", Verb.DELETE: "-"}


MOST_LEFT_OUT = 20
"""Lines of a group's members that are no mailbox; the rest is counted, and stands in the JSON."""


def plan_text(plan: Plan, *, each_cell: bool = False) -> str:
    """The whole plan; an empty plan says so. Ends with a newline.

    `each_cell` shows every cell with all who speak of it, in place of the table of promises.
    """
    return "\n".join(map(line, _lines(plan, each_cell))) + "\n"


def _lines(plan: Plan, each_cell: bool) -> Iterator[str]:
    count = len(plan.changes)
    yield f"Plan for tenant {plan.tenant_id}: {_plural(count, 'change')}"
    yield f"digest {plan.digest}"
    if not plan.changes:
        yield ""
        yield "Nothing to do: the tenant already is as the policy asks."
    yield from _section("Why", plan.notes)
    yield from _section(
        "Refused",
        (f"{r.grant}, {r.mailbox}: {r.why}. Instead: {r.instead}" for r in plan.refusals),
    )
    yield from _section("Left out, because no mailbox answers for them", _left_out(plan.left_out))
    yield from _changes(plan)
    yield from _section("Doors that open", plan.exposure)
    yield from _section("Protection lost", plan.lost)
    yield from _section("Could not be seen", plan.unknown)
    yield from cell_lines(plan.cells) if each_cell else _promises(plan.cells)
    yield from _stops(plan)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    listed = list(lines)
    if listed:
        yield ""
        yield title
        yield from (f"  {line}" for line in listed)


def _left_out(members: Sequence[LeftOut]) -> Iterator[str]:
    for one in members[:MOST_LEFT_OUT]:
        name = one.name or one.address or one.id
        address = f" ({one.address})" if one.address and one.address != name else ""
        yield f"{one.grant}, group {one.group}: {name}{address}, {one.kind}: {one.why}"
    if len(members) > MOST_LEFT_OUT:
        yield f"and {len(members) - MOST_LEFT_OUT} more; --json lists them all"


def _changes(plan: Plan) -> Iterator[str]:
    drifted: dict[int, list[Drift]] = {}
    for one in plan.drift:
        drifted.setdefault(one.change, []).append(one)
    if drifted:
        yield ""
        yield f"Drift: {len(drifted)} of the changes repair what earlier runs had left otherwise"
    phase = None
    for change in plan.changes:
        if change.phase is not phase:
            phase = change.phase
            yield ""
            yield f"{phase.value}. {PHASES[phase]}"
        risk = "" if change.risk == "low" else f"  [{change.risk} risk]"
        what = f"{change.target.family}: {change.target.name}"
        yield f"  {SIGN[change.verb]} {change.id:>3}  {what}{risk}"
        yield from (f"         {told}" for told in _fields(change.before, change.after))
        yield f"         {change.reason}  ({', '.join(change.because)})"
        yield from (f"         {_drift(one)}" for one in drifted.get(change.id, ()))


def _drift(one: Drift) -> str:
    """Drifted: run … left ImapEnabled false on 2026-11-23, and it is true now."""
    perhaps = f"; {one.perhaps}" if one.perhaps else ""
    day = one.at[:10]
    if not one.field:
        return f"drifted: run {one.run} made it on {day}, and it is gone{perhaps}"
    left, found = _value(one.left), _value(one.found)
    return (
        f"drifted: run {one.run} left {one.field} {left} on {day}, and it is {found} now{perhaps}"
    )


def _fields(before: Fields | None, after: Fields | None) -> Iterator[str]:
    """One line a leaf, whole: `conditions.users.excludeUsers: [] -> ["…"]`."""
    old, new = dict(_leaves(before or {})), dict(_leaves(after or {}))
    for name in new if after is not None else old:
        value = "(removed)" if after is None else _value(new[name])
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


def _promises(cells: Iterable[Cell]) -> Iterator[str]:
    rows = [("mailbox", "protocol", "caller", "from", "before", "promised")]
    rows += [
        (c.address, c.protocol.value, c.caller, c.place or "anywhere", c.before, _promised(c))
        for c in cells
    ]
    if len(rows) == 1:
        return
    yield ""
    yield "Promises (effective access: before, and as planned)"
    yield from (f"  {row}" for row in columns(rows))


def _promised(cell: Cell) -> str:
    expected = {"open": "yes", "refused": "no"}[cell.promised]
    if cell.after == expected:
        return cell.promised + (f" by {cell.layer}" if cell.layer else "")
    return f"{cell.promised}, but effective access says «{cell.after}» ({cell.layer})"


def _stops(plan: Plan) -> Iterator[str]:
    if not plan.stops:
        return
    left = standing(plan.stops, plan.accepted)
    yield ""
    yield "Guards"
    for stop in plan.stops:
        state = "stops" if stop in left else "overruled"
        yield f"  {stop.guard} {state}: {stop.why}"
        if stop in left:
            yield f"      {stop.try_}" + (f"; or --accept {stop.word}" if stop.word else "")


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
