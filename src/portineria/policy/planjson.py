"""A plan as JSON and back, without losing anything. Format: `portineria/plan@1`.

Nothing is read into what somebody left out: a part that is missing is an error, with its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from portineria.fault import BadPlan
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

T = TypeVar("T")


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

    Raises BadPlan for another version, a missing part, or a value of another kind.
    """
    schema = document.get("schema")
    if schema != SCHEMA:
        raise BadPlan(_of_another_version(schema), where="plan file", try_=BadPlan.mend)
    try:
        plan = _plan(document)
        _ = plan.digest  # text that cannot be written again shows itself here
        if document["window"] is not plan.window:
            raise ValueError("window, which its changes do not bear out")
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as broken:
        raise BadPlan(
            f"the plan is damaged: {type(broken).__name__} at {str(broken)[:80]}",
            where="plan file",
            try_=BadPlan.mend,
        ) from broken
    return plan


def _of_another_version(schema: object) -> str:
    """Older and newer versions are told apart from what was never a plan."""
    name, _, wanted = SCHEMA.partition("@")
    found = re.fullmatch(rf"{name}@(\d{{1,6}})", str(schema))
    if found is None:
        return f"this is not a plan: schema {str(schema)[:60]!r}, wanted {SCHEMA!r}"
    if int(found[1]) < int(wanted):
        return f"the plan was made by an older version: {schema}, and this one reads {SCHEMA}"
    return f"the plan was made by a newer version: {schema}, and this one reads {SCHEMA}"


def _plan(document: Mapping[str, Json]) -> Plan:
    return Plan(
        tenant_id=document["tenant_id"],
        made_at=_moment(document["made_at"]),
        snapshot_taken_at=_moment(document["snapshot_taken_at"]),
        policy_digest=document["policy_digest"],
        undo_of=document["undo_of"],
        changes=tuple(change_from_json(change) for change in document["changes"]),
        cells=tuple(_cell(cell) for cell in document["cells"]),
        refusals=_each(Refusal, document["refusals"]),
        left_out=_each(LeftOut, document["left_out"]),
        drift=_each(Drift, document["drift"]),
        stops=_each(Stop, document["stops"]),
        accepted=tuple(document["accepted"]),
        lost=tuple(document["lost"]),
        exposure=tuple(document["exposure"]),
        unknown=tuple(document["unknown"]),
        notes=tuple(document["notes"]),
    )


def _moment(text: str) -> datetime:
    """A date with its zone. Raises ValueError, TypeError."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text}, which names no time zone")
    return found


def _whole(kind: type[T], document: Mapping[str, Json]) -> T:
    """With every member, and no other. Raises KeyError, TypeError."""
    members: Any = kind
    for field in fields(members):
        _ = document[field.name]
    return kind(**document)


def _each(kind: type[T], documents: Json) -> tuple[T, ...]:
    return tuple(_whole(kind, document) for document in documents)


def _cell(document: Mapping[str, Json]) -> Cell:
    read = {
        "protocol": Protocol(document["protocol"]),
        "grants": tuple(document["grants"]),
        "voices": _each(Voice, document["voices"]),
    }
    return _whole(Cell, {**document, **read})
