"""A plan is read as it was written, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from given import NOW

from portineria.fault import BadPlan
from portineria.policy.change import Change, Family, Phase, Target, Verb
from portineria.policy.plan import Cell, Drift, LeftOut, Plan, Refusal, Stop, Voice
from portineria.policy.planjson import from_json, to_json
from portineria.tenant.mailbox import Protocol

WHOLE = Plan(
    tenant_id="t",
    made_at=NOW,
    snapshot_taken_at=NOW,
    policy_digest="d",
    changes=(
        Change(
            id=1,
            verb=Verb.UPDATE,
            target=Target(family=Family.SECURITY_DEFAULTS, key="", name="security defaults"),
            before={"isEnabled": True},
            after={"isEnabled": False},
            phase=Phase.WINDOW,
            because=("scanner",),
            reason="for a password",
        ),
    ),
    cells=(
        Cell(
            mailbox="g",
            address="a@x.example",
            protocol=Protocol.SMTP,
            caller="basic",
            promised="open",
            before="no",
            after="yes",
            place="203.0.113.1",
            grants=("scanner",),
            voices=(Voice(grant="scanner", says="opens"),),
        ),
    ),
    refusals=(Refusal(grant="g", mailbox="m", why="w", instead="i"),),
    left_out=(LeftOut(grant="g", group="G", kind="k", name="n", address="a", id="i", why="w"),),
    drift=(Drift(change=1, field="isEnabled", left=False, found=True, run="r", at="t"),),
    stops=(Stop(guard="unknown", why="w", try_="t"),),
)


def objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value:  # type: ignore[attr-defined]
        if isinstance(item, dict | list):
            yield from objects(item)


def test_what_is_left_out_of_a_plan_is_missed_by_its_name() -> None:
    """Every member of every part. What a change does to an object is in the digest besides."""
    document = json.loads(json.dumps(to_json(WHOLE)))
    assert from_json(document) == WHOLE
    taken = 0
    for container in objects(document):
        for name in list(container):
            kept = container.pop(name)
            if name == "isEnabled":
                assert from_json(document).digest != WHOLE.digest
            else:
                with pytest.raises(BadPlan, match=f"damaged: KeyError at '{name}'|not a plan"):
                    from_json(document)
            container[name] = kept
            taken += 1
    assert taken == 18 + 11 + 2 + 12 + 4 + 4 + 7 + 7 + 4


def test_a_part_that_no_plan_has_is_refused_and_so_is_a_window_that_is_not_there() -> None:
    document = json.loads(json.dumps(to_json(WHOLE)))
    for part in ("cells", "refusals", "left_out", "drift", "stops"):
        document[part][0]["colour"] = "red"
        with pytest.raises(BadPlan, match="damaged: TypeError"):
            from_json(document)
        del document[part][0]["colour"]
    with pytest.raises(BadPlan, match="window, which its changes do not bear out"):
        from_json({**document, "window": False})
