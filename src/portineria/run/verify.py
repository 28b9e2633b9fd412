"""Promised against seen: the tenant read with fresh eyes, and a real login where one is possible.

| the wire said | promised open | promised refused |
|---|---|---|
| let in | kept | pending, then broken |
| refused, by a layer that refuses here | pending, then broken | kept |
| refused, perhaps for the credential's sake | pending, then could not tell | could not tell |
| cut, throttled, unheard of; no credential | could not tell | could not tell |

What is read afresh may contradict the promise: then it is broken, whatever the wire says.
Pending lasts as long as the service may take after the run, and not longer. A login is only
ever tried with a credential that is at hand: an invented password proves nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address

from portineria.clock import Clock
from portineria.fault import Fault
from portineria.policy.delays import longest
from portineria.policy.effective import Context, effective
from portineria.policy.plan import Cell
from portineria.policy.promise import OPEN, answer
from portineria.policy.refusals import narrowed
from portineria.policy.verdict import Allowed, Answer, Effective, Layer
from portineria.run.ports import Crew, Progress
from portineria.run.probe import Probe
from portineria.tenant.caller import parse_caller
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

Prober = Callable[[Cell], Awaitable[Probe | Unseen]]
"""One real login for a cell, from its place; Unseen with the reason where none is possible."""

_LIMIT = 4


class Verdict(StrEnum):
    KEPT = "kept"
    BROKEN = "broken"
    PENDING = "pending"
    COULD_NOT_TELL = "could not tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What became of one promise.

    `read` is what the fresh snapshot says by itself, None where the mailbox is not there any
    more; `wire` is the login, or why there was none; `until` is when pending ends.
    """

    cell: Cell
    verdict: Verdict
    because: str
    read: Effective | None
    wire: Probe | Unseen
    until: datetime | None = None


async def verify(
    cells: Sequence[Cell],
    snapshot: Snapshot,
    prober: Prober,
    crew: Crew,
    clock: Clock,
    ended: datetime | None = None,
    progress: Progress | None = None,
) -> tuple[Verified, ...]:
    """Judge every cell, in their order. `snapshot` is fresh; `ended` is when the run ended.

    What a login raises as a Fault is the reason why it could not tell.
    """

    async def one(number: int) -> Verified:
        cell = cells[number]
        try:
            wire = await prober(cell)
        except Fault as fault:
            wire = Unseen(fault.why)
        return judge(cell, snapshot, wire, clock.now(), ended)

    found: dict[int, Verified] = {}
    async for number, row in crew.each(range(len(cells)), one, _LIMIT):
        found[number] = row
        if progress is not None:
            progress.step("promises tried", len(found), len(cells))
    return tuple(found[number] for number in range(len(cells)))


def judge(
    cell: Cell,
    snapshot: Snapshot,
    wire: Probe | Unseen,
    now: datetime,
    ended: datetime | None = None,
) -> Verified:
    """One promise beside what was read and what the wire said. Pure."""
    box = snapshot.mailbox(cell.mailbox)
    if box is None:
        return _missing(cell, snapshot, wire)
    place = ip_address(cell.place) if cell.place else None
    read = effective(snapshot, box, cell.protocol, parse_caller(cell.caller), Context(now, place))
    wanted = Answer.YES if cell.promised == OPEN else Answer.NO
    verdict, because, layers = _weigh(wanted, read, wire)
    until = None
    if verdict is Verdict.PENDING:
        until = None if ended is None else ended + longest(layers)
        if until is None or now >= until:
            perhaps = Layer.CREDENTIAL in layers
            verdict, until = (Verdict.COULD_NOT_TELL if perhaps else Verdict.BROKEN), None
    return Verified(cell=cell, verdict=verdict, because=because, read=read, wire=wire, until=until)


def _missing(cell: Cell, snapshot: Snapshot, wire: Probe | Unseen) -> Verified:
    boxes = snapshot.mailboxes
    if isinstance(boxes, Unseen):
        verdict, because = Verdict.COULD_NOT_TELL, f"mailboxes were not seen: {boxes.because}"
    elif cell.promised == OPEN:
        verdict, because = Verdict.BROKEN, "the mailbox is not there any more"
    else:
        verdict, because = Verdict.KEPT, "the mailbox is not there any more"
    return Verified(cell=cell, verdict=verdict, because=because, read=None, wire=wire)


def _weigh(
    wanted: Answer, read: Effective, wire: Probe | Unseen
) -> tuple[Verdict, str, frozenset[Layer]]:
    """The verdict as if the service had all the time it may take, why, and who may be late."""
    nothing: frozenset[Layer] = frozenset()
    said = answer(read)
    if said not in (wanted, Answer.UNKNOWN):
        return Verdict.BROKEN, f"read afresh: {_reason(read)}", nothing
    if isinstance(wire, Unseen):
        return Verdict.COULD_NOT_TELL, f"no login: {wire.because}; {_reason(read)}", nothing
    if wire.answer is Answer.UNKNOWN:
        return Verdict.COULD_NOT_TELL, wire.because, nothing
    if wire.answer is Answer.YES:
        if wanted is Answer.YES:
            return Verdict.KEPT, "the server let us in", nothing
        return Verdict.PENDING, f"the server let us in; {_reason(read)}", _late(read)
    return _refused(wanted, read, wire)


def _refused(wanted: Answer, read: Effective, wire: Probe) -> tuple[Verdict, str, frozenset[Layer]]:
    """The wire said no. Whom that proves depends on which layers can have said so."""
    layers = narrowed(wire.reading, read.ladder) if wire.reading else frozenset()
    could_be = layers - {Layer.CREDENTIAL}
    if not could_be:
        return Verdict.COULD_NOT_TELL, f"refused for the credential's sake: {wire.line}", layers
    if wanted is Answer.YES:
        return Verdict.PENDING, f"refused by {_named(layers)}: {wire.line}", layers
    shut = {rung.layer for rung in read.ladder if rung.answer is not Answer.YES}
    if could_be & shut:
        return Verdict.KEPT, f"refused by {_named(could_be & shut)}: {wire.line}", could_be
    return Verdict.COULD_NOT_TELL, f"refused, and no layer seen here does that: {wire.line}", layers


def _late(read: Effective) -> frozenset[Layer]:
    return frozenset(rung.layer for rung in read.ladder if rung.answer is Answer.NO)


def _named(layers: frozenset[Layer] | set[Layer]) -> str:
    return " or ".join(sorted(layer.value for layer in layers))


def _reason(read: Effective) -> str:
    if isinstance(read, Allowed):
        return "nothing refuses it"
    layer, because = read.by.layer.value, read.by.because
    if answer(read) is Answer.NO:
        return f"refused by {layer}, because {because}"
    return f"could not tell, because of {layer}: {because}"


def exit_code(rows: Sequence[Verified]) -> int:
    """1 where a promise is broken, else 3 where one is pending or could not be told, else 0."""
    verdicts = {row.verdict for row in rows}
    if Verdict.BROKEN in verdicts:
        return 1
    return 3 if verdicts & {Verdict.PENDING, Verdict.COULD_NOT_TELL} else 0
