"""A plan is data: what will be done, in which order, why, and at what exposure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from portineria.policy.change import Change, Json
from portineria.tenant.lazyjson import Listed, canonical, whole
from portineria.tenant.mailbox import Protocol

SCHEMA = "portineria/plan@1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """What one grant says of one mailbox and protocol.

    `says` is opens | denies | ended | cannot be, or closes for everyone_else. `caller` is whom
    it opens the door for, "" where it speaks of every caller; `why` is a clause for people.
    """

    grant: str
    says: str
    caller: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What is promised for one mailbox, protocol and caller.

    `promised` is "open" or "refused"; `before` and `after` are yes | no | could not tell
    (policy.verdict.Answer values) as effective access judges today's and the planned tenant;
    `layer` is the layer that refuses afterwards, or that could not tell. `place` is an address
    from which the promise is meant (basic grants differ by network), "" for anywhere.
    `grants` are those that decide; `voices` all that speak of the cell, and `because` tells how
    they come to the promise.
    """

    mailbox: str
    address: str
    protocol: Protocol
    caller: str
    promised: str
    before: str
    after: str
    layer: str = ""
    place: str = ""
    grants: tuple[str, ...] = ()
    voices: tuple[Voice, ...] = ()
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A member of a granted group that is no mailbox: what it is, and why it gets nothing."""

    grant: str
    group: str
    kind: str
    name: str
    address: str
    id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A change that sets right again what an earlier run had left otherwise.

    `change` is its number, `field` the field ("" for an object that is gone); `left` is the
    value that run `run` left at `at` (ISO 8601), `found` the one that is there now. `perhaps`
    is a likely cause, "" where none is known.
    """

    change: int
    field: str
    left: Json
    found: Json
    run: str
    at: str
    perhaps: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A grant, or one cell of it, that cannot be, with the nearest thing that can."""

    grant: str
    mailbox: str
    why: str
    instead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A guard's reason to stop. `word` overrules it; "" means that nothing does."""

    guard: str
    why: str
    try_: str
    word: str = ""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything apply needs and nothing else.

    `changes` are in order of execution. `window` is True when security defaults go off between
    the staging and the enforcing of their replacements. `accepted` are the words given against
    guards. `lost` lists in words what protection the tenant loses for good, `exposure` every
    door that opens, `unknown` what the plan needed to know and could not see. `notes` explain
    what was decided and why ("security defaults stay on: …"). `left_out` are members of groups
    that are no mailbox, `drift` the changes that repair what was otherwise after an earlier run.
    """

    tenant_id: str
    made_at: datetime
    snapshot_taken_at: datetime
    policy_digest: str
    changes: tuple[Change, ...] = ()
    cells: tuple[Cell, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    drift: tuple[Drift, ...] = ()
    stops: tuple[Stop, ...] = ()
    accepted: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    exposure: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    undo_of: str = ""

    @property
    def window(self) -> bool:
        return any(change.phase.name == "WINDOW" for change in self.changes)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical JSON of the plan without its times."""
        document = lazily(self)
        for time in ("made_at", "snapshot_taken_at"):
            del document[time]
        return canonical_digest(document)


def to_json(plan: Plan) -> dict[str, Json]:
    """The plan as a JSON object; dates in ISO 8601, phases by name."""
    found: dict[str, Json] = whole(lazily(plan))
    return found


def lazily(plan: Plan) -> dict[str, Json]:
    """The same, but that what there may be thousands of is made when it is written."""
    return {
        "schema": SCHEMA,
        "tenant_id": plan.tenant_id,
        "made_at": plan.made_at.isoformat(),
        "snapshot_taken_at": plan.snapshot_taken_at.isoformat(),
        "policy_digest": plan.policy_digest,
        "undo_of": plan.undo_of,
        "window": plan.window,
        "changes": Listed(lambda: map(change_to_json, plan.changes)),
        "cells": Listed(lambda: map(_cell, plan.cells)),
        "refusals": Listed(lambda: map(_members, plan.refusals)),
        "left_out": Listed(lambda: map(_members, plan.left_out)),
        "drift": Listed(lambda: map(_members, plan.drift)),
        "stops": [_members(stop) for stop in plan.stops],
        "accepted": list(plan.accepted),
        "lost": list(plan.lost),
        "exposure": Listed(lambda: plan.exposure),
        "unknown": Listed(lambda: plan.unknown),
        "notes": Listed(lambda: plan.notes),
    }


def _members(item: Any) -> dict[str, Json]:
    """A flat dataclass as it is; `asdict` would copy every value of thousands."""
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def _cell(cell: Cell) -> dict[str, Json]:
    voices = [_members(voice) for voice in cell.voices]
    return _members(cell) | {"grants": list(cell.grants), "voices": voices}


def change_to_json(change: Change) -> dict[str, Json]:
    return {
        "id": change.id,
        "verb": change.verb.value,
        "family": change.target.family.value,
        "key": change.target.key,
        "name": change.target.name,
        "before": None if change.before is None else dict(change.before),
        "after": None if change.after is None else dict(change.after),
        "phase": change.phase.name,
        "because": list(change.because),
        "reason": change.reason,
        "risk": change.risk,
    }


def canonical_digest(document: Json) -> str:
    """SHA-256 (hex) of JSON with sorted keys, no spaces, and non-ASCII kept as it is."""
    found = hashlib.sha256()
    for piece in canonical(document):
        found.update(piece.encode())
    return found.hexdigest()
