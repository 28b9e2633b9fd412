"""Promises beside what was found: mailbox, protocol, caller; before, promised, the wire."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from portineria.cli.faces.answer import print_json
from portineria.cli.faces.tables import print_many
from portineria.policy.show import why
from portineria.run.probe import Probe
from portineria.run.verify import Verified, exit_code
from portineria.tenant.lazyjson import Listed
from portineria.tenant.unseen import Unseen
from portineria.tongue.say import compose, say

SCHEMA = "portineria/verify@1"
COLUMNS = (
    "Mailbox",
    "Protocol",
    "Caller",
    "From",
    "Before",
    "Promised",
    "The wire said",
    "Verdict",
    "Because",
)


def print_verified(run: str, rows: Sequence[Verified], *, as_json: bool) -> int:
    if as_json:
        print_json(SCHEMA, {"run": run, "rows": Listed(lambda: map(document, rows))})
        return exit_code(rows)
    print(compose("Run {}: {}", run, _counted(rows)), end="\n\n")
    if rows:
        print_many(COLUMNS, lambda: map(_cells, rows))
    return exit_code(rows)


def document(row: Verified) -> dict[str, Any]:
    cell = row.cell
    return {
        "mailbox": cell.address,
        "protocol": cell.protocol.value,
        "caller": cell.caller,
        "place": cell.place,
        "grants": list(cell.grants),
        "before": cell.before,
        "promised": cell.promised,
        "read": None if row.read is None else why.answer(row.read).value,
        "wire": _wire(row.wire),
        "line": row.wire.line if isinstance(row.wire, Probe) else "",
        "verdict": row.verdict.value,
        "because": row.because,
        "until": None if row.until is None else row.until.isoformat(),
    }


def _cells(row: Verified) -> tuple[str, ...]:
    cell = row.cell
    verdict = say(row.verdict.value)
    if row.until is not None:
        verdict = compose("{} until {} UTC", row.verdict.value, f"{row.until:%Y-%m-%d %H:%M}")
    return (
        cell.address,
        cell.protocol.value.upper(),
        cell.caller,
        cell.place or say("anywhere"),
        say(cell.before),
        say(cell.promised),
        say(_wire(row.wire)),
        verdict,
        say(row.because),
    )


def _wire(wire: Probe | Unseen) -> str:
    return "no login" if isinstance(wire, Unseen) else wire.answer.value


def _counted(rows: Sequence[Verified]) -> str:
    counts = Counter(row.verdict.value for row in rows)
    told = ", ".join(f"{count} {say(verdict)}" for verdict, count in sorted(counts.items()))
    return compose("{} promises: {}", len(rows), told) if rows else say("it made no promises")
