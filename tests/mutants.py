"""Do the tests bite? Mutates the heart (effective access, plan, guards) and counts survivors.

The number in tests/mutants.toml may only fall: more survivors fail, fewer ask to write it down.
A survivor that changes only words for people counts like any other: the number is honest, not
small. `--write` writes down the counts of this run; `--keep FOLDER` works in that new folder and
leaves it, so that `mutmut show NAME` can be asked there.

Works on a copy. mutmut leaves decorated functions alone, and every rung and guard is decorated
with its papers; in the copy the papers are put on after the function, which means the same.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
LEDGER = ROOT / "tests" / "mutants.toml"
LINE = re.compile(r"^\s+(portineria\.policy\.([\w.]+)\.x\S*__mutmut_\d+): (\w[\w ]*)$")
ALIVE = {"survived", "no tests", "suspicious"}
UNDONE = {"not checked", "check was interrupted by user", "segfault"}
ELSEWHERE = ("file", "large", "marked", "refusals", "schema", "visible", "why")
"""Tests of tests/policy that judge pages, parsers and sizes, not the heart."""
EXAMPLES = "5"
"""Of each property: a mutant is met by thousands of runs, and the tables do most of the work."""


def copy(folder: Path) -> None:
    """The tree as mutmut can work on it."""
    for name in ("src", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder / "pyproject.toml")
    for name in ELSEWHERE:
        (folder / "tests" / "policy" / f"test_policy_{name}.py").unlink()
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mutmut"]
    for name in settings["source_paths"]:
        path = folder / name
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            file.write_text(undecorated(file.read_text()))


def undecorated(source: str) -> str:
    """`@papers(...)` above a function of a module becomes `name = papers(...)(name)` below."""
    lines = source.splitlines()
    for node in reversed(ast.parse(source).body):
        if isinstance(node, ast.FunctionDef) and len(node.decorator_list) == 1:
            papers = ast.get_source_segment(source, node.decorator_list[0])
            lines.insert(node.end_lineno or 0, f"\n\n{node.name} = {papers}({node.name})")
            del lines[node.decorator_list[0].lineno - 1 : node.lineno - 1]
    return "\n".join(lines) + "\n"


def run(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(module, mutant, what became of it); shows how far it is every ten seconds."""
    mutmut = [sys.executable, "-m", "mutmut"]
    surroundings = os.environ | {"EXAMPLES": EXAMPLES, "PYTHONHASHSEED": "0"}
    with subprocess.Popen(
        [*mutmut, "run"],
        cwd=folder,
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as running:
        _progress(running)
    if running.returncode:
        raise SystemExit(f"mutmut ended with {running.returncode}")
    answer = subprocess.run(
        [*mutmut, "results", "--all", "true"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    for line in answer.stdout.splitlines():
        found = LINE.match(line)
        if found:
            yield found[2], found[1], found[3]


def _progress(running: subprocess.Popen[str]) -> None:
    assert running.stdout is not None
    shown = time.monotonic()
    last: list[str] = []
    for line in running.stdout:
        last = [*last[-40:], line]
        if time.monotonic() - shown > 10 and line.strip():
            shown = time.monotonic()
            print(f"... {line.strip()}", flush=True)
    if running.wait():
        print("".join(last))


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--write", action="store_true")
    arguments.add_argument("--keep", type=Path)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as spare:
        folder = asked.keep or Path(spare)
        folder.mkdir(exist_ok=True)
        copy(folder)
        found = list(run(folder))
    for module, mutant, fate in found:
        if fate in ALIVE | UNDONE:
            print(f"{fate}: {mutant}  ({module})")
    survivors = Counter(module for module, _, fate in found if fate in ALIVE)
    for module, number in survivors.most_common():
        print(f"{number:5}  {module}")
    return _judged(sum(survivors.values()), found, write=asked.write)


def _judged(count: int, found: list[tuple[str, str, str]], *, write: bool) -> int:
    print(f"{count} of {len(found)} mutants survived")
    undone = sum(fate in UNDONE for _, _, fate in found)
    if not found or undone:
        print(f"{undone or 'all'} mutants were not tried: something is wrong with the set-up")
        return 1
    if write:
        LEDGER.write_text(
            "# Survivors of `make mutants`; may only fall. Wording counts like anything else.\n"
            f"survivors = {count}\ntotal = {len(found)}\n"
        )
        return 0
    allowed = tomllib.loads(LEDGER.read_text())["survivors"]
    if count < allowed:
        print(f"fewer than the {allowed} written down: `python tests/mutants.py --write`")
    return 0 if count <= allowed else 1


if __name__ == "__main__":
    sys.exit(main())
