"""What the journals of earlier runs remember, and what undoing makes of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from run_fakes import NOON, change

from portineria.policy.change import Change, Family, Phase
from portineria.policy.drift import Memory, Remembered
from portineria.policy.plan import Cell, Plan, to_json
from portineria.run.journal import RunState, progress_of
from portineria.run.memory import memory_of
from portineria.tenant.mailbox import Protocol

T = NOON.isoformat()
CLOSE = change(1, Phase.CLOSE, Family.MAILBOX, "ADA", {"ImapEnabled": True}, {"ImapEnabled": False})
OPEN = change(
    1, Phase.EXPLICIT, Family.MAILBOX, "ada", {"ImapEnabled": False}, {"ImapEnabled": True}
)


def run(name: str, changes: Iterable[Change], *lines: dict[str, Any], cells: int = 0) -> RunState:
    plan = Plan(
        tenant_id="t",
        made_at=NOON,
        snapshot_taken_at=NOON,
        policy_digest="",
        changes=tuple(changes),
        cells=tuple(
            Cell(
                mailbox=f"{name}-{n}",
                address="Ada@x.example",
                protocol=Protocol.IMAP,
                caller="user",
                promised="open",
                before="no",
                after="yes",
            )
            for n in range(cells)
        ),
    )
    begin = {"t": f"{name} begun", "kind": "begin", "run": name, "tenant_id": "t", "digest": ""}
    return progress_of([{**begin, "plan": to_json(plan)}, *lines])


def written(number: int, key: str = "", when: str = T) -> tuple[dict[str, Any], dict[str, Any]]:
    promise = {"t": T, "kind": "promise", "n": number, "change": number, "way": "forward"}
    outcome = {"t": when, "kind": "outcome", "n": number, "change": number, "id": key, "why": ""}
    return promise, {**outcome, "result": "written"}


def already(number: int) -> dict[str, Any]:
    return {"t": "found", "kind": "already", "change": number, "id": ""}


IMAP = (Family.MAILBOX, "ada", "ImapEnabled")


def test_without_runs_there_is_nothing_to_remember() -> None:
    assert memory_of([]) == Memory(fields={}, made={}, names={})


def test_what_was_written_or_found_as_wanted_is_remembered_with_run_and_time() -> None:
    found = memory_of([run("r1", [CLOSE], *written(1, when="then"))])
    assert found.fields == {IMAP: Remembered(False, "r1", "then")}
    found = memory_of([run("r1", [CLOSE], already(1))])
    assert found.fields == {IMAP: Remembered(False, "r1", "found")}


@pytest.mark.parametrize("result", ["refused", "not-done", "unknown"])
def test_what_was_not_done_is_not_remembered(result: str) -> None:
    promise, outcome = written(1)
    assert memory_of([run("r1", [CLOSE], promise)]).fields == {}
    assert memory_of([run("r1", [CLOSE], promise, {**outcome, "result": result})]).fields == {}


def test_a_later_run_overwrites_what_an_earlier_one_left() -> None:
    states = [run("r1", [CLOSE], *written(1)), run("r2", [OPEN], *written(1))]
    assert memory_of(states).fields[IMAP] == Remembered(True, "r2", T)
    assert memory_of(reversed(states)).fields[IMAP] == Remembered(False, "r1", T)


NEW = change(1, Phase.STAGE, Family.CONDITIONAL_ACCESS, "", None, {"state": "x"}, name="P")
LATER = change(
    2,
    Phase.ENFORCE,
    Family.CONDITIONAL_ACCESS,
    "change:1.id",
    {"state": "x"},
    {"state": "y"},
    name="P",
)
GONE = change(
    1,
    Phase.CLOSE,
    Family.CONDITIONAL_ACCESS,
    "id-7",
    {"state": "y"},
    None,
    name="P",
)


def test_what_a_run_made_is_remembered_by_name_and_by_the_id_it_was_given() -> None:
    made = run("r1", [NEW, LATER], *written(1, "ID-7"), *written(2))
    found = memory_of([made])
    assert found.made == {(Family.CONDITIONAL_ACCESS, "P"): Remembered(True, "r1", T)}
    assert found.fields == {(Family.CONDITIONAL_ACCESS, "id-7", "state"): Remembered("y", "r1", T)}


def test_what_a_later_run_removed_is_forgotten() -> None:
    made = run("r1", [NEW], *written(1, "id-7"))
    found = memory_of([made, run("r2", [GONE], *written(1))])
    assert found.made == {}
    assert found.fields == {}


def test_whom_a_run_knew_under_a_name_is_remembered_whatever_the_case() -> None:
    found = memory_of([run("r1", [], cells=1), run("r2", [], cells=2)])
    assert found.known_as("ADA@x.example") == Remembered("r2-1", "r2", "r2 begun")
    assert found.known_as("ben@x.example") is None


def test_a_journal_without_a_readable_plan_tells_nothing_and_hides_nothing() -> None:
    broken = progress_of(
        [{"t": T, "kind": "begin", "run": "r0", "tenant_id": "t", "digest": "", "plan": {}}]
    )
    found = memory_of([RunState(), broken, run("r1", [CLOSE], *written(1))])
    assert set(found.fields) == {IMAP}
