"""What the wire said to a login, beside what effective access expected."""

from __future__ import annotations

from typing import Any

from portineria.cli.faces.answer import print_json
from portineria.cli.faces.tables import plain
from portineria.cli.faces.why import EXIT
from portineria.cli.logins import Tried
from portineria.policy.refusals import narrowed
from portineria.policy.show import why
from portineria.policy.verdict import Answer
from portineria.run.probe import Probe
from portineria.tenant.unseen import Unseen
from portineria.tongue.say import compose, say

SCHEMA = "portineria/probe@1"


def print_tried(tried: Tried, *, as_json: bool) -> int:
    """Print, and give the answer as exit code."""
    answer = Answer.UNKNOWN if isinstance(tried.found, Unseen) else tried.found.answer
    if as_json:
        print_json(SCHEMA, document(tried))
    else:
        _print_text(tried, answer)
    return EXIT[answer]


def document(tried: Tried) -> dict[str, Any]:
    members: dict[str, Any] = {
        "mailbox": tried.access.mailbox.address,
        "protocol": tried.access.protocol.value,
        "caller": str(tried.access.caller),
        "expected": why.answer(tried.expected).value,
    }
    if isinstance(tried.found, Unseen):
        return {**members, "answer": Answer.UNKNOWN.value, "because": tried.found.because}
    found = tried.found
    return {
        **members,
        "answer": found.answer.value,
        "because": found.because,
        "server": found.server,
        "stage": found.stage.value,
        "line": found.line,
        "layers": _layers(tried, found),
        "seconds": round(found.seconds, 3),
        "tls": found.tls,
        "transcript": [str(line) for line in found.transcript],
    }


def _layers(tried: Tried, found: Probe) -> list[str]:
    """Layers that may have refused, narrowed by what is known of the tenant."""
    if found.reading is None:
        return []
    return sorted(layer.value for layer in narrowed(found.reading, tried.expected.ladder))


def _print_text(tried: Tried, answer: Answer) -> None:
    access, because = tried.access, plain(say(tried.found.because))
    name = access.protocol.value.upper()
    print(compose("{} of {} as {}", name, plain(access.mailbox.address), access.caller))
    rows = {"the wire said:": f"{say(answer.value)}, {because}"}
    rows["expected:"] = say(why.answer(tried.expected).value)
    layers = [] if isinstance(tried.found, Unseen) else _layers(tried, tried.found)
    if layers:
        rows["refused by:"] = say(" or ".join(layers))
    width = max(map(len, map(say, rows)))
    for head, told in rows.items():
        print(f"  {say(head):<{width}} {told}")
    if isinstance(tried.found, Unseen):
        return
    print()
    for line in tried.found.transcript:
        print(f"  {plain(str(line))}")
