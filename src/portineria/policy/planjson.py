"""A plan as JSON and back, without losing anything. Format: `portineria/plan@1`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from portineria.fault import OperatorFault
from portineria.policy.change import Change, Family, Json, Phase, Target, Verb
from portineria.policy.plan import SCHEMA, Cell, Plan, Refusal, Stop
from portineria.tenant.mailbox import Protocol


def to_json(plan: Plan) -> dict[str, Json]:
    """The plan as a JSON object; dates in ISO 8601, phases by name."""
    return {
        "schema": SCHEMA,
        "tenant_id": plan.tenant_id,
        "made_at": plan.made_at.isoformat(),
        "snapshot_taken_at": plan.snapshot_taken_at.isoformat(),
        "policy_digest": plan.policy_digest,
        "undo_of": plan.undo_of,
        "window": plan.window,
        "changes": [change_to_json(change) for change in plan.changes],
        "cells": [asdict(cell) | {"grants": list(cell.grants)} for cell in plan.cells],
        "refusals": [asdict(refusal) for refusal in plan.refusals],
        "stops": [asdict(stop) for stop in plan.stops],
        "accepted": list(plan.accepted),
        "lost": list(plan.lost),
        "notes": list(plan.notes),
    }


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


def change_from_json(document: Mapping[str, Json]) -> Change:
    return Change(
        id=int(document["id"]),
        verb=Verb(document["verb"]),
        target=Target(
            family=Family(document["family"]), key=document["key"], name=document["name"]
        ),
        before=document["before"],
        after=document["after"],
        phase=Phase[document["phase"]],
        because=tuple(document["because"]),
        reason=document["reason"],
        risk=document["risk"],
    )


def from_json(document: Mapping[str, Json]) -> Plan:
    """Read a plan written by `to_json`.

    Raises OperatorFault for another version, a missing part, or a value of another kind.
    """
    schema = document.get("schema") if isinstance(document, Mapping) else None
    if schema != SCHEMA:
        raise OperatorFault(
            f"this is not a plan that this version can read: schema {schema!r}, wanted {SCHEMA!r}",
            where="plan file",
            try_="make the plan again with `portineria plan -o plan.json`",
        )
    try:
        return _plan(document)
    except (KeyError, TypeError, ValueError, AttributeError) as broken:
        raise OperatorFault(
            f"the plan file is damaged: {type(broken).__name__} at {broken}",
            where="plan file",
            try_="make the plan again with `portineria plan -o plan.json`",
        ) from broken


def _plan(document: Mapping[str, Json]) -> Plan:
    return Plan(
        tenant_id=document["tenant_id"],
        made_at=datetime.fromisoformat(document["made_at"]),
        snapshot_taken_at=datetime.fromisoformat(document["snapshot_taken_at"]),
        policy_digest=document["policy_digest"],
        undo_of=document["undo_of"],
        changes=tuple(change_from_json(change) for change in document["changes"]),
        cells=tuple(_cell(cell) for cell in document["cells"]),
        refusals=tuple(Refusal(**refusal) for refusal in document["refusals"]),
        stops=tuple(Stop(**stop) for stop in document["stops"]),
        accepted=tuple(document["accepted"]),
        lost=tuple(document["lost"]),
        notes=tuple(document["notes"]),
    )


def _cell(document: Mapping[str, Json]) -> Cell:
    return Cell(
        **{
            **document,
            "protocol": Protocol(document["protocol"]),
            "grants": tuple(document["grants"]),
        }
    )
