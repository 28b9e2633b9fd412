"""The inverse of a run, from what it did and what is there today. Pure.

Backwards through the same states, so that nothing is less protected on the way back than on
the way forth; and closings come first, because a closed door can wait for the rest.

| done in phase | taken back in |
|---|---|
| exception | close (explicit, where taking it back opens a switch) |
| enforce, behind a window | window |
| window | enforce: security defaults on, when ours have given way |
| anything, where taking it back shuts a mailbox's switch | close |
| everything else | exception: the last, in reverse order |

What others changed since is left and told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from portineria.policy.alike import alike
from portineria.policy.change import Change, Family, Fields, Json, Missing, Phase, Verb
from portineria.run.inverse import inverse, reversible
from portineria.tenant.unseen import Unseen

ObjectKey = tuple[Family, str]
Seen = Mapping[ObjectKey, Fields | Missing | Unseen]

_SMTP = "SmtpClientAuthenticationDisabled"
_GIVEN_IDS = frozenset({Family.CONDITIONAL_ACCESS, Family.NAMED_LOCATION})


@dataclass(slots=True)
class Takeback:
    """Changes in guarded order, what was left alone and why, and what could not be seen."""

    changes: tuple[Change, ...] = ()
    left: dict[ObjectKey, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def object_key(change: Change) -> ObjectKey:
    return change.target.family, change.target.key


def left_by(made: Sequence[Change]) -> dict[ObjectKey, Fields | None]:
    """How each touched object was left, in the touched fields; None where it was deleted."""
    left: dict[ObjectKey, Fields | None] = {}
    for change in made:
        if change.after is None:
            left[object_key(change)] = None
        else:
            left[object_key(change)] = {**(left.get(object_key(change)) or {}), **change.after}
    return left


def take_back(made: Sequence[Change], seen: Seen) -> Takeback:
    """Invert `made` (real ids, in order of execution) against what is `seen` of each object."""
    found = Takeback()
    final = left_by(made)
    windowed = any(change.phase is Phase.WINDOW for change in made)
    tenant_switch = any(_turns_tenant_switch(change) for change in made)
    removed = {change.target.key for change in made if not reversible(change)}
    backwards: list[Change] = []
    for change in reversed(made):
        if not reversible(change) or _without_owner(change, removed):
            found.notes.append(f"cannot be undone: {change.reason} («{change.target.name}»)")
            continue
        mine = _still_mine(change, final[object_key(change)], seen[object_key(change)], found)
        if mine is not None:
            back = inverse(mine)
            phase = _phase(back, mine.phase, windowed, tenant_switch)
            backwards.append(replace(back, phase=phase, reason=f"taken back: {change.reason}"))
    found.changes = _numbered(_kept_in_order(backwards))
    return found


def _without_owner(change: Change, removed: set[str]) -> bool:
    """Whether a deleted right was of an application or a group that the same run removed."""
    parts = change.target.key.split("/")
    return change.verb is Verb.DELETE and len(parts) == 2 and not removed.isdisjoint(parts)


def _still_mine(
    change: Change, left: Fields | None, seen: Fields | Missing | Unseen, found: Takeback
) -> Change | None:
    """The part of a change that still stands as the run left it; the rest is told."""
    if isinstance(seen, Unseen):
        found.unknown.append(f"{_called(change)} was not seen: {seen.because}")
        return None
    if left is None or isinstance(seen, Missing):
        if left is None and isinstance(seen, Missing):
            return change
        gone = isinstance(seen, Missing)
        _leave(change, "it is gone" if gone else "it was made again", found)
        return None
    moved = [name for name, value in left.items() if not alike(value, seen.get(name))]
    if change.verb is not Verb.UPDATE:
        if moved:
            _leave(change, f"it was changed since in {', '.join(moved)}", found)
            return None
        return change
    return _fields_still_mine(change, moved, seen, found)


def _fields_still_mine(
    change: Change, moved: Sequence[str], seen: Fields, found: Takeback
) -> Change | None:
    before, after = change.before or {}, change.after or {}
    foreign = [
        name for name in after if name in moved and not alike(before.get(name), seen.get(name))
    ]
    if foreign:
        told = ", ".join(f"{name} is {seen.get(name)!r}" for name in foreign)
        _leave(change, f"it was changed since: {told}", found)
    kept = [name for name in after if name not in moved]
    if not kept:
        return None
    return replace(
        change,
        before={name: before.get(name) for name in kept},
        after={name: after[name] for name in kept},
    )


def _leave(change: Change, why: str, found: Takeback) -> None:
    told = found.left.get(object_key(change)) == why
    found.left[object_key(change)] = why
    if not told:
        found.notes.append(f"left as it is: {_called(change)}, {why}")


def _called(change: Change) -> str:
    return f"{change.target.family.value} «{change.target.name}»"


def _turns_tenant_switch(change: Change) -> bool:
    return change.target.family is Family.TRANSPORT and _SMTP in (change.after or {})


def _phase(back: Change, forth: Phase, windowed: bool, tenant_switch: bool) -> Phase:
    if back.target.family is Family.MAILBOX:
        return _phase_of_mailbox(back, forth, tenant_switch)
    if forth is Phase.EXCEPTION:
        return Phase.CLOSE
    if windowed and forth is Phase.ENFORCE:
        return Phase.WINDOW
    return Phase.ENFORCE if forth is Phase.WINDOW else Phase.EXCEPTION


def _phase_of_mailbox(back: Change, forth: Phase, tenant_switch: bool) -> Phase:
    """From on to inherited waits for the tenant switch to be back, so that mail goes on."""
    steps = {
        _closed(name, value) - _closed(name, (back.before or {}).get(name))
        for name, value in (back.after or {}).items()
    }
    inherits_again = (back.after or {}).get(_SMTP, True) is None
    if all(step > 0 for step in steps) and not (tenant_switch and inherits_again):
        return Phase.CLOSE
    return Phase.EXPLICIT if forth is Phase.EXCEPTION else Phase.EXCEPTION


def _closed(name: str, value: Json) -> int:
    """How closed a switch is: 0 open, 1 inherited, 2 closed."""
    if name == _SMTP:
        return 1 if value is None else 2 if value else 0
    return 0 if value else 2


def _kept_in_order(backwards: Sequence[Change]) -> list[Change]:
    """By phase; what shares a field of one object never overtakes what is taken back first."""
    floor: dict[tuple[ObjectKey, str], Phase] = {}
    kept: list[Change] = []
    for change in backwards:
        names = {*(change.before or {}), *(change.after or {})}
        phase = max(
            [change.phase, *(floor.get((object_key(change), name), Phase.CLOSE) for name in names)]
        )
        floor.update({(object_key(change), name): phase for name in names})
        kept.append(replace(change, phase=phase))
    return sorted(kept, key=lambda change: change.phase)


def _numbered(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Numbers from 1; what is made again gets a new id, which the others refer to."""
    new_ids: dict[str, str] = {}
    numbered: list[Change] = []
    for number, change in enumerate(changes, start=1):
        made_anew = change.verb is Verb.CREATE and change.target.family in _GIVEN_IDS
        if made_anew:
            new_ids[change.target.key] = f"change:{number}.id"
        key = "" if made_anew else _renamed(change.target.key, new_ids)
        numbered.append(
            replace(
                change,
                id=number,
                target=replace(change.target, key=key),
                before=_renamed(change.before, new_ids),
                after=_renamed(change.after, new_ids),
            )
        )
    return tuple(numbered)


def _renamed(value: Json, new_ids: Mapping[str, str]) -> Json:
    match value:
        case str():
            return new_ids.get(value, value)
        case Mapping():
            return {name: _renamed(member, new_ids) for name, member in value.items()}
        case list() | tuple():
            return [_renamed(member, new_ids) for member in value]
        case _:
            return value
