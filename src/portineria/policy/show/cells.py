"""Cell by cell: who speaks of a mailbox, a protocol and a caller, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from portineria.policy.plan import Cell, Voice
from portineria.policy.promise import OPEN
from portineria.policy.verdict import Answer
from portineria.policy.voices import CANNOT_BE, CLOSES, DENIES, ENDED, OPENS
from portineria.tongue.say import compose, say

MARKS = {OPENS: "+", DENIES: "-", ENDED: "!", CANNOT_BE: "x", CLOSES: "-"}
LEGEND = "+ opens   - denies, or closes   ! ended   x cannot be   . opens for another caller"


def cell_lines(cells: Iterable[Cell]) -> Iterator[str]:
    """Every cell under its mailbox: the promise with its reason, then all who speak of it."""
    listed = list(cells)
    if not listed:
        return
    yield ""
    yield say("Cells: what the grants come to, and what each of them says")
    yield f"  {say(LEGEND)}"
    for address, of_one in groupby(listed, key=lambda cell: cell.address):
        yield ""
        yield f"  {address}"
        for cell in of_one:
            yield f"    {_head(cell)}"
            yield from (f"      {voice_line(voice, cell.caller)}" for voice in cell.voices)


def _head(cell: Cell) -> str:
    protocol, why = cell.protocol.value, f": {say(cell.because)}" if cell.because else ""
    asked = compose("{} as {}", protocol, cell.caller)
    if cell.place:
        asked = compose("{} as {} from {}", protocol, cell.caller, cell.place)
    return f"{asked}: {say(cell.promised)}{why} ({_access(cell)})"


def _access(cell: Cell) -> str:
    """What effective access says, before and after, and the layer behind it."""
    told = compose("today {}, then {}", cell.before, cell.after)
    layer = f", {say(cell.layer)}" if cell.layer else ""
    wanted = Answer.YES.value if cell.promised == OPEN else Answer.NO.value
    doubt = "" if cell.after == wanted else f"; {say('THIS IS NOT WHAT WAS ASKED')}"
    return f"{told}{layer}{doubt}"


def voice_line(voice: Voice, caller: str) -> str:
    """One voice, as seen from the cell of this caller."""
    why = f": {_why(voice)}" if voice.why else ""
    if voice.says == OPENS and voice.caller != caller:
        return f". {compose('«{}» opens it for {}', voice.grant, voice.caller)}{why}"
    shout = say("ENDED" if voice.says == ENDED else voice.says)
    name = voice.grant if voice.says == CLOSES else f"«{voice.grant}»"
    return f"{MARKS[voice.says]} {name} {shout}{why}"


def _why(voice: Voice) -> str:
    """Of a grant that denies it is its own reason, in the words of whoever wrote it."""
    return voice.why if voice.says == DENIES else say(voice.why)
