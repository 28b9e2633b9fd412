"""The size of the house, and its counted exceptions, which may only fall."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from statistics import median

import pytest

ROOT = Path(__file__).parents[2]
LEDGER = tomllib.loads((Path(__file__).parent / "house.toml").read_text(encoding="utf-8"))
SOURCES = {
    path.relative_to(ROOT): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "src").rglob("*.py"))
}
VAGUE = {"utils", "util", "common", "manager", "helpers", "helper", "misc"}


def test_no_source_file_is_longer_than_the_longest_allowed() -> None:
    longest = LEDGER["sizes"]["longest"]
    lines = {path: len(text.splitlines()) for path, text in SOURCES.items()}
    assert {path: count for path, count in lines.items() if count > longest} == {}


def test_the_middle_file_is_short() -> None:
    counts = [
        len(text.splitlines()) for path, text in SOURCES.items() if path.name != "__init__.py"
    ]
    assert median(counts) <= LEDGER["sizes"]["median"]


@pytest.mark.parametrize(("words", "allowed"), LEDGER["exceptions"].items())
def test_exceptions_only_become_fewer(words: str, allowed: int) -> None:
    pattern = re.compile(rf"#\s*(?:pragma:\s*)?{re.escape(words)}\b")
    found = {path: n for path, text in SOURCES.items() if (n := len(pattern.findall(text)))}
    now = sum(found.values())
    assert now <= allowed, f"more than before: {found}"
    assert now == allowed, f"fewer than before: write {now} into tests/manual/house.toml"


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [path for path in SOURCES if path.stem in VAGUE] == []


def test_every_package_says_what_it_is() -> None:
    for path, text in SOURCES.items():
        if path.name == "__init__.py":
            assert text.startswith('"""'), path
