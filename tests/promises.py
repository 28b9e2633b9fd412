"""Checks that every promise a user can see is held by tests that ran and passed.

`tests/promises.toml` lists promises with where they stand; FIDELITY.md names a test on each
faithful line. Run `make test` and `make strangers` first: they leave `.ran/*.json`.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
CLAIM = re.compile(r"\((tests/[^)]+::[^)]+)\)")


def outcomes() -> dict[str, str]:
    """Test id (parameters stripped) -> worst outcome over its cases."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / ".ran").glob("*.json")):
        for node, outcome in json.loads(file.read_text()).items():
            name = node.partition("[")[0]
            if found.get(name, "passed") == "passed":
                found[name] = outcome
    return found


def promised() -> list[tuple[str, list[str]]]:
    document = tomllib.loads((ROOT / "tests" / "promises.toml").read_text())
    listed = []
    for promise in document["promise"]:
        where = ROOT / promise["where"]
        text = " ".join(where.read_text().split()) if where.exists() else ""
        if promise["says"] not in text:
            listed.append((f"{promise['where']} no longer says «{promise['says']}»", [""]))
        listed.append((promise["says"], promise["tests"]))
    return listed


def fidelity() -> list[tuple[str, list[str]]]:
    """Each line of the section Faithful, with the tests it names."""
    listed, inside = [], False
    for line in (ROOT / "FIDELITY.md").read_text().splitlines():
        if line.startswith("#"):
            inside = "Faithful" in line
        elif inside and line.startswith("- "):
            tests = [t.strip() for group in CLAIM.findall(line) for t in group.split(",")]
            listed.append((f"FIDELITY: {line[2:]}", tests or [""]))
    return listed


def main() -> int:
    ran = outcomes()
    bad = 0
    promises = promised() + fidelity()
    for says, tests in promises:
        for test in tests or [""]:
            outcome = ran.get(test, "did not run") if test else "names no test"
            if outcome != "passed":
                bad += 1
                print(f"not kept: {says}\n    {test or '-'}: {outcome}")
    skipped = [name for name, outcome in ran.items() if outcome == "skipped"]
    for name in skipped:
        print(f"skipped: {name}")
    print(f"{len(promises)} promises, {bad} not kept; {len(ran)} tests ran, {len(skipped)} skipped")
    return 1 if bad or skipped or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
