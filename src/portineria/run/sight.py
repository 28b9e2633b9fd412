"""One change beside the tenant as it is now: still before, already after, or something else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar

from portineria.clock import Clock
from portineria.fault import Fault
from portineria.policy.alike import alike
from portineria.policy.change import Change, Family, Fields, Json, Missing, Target, Verb
from portineria.run.journal import Done
from portineria.run.patience import Patience
from portineria.run.ports import Resources
from portineria.tenant.unseen import Unseen

T = TypeVar("T")

_REFERENCE = re.compile(r"change:(\d+)\.id")


class Standing(Enum):
    BEFORE = "as it was"
    AFTER = "as promised"
    ELSEWHERE = "neither as it was nor as promised"
    UNSEEN = "could not tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What one look said. `field`, `expected` and `found` say where it is ELSEWHERE; `key` is
    the object's, found by its name where the change makes it; `because` is why it is UNSEEN.
    """

    standing: Standing
    key: str = ""
    field: str = ""
    expected: Json = None
    found: Json = None
    because: str = ""

    def tell(self) -> str:
        match self.standing:
            case Standing.UNSEEN:
                return f"could not tell: {self.because}"
            case Standing.ELSEWHERE:
                return f"{self.field} was expected to be {self.expected!r} and is {self.found!r}"
            case _:
                return str(self.standing.value)


def resolve(change: Change, done: Mapping[int, Done]) -> Change:
    """Put real ids in the place of references such as "change:3.id".

    Raises KeyError for a reference to a change that has no id yet.
    """
    return replace(
        change,
        target=replace(change.target, key=real_key(change.target.key, done)),
        before=_resolved(change.before, done),
        after=_resolved(change.after, done),
    )


def real_id(text: str, done: Mapping[int, Done]) -> str:
    """The id that a reference stands for, and any other text as it is. Raises KeyError."""
    found = _REFERENCE.fullmatch(text)
    return done[int(found[1])].id if found else text


def real_key(key: str, done: Mapping[int, Done]) -> str:
    """A key whose parts may be references, such as "GUID/change:2.id". Raises KeyError."""
    return "/".join(real_id(part, done) for part in key.split("/"))


def _resolved(value: Json, done: Mapping[int, Done]) -> Json:
    match value:
        case str():
            return real_id(value, done)
        case Mapping():
            return {name: _resolved(member, done) for name, member in value.items()}
        case list() | tuple():
            return [_resolved(member, done) for member in value]
        case _:
            return value


def difference(wanted: Fields, seen: Fields) -> tuple[str, Json, Json] | None:
    """The first field that is not as wanted: (name, wanted, seen)."""
    for name, value in wanted.items():
        if not alike(value, seen.get(name)):
            return name, value, seen.get(name)
    return None


async def look(resources: Resources, change: Change, key: str = "") -> Sight:
    """Read once. What cannot be read is UNSEEN with its reason, never guessed at.

    `change` is resolved; `key` is the object's where an earlier answer told it.
    """
    if change.target.family is Family.SESSIONS:
        return Sight(standing=Standing.BEFORE, key=change.target.key)
    try:
        if change.verb is Verb.CREATE and not (key or change.target.key):
            return await _look_by_name(resources, change)
        return await _look_by_key(resources, change, key or change.target.key)
    except Fault as fault:
        return Sight(standing=Standing.UNSEEN, key=key, because=fault.why)


async def _look_by_name(resources: Resources, change: Change) -> Sight:
    found = await resources.find(change.target)
    if isinstance(found, Unseen):
        return Sight(standing=Standing.UNSEEN, because=found.because)
    match found:
        case ():
            return Sight(standing=Standing.BEFORE)
        case (key,):
            return await _look_by_key(resources, change, key)
        case _:
            return Sight(
                standing=Standing.ELSEWHERE,
                field=f"objects named {change.target.name!r}",
                expected=1,
                found=len(found),
            )


LISTED = frozenset({Family.CONDITIONAL_ACCESS, Family.NAMED_LOCATION})
"""Families whose objects are read together: they allow one request a second, all apps together.
Source: Graph dossier 7.1."""


def listed(changes: Iterable[Change]) -> dict[Family, list[Change]]:
    """Those that can be looked at together, by family: where there are several of them."""
    found: dict[Family, list[Change]] = {}
    for change in changes:
        if change.target.family in LISTED and change.target.key:
            found.setdefault(change.target.family, []).append(change)
    return {family: together for family, together in found.items() if len(together) > 1}


async def look_together(resources: Resources, changes: Iterable[Change]) -> dict[int, Sight]:
    """One look at the `listed` among these changes, by change id; the others are left out."""
    sights: dict[int, Sight] = {}
    for together in listed(changes).values():
        try:
            found = await resources.read_each([(c.target, _asked(c)) for c in together])
        except Fault as fault:
            unseen = Sight(standing=Standing.UNSEEN, because=fault.why)
            sights.update((change.id, unseen) for change in together)
            continue
        for change, seen in zip(together, found, strict=True):
            sights[change.id] = _sight(change, seen, change.target.key)
    return sights


