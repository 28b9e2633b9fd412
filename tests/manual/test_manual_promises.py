"""The keeper of the promises notices what it is there to notice."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from promises import ROOT, TEST, faithful, main, promised

PAGE = "# A page\n\nIt **always\nstops** in time.\n"
TOML = """
[[promise]]
where = "docs/page.md"
says = "It always stops in time."
tests = ["tests/a/test_a.py::test_one", "tests/a/test_a.py::test_two[case]"]
"""
FIDELITY = """
## Faithful

### A face

- Says what it says [source 1]\\
  `tests/b/test_b.py::test_three`\\
  `tests/b/test_b.py::test_four`

## Unknown

- What nobody knows
"""
RAN = {
    "tests/a/test_a.py::test_one": "passed",
    "tests/a/test_a.py::test_two[case]": "passed",
    "tests/a/test_a.py::test_two[other]": "passed",
    "tests/b/test_b.py::test_three": "passed",
    "tests/b/test_b.py::test_four": "passed",
}


def house(root: Path, page: str = PAGE, fidelity: str = FIDELITY, **changed: str | None) -> Path:
    """A repository of one promise and one faithful line; `changed` outcomes by last words."""
    ran = dict(RAN)
    for words, outcome in changed.items():
        name = next(name for name in RAN if name.endswith(f"::test_{words}") or words in name)
        del ran[name]
        if outcome is not None:
            ran[name] = outcome
    for path, text in {
        "docs/page.md": page,
        "tests/promises.toml": TOML,
        "FIDELITY.md": fidelity,
        ".ran/test.json": json.dumps(ran),
    }.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


def test_promises_that_are_kept_are_kept(tmp_path: Path) -> None:
    assert main(house(tmp_path)) == 0


BROKEN = {
    "a test that did not run": {"one": None},
    "a test that failed": {"one": "failed"},
    "a test that was skipped": {"one": "skipped"},
    "one failed case of many": {"other": "failed"},
    "a test of a faithful line": {"four": None},
    "a page that no longer says so": {"page": "# A page\n\nIt stops.\n"},
    "a faithful line without a test": {"fidelity": FIDELITY + "\n## Faithful\n\n- More\n"},
}


@pytest.mark.parametrize("how", BROKEN.values(), ids=list(BROKEN))
def test_one_that_is_not_is_noticed(tmp_path: Path, how: dict[str, str]) -> None:
    assert main(house(tmp_path, **how)) == 1  # type: ignore[arg-type]


def test_a_page_that_is_gone_is_noticed(tmp_path: Path) -> None:
    (house(tmp_path) / "docs/page.md").unlink()
    assert main(tmp_path) == 1


def test_a_skipped_test_that_holds_no_promise_is_noticed_too(tmp_path: Path) -> None:
    (house(tmp_path) / ".ran/strangers.json").write_text('{"tests/c.py::test_five": "skipped"}')
    assert main(tmp_path) == 1


def test_where_nothing_ran_nothing_is_kept(tmp_path: Path) -> None:
    (house(tmp_path) / ".ran/test.json").unlink()
    assert main(tmp_path) == 1


EVERY = promised(ROOT) + faithful(ROOT)


def test_every_promise_names_tests_that_are_written() -> None:
    """Whether they ran is for `make promises`; that they exist is known at once."""
    named = {test for promise in EVERY for test in promise.tests}
    for test in sorted(named):
        assert TEST.fullmatch(test), test
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), test
    assert all(promise.tests for promise in EVERY)


def test_a_promise_is_made_once() -> None:
    said = [(promise.where, promise.says) for promise in EVERY]
    assert len(said) == len(set(said))
