"""Carrying out a group of changes: several objects are looked at in one request, each is written
by itself.

What was looked at together is believed for a moment only: a look is just ahead of its write, or
it is taken again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from portineria.fault import Fault
from portineria.policy.change import Change, Family
from portineria.run.means import Means
from portineria.run.sight import Sight, Standing, in_parts, look_some, resolve
from portineria.run.step import step
from portineria.run.story import Story

FRESH = 10.0
"""Seconds for which a look is one just ahead of a write."""

Work = tuple[Change, ...]
"""The changes of one object, which stay behind one another."""


async def carry_out(
    group: Sequence[Change], total: int, story: Story, means: Means
) -> Fault | None:
    """Every change of the group; after the first fault the ones not begun are left out."""
    hands = _Hands(total, story, means)
    parts: list[list[Work]] = in_parts(_by_object(group), lambda work: work[0].target)
    async for _ in means.crew.each(parts, hands.take, means.limit):
        pass
    return hands.faults[0] if hands.faults else None


def _by_object(group: Sequence[Change]) -> list[Work]:
    objects: dict[tuple[Family, str], list[Change]] = {}
    for change in group:
        key = (change.target.family, change.target.key or change.target.name)
        objects.setdefault(key, []).append(change)
    return [tuple(changes) for changes in objects.values()]


@dataclass(slots=True)
class _Hands:
    """What the workers of one group share."""

    total: int
    story: Story
    means: Means
    faults: list[Fault] = field(default_factory=list)

    async def take(self, part: Sequence[Work]) -> None:
        """First the objects that are as they were, then those that seem done already: these are
        asked a second time, all at once, when an old answer can no longer pass for a new one.
        """
        clock, patience = self.means.clock, self.means.patience
        looked, at = await self._look(part), clock.tick()
        done_already = [w for w in part if _standing(looked, w) is Standing.AFTER]
        for work in part:
            if work not in done_already:
                seen = looked.get(work[0].id)
                old = clock.tick() - at > FRESH
                believed = seen is not None and seen.standing is Standing.BEFORE and not old
                await self._do(work, seen if believed else None)
        if not done_already or self.faults:
            return
        await clock.sleep(max(0.0, patience.stale - (clock.tick() - at)))
        again = await self._look(done_already)
        for work in done_already:
            seen = again.get(work[0].id)
            await self._do(work, seen if seen == looked[work[0].id] else None)

    async def _look(self, part: Sequence[Work]) -> dict[int, Sight]:
        """One look at the first change of each object that is still to be made, by change id.

        A single one is left to `step`, and so is what an open promise may have done already.
        """
        story = self.story
        waiting = [
            work[0]
            for work in part
            if work[0].id not in story.state.done and story.open_promise(work[0].id) is None
        ]
        if len(waiting) < 2:
            return {}
        changes = [resolve(change, story.state.done) for change in waiting]
        sights = await look_some(self.means.resources, changes)
        return {change.id: sight for change, sight in zip(changes, sights, strict=True)}

    async def _do(self, work: Work, seen: Sight | None) -> None:
        for change in work:
            if self.faults:
                return
            fault = await step(change, self.story, self.means, seen)
            seen = None
            if fault is not None:
                self.faults.append(fault)
            self.means.progress.step("changes", len(self.story.state.done), self.total)


def _standing(looked: dict[int, Sight], work: Work) -> Standing | None:
    sight = looked.get(work[0].id)
    return None if sight is None else sight.standing
