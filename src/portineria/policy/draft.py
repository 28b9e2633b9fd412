"""A plan in the making: changes are added in any order and come out numbered in guarded order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from portineria.policy.change import Change, Family, Fields, Json, Phase, Target, Verb
from portineria.tenant.unseen import Unseen

OURS = "Portineria: "
"""How the name of every object that we make begins; what begins otherwise is not ours."""


def ours(name: str) -> bool:
    return name.startswith(OURS)


def reference(name: str) -> str:
    """Stands for the id of the object with this name that the same plan makes."""
    return f"made:{name}"


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


@dataclass(slots=True)
class Draft:
    """Collects changes; an update of an object that is already being updated is merged."""

    entries: list[_Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    def needs(self, what: str, value: object) -> None:
        """Remember that something the plan depends on could not be seen."""
        if isinstance(value, Unseen) and f"{what}: {value.because}" not in self.unknown:
            self.unknown.append(f"{what}: {value.because}")

    def note(self, text: str) -> None:
        if text not in self.notes:
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
        for entry in self.entries:
            same = (entry.target, entry.phase, entry.verb) == (target, phase, Verb.UPDATE)
            if same and entry.before is not None and entry.after is not None:
                entry.before.update(known)
                entry.after.update(fields)
                if because not in entry.because:
                    entry.because.append(because)
                if reason not in entry.reason:
                    entry.reason = f"{entry.reason}; {reason}"
                return
        self._add(Verb.UPDATE, target, known, fields, phase, because, reason, risk)

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
        for entry in self.entries:
            if entry.verb is Verb.CREATE and entry.target == target:
                if because not in entry.because:
                    entry.because.append(because)
                return
        self._add(Verb.CREATE, target, None, dict(after), phase, because, reason, risk)

    def creates(self, family: Family, name: str) -> bool:
        return any(
            entry.verb is Verb.CREATE and (entry.target.family, entry.target.name) == (family, name)
            for entry in self.entries
        )

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
    ) -> None:
        self.entries.append(_Entry(verb, target, before, after, phase, [because], reason, risk))

    def numbered(self) -> tuple[Change, ...]:
        """The changes by phase, in order of adding inside one, with references resolved."""
        ordered = sorted(self.entries, key=lambda entry: entry.phase)
        made = {
            reference(entry.target.name): f"change:{number}.id"
            for number, entry in enumerate(ordered, 1)
            if entry.verb is Verb.CREATE
        }
        return tuple(
            Change(
                id=number,
                verb=entry.verb,
                target=Target(
                    family=entry.target.family,
                    key=_resolve(entry.target.key, made),
                    name=entry.target.name,
                ),
                before=_resolve(entry.before, made),
                after=_resolve(entry.after, made),
                phase=entry.phase,
                because=tuple(entry.because),
                reason=entry.reason,
                risk=entry.risk,
            )
            for number, entry in enumerate(ordered, 1)
        )


def _resolve(value: Any, made: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return made.get(value, value)
    if isinstance(value, Mapping):
        return {key: _resolve(item, made) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_resolve(item, made) for item in value]
    return value
