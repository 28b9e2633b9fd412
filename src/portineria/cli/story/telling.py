"""How the story is told: plain lines, and a table at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TextIO

from portineria.run.verify import Verified
from portineria.run.window import WindowReport
from portineria.tenant.unseen import Unseen

HEADS = ("mailbox", "protocol", "caller", "from", "before", "promised", "the wire said", "verdict")
WIRE_WIDTH = 58


@dataclass(slots=True)
class Teller:
    """Says lines, and is a Progress that tells each change once."""

    out: TextIO
    _told: set[str] = field(default_factory=set)

    def title(self, text: str) -> None:
        self._told.clear()
        self.say(f"\n{text}\n{'─' * len(text)}")

    def say(self, text: str = "") -> None:
        print(text, file=self.out, flush=True)

    def step(self, text: str, done: int = 0, total: int = 0) -> None:
        """Progress of a run: one line a change; of the window, each forced call as it is sent."""
        if text.startswith(("reading", "per-user")) or (not total and ": " not in text):
            return
        line = f"  {done:>2}/{total} {text}" if total else f"  window {text}"
        if line not in self._told:
            self._told.add(line)
            self.say(line)


def row(one: Verified, app_name: dict[str, str]) -> dict[str, Any]:
    """One line of the table, as --json gives it."""
    cell = one.cell
    wire = one.wire
    return {
        "mailbox": cell.address,
        "protocol": cell.protocol.value,
        "caller": app_name.get(cell.caller, cell.caller),
        "from": cell.place or None,
        "before": cell.before,
        "promised": cell.promised,
        "wire": None if isinstance(wire, Unseen) else wire.answer.value,
        "said": f"no login: {wire.because}" if isinstance(wire, Unseen) else wire.line,
        "verdict": one.verdict.value,
        "because": one.because,
    }


def table(rows: list[dict[str, Any]]) -> str:
    lines = [HEADS] + [
        (
            line["mailbox"],
            line["protocol"],
            line["caller"],
            line["from"] or "anywhere",
            line["before"],
            line["promised"],
            _short(line["said"]),
            line["verdict"],
        )
        for line in rows
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADS))]
    drawn = [
        "  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]
    drawn.insert(1, "  ".join("─" * width for width in widths))
    return "\n".join(drawn)


def _short(text: str) -> str:
    return text if len(text) <= WIRE_WIDTH else f"{text[: WIRE_WIDTH - 1]}…"


def window_line(window: WindowReport | None) -> str:
    if window is None:
        return "The window never opened: security defaults were not touched."
    return (
        f"The window: {window.requests} requests in {window.seconds:.1f} seconds as the API tells; "
        "when its effect ended is unknown until observed."
    )
