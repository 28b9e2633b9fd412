"""What came of a run, and its exit code."""

from __future__ import annotations

import sys
from typing import Any

from portineria.cli.faces.answer import print_json
from portineria.cli.faces.tables import plain
from portineria.cli.failure import error_object, error_text
from portineria.run.apply import Outcome
from portineria.run.window import WindowReport
from portineria.tongue.say import compose, say

SCHEMA = "portineria/run@1"


def print_outcome(outcome: Outcome, *, as_json: bool) -> int:
    if as_json:
        print_json(SCHEMA, document(outcome))
    else:
        _print_text(outcome)
    return outcome.exit_code


def print_nothing_ended(*, as_json: bool) -> int:
    """Nothing that ended was open: no run was begun, and that is as asked."""
    if as_json:
        nothing: dict[str, Any] = {
            "total": 0,
            "written": 0,
            "already": 0,
            "window": None,
            "unconfirmed": [],
        }
        print_json(SCHEMA, {"run": "", "end": "nothing ended", **nothing, "exit_code": 0})
    else:
        print(say("Nothing that ended is open: nothing to do."))
    return 0


def document(outcome: Outcome) -> dict[str, Any]:
    members: dict[str, Any] = {
        "run": outcome.run,
        "end": outcome.end.value,
        "total": outcome.total,
        "written": outcome.written,
        "already": outcome.already,
        "window": None if outcome.window is None else _window(outcome.window),
        "unconfirmed": [
            {"change": row.change.id, "broken": row.broken, "why": row.tell()}
            for row in outcome.unconfirmed
        ],
        "exit_code": outcome.exit_code,
    }
    if outcome.fault is not None:
        members["error"] = error_object(outcome.fault)["error"]
    return members


def _window(report: WindowReport) -> dict[str, Any]:
    return {
        "way": report.way.value,
        "requests": report.requests,
        "seconds": report.seconds,
        "confirmed_seconds": report.confirmed_seconds,
    }


def _print_text(outcome: Outcome) -> None:
    print(compose("Run {}: {}", outcome.run, say(outcome.end.value)))
    counts = (outcome.written, outcome.total, outcome.already)
    print(f"  {compose('{} of {} changes written, {} were already as promised', *counts)}")
    if outcome.window is not None:
        window = outcome.window
        told = compose(
            "the window: {} requests, {} s; when its effect ended is unknown until observed",
            window.requests,
            f"{window.seconds:.1f}",
        )
        print(f"  {told}")
    for row in outcome.unconfirmed:
        print(f"  {plain(compose('change {}, {}', row.change.id, row.tell()))}")
    if outcome.fault is not None:
        print(error_text(outcome.fault), file=sys.stderr)
