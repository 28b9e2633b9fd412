"""The window: from the first call that takes protection away to the last that puts it back.

Everything is looked at before it opens. Inside it only the forced calls are sent, and their
retries, one after the other; what was sent is sent again rather than asked about, because
every forced call says a whole state. When all were accepted, their objects, and nothing else,
are read again. Where the way forward is closed there is the way back: what took protection
away is undone with the replacements standing (security defaults on); if that is refused, the
replacements give way first (ours to report-only, then security defaults on). A window that can
be shut neither way stays open in the journal, and every later run begins with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from portineria.fault import (
    AmbiguousWrite,
    Conflict,
    Fault,
    NetworkFault,
    NotLicensed,
    PermissionFault,
    Throttled,
)
from portineria.policy.change import Change, Phase
from portineria.run.confirm import Unconfirmed, confirm
from portineria.run.inverse import inverse
from portineria.run.journal import Result, Way, Window
from portineria.run.means import Means
from portineria.run.sight import Standing, look, look_ahead, look_together, resolve
from portineria.run.step import rest
from portineria.run.story import Story

FORCED = (Phase.WINDOW, Phase.ENFORCE)

_ROUNDS = 3
"""How often what was accepted and is not seen is sent again before turning back."""

_REFUSALS = 4
"""How often a plain refusal of one forced call is believed to pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowReport:
    """How a window went. `requests` are the writes sent in it and `seconds` lie between its
    opening and the last answer to one; after `confirmed_seconds` it was seen to be shut. When
    it takes effect for sign-ins is unknown until observed.
    """

    way: Way
    requests: int
    seconds: float
    confirmed_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What came of a window: `report` is None where it never opened, or could not be shut.

    `why` is "" where the way forward was gone to its end.
    """

    report: WindowReport | None = None
    why: str = ""
    unconfirmed: tuple[Unconfirmed, ...] = ()


async def prepare(changes: Sequence[Change], story: Story, means: Means) -> tuple[Change, ...]:
    """Pre-flight: the forced calls with real ids, each looked at. Nothing is written.

    What stands already is noted and left out; what an earlier passage did is looked at too.
    Raises GuardStop or PartlyApplied where something is not staged, was changed by others, or
    could not be seen.
    """
    forced: list[Change] = []
    resolved = [_resolved(change, story) for change in changes]
    first = await look_together(means.resources, resolved)
    for change, real in zip(changes, resolved, strict=True):
        sight = await look_ahead(
            means.resources, means.clock, means.patience, real, seen=first.get(change.id)
        )
        match sight.standing:
            case Standing.AFTER if change.id not in story.state.done:
                story.already(real, sight.key)
            case Standing.AFTER:
                pass
            case Standing.BEFORE:
                if change.id in story.state.done:
                    story.unconfirmed((change.id,), "it no longer stands")
                forced.append(real)
            case Standing.ELSEWHERE | Standing.UNSEEN:
                raise rest(story, real, sight.tell(), sight)
    return tuple(forced)


def _resolved(change: Change, story: Story) -> Change:
    try:
        return resolve(change, story.state.done)
    except KeyError as missing:
        raise rest(story, change, f"change {missing} did not stage its object") from missing


async def pass_through(changes: Sequence[Change], story: Story, means: Means) -> Passage:
    """Open the window and come out of it, forward or back. `changes` come from `prepare`."""
    if not changes:
        return Passage()
    story.window_open(change.id for change in changes)
    return await _come_out(changes, story, means)


async def repair(changes: Sequence[Change], story: Story, means: Means) -> Passage:
    """Come out of a window that a killed process left open, before anything else is done.

    `changes` are the plan's; forward is tried first, unless the run was already turning back.
    """
    real = tuple(
        resolve(change, story.state.done) for change in changes if change.id in story.state.forced
    )
    for promise in list(story.state.open.values()):
        story.outcome(promise, Result.UNKNOWN, why="the process ended before an answer")
    if story.state.window is Window.TURNING_BACK:
        return await _turn_back(real, "the run was turning back", story, means)
    return await _come_out(real, story, means)


async def _come_out(changes: Sequence[Change], story: Story, means: Means) -> Passage:
    missing: tuple[Unconfirmed, ...] = ()
    why = ""
    for _ in range(_ROUNDS):
        why = await _force_all(changes, story, means)
        if why:
            missing = await _forgotten(changes, story, means)
        else:
            missing = await confirm(changes, story, means, means.patience.window)
        if not why and not missing:
            return _shut(Way.FORWARD, story, means)
        if not missing:
            break
        if not any(row.broken for row in missing):
            return Passage(why=f"accepted, and {missing[0].tell()}", unconfirmed=missing)
        story.unconfirmed((row.change.id for row in missing), missing[0].tell())
    told = "; ".join((*(row.tell() for row in missing), *([why] if why else [])))
    if not story.state.touched:
        return _shut(Way.BACK, story, means, told)
    return replace(await _turn_back(changes, told, story, means), unconfirmed=missing)


async def _forgotten(
    changes: Sequence[Change], story: Story, means: Means
) -> tuple[Unconfirmed, ...]:
    """Which accepted calls had no effect, when a later one is refused: one look at each."""
    rows: list[Unconfirmed] = []
    for change in changes:
        if change.id in story.state.done:
            sight = await look(means.resources, change)
            if sight.standing is Standing.BEFORE:
                rows.append(Unconfirmed(change, sight))
    return tuple(rows)


async def _force_all(changes: Sequence[Change], story: Story, means: Means) -> str:
    for change in changes:
        if change.id not in story.state.done:
            refused = await _force(change, story, means)
            if refused:
                return refused
    return ""


async def _force(
    change: Change,
    story: Story,
    means: Means,
    of: int | None = None,
    conflict_ends: bool = False,
) -> str:
    """Send one forced call until it is accepted. Returns "" or why it cannot be."""
    why = ""
    refusals = 0
    for pause in (0.0, *means.patience.pauses(means.patience.window)):
        await means.clock.sleep(pause)
        means.progress.step(f"«{change.target.name}»: {change.reason}")
        fault = await _send(change, story, means, of)
        if fault is None:
            return ""
        why = f"«{change.target.name}»: {fault.why if isinstance(fault, Fault) else repr(fault)}"
        refusals += not isinstance(fault, Throttled | AmbiguousWrite | NetworkFault)
        if _hopeless(fault, refusals, conflict_ends):
            break
    return why


def _hopeless(fault: Exception, refusals: int, conflict_ends: bool) -> bool:
    """A conflict passes when the service notices the call before; a missing right does not."""
    if isinstance(fault, PermissionFault | NotLicensed):
        return True
    if isinstance(fault, Conflict):
        return conflict_ends
    return refusals >= _REFUSALS


async def _send(change: Change, story: Story, means: Means, of: int | None) -> Exception | None:
    promise = story.promise(change, Way.FORWARD if of is None else Way.BACK, of)
    try:
        written = await means.resources.write(change)
    except AmbiguousWrite as lost:
        story.outcome(promise, Result.UNKNOWN, why=lost.why)
        return lost
    except Fault as fault:
        story.outcome(promise, Result.REFUSED, why=fault.why)
        return fault
    except Exception as bug:  # a bug of ours must not leave the window open
        story.outcome(promise, Result.UNKNOWN, why=type(bug).__name__)
        return bug
    story.outcome(promise, Result.WRITTEN, key=change.target.key or written.id)
    return None


async def _turn_back(changes: Sequence[Change], why: str, story: Story, means: Means) -> Passage:
    if story.state.window is not Window.TURNING_BACK:
        story.turning_back(why)
    touched = [change for change in changes if change.id in story.state.touched]
    opening = [change for change in touched if change.phase is Phase.WINDOW]
    standing = [change for change in touched if change.phase is Phase.ENFORCE]
    told = ""
    for _ in range(_ROUNDS):
        taken_back = list(opening)
        if await _take_back(opening, story, means, conflict_ends=True):
            await _take_back(standing, story, means)
            taken_back += standing
            refused = await _take_back(opening, story, means)
            if refused:
                await _force_all(standing, story, means)
                return Passage(why=f"{why}; and the way back is closed: {refused}")
        undone = [inverse(change) for change in taken_back]
        missing = await confirm(undone, story, means, means.patience.window)
        if not missing:
            return _shut(Way.BACK, story, means, why)
        told = "; ".join(row.tell() for row in missing)
    return Passage(why=f"{why}; and the way back is not confirmed: {told}")


async def _take_back(
    changes: Sequence[Change], story: Story, means: Means, conflict_ends: bool = False
) -> str:
    """Undo forced calls, last first, all that can be; the first refusal, or ""."""
    refusals = [
        await _force(inverse(change), story, means, of=change.id, conflict_ends=conflict_ends)
        for change in reversed(changes)
    ]
    return next(filter(None, refusals), "")


def _shut(way: Way, story: Story, means: Means, why: str = "") -> Passage:
    state = story.state
    opened = state.moment(state.window_opened)
    answered = state.moment(state.last_outcome or state.window_opened)
    report = WindowReport(
        way=way,
        requests=state.promises - state.promises_before_window,
        seconds=(answered - opened).total_seconds(),
        confirmed_seconds=(means.clock.now() - opened).total_seconds(),
    )
    story.window_shut(way, report.requests, report.seconds, report.confirmed_seconds)
    return Passage(report=report, why=why)


def opening_calls(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The forced calls of a plan, in order."""
    return tuple(change for change in changes if change.phase in FORCED)
