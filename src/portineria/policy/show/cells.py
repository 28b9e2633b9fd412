"""Cell by cell: who speaks of a mailbox, a protocol and a caller, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from portineria.policy.plan import Cell, Voice
from portineria.policy.promise import OPEN
from portineria.policy.verdict import Answer
from portineria.policy.voices import CANNOT_BE, CLOSES, DENIES, ENDED, OPENS

MARKS = {OPENS: "+", DENIES: "-", ENDED: "!", CANNOT_BE: "x", CLOSES: "-"}
LEGEND = "+ opens   - denies, or closes   ! ended   x cannot be   . opens for another caller"


def cell_lines(cells: Iterable[Cell]) -> Iterator[str]:
    """Every cell under its mailbox: the promise with its reason, then all who speak of it."""
    listed = list(cells)
    if not listed:
        return
    yield ""
    yield "Cells: what the grants come to, and what each of them says"
    yield f"  {LEGEND}"
    for address, of_one in groupby(listed, key=lambda cell: cell.address):
        yield ""
        yield f"  {address}"
        for cell in of_one:
            yield f"    {_head(cell)}"
            yield from (f"      {voice_line(voice, cell.caller)}" for voice in cell.voices)


def _head(cell: Cell) -> str:
    place = f" from {cell.place}" if cell.place else ""
    why = f": {cell.because}" if cell.because else ""
    return f"{cell.protocol.value} as {cell.caller}{place}: {cell.promised}{why} ({_access(cell)})"


def _access(cell: Cell) -> str:
    """What effective access says, before and after, and the layer behind it."""
    layer = f", {cell.layer}" if cell.layer else ""
    wanted = Answer.YES.value if cell.promised == OPEN else Answer.NO.value
    doubt = "" if cell.after == wanted else "; THIS IS NOT WHAT WAS ASKED"
    return f"today {cell.before}, then {cell.after}{layer}{doubt}"


def voice_line(voice: Voice, caller: str) -> str:
    """One voice, as seen from the cell of this caller."""
    why = f": {voice.why}" if voice.why else ""
    if voice.says == OPENS and voice.caller != caller:
        return f". «{voice.grant}» opens it for {voice.caller}{why}"
    shout = f"ENDED{why}" if voice.says == ENDED else f"{voice.says}{why}"
    name = voice.grant if voice.says == CLOSES else f"«{voice.grant}»"
    return f"{MARKS[voice.says]} {name} {shout}"
