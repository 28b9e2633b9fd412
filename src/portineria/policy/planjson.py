"""A plan as JSON and back, without losing anything. Format: `portineria/plan@1`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from portineria.fault import OperatorFault
from portineria.policy.change import Change, Family, Json, Phase, Target, Verb
from portineria.policy.plan import (
    SCHEMA,
    Cell,
    Drift,
    LeftOut,
    Plan,
    Refusal,
    Stop,
    Voice,
    to_json,
)
from portineria.tenant.mailbox import Protocol

__all__ = ["change_from_json", "from_json", "to_json"]


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
    schema = document.get("schema")
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
        left_out=tuple(LeftOut(**one) for one in document.get("left_out", ())),
        drift=tuple(Drift(**one) for one in document.get("drift", ())),
        stops=tuple(Stop(**stop) for stop in document["stops"]),
        accepted=tuple(document["accepted"]),
        lost=tuple(document["lost"]),
        exposure=tuple(document["exposure"]),
        unknown=tuple(document["unknown"]),
        notes=tuple(document["notes"]),
    )


def _cell(document: Mapping[str, Json]) -> Cell:
    return Cell(
        **{
            **document,
            "protocol": Protocol(document["protocol"]),
            "grants": tuple(document["grants"]),
            "voices": tuple(Voice(**voice) for voice in document.get("voices", ())),
        }
    )
