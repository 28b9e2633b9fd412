"""Every bad input there is: one message with where, why and what to try, and nothing half-done."""

from __future__ import annotations

import fnmatch
import json
import re
from typing import Any

import pytest
import rows_csv
import rows_kinds
import rows_network
import rows_plans
import rows_policy
import rows_probe
import rows_profile
import rows_service
import rows_state
import rows_words
from desk import FOLDERS, Desk, Row, Said

from leftover import left_in_english
from published import judged

THEMES = (
    rows_words,
    rows_policy,
    rows_kinds,
    rows_csv,
    rows_profile,
    rows_service,
    rows_network,
    rows_state,
    rows_plans,
    rows_probe,
)
BY_NAME: dict[str, Row] = {
    f"{theme.__name__.removeprefix('rows_')}: {row.name}": row
    for theme in THEMES
    for row in theme.ROWS
}


def test_no_two_rows_have_one_name() -> None:
    assert len(BY_NAME) == sum(len(theme.ROWS) for theme in THEMES)
    assert len(BY_NAME) > 500, "docs/proofs.md says so"


@pytest.mark.parametrize("name", BY_NAME)
def test_a_bad_input_is_one_message_and_nothing_half_done(name: str, desk: Desk) -> None:
    row = BY_NAME[name]
    row.arrange(desk)
    before = desk.footprint()
    told = desk.run(*row.words)
    judge(row, desk, told, before)
    text(row, told)
    row.finish(desk)
    if row.again:
        desk.forget_runs()
        row.arrange(desk)
        before = desk.footprint()
    machine = desk.run("--json", *row.words)
    judge(row, desk, machine, before)
    as_json(row, machine)
    row.finish(desk)


def judge(row: Row, desk: Desk, told: Said, before: dict[str, str]) -> None:
    """What holds of every answer, whatever its form."""
    both = told.out + told.err
    assert told.code == row.exit, both
    assert told.code != 70
    assert "Traceback" not in both
    for secret in desk.secrets:
        assert secret not in both, "a secret was told"
    for phrase in row.phrases("not_said"):
        assert phrase not in both
    left = {path: kept for path, kept in desk.footprint().items() if before.get(path) != kept}
    mine = [path for path in left if not _expected(path, row)]
    assert mine == [], "files were made or changed"
    assert set(before) <= set(desk.footprint()), "files were removed"
    if not row.leaves:
        wrote = [asked.operation for asked in desk.lab.lab.history.asked if asked.writes]
        assert wrote == [], "the tenant was written to"


def _expected(path: str, row: Row) -> bool:
    """The folders of a state folder may be made; a row names whatever else it leaves."""
    name = path.partition("/")[2]
    return name in FOLDERS or any(fnmatch.fnmatch(path, pattern) for pattern in row.leaves)


def text(row: Row, told: Said) -> None:
    if not row.code:
        for phrase in row.phrases("why"):
            assert phrase in told.out + told.err
        return
    assert row.run or told.out == ""
    assert len(re.findall("^error: ", told.err, re.MULTILINE)) == 1, told.err
    _, _, error = f"\n{told.err}".partition("\nerror: ")
    why, _, rest = error.partition("\n  where: ")
    where, _, advice = rest.partition("\n  try:   ")
    assert why
    assert where
    assert advice
    for phrase in row.phrases("where"):
        assert phrase in where
    for phrase in row.phrases("why"):
        assert phrase in why
    for phrase in row.phrases("try_"):
        assert phrase in advice + why


def as_json(row: Row, machine: Said) -> None:
    document: Any = judged(machine.out)
    if not row.code:
        whole = json.dumps(document, ensure_ascii=False) + machine.err
        for phrase in row.phrases("why"):
            assert phrase in whole
        return
    assert "error: " not in machine.err
    assert document["schema"] == f"portineria/{'run' if row.run else 'error'}@1"
    error = document["error"]
    assert set(error) == {"code", "where", "why", "try", "evidence"}
    assert error["code"] == row.code
    for kind in ("where", "why", "try"):
        assert isinstance(error[kind], str)
        assert error[kind].strip()
    if "lab" not in row.words[:1]:
        assert left_in_english(error["why"]) == ""
        assert left_in_english(error["try"]) == ""
    assert isinstance(error["evidence"], dict)
    for phrase in row.phrases("where"):
        assert phrase in error["where"]
    for phrase in row.phrases("why"):
        assert phrase in error["why"]
    for phrase in row.phrases("try_"):
        assert phrase in error["try"] + error["why"]
