"""A plan in the making: changes are added in any order and come out numbered in guarded order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from portineria.policy.change import Change, Family, Fields, Json, Phase, Target, Verb
from portineria.tenant.unseen import Unseen

OURS = "Portineria: "
"""How the name of every object that we make begins; what begins otherwise is not ours."""


def ours(name: str) -> bool:
    return name.startswith(OURS)


def reference(name: str, family: Family | None = None) -> str:
    """Stands for the id of the object with this name that the same plan makes.

    `family` tells objects of one name apart, such as an application and its service principal.
    """
    return f"made:{name}" if family is None else f"made:{family}:{name}"


@dataclass(slots=True)
class _Entry:
    verb: Verb
    target: Target
    before: dict[str, Json] | None
    after: dict[str, Json] | None
    phase: Phase
    because: list[str]
    reason: str
    risk: str


class Once:
    """Texts in the order in which they came, each once."""

    def __init__(self) -> None:
        self._texts: dict[str, None] = {}

    def append(self, text: str) -> None:
        self._texts.setdefault(text)

    def __iadd__(self, texts: Iterable[str]) -> Self:
        for text in texts:
            self.append(text)
        return self

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)


@dataclass(slots=True)
class Draft:
    """Collects changes; an update of an object that is already being updated is merged."""

    entries: list[_Entry] = field(default_factory=list)
    notes: Once = field(default_factory=Once)
    lost: list[str] = field(default_factory=list)
    unknown: Once = field(default_factory=Once)
    updates: dict[tuple[Target, Phase], _Entry] = field(default_factory=dict)
    creations: dict[Target, _Entry] = field(default_factory=dict)
    """The entries again, by what they are about: there may be ten thousand of them."""

    def needs(self, what: str, value: object) -> None:
        """Remember that something the plan depends on could not be seen."""
        if isinstance(value, Unseen):
            self.unknown.append(f"{what}: {value.because}")

    def note(self, text: str) -> None:
        self.notes.append(text)

    def update(
        self,
        target: Target,
        before: Fields,
        after: Fields,
        phase: Phase,
        because: str,
        reason: str,
        risk: str = "low",
    ) -> None:
        """Change some fields; fields that already are as wanted are dropped."""
        fields = {name: value for name, value in after.items() if before.get(name) != value}
        if not fields:
            return
        known = {name: before.get(name) for name in fields}
        entry = self.updates.get((target, phase))
        if entry is None:
            added = self._add(Verb.UPDATE, target, known, fields, phase, because, reason, risk)
            self.updates[target, phase] = added
            return
        assert entry.before is not None
        assert entry.after is not None
        entry.before.update(known)
        entry.after.update(fields)
        if because not in entry.because:
            entry.because.append(because)
        if reason not in entry.reason:
            entry.reason = f"{entry.reason}; {reason}"

    def create(
        self,
        target: Target,
        after: Fields,
        phase: Phase,
        because: str,
        reason: str,
        risk: str = "low",
    ) -> None:
        """Make an object once; asking again for the same name only adds the cause."""
        entry = self.creations.get(target)
        if entry is None:
            added = self._add(Verb.CREATE, target, None, dict(after), phase, because, reason, risk)
            self.creations[target] = added
        elif because not in entry.because:
            entry.because.append(because)

    def creates(self, family: Family, name: str) -> bool:
        return any((made.family, made.name) == (family, name) for made in self.creations)

    def delete(
        self,
        target: Target,
        before: Fields,
        phase: Phase,
        because: str,
        reason: str,
        risk: str = "low",
    ) -> None:
        self._add(Verb.DELETE, target, dict(before), None, phase, because, reason, risk)

    def _add(
        self,
        verb: Verb,
        target: Target,
        before: dict[str, Json] | None,
        after: dict[str, Json] | None,
        phase: Phase,
        because: str,
        reason: str,
        risk: str,
    ) -> _Entry:
        entry = _Entry(verb, target, before, after, phase, [because], reason, risk)
        self.entries.append(entry)
        return entry

    def numbered(self) -> tuple[Change, ...]:
        """The changes by phase, in order of adding inside one, with references resolved.

        What says the same is the same object: ten thousand mailboxes are closed in a few ways.
        """
        ordered = sorted(self.entries, key=lambda entry: entry.phase)
        made = {
            told: f"change:{number}.id"
            for number, entry in enumerate(ordered, 1)
            if entry.verb is Verb.CREATE
            for told in (
                reference(entry.target.name),
                reference(entry.target.name, entry.target.family),
            )
        }
        said: dict[Any, Any] = {}
        return tuple(
            Change(
                id=number,
                verb=entry.verb,
                target=_resolved_target(entry.target, made),
                before=_one(_resolve(entry.before, made), said),
                after=_one(_resolve(entry.after, made), said),
                phase=entry.phase,
                because=said.setdefault(because := tuple(entry.because), because),
                reason=said.setdefault(entry.reason, entry.reason),
                risk=entry.risk,
            )
            for number, entry in enumerate(ordered, 1)
        )


def _resolved_target(target: Target, made: Mapping[str, str]) -> Target:
    """Keys of two parts name an object in either of them."""
    key = "/".join(made.get(part, part) for part in target.key.split("/"))
    return target if key == target.key else replace(target, key=key)


def _one(fields: Any, said: dict[Any, Any]) -> Any:
    """These fields, or equal ones that were met before; only plain values are compared."""
    if fields is None or any(isinstance(value, dict | list) for value in fields.values()):
        return fields
    return said.setdefault(tuple((n, type(v), v) for n, v in fields.items()), fields)


def _resolve(value: Any, made: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return made.get(value, value)
    if isinstance(value, Mapping):
        return {key: _resolve(item, made) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_resolve(item, made) for item in value]
    return value
