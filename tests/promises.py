"""Checks that every promise a user can see is held by tests that ran and passed.

`tests/promises.toml` lists promises with where they stand; FIDELITY.md names tests under each
faithful line. Run `make test` and `make strangers` first: they leave `.ran/*.json`.

Exit code 0: every promise stands where it is said to stand and all its tests passed, nothing was
skipped and something ran. 1: not so, and every reason is printed.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEST = re.compile(r"tests/[\w/]+\.py::\w+")
Ran = dict[str, str]


@dataclass(frozen=True, slots=True)
class Promise:
    """What is said, where, and the ids of the tests that hold it (no parameters)."""

    where: str
    says: str
    tests: tuple[str, ...]


def outcomes(folder: Path) -> Ran:
    """Test id, parameters stripped -> the worst outcome over its cases and over all suites."""
    found: Ran = {}
    for file in sorted(folder.glob("*.json")):
        for node, outcome in json.loads(file.read_text(encoding="utf-8")).items():
            name = node.partition("[")[0]
            if found.get(name, "passed") == "passed":
                found[name] = outcome
    return found


def promised(root: Path) -> list[Promise]:
    """The entries of tests/promises.toml. Raises KeyError where one lacks a member."""
    document = tomllib.loads((root / "tests" / "promises.toml").read_text(encoding="utf-8"))
    return [
        Promise(one["where"], one["says"], tuple(test.partition("[")[0] for test in one["tests"]))
        for one in document["promise"]
    ]


def faithful(root: Path) -> list[Promise]:
    """Every line under Faithful, whatever lines below it name its tests."""
    name = "FIDELITY.md"
    entries: list[str] = []
    inside = False
    for line in (root / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            inside = line == "## Faithful"
        elif inside and line.startswith("- "):
            entries.append(line[2:])
        elif inside and line.startswith("  ") and entries:
            entries[-1] += f"\n{line.strip()}"
    return [Promise(name, _sentence(entry), tuple(TEST.findall(entry))) for entry in entries]


def _sentence(entry: str) -> str:
    return entry.partition("\n")[0].rstrip("\\")


def missing_from_page(root: Path, promise: Promise) -> bool:
    """Whether the page no longer says it; line breaks and emphasis do not count."""
    page = root / promise.where
    return not page.exists() or _plain(promise.says) not in _plain(page.read_text(encoding="utf-8"))


def _plain(text: str) -> str:
    return " ".join(text.replace("**", "").split())


def unkept(root: Path, promises: list[Promise], ran: Ran) -> Iterator[str]:
    """One line a reason."""
    for promise in promises:
        said = f"{promise.where}: {promise.says}"
        if missing_from_page(root, promise):
            yield f"{said}\n    the page no longer says so"
        if not promise.tests:
            yield f"{said}\n    names no test"
        for test in promise.tests:
            outcome = ran.get(test, "did not run")
            if outcome != "passed":
                yield f"{said}\n    {test}: {outcome}"


def main(root: Path = ROOT) -> int:
    ran = outcomes(root / ".ran")
    promises = promised(root) + faithful(root)
    reasons = list(unkept(root, promises, ran))
    skipped = [name for name, outcome in ran.items() if outcome == "skipped"]
    for reason in reasons:
        print(f"not kept: {reason}")
    for name in skipped:
        print(f"skipped: {name}")
    print(f"{len(promises)} promises, {len(reasons)} reasons against them")
    print(f"{len(ran)} tests ran, {len(skipped)} skipped")
    return 1 if reasons or skipped or not ran else 0


if __name__ == "__main__":
    sys.exit(main())
