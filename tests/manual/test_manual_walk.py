"""docs/walk.md names places in the code that exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WALK = " ".join((ROOT / "docs" / "walk.md").read_text(encoding="utf-8").split())
PLACES = re.findall(r"`([\w/]+\.py) → ([\w.]+)`", WALK)


@cache
def names(path: str) -> frozenset[str]:
    """What a module defines at its top, and the members of its classes as Class.member."""
    tree = ast.parse((ROOT / "src" / "portineria" / path).read_text(encoding="utf-8"))
    found = set(_defined(tree))
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{member}" for member in _defined(node)}
    return frozenset(found)


def _defined(scope: ast.Module | ast.ClassDef) -> list[str]:
    found = []
    for node in scope.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.append(node.target.id)
    return found


@pytest.mark.parametrize(("path", "name"), PLACES)
def test_a_place_on_the_walk_exists(path: str, name: str) -> None:
    assert name in names(path)


def test_every_arrow_of_the_walk_is_checked() -> None:
    assert len(PLACES) == WALK.count("→") > 40


def test_the_walk_passes_every_room_that_the_work_passes() -> None:
    rooms = {path.partition("/")[0].removesuffix(".py") for path, _ in PLACES}
    assert rooms == {"cli", "wiring", "doors", "run", "m365", "policy", "mail", "tenant"}