AT_ONCE = 10
"""Objects that Exchange answers about in one request. Source: Exchange dossier 2.8."""
_ASKED_TOGETHER = frozenset({Family.MAILBOX, Family.USER})


def in_parts(items: Iterable[T], target_of: Callable[[T], Target]) -> list[list[T]]:
    """What can be read in one request, AT_ONCE a part; anything else is a part by itself."""
    parts: list[list[T]] = []
    waiting: dict[Family, list[T]] = {}
    for item in items:
        target = target_of(item)
        if target.family not in _ASKED_TOGETHER or not target.key:
            parts.append([item])
            continue
        part = waiting.setdefault(target.family, [])
        if not part:
            parts.append(part)
        part.append(item)
        if len(part) == AT_ONCE:
            del waiting[target.family]
    return parts


async def look_some(resources: Resources, changes: Sequence[Change]) -> list[Sight]:
    """One look at several mailboxes, or users, in their order; `changes` are resolved, of one
    family, and each has its key. What cannot be read is UNSEEN with its reason.
    """
    if len(changes) == 1:
        return [await look(resources, changes[0], changes[0].target.key)]
    try:
        found = await resources.read_each([(change.target, _asked(change)) for change in changes])
    except Fault as fault:
        return [Sight(standing=Standing.UNSEEN, because=fault.why) for _ in changes]
    pairs = zip(changes, found, strict=True)
    return [_sight(change, seen, change.target.key) for change, seen in pairs]


def _asked(change: Change) -> tuple[str, ...]:
    return tuple((change.before if change.after is None else change.after) or ())


async def _look_by_key(resources: Resources, change: Change, key: str) -> Sight:
    target = Target(family=change.target.family, key=key, name=change.target.name)
    return _sight(change, await resources.read(target, _asked(change)), key)


def _sight(change: Change, seen: Fields | Missing | Unseen, key: str) -> Sight:
    if isinstance(seen, Unseen):
        return Sight(standing=Standing.UNSEEN, key=key, because=seen.because)
    if isinstance(seen, Missing):
        return _gone(change, key)
    return _judge(change, seen, key)


def _gone(change: Change, key: str) -> Sight:
    match change.verb:
        case Verb.CREATE:
            return Sight(standing=Standing.BEFORE, key=change.target.key)
        case Verb.DELETE:
            return Sight(standing=Standing.AFTER, key=key)
        case Verb.UPDATE:
            return Sight(
                standing=Standing.ELSEWHERE,
                key=key,
                field="the object",
                expected="there",
                found="not there",
            )


def _judge(change: Change, seen: Fields, key: str) -> Sight:
    if change.after is not None and difference(change.after, seen) is None:
        return Sight(standing=Standing.AFTER, key=key)
    expected = change.after if change.before is None else change.before
    differs = difference(expected or {}, seen)
    if differs is None:
        return Sight(standing=Standing.BEFORE, key=key)
    name, wanted, found = differs
    return Sight(standing=Standing.ELSEWHERE, key=key, field=name, expected=wanted, found=found)


async def look_ahead(
    resources: Resources,
    clock: Clock,
    patience: Patience,
    change: Change,
    key: str = "",
    seen: Sight | None = None,
) -> Sight:
    """Look just ahead of writing.

    BEFORE is believed at once. AFTER must be seen twice, `patience.stale` apart, because an old
    answer may show an older state. A difference, or not seeing, must outlast `patience.differ`,
    because our own last phase may still be on its way to where we read. `seen` is a first look
    that was taken together with others.
    """
    sight = seen or await look(resources, change, key)
    for pause in patience.pauses(patience.differ):
        match sight.standing:
            case Standing.BEFORE:
                return sight
            case Standing.AFTER:
                first, sight = (
                    sight,
                    await _look_later(resources, clock, patience.stale, change, key),
                )
                if sight == first:
                    return sight
            case Standing.ELSEWHERE | Standing.UNSEEN:
                sight = await _look_later(resources, clock, pause, change, key)
    return _never_settled(sight) if sight.standing is Standing.AFTER else sight


async def look_back(
    resources: Resources, clock: Clock, patience: Patience, change: Change
) -> Sight:
    """Look for what became of a write whose answer was lost: two equal looks, spaced.

    The first is taken `patience.stale` after the question arises, so that neither is older than
    the write. Where no two are equal within `patience.confirm`, it is UNSEEN.
    """
    sight = await _look_later(resources, clock, patience.stale, change, "")
    for pause in patience.pauses(patience.confirm):
        again = await _look_later(resources, clock, pause, change, "")
        if again == sight and again.standing is not Standing.UNSEEN:
            return again
        sight = again
    return _never_settled(sight)


def _never_settled(sight: Sight) -> Sight:
    because = sight.because or "the answers keep changing"
    return Sight(standing=Standing.UNSEEN, key=sight.key, because=because)


async def _look_later(
    resources: Resources, clock: Clock, pause: float, change: Change, key: str
) -> Sight:
    await clock.sleep(pause)
    return await look(resources, change, key)
