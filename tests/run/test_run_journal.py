"""What the lines of a journal say about a run; and no line can hold a secret."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_fakes import NOON, Stage, drive, no_stops, window_stage

from portineria.fault import OperatorFault
from portineria.policy.change import Phase
from portineria.run.apply import apply
from portineria.run.journal import (
    Done,
    Window,
    progress_of,
    read_lines,
    run_name,
    write_line,
)
from portineria.secret import Secret

T = NOON.isoformat()


def line(kind: str, **rest: Any) -> dict[str, Any]:
    return {"t": T, "kind": kind, **rest}


BEGIN = line("begin", run="run-1", tenant_id="contoso", digest="d", plan={})


def promise(n: int, change: int, way: str = "forward") -> dict[str, Any]:
    return line("promise", n=n, change=change, way=way)


def answer(n: int, change: int, result: str, key: str = "") -> dict[str, Any]:
    return line("outcome", n=n, change=change, result=result, id=key, why="")


OPEN = line("window-open", changes=[7, 8])


@pytest.mark.parametrize(
    ("lines", "done", "open_promises", "window"),
    [
        ([], {}, [], Window.NEVER),
        ([promise(1, 3)], {}, [1], Window.NEVER),
        ([promise(1, 3), answer(1, 3, "written", "x")], {3: Done("x", True)}, [], Window.NEVER),
        ([promise(1, 3), answer(1, 3, "adopted", "x")], {3: Done("x", True)}, [], Window.NEVER),
        ([promise(1, 3), answer(1, 3, "refused")], {}, [], Window.NEVER),
        ([promise(1, 3), answer(1, 3, "not-done")], {}, [], Window.NEVER),
        ([line("already", change=3, id="x")], {3: Done("x", False)}, [], Window.NEVER),
        (
            [
                promise(1, 3),
                answer(1, 3, "written", "x"),
                line("unconfirmed", changes=[3], why=""),
                line("already", change=3, id="x"),
            ],
            {3: Done("x", True)},
            [],
            Window.NEVER,
        ),
        ([OPEN, promise(1, 7)], {}, [1], Window.OPEN),
        (
            [OPEN, promise(1, 7), answer(1, 7, "written"), line("turning-back", why="")],
            {7: Done("", True)},
            [],
            Window.TURNING_BACK,
        ),
        (
            [
                OPEN,
                promise(1, 7),
                answer(1, 7, "written"),
                line("turning-back", why=""),
                promise(2, 7, "back"),
                answer(2, 7, "written"),
                line("window-shut", way="back", requests=2, seconds=1.5, confirmed_seconds=2),
            ],
            {},
            [],
            Window.SHUT,
        ),
    ],
)
def test_the_state_of_a_run_is_read_from_its_lines(
    lines: list[dict[str, Any]],
    done: dict[int, Done],
    open_promises: list[int],
    window: Window,
) -> None:
    state = progress_of([BEGIN, *lines])
    assert (state.done, list(state.open), state.window) == (done, open_promises, window)


@pytest.mark.parametrize(
    ("lines", "touched"),
    [
        ([promise(1, 7), answer(1, 7, "refused")], []),
        ([promise(1, 7), answer(1, 7, "unknown")], [7]),
        ([promise(1, 7), answer(1, 7, "written"), promise(2, 8), answer(2, 8, "written")], [7, 8]),
    ],
)
def test_what_the_way_back_takes_back_is_what_may_stand(
    lines: list[dict[str, Any]], touched: list[int]
) -> None:
    assert progress_of([BEGIN, OPEN, *lines]).touched == touched


def test_a_run_is_finished_only_by_its_end() -> None:
    assert progress_of([BEGIN]).unfinished
    assert progress_of([BEGIN, line("stopped", why="drift")]).unfinished
    assert not progress_of([BEGIN, line("end", result="done")]).unfinished
    assert not progress_of([]).unfinished


def test_what_is_left_out_of_a_line_is_missed_or_was_of_no_account() -> None:
    """Every member of every line of runs with a window, with a way back, and with a rest."""
    stage = Stage()
    plan = window_stage(stage)
    drive(apply(plan, plan.digest, "run-1", stage.means(), no_stops))
    back = [line("turning-back", why="w"), promise(1, 7, "back"), answer(1, 7, "unknown")]
    shut = line("window-shut", way="back", requests=2, seconds=1.5, confirmed_seconds=2)
    stories = [
        stage.journal.entries(),
        [BEGIN, OPEN, *back, shut, line("stopped", why="w"), line("resumed", torn=False)],
        [BEGIN, line("already", change=3, id="x"), line("unconfirmed", changes=[3], why="w")],
    ]
    kinds = set()
    for told in stories:
        whole = progress_of(told)
        for number, entry in enumerate(told):
            kinds.add(entry["kind"])
            for name in entry:
                less = {key: value for key, value in entry.items() if key != name}
                try:
                    state = progress_of([*told[:number], less, *told[number + 1 :]])
                except OperatorFault:
                    continue
                state.window_report = whole.window_report  # it is the line itself
                assert state == whole, (entry["kind"], name)
    assert len(kinds) == 12


@pytest.mark.parametrize(
    "lines",
    [
        [BEGIN, answer(1, 3, "written")],
        [BEGIN, promise(1, 3), answer(1, 4, "written")],
        [BEGIN, promise(1, 3), answer(1, 3, "written"), answer(1, 3, "refused")],
        [promise(1, 3)],
        [OPEN],
    ],
)
def test_a_line_whose_earlier_line_is_gone_is_not_guessed_at(lines: list[dict[str, Any]]) -> None:
    with pytest.raises(OperatorFault):
        progress_of(lines)


def test_confirmed_phases_are_remembered() -> None:
    assert progress_of([BEGIN, line("confirmed", phase="CLOSE")]).confirmed == {Phase.CLOSE}


def test_a_line_of_an_unknown_kind_stops_rather_than_being_skipped() -> None:
    with pytest.raises(OperatorFault) as fault:
        progress_of([BEGIN, line("promised-land")])
    assert "promised-land" in fault.value.why


def test_a_journal_without_its_first_line_holds_no_plan() -> None:
    with pytest.raises(OperatorFault):
        _ = progress_of([]).plan


TEXT = st.text(max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)


@given(st.lists(st.dictionaries(TEXT, JSON, max_size=3), max_size=4), st.data())
def test_a_journal_cut_anywhere_gives_its_whole_lines(
    entries: list[dict[str, Any]], data: st.DataObject
) -> None:
    whole = "".join(map(write_line, entries)).encode()
    cut = data.draw(st.integers(0, len(whole)))
    read, torn = read_lines(whole[:cut])
    assert read == entries[: len(read)]
    assert torn == cut - len("".join(map(write_line, entries[: len(read)])).encode())
    assert (torn == 0) == (whole[:cut] == b"" or whole[:cut].endswith(b"\n"))


def test_a_damaged_line_in_the_middle_stops_because_a_promise_may_be_missing() -> None:
    with pytest.raises(OperatorFault) as fault:
        read_lines(b'{"kind":"begin"}\n{"kind":"pro\n{"kind":"end"}\n')
    assert "line 2" in fault.value.why


def test_no_line_can_hold_a_secret() -> None:
    with pytest.raises(TypeError):
        write_line({"kind": "promise", "fields": {"password": Secret("hunter2")}})


def test_the_name_of_a_run_sorts_by_time_and_says_which_plan() -> None:
    assert run_name(NOON, "9f86d081884c7d65") == "20260321T120000Z-9f86d081"


def test_the_first_line_holds_the_whole_plan_and_its_digest() -> None:
    stage = Stage()
    plan = window_stage(stage)
    drive(apply(plan, plan.digest, "run-1", stage.means(), no_stops))
    state = progress_of(stage.journal.entries())
    assert (state.plan, state.digest, state.ended) == (plan, plan.digest, "done")
