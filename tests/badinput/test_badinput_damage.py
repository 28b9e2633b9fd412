"""Whatever is at any place of a kept file, the program explains itself: no damage is our bug."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from desk import CLOSING, Desk
from rows_state import begun, write_journal

from portineria.cli.policies import read_plan
from portineria.cli.session import read_snapshot
from portineria.doors import profiles
from portineria.doors.journal import Runs
from portineria.fault import BadFile, BadJournal, BadPlan, OperatorFault

INSTEAD: tuple[Any, ...] = (None, True, -1, "x", "\ud800", [[]], {"x": []})
REMOVED = object()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a document: of a list the first item stands for all."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, member in value.items():
            yield from places(member, (*path, key))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


def damaged(document: Any, others: tuple[Any, ...] = INSTEAD) -> Iterator[Any]:
    """The document with each thing in it taken out, or something else put in its place."""
    for path in places(document):
        for instead in (REMOVED, *others):
            broken = copy.deepcopy(document)
            inner = broken
            for step in path[:-1]:
                inner = inner[step]
            if instead is REMOVED:
                del inner[path[-1]]
            elif type(inner[path[-1]]) is type(instead) and inner[path[-1]] == instead:
                continue
            else:
                inner[path[-1]] = instead
            yield broken


def attempt(work: Callable[..., Any], *given: Any) -> tuple[OperatorFault | None, Any]:
    """The fault, or what came of it; whatever else is raised fails the test."""
    try:
        return None, work(*given)
    except OperatorFault as fault:
        return fault, None


def test_a_damaged_plan_is_refused_or_is_the_same_plan(desk: Desk) -> None:
    """What may be damaged and still pass is what is not read: a member that follows from others."""
    good = desk.plan(CLOSING)
    whole = read_plan("plan.json")
    count = 0
    for broken in damaged(good):
        desk.write("plan.json", json.dumps(broken))
        fault, plan = attempt(read_plan, "plan.json")
        if fault is None:
            assert plan == whole
            continue
        assert isinstance(fault, BadPlan)
        assert fault.why
        assert fault.where == "plan.json"
        count += 1
    assert count > 250


def test_a_damaged_snapshot_is_explained(desk: Desk) -> None:
    assert desk.run("look", "--output", "snapshot.json").code == 0
    document = json.loads((desk.folder / "snapshot.json").read_text())
    for name in ("mailboxes", "users"):
        document[name] = shortened(document[name])
    refused = 0
    for broken in damaged(document):
        path = desk.write("snapshot.json", json.dumps(broken))
        fault, _ = attempt(read_snapshot, path)
        if fault is None:
            told = desk.run("look", "--snapshot", "snapshot.json", "--mailboxes")
            assert told.code in (0, 3), told.err
            continue
        assert isinstance(fault, BadFile)
        assert fault.why.startswith("not a snapshot: ")
        refused += 1
    assert refused > 400


def shortened(value: Any) -> Any:
    if isinstance(value, dict):
        return dict(list(value.items())[:1])
    return value[:1]


PROMISE = {"kind": "promise", "n": 1, "change": 1, "way": "forward", "verb": "update",
           "family": "mailbox", "key": "k", "name": "n", "fields": {}}  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        PROMISE,
        {"kind": "outcome", "n": 1, "change": 1, "result": "written", "id": "", "why": ""},
        {"kind": "already", "change": 1, "id": "k"},
        {"kind": "confirmed", "phase": "CLOSE"},
        {"kind": "unconfirmed", "changes": [1], "why": ""},
        {"kind": "window-open", "changes": [1]},
        {"kind": "window-shut", "way": "back", "requests": 1, "seconds": 1.0,
         "confirmed_seconds": 1.0},
        {"kind": "stopped", "why": ""},
        {"kind": "end", "result": "done"},
    ],
    ids=lambda line: line["kind"],
)  # fmt: skip
def test_a_damaged_journal_is_told_or_reads_as_one(desk: Desk, line: dict[str, Any]) -> None:
    whole = {"t": "2026-11-01T12:00:00+00:00", **line}
    before = [begun(desk), *([PROMISE] if line["kind"] == "outcome" else [])]
    path = write_journal(desk, *before, whole)
    assert len(Runs(desk.state).states()) == 1
    for broken in damaged(whole):
        path.write_text("".join(f"{json.dumps(each)}\n" for each in (*before, broken)))
        fault, _ = attempt(Runs(desk.state).states)
        if fault is not None:
            assert isinstance(fault, BadJournal)
            assert str(path) in fault.where
        assert desk.run("runs", "list").code in (0, 2)


def test_a_damaged_first_line_of_a_journal_is_told(desk: Desk) -> None:
    first = begun(desk)
    first["plan"] = {"schema": "portineria/plan@1"}
    path = write_journal(desk, first)
    for broken in damaged(first):
        path.write_text(f"{json.dumps(broken)}\n")
        for words in (["runs", "list"], ["runs", "show", path.parent.name]):
            assert desk.run(*words).code in (0, 2)


def test_a_damaged_profile_is_explained(desk: Desk) -> None:
    desk.edit_profile()
    document = json.loads(desk.profile.read_text())
    count = 0
    for broken in damaged(document, (None, "x", [[]], {"x": []})):
        desk.profile.write_text(json.dumps(broken))
        fault, _ = attempt(profiles.load, desk.state / "profiles", "lab")
        if fault is not None:
            assert fault.why
            assert Path(fault.where.split(":")[0]) == desk.profile
            count += 1
    assert count > 80
