"""The measure of the pure floors notices what it is there to notice."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from covered import FLOORS, ROOT, SOURCE, TESTS, judged

CLOCK = (ROOT / SOURCE / "clock.py").read_text().splitlines()
NEVER = 1 + next(n for n, line in enumerate(CLOCK) if "time does not run backwards" in line)
BRANCH = NEVER - 1
LISTED = [{"file": "clock.py", "line": CLOCK[BRANCH - 1].strip(), "because": "nobody can"}]
TOLD = f"src/portineria/clock.py:{BRANCH} never goes to line {NEVER}: if seconds < 0:"


def report(lines: tuple[int, ...] = (), branches: tuple[tuple[int, int], ...] = ()) -> Any:
    """As coverage.py writes it: one file with these lines and branches missing."""
    return {
        "files": {
            "src/portineria/clock.py": {
                "missing_lines": list(lines),
                "missing_branches": [list(branch) for branch in branches],
            }
        }
    }


def reasons(document: Any, rows: list[dict[str, str]] | None = None) -> list[str]:
    return judged(document, ["clock.py"], rows or [])


def test_where_everything_is_reached_and_nothing_listed_there_is_nothing_to_say() -> None:
    assert reasons(report()) == []


def test_a_line_and_a_branch_that_no_test_takes_are_told_with_their_place() -> None:
    (line,) = reasons(report(lines=(NEVER,), branches=((BRANCH, NEVER),)))
    assert line.startswith(f"src/portineria/clock.py:{NEVER} never runs: raise ValueError")
    assert reasons(report(branches=((BRANCH, NEVER),))) == [TOLD]
    (out,) = reasons(report(branches=((BRANCH, -60),)))
    assert "never goes out of the function" in out


def test_a_row_of_the_list_excuses_one_spot_and_needs_its_reason() -> None:
    missing = report(branches=((BRANCH, NEVER),))
    assert reasons(missing, LISTED) == []
    twice = report(branches=((BRANCH, NEVER), (BRANCH, -60)))
    assert len(reasons(twice, LISTED)) == 1
    assert reasons(missing, [{**LISTED[0], "because": " "}]) == [TOLD]


def test_a_row_that_excuses_nothing_has_to_go() -> None:
    assert reasons(report(), LISTED) == [
        "clock.py: reached, take it off the list: if seconds < 0:",
    ]
    elsewhere = [{**LISTED[0], "file": "policy/window.py"}]
    assert reasons(report(), elsewhere) == [], "that part was not asked about"


@pytest.mark.parametrize("document", [{"files": {}}, report()])
def test_a_floor_of_which_nothing_was_measured_is_no_covered_floor(document: Any) -> None:
    found = judged(document, ["clock.py", "tenant"], [])
    assert "tenant: not measured" in found
    assert ("clock.py: not measured" in found) is (not document["files"])


def test_every_pure_floor_is_measured_by_tests_of_its_own_name_and_ci_does_it() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layers = next(one["layers"] for one in contracts["contracts"] if "layers" in one)
    at = next(n for n, layer in enumerate(layers) if "policy" in layer)
    pure = {name for layer in layers[at:] for name in layer.replace("|", " ").split()}
    pure |= {"gateway", "settings"}  # beside those that need a crew, and without hands
    assert {floor.removesuffix(".py") for floor in FLOORS} == pure
    assert set(TESTS) == pure | {"script"}, "policy/script has a room of its own beside policy"
    assert all((ROOT / "tests" / name).is_dir() for name in TESTS)
    assert "make covered" in (ROOT / ".ci" / "run").read_text()
