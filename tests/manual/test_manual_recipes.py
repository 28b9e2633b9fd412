"""Every recipe is followed as it stands on the page, on a copy of the checkout."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(?P<said>[^\n]*)\n\n```(?P<kind>\w+)\n(?P<text>.*?)```", re.DOTALL)
NEW = re.compile(r"New file `(?P<file>[^`]+)`:")
UNDER = re.compile(r"In `(?P<file>[^`]+)`, under `(?P<line>[^`]+)`:")
COPIED = ("src", "tests", "docs", "pyproject.toml")


@dataclass
class Recipe:
    name: str
    steps: list[re.Match[str]] = field(default_factory=list)
    command: str = ""

    @property
    def lines(self) -> int:
        return sum(len(step["text"].splitlines()) for step in self.steps)


def recipes() -> list[Recipe]:
    """One a heading: its blocks that change a file, and the command at its end."""
    found = []
    for section in PAGE.split("\n## ")[1:]:
        recipe = Recipe(section.partition("\n")[0])
        for block in BLOCK.finditer(section):
            if block["kind"] == "sh":
                recipe.command = block["text"].strip()
            else:
                recipe.steps.append(block)
        found.append(recipe)
    return found


def follow(step: re.Match[str], folder: Path) -> None:
    if new := NEW.fullmatch(step["said"]):
        path = folder / new["file"]
        assert not path.exists(), f"{path.name} is there already"
        path.write_text(step["text"], encoding="utf-8")
        return
    under = UNDER.fullmatch(step["said"])
    assert under, f"neither a new file nor a place in one: {step['said']!r}"
    path = folder / under["file"]
    line, text = f"{under['line']}\n", path.read_text(encoding="utf-8")
    assert text.count(f"\n{line}") == 1, under["line"]
    path.write_text(text.replace(f"\n{line}", f"\n{line}{step['text']}"), encoding="utf-8")


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.name)
def test_a_recipe_is_short_and_does_what_it_says(recipe: Recipe, tmp_path: Path) -> None:
    assert recipe.lines < 30
    for name in COPIED:
        whole = ROOT / name
        unwanted = shutil.ignore_patterns("__pycache__", "node_modules", ".hypothesis")
        if whole.is_dir():
            shutil.copytree(whole, tmp_path / name, ignore=unwanted)
        else:
            shutil.copy(whole, tmp_path / name)
    already = asked(recipe, tmp_path, "--collect-only").count("::")
    for step in recipe.steps:
        follow(step, tmp_path)
    passed = re.search(r"(\d+) passed", asked(recipe, tmp_path))
    assert passed, "nothing ran"
    assert int(passed[1]) > already


def asked(recipe: Recipe, folder: Path, *options: str) -> str:
    """What the recipe's command says there; "" where its file is still to come."""
    program, file, *chosen = shlex.split(recipe.command)
    assert program == "pytest"
    if not (folder / file).exists():
        return ""
    done = subprocess.run(
        [sys.executable, "-m", program, file, *chosen, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder / "src"), "EXAMPLES": "5"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    none_there_yet = 5 if options else 0
    assert done.returncode in (0, none_there_yet), done.stdout + done.stderr
    return done.stdout
