"""Draws docs/ladder.md from the ladder itself (`make docs`)."""

from __future__ import annotations

from collections.abc import Iterator

from portineria.policy.readings import READINGS, RETIREMENT, Reading
from portineria.policy.rungs.ladder import LADDER

_OPENING = """\
# The ladder

Whether a mailbox can be opened by a protocol is decided by many layers, and each of them can
refuse. `portineria why` asks all of them in this order. The first that refuses is the answer;
if none refuses and one could not tell, the answer is *could not tell*; else it is open.

`user` without a client id stands for a person through some client that the tenant lets in.

This page is drawn from the code, by `make docs`.
"""


def page() -> str:
    """The whole page, ending with a newline."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _OPENING
    yield "| | layer | asks | of | source | confidence |"
    yield "|---|---|---|---|---|---|"
    for number, step in enumerate(LADDER, 1):
        yield (
            f"| {number} | [{step.layer.value}](../src/{step.judge.__module__.replace('.', '/')}"
            f".py) | {step.asks} | {step.about} | {step.source} | {step.confidence.value} |"
        )
    yield ""
    yield "## The end of basic authentication"
    yield ""
    yield "| protocol | from | basic | because | source |"
    yield "|---|---|---|---|---|"
    for protocol, eras in RETIREMENT.items():
        for era in eras:
            start = "the beginning" if era.start.year == 1 else era.start.isoformat()
            state = _state(era.open)
            row = f"{protocol.value} | {start} | {state} | {era.because} | {era.source}"
            yield f"| {row} |"
    yield ""
    yield "## What is not proven"
    yield ""
    yield "Until one of these is settled, what stands under *meanwhile* is taken: *could not tell*,"
    yield "or a reading that opens nothing by being wrong."
    yield ""
    yield "| reading | question | can be | meanwhile | how to settle it | source |"
    yield "|---|---|---|---|---|---|"
    for reading in READINGS.values():
        yield (
            f"| `{reading.id}` | {reading.question} | {', '.join(reading.options)} "
            f"| {reading.assumed or 'could not tell'} | {reading.settle} | {reading.source} |"
        )


def _state(value: bool | Reading) -> str:
    if isinstance(value, Reading):
        return f"`{value.id}`"
    return "open" if value else "refused"
