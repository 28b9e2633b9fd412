"""The application that a plan makes has its client id only when the run has made it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from portineria.policy.plan import Cell, Plan
from portineria.run.journal import Done
from portineria.run.sight import real_id

_MADE = re.compile(r"app:(change:\d+\.id)")


def with_real_callers(plan: Plan, done: Mapping[int, Done]) -> Plan:
    """The plan with the client ids of the applications that its run has made."""
    return replace(plan, cells=tuple(_real(cell, done) for cell in plan.cells))


def _real(cell: Cell, done: Mapping[int, Done]) -> Cell:
    found = _MADE.fullmatch(cell.caller)
    if found is None:
        return cell
    try:
        return replace(cell, caller=f"app:{real_id(found[1], done)}")
    except KeyError:
        return cell
