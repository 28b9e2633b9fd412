"""Reading again: what was answered as done is believed when it has been seen twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portineria.policy.change import Change, Family
from portineria.run.means import Means
from portineria.run.sight import Sight, Standing, in_parts, look_some, look_together
from portineria.run.step import with_id
from portineria.run.story import Story


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """A change that was answered as done and is not seen. `broken`: it is still as it was."""

    change: Change
    sight: Sight

    @property
    def broken(self) -> bool:
        return self.sight.standing is Standing.BEFORE

    def tell(self) -> str:
        target = self.change.target
        name, seen = f"{target.family.value} «{target.name}»", self.sight.tell()
        if self.broken:
            return f"{name}: the service accepted the change and it is still {seen}"
        return f"{name}: not confirmed, {seen}"


async def confirm(
    changes: Sequence[Change], story: Story, means: Means, limit: float | None = None
) -> tuple[Unconfirmed, ...]:
    """Read each change again until it was seen as promised twice, or `limit` seconds are over.

    Old answers are not failures: they are waited out with growing pauses. Nothing is written.
    Signing people out leaves nothing to read: there the service's answer is all there is.
    """
    left = {
        change.id: with_id(change, story)
        for change in changes
        if change.target.family is not Family.SESSIONS
    }
    seen: dict[int, Sight] = {}
    last: dict[int, Sight] = {}
    patience = means.patience.pauses(means.patience.confirm if limit is None else limit)
    for pause in (0.0, *patience):
        await means.clock.sleep(pause)
        await _look_at_all(left, last, means)
        for number in list(left):
            if last[number].standing is not Standing.AFTER:
                seen.pop(number, None)
            elif number in seen:
                del left[number]
            else:
                seen[number] = last[number]
        if not left:
            break
    return tuple(Unconfirmed(change, last[number]) for number, change in left.items())


async def _look_at_all(left: dict[int, Change], last: dict[int, Sight], means: Means) -> None:
    together = await look_together(means.resources, left.values())
    last.update(together)
    alone = [change for number, change in left.items() if number not in together]
    parts: list[list[Change]] = in_parts(alone, lambda change: change.target)
    read = len(together)

    async def some(part: Sequence[Change]) -> list[Sight]:
        return await look_some(means.resources, part)

    async for part, sights in means.crew.each(parts, some, means.limit):
        last.update(zip((change.id for change in part), sights, strict=True))
        read += len(part)
        means.progress.step("reading again", read, len(left))
