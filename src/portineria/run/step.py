"""One change: look ahead, promise, write once, write down what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from portineria.fault import AmbiguousWrite, Conflict, Fault, GuardStop, NotFound, PartlyApplied
from portineria.policy.change import ENTRA, OF_APPS, Change, Family, Verb
from portineria.run.journal import Done, Promise, Result
from portineria.run.means import Means
from portineria.run.sight import Sight, Standing, look_ahead, look_back, real_key, resolve
from portineria.run.story import Story

_LOST_ANSWERS = 3
"""How often one write is promised anew after its answer was lost and it had not happened."""


async def step(
    change: Change, story: Story, means: Means, seen: Sight | None = None
) -> Fault | None:
    """Make one change true, or return why the run must rest here. Never raises a Fault.

    A change that stands already costs no write. An open promise is settled by looking before
    anything is promised again, so that nothing is ever made twice. `seen` is what a look just
    ahead, at several objects, said of this one: BEFORE, or AFTER for the second time.
    """
    if change.id in story.state.done:
        return None
    try:
        real = resolve(change, story.state.done)
    except KeyError as missing:
        return rest(story, change, f"the object that change {missing} makes is not known yet")
    try:
        await _step(real, story, means, seen)
    except Fault as fault:
        return fault
    return None


async def _step(change: Change, story: Story, means: Means, seen: Sight | None) -> None:
    promise = story.open_promise(change.id)
    if promise is not None and await _settle(change, promise, story, means):
        return
    sight = seen or await look_ahead(means.resources, means.clock, means.patience, change)
    match sight.standing:
        case Standing.AFTER:
            story.already(change, sight.key)
        case Standing.BEFORE:
            await _write(change, story, means)
        case Standing.ELSEWHERE | Standing.UNSEEN:
            raise rest(story, change, sight.tell(), sight)


async def _write(change: Change, story: Story, means: Means) -> None:
    lost_answers = 0
    pauses = means.patience.pauses(means.patience.replicate)
    while lost_answers < _LOST_ANSWERS:
        promise = story.promise(change)
        try:
            written = await means.resources.write(change)
        except AmbiguousWrite as lost:
            if await _settle(change, promise, story, means):
                return
            lost_answers += 1
            why = f"{lost.why}; read again, it did not happen"
        except Fault as fault:
            story.outcome(promise, Result.REFUSED, why=fault.why)
            if _not_yet(change, fault) and (pause := next(pauses, None)) is not None:
                means.progress.step(f"waiting until the service knows what {change.id} builds on")
                await means.clock.sleep(pause)
                continue
            raise rest(story, change, fault.why, cause=fault) from fault
        else:
            story.outcome(promise, Result.WRITTEN, key=change.target.key or written.id)
            return
    raise rest(story, change, why)


def _not_yet(change: Change, fault: Fault) -> bool:
    """Whether a refusal may only mean that what was just made is not known everywhere yet.

    Source: Graph dossier 4.1: right after it 404, or 400. Nothing was written then.
    """
    if change.target.family not in _BUILT_UPON or change.verb is Verb.DELETE:
        return False
    early = fault.evidence.get("status") == 400 and not isinstance(fault, Conflict)
    return isinstance(fault, NotFound) or (early and change.target.family in ENTRA)


_BUILT_UPON = OF_APPS | {Family.MAILBOX_PERMISSION, Family.RECIPIENT_PERMISSION}


async def _settle(change: Change, promise: Promise, story: Story, means: Means) -> bool:
    """Find out what became of an open promise. True where the change stands."""
    sight = await look_back(means.resources, means.clock, means.patience, change)
    match sight.standing:
        case Standing.AFTER:
            story.outcome(promise, Result.ADOPTED, key=sight.key)
            return True
        case Standing.BEFORE:
            story.outcome(promise, Result.NOT_DONE)
            return False
        case Standing.ELSEWHERE | Standing.UNSEEN:
            raise rest(story, change, sight.tell(), sight)


def rest(
    story: Story,
    change: Change,
    why: str,
    sight: Sight | None = None,
    cause: Fault | None = None,
) -> Fault:
    """The fault with which a run rests: a guard's where nothing was ever written."""
    evidence: dict[str, object] = {"run": story.state.run, "change": change.id}
    if cause is not None:
        evidence |= {"cause": cause.code, **cause.evidence}
    if sight is not None and sight.standing is Standing.ELSEWHERE:
        evidence |= {"field": sight.field, "expected": sight.expected, "found": sight.found}
    where = f"change {change.id}, {change.target.family.value} «{change.target.name}»"
    if story.state.promises == 0:
        advice = "look again and make a new plan"
        return GuardStop(why, where=where, try_=advice, evidence=evidence)
    advice = (cause.try_ if cause else "") or "settle it, then `portineria apply --resume`"
    return PartlyApplied(why, where=where, try_=advice, evidence=evidence)


def object_id(change: Change, done: Mapping[int, Done]) -> str:
    """The id of the change's object: the real one of a reference, or the one it was given."""
    key = real_key(change.target.key, done)
    given = done.get(change.id)
    return key or (given.id if given else "")


def with_id(change: Change, story: Story) -> Change:
    """The change on its real object: references resolved, and the id it was given, if made."""
    done = story.state.done
    real = resolve(change, done)
    return replace(real, target=replace(real.target, key=object_id(change, done)))
