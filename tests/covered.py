"""Are all branches of the pure floors reached by their own tests? Exceptions stand in a list.

Runs the tests of these floors alone, with few examples of each property, so that a branch counts
only where a test of its own floor takes it on purpose. `tests/uncovered.toml` lists each
exception: `file`, the `line` as it stands in the source, and `because`; a row excuses one spot.
Exit code 1: a branch is neither reached nor listed, or is listed and reached, or a floor was not
measured. `covered.py policy/window.py tests/policy/test_policy_window.py` judges that file (or
folder) alone, by those tests.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
SOURCE = Path("src/portineria")
FLOORS = (
    "tenant",
    "policy",
    "mail",
    "gateway",
    "settings",
    "secret.py",
    "clock.py",
    "fault.py",
    "config.py",
    "tongue",
)
TESTS = (
    "tenant",
    "policy",
    "mail",
    "gateway",
    "settings",
    "secret",
    "clock",
    "fault",
    "config",
    "tongue",
    "script",
)
EXAMPLES = "20"
Spot = tuple[str, str]


def measured(parts: list[str], tests: list[str]) -> dict[str, Any]:
    """What coverage.py says of these parts after these tests. Ends here where a test failed.

    The whole source is watched and the parts are reported: a module that no test imports is
    then counted as not reached, while one that is watched alone would be left out.
    """
    with tempfile.TemporaryDirectory() as folder:
        data, report = Path(folder) / "data", Path(folder) / "report.json"
        run = [sys.executable, "-m", "coverage"]
        told = {**os.environ, "EXAMPLES": EXAMPLES, "COVERAGE_FILE": str(data)}
        told.pop("RAN", None)
        options = ["--branch", f"--source={SOURCE}", "--rcfile=/dev/null"]
        tried = subprocess.run(
            [*run, "run", *options, "-m", "pytest", "-m", "not slow", *tests],
            cwd=ROOT,
            env=told,
            check=False,
        )
        if tried.returncode:
            raise SystemExit("a test failed: what is covered then says nothing")
        shown = ",".join(
            str(SOURCE / part if part.endswith(".py") else SOURCE / part / "*") for part in parts
        )
        subprocess.run(
            [*run, "json", "--rcfile=/dev/null", "--quiet", f"--include={shown}", f"-o{report}"],
            cwd=ROOT,
            env=told,
            check=True,
        )
        found: dict[str, Any] = json.loads(report.read_text())
        return found


def missed(document: dict[str, Any]) -> Iterator[tuple[Spot, str]]:
    """Every line and branch that no test took: its spot in the source, and what is missing."""
    for name, file in document["files"].items():
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        place = str(Path(name).relative_to(SOURCE))
        gone = set(file["missing_lines"])
        for line in sorted(gone):
            yield (place, lines[line - 1].strip()), f"{name}:{line} never runs"
        for start, end in file["missing_branches"]:
            if start not in gone and end not in gone:
                where = f"to line {end}" if end > 0 else "out of the function"
                yield (place, lines[start - 1].strip()), f"{name}:{start} never goes {where}"


def unmeasured(document: dict[str, Any], parts: list[str]) -> Iterator[str]:
    """Parts of which coverage.py reported no file: the measurement itself is broken."""
    names = [Path(name).relative_to(SOURCE) for name in document["files"]]
    for part in parts:
        if not any(name.is_relative_to(part) for name in names):
            yield f"{part}: not measured"


def judged(document: dict[str, Any], parts: list[str], rows: list[dict[str, str]]) -> list[str]:
    """One reason for each spot that is missed and not listed, or listed and not missed."""
    excused = Counter((row["file"], row["line"]) for row in rows if row["because"].strip())
    reasons = list(unmeasured(document, parts))
    for spot, told in missed(document):
        if excused[spot]:
            excused[spot] -= 1
        else:
            reasons.append(f"{told}: {spot[1]}")
    for file, line in excused.elements():
        if any(Path(file).is_relative_to(part) for part in parts):
            reasons.append(f"{file}: reached, take it off the list: {line}")
    return reasons


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("part", nargs="?", help="as src/portineria names it: policy/window.py")
    arguments.add_argument("tests", nargs="*", help="without them, all tests of the pure floors")
    asked = arguments.parse_args()
    parts = [asked.part] if asked.part else list(FLOORS)
    folders = [f"tests/{name}" for name in TESTS if (ROOT / "tests" / name).is_dir()]
    ledger = ROOT / "tests" / "uncovered.toml"
    rows = tomllib.loads(ledger.read_text(encoding="utf-8")).get("uncovered", [])
    document = measured(parts, asked.tests or folders)
    reasons = judged(document, parts, rows)
    for reason in reasons:
        print(reason)
    totals = document["totals"]
    print(
        f"pure floors: {totals['covered_branches']} of {totals['num_branches']} branches, "
        f"{totals['covered_lines']} of {totals['num_statements']} lines; "
        f"{len(rows)} exceptions listed"
    )
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main())
