"""Do the tests bite? Mutates the heart (effective access, plan, guards) and counts survivors.

The number in tests/mutants.toml may only fall: more survivors fail, fewer ask to write it down.
A survivor that changes only words for people counts like any other: the number is honest, not
small. `--write` commits the counts of this run.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
LEDGER = ROOT / "tests" / "mutants.toml"
LINE = re.compile(r"^\s+portineria\.policy\.([\w.]+)\.x\S*__mutmut_\d+: (\w[\w ]*)$")


def run() -> tuple[Counter[str], int]:
    """Survivors by module, and how many mutants there were."""
    mutmut = [sys.executable, "-m", "mutmut"]
    subprocess.run([*mutmut, "run"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    answer = subprocess.run(
        [*mutmut, "results", "--all", "true"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    survivors: Counter[str] = Counter()
    total = 0
    for line in answer.stdout.splitlines():
        found = LINE.match(line)
        if found:
            total += 1
            if found[2] in {"survived", "no tests", "suspicious"}:
                survivors[found[1]] += 1
    return survivors, total


def main() -> int:
    survivors, total = run()
    count = sum(survivors.values())
    for module, number in survivors.most_common():
        print(f"{number:5}  {module}")
    print(f"{count} of {total} mutants survived")
    if not total:
        print("no mutant was made: something is wrong with the set-up")
        return 1
    if sys.argv[1:] == ["--write"]:
        LEDGER.write_text(
            f"# Survivors of `make mutants`; may only fall.\nsurvivors = {count}\ntotal = {total}\n"
        )
        return 0
    allowed = tomllib.loads(LEDGER.read_text())["survivors"]
    if count < allowed:
        print(f"fewer than the {allowed} written down: `python tests/mutants.py --write`")
    return 0 if count <= allowed else 1


if __name__ == "__main__":
    sys.exit(main())
