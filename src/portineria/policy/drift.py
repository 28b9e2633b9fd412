"""What was otherwise after an earlier run: drift, told apart from a change made for the first time.

The journals of earlier runs are the memory. Nobody need have run a cmdlet: assigning another
licence applies its mailbox plan again, and with it the plan's IMAP and POP.
Source: Exchange dossier 1.7, CAS mailbox plans.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from portineria.policy.alike import alike
from portineria.policy.change import Change, Family, Json, Verb
from portineria.policy.plan import Drift
from portineria.tenant.naming import folded
from portineria.tenant.snapshot import Snapshot
from portineria.tenant.unseen import Unseen

_NOTHING: Mapping[Any, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Remembered:
    """A value that a run left, or whom it knew under a name; `at` is ISO 8601."""

    value: Json
    run: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What all earlier runs of a tenant left, the latest of each.

    `fields` by (family, key, field); `made` by (family, name), of objects that a run made and no
    later one removed; `names` by folded address, whose value is the mailbox guid behind it then.
    """

    fields: Mapping[tuple[Family, str, str], Remembered] = field(default_factory=lambda: _NOTHING)
    made: Mapping[tuple[Family, str], Remembered] = field(default_factory=lambda: _NOTHING)
    names: Mapping[str, Remembered] = field(default_factory=lambda: _NOTHING)

    def known_as(self, name: str) -> Remembered | None:
        """Which mailbox an earlier run knew under this address."""
        return self.names.get(folded(name))


NO_MEMORY = Memory()


def drift(changes: Iterable[Change], memory: Memory, snapshot: Snapshot) -> tuple[Drift, ...]:
    """The fields that `changes` find otherwise than an earlier run left them, in their order."""
    found: list[Drift] = []
    met: set[tuple[Family, str, str]] = set()
    for change in changes:
        if change.verb is Verb.CREATE:
            found += _gone(change, memory)
            continue
        for name, value in (change.before or {}).items():
            where = (change.target.family, change.target.key.lower(), name)
            left = memory.fields.get(where)
            # A second change of a field finds what the first one left: that is no drift.
            if left is not None and where not in met and not alike(left.value, value):
                found.append(_moved(change, name, value, left, snapshot))
            met.add(where)
    return tuple(found)


def _gone(change: Change, memory: Memory) -> Iterable[Drift]:
    left = memory.made.get((change.target.family, change.target.name))
    if left is not None:
        yield Drift(change=change.id, field="", left=None, found=None, run=left.run, at=left.at)


def _moved(change: Change, name: str, value: Json, left: Remembered, snapshot: Snapshot) -> Drift:
    return Drift(
        change=change.id,
        field=name,
        left=left.value,
        found=value,
        run=left.run,
        at=left.at,
        perhaps=_perhaps(change, name, value, snapshot),
    )


def _perhaps(change: Change, name: str, value: Json, snapshot: Snapshot) -> str:
    """A mailbox that is as its plan makes new ones may have been given another licence."""
    plans = snapshot.mailbox_plans
    if change.target.family is not Family.MAILBOX or isinstance(plans, Unseen):
        return ""
    box = snapshot.mailbox(change.target.key)
    given = next((plan for plan in plans if box is not None and plan.name == box.plan), None)
    begins = None
    if given is not None:
        begins = {"ImapEnabled": given.imap, "PopEnabled": given.pop}.get(name)
    if given is None or begins is not value:
        return ""
    return f"so its mailbox plan «{given.name}» begins: another licence may have applied it again"
