"""Every plan that the planner's own tests make, told in Italian: nothing is left in English, and
what is applied is the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from leftover import left_over
from portineria.policy.plan import Plan
from portineria.policy.planjson import from_json, to_json
from portineria.policy.planner import make_plan
from portineria.policy.show.plan import plan_text
from portineria.tongue.say import ENGLISH, ITALIAN, speak

POLICY = Path(__file__).parents[1] / "policy"
WITH_PLANS = sorted(
    path.stem for path in POLICY.glob("test_policy_*.py") if "make_plan" in path.read_text()
)


def plans_of(module: Any, patch: pytest.MonkeyPatch) -> Iterator[Plan]:
    """Runs the tests of a module that need nothing, and keeps what they had planned."""
    made: list[Plan] = []

    def recorded(*args: Any, **options: Any) -> Plan:
        made.append(make_plan(*args, **options))
        return made[-1]

    patch.setattr(module, "make_plan", recorded)
    for name, test in inspect.getmembers(module, inspect.isfunction):
        plain = not (inspect.signature(test).parameters or hasattr(test, "hypothesis"))
        if name.startswith("test_") and plain:
            test()
    yield from made


@pytest.mark.parametrize("name", WITH_PLANS)
def test_a_plan_is_told_in_italian_and_stays_what_it_is(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for plan in plans_of(import_module(name), monkeypatch):
        if len(plan.changes) > 1000:
            continue
        digest, document = plan.digest, to_json(plan)
        speak(ITALIAN)
        try:
            for each_cell in (False, True):
                told = plan_text(plan, each_cell=each_cell)
                assert left_over(told) == ""
            assert plan_text(from_json(document)) == plan_text(plan)
            assert (plan.digest, to_json(plan)) == (digest, document)
        finally:
            speak(ENGLISH)


def test_there_are_many_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(list(plans_of(import_module("test_policy_planner"), monkeypatch))) > 30
