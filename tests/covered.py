"""Are all branches of the pure floors reached by their own tests? Exceptions stand in a list.

Runs the tests of these floors alone, with few examples of each property, so that a branch counts
only where a test of its own floor takes it on purpose. `tests/uncovered.toml` lists each
exception: `file`, the `line` as it stands in the source, and `because`. Exit code 1: a branch is
neither reached nor listed, or is listed and reached.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FLOORS = ("tenant", "policy", "mail", "secret", "clock", "fault", "config")
TESTS = ("tenant", "policy", "mail", "secret", "clock", "fault", "config")
EXAMPLES = "20"
Spot = tuple[str, str]


def measured() -> dict[str, Any]:
    """What coverage.py says of the pure floors after their tests. Raises where a test failed."""
    with tempfile.TemporaryDirectory() as folder:
        data, report = Path(folder) / "data", Path(folder) / "report.json"
        run = [sys.executable, "-m", "coverage"]
        source = ",".join(f"portineria.{floor}" for floor in FLOORS)
        chosen = [str(path) for name in TESTS if (path := ROOT / "tests" / name).is_dir()]
        told = {**os.environ, "EXAMPLES": EXAMPLES, "COVERAGE_FILE": str(data)}
        told.pop("RAN", None)
        options = ["--branch", f"--source={source}", "--rcfile=/dev/null"]
        subprocess.run(
            [*run, "run", *options, "-m", "pytest", "-m", "not slow", *chosen],
            cwd=ROOT,
            env=told,
            check=True,
        )
        subprocess.run(
            [*run, "json", "--rcfile=/dev/null", "--quiet", "-o", str(report)],
            cwd=ROOT,
            env=told,
            check=True,
        )
        found: dict[str, Any] = json.loads(report.read_text())
        return found


def missed(document: dict[str, Any]) -> Iterator[tuple[Spot, str]]:
    """Every line and branch that no test took: its spot in the source, and what is missing."""
    for name, file in document["files"].items():
        path = Path(name)
        lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
        place = str(path.relative_to("src/portineria"))
        gone = set(file["missing_lines"])
        for line in sorted(gone):
            yield (place, lines[line - 1].strip()), f"{name}:{line} never runs"
        for start, end in file["missing_branches"]:
            if start not in gone and end not in gone:
                where = f"to line {end}" if end > 0 else "out of the function"
                yield (place, lines[start - 1].strip()), f"{name}:{start} never goes {where}"


def main() -> int:
    ledger = ROOT / "tests" / "uncovered.toml"
    rows = tomllib.loads(ledger.read_text(encoding="utf-8")).get("uncovered", [])
    listed = {(row["file"], row["line"]): row["because"] for row in rows}
    document = measured()
    found = list(missed(document))
    reasons = [f"{told}: {spot[1]}" for spot, told in found if spot not in listed]
    reached = listed.keys() - {spot for spot, _ in found}
    reasons += [f"{file}: reached, take it off the list: {line}" for file, line in reached]
    for reason in reasons:
        print(reason)
    totals = document["totals"]
    print(
        f"pure floors: {totals['covered_branches']} of {totals['num_branches']} branches, "
        f"{totals['covered_lines']} of {totals['num_statements']} lines; "
        f"{len(listed)} exceptions listed"
    )
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main())
