"""What a large tenant costs: seconds and memory of look, plan and apply, from 250 mailboxes on.

A lab of each size is planted on this machine, and the commands are run against it as anybody
runs them. What is compared is the growth: twice the tenant should be twice the time, and the
memory should grow by what is kept of a mailbox and by nothing else. The machine's own speed
cancels out of that. Exit code 1 where the growth is more than the bounds below.

    python benchmarks/scale.py                       250, 2,500 and 10,000 mailboxes
    python benchmarks/scale.py 250 2500 10000 50000
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portineria.cli.labs import control
from portineria.doors.journal import FileJournal

SIZES = (250, 2500, 10_000)
APPLIED = 2500
"""The largest tenant that is changed as well: each change is a write of its own."""

KEPT = 4.0
"""KiB that the peak may grow by for each mailbox, whatever the verb."""
SLOWER = 2.0
"""Times that a mailbox may cost in the largest tenant what it costs in the one before."""

POLICY = """
tenant: contoso.onmicrosoft.com
everyone_else: {imap: off, pop: off, smtp: off}
"""
PORTINERIA = [sys.executable, "-m", "portineria"]
VERBS: dict[str, list[str]] = {
    "look": ["look"],
    "look --json": ["look", "--json"],
    "look --mailboxes": ["look", "--mailboxes"],
    "plan": ["plan", "policy.yaml"],
    "plan --all": ["plan", "policy.yaml", "--all"],
    "plan --json": ["plan", "policy.yaml", "--json"],
    "plan --output": ["plan", "policy.yaml", "--accept", "blast-radius", "--output", "plan.json"],
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock, seconds of this program's own work, and its peak in MiB."""

    wall: float
    work: float
    peak: float


def measured(words: Sequence[str], folder: Path, allowed: Sequence[int] = (0, 4)) -> Cost:
    environment = {
        **os.environ,
        "PORTINERIA_STATE": str(folder / "state"),
        "PORTINERIA_PROFILE": "lab",
    }
    start = time.perf_counter()
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        child = subprocess.Popen(
            [*PORTINERIA, *words], cwd=folder, env=environment, stdout=out, stderr=err
        )
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in allowed:
        raise SystemExit(f"{words} exited with {child.returncode}: {(folder / 'err').read_text()}")
    wall = time.perf_counter() - start
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


@contextmanager
def tenant(mailboxes: int) -> Iterator[tuple[Path, dict[str, object]]]:
    """A folder with a lab of so many mailboxes, and what the lab says of itself."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "policy.yaml").write_text(POLICY)
        measured(["lab", "up", "--detach", "--json", "--mailboxes", str(mailboxes)], folder)
        try:
            yield folder, json.loads((folder / "out").read_text())
        finally:
            measured(["lab", "down"], folder)


def show(verb: str, size: int, cost: Cost) -> None:
    each = cost.work / size * 1000
    print(
        f"{size:>7}  {verb:<18}{cost.wall:>8.1f} s{cost.work:>8.1f} s{each:>9.2f} s"
        f"{cost.peak:>8.0f} MiB",
        flush=True,
    )


def look_and_plan(sizes: Sequence[int]) -> dict[tuple[str, int], Cost]:
    print("mailboxes  verb               clock    its work   per 1000        peak")
    costs: dict[tuple[str, int], Cost] = {}
    for size in sizes:
        with tenant(size) as (folder, info):
            measured(["look"], folder)
            for verb, words in VERBS.items():
                costs[verb, size] = cost = measured(words, folder)
                show(verb, size, cost)
            if size == min(APPLIED, sizes[-1]):
                applied(folder, info, size)
    return costs


def applied(folder: Path, info: dict[str, object], size: int) -> None:
    """Changes a second, what each costs in requests, and what the disk alone would allow."""
    before = len(control(info, "GET", "/history")["value"])
    cost = measured(["apply", "plan.json", "--yes"], folder)
    show("apply", size, cost)
    changes = len(json.loads((folder / "plan.json").read_text())["changes"])
    asked = len(control(info, "GET", "/history")["value"]) - before
    journal = FileJournal(folder / "trial" / "journal.jsonl")
    start = time.perf_counter()
    for number in range(200):
        journal.append({"kind": "promise", "n": number})
    synced = (time.perf_counter() - start) / 200
    print(
        f"         {changes} changes, {changes / cost.wall:.0f} a second: {asked / changes:.1f} "
        f"commands each, {cost.work / changes * 1000:.1f} ms of its own work, "
        f"{2 * synced * 1000:.1f} ms for two lines on the disk"
    )


def growth(costs: dict[tuple[str, int], Cost], sizes: Sequence[int]) -> bool:
    """Per verb: KiB a mailbox from the smallest tenant to the largest, and whether a mailbox is
    dearer in the largest than in the one before. True where all of it is within the bounds."""
    if len(sizes) < 3:
        return True
    first, middle, last = sizes[0], sizes[-2], sizes[-1]
    good = True
    print(f"\nfrom {first} to {last} mailboxes        memory a mailbox    time a mailbox, x-fold")
    for verb in VERBS:
        small, half, large = (costs[verb, size] for size in (first, middle, last))
        kept = (large.peak - small.peak) * 1024 / (last - first)
        # What a command costs at all is not a mailbox's: it is taken off both.
        base = small.work
        dearer = ((large.work - base) / last) / max((half.work - base) / middle, 1e-9)
        fits = kept <= KEPT and dearer <= SLOWER
        good = good and fits
        print(f"{verb:<32}{kept:>8.2f} KiB{dearer:>20.2f}{'' if fits else '   TOO MUCH'}")
    print(f"bounds                          {KEPT:>8.2f} KiB{SLOWER:>20.2f}")
    return good


def main() -> int:
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    return 0 if growth(look_and_plan(sizes), sizes) else 1


if __name__ == "__main__":
    sys.exit(main())
