"""A plan for people, in plain text: what, in which order, why, at what exposure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from portineria.policy.change import Change, Fields, Json, Phase, Verb
from portineria.policy.guards.registry import standing
from portineria.policy.plan import Cell, Plan

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


def plan_text(plan: Plan) -> str:
    """The whole plan; an empty plan says so. Ends with a newline."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
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
    yield from _changes(plan.changes)
    yield from _section("Doors that open", plan.exposure)
    yield from _section("Protection lost", plan.lost)
    yield from _section("Could not be seen", plan.unknown)
    yield from _promises(plan.cells)
    yield from _stops(plan)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    listed = list(lines)
    if listed:
        yield ""
        yield title
        yield from (f"  {line}" for line in listed)


def _changes(changes: Iterable[Change]) -> Iterator[str]:
    phase = None
    for change in changes:
        if change.phase is not phase:
            phase = change.phase
            yield ""
            yield f"{phase.value}. {PHASES[phase]}"
        risk = "" if change.risk == "low" else f"  [{change.risk} risk]"
        what = f"{change.target.family}: {change.target.name}"
        yield f"  {SIGN[change.verb]} {change.id:>3}  {what}{risk}"
        yield from (f"         {line}" for line in _fields(change.before, change.after))
        yield f"         {change.reason}  ({', '.join(change.because)})"


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
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        yield "  " + "  ".join(f"{text:<{w}}" for text, w in zip(row, widths, strict=True)).rstrip()


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
