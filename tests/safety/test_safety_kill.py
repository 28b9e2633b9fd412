"""Real SIGKILLs on real processes: the journal on the disk is enough to finish."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mortal import beginning
from run_fakes import Stage, drive, no_stops

from portineria.doors.journal import Runs
from portineria.run.apply import apply
from portineria.run.journal import progress_of

MORTAL = Path(__file__).parent / "mortal.py"


def born(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(MORTAL), str(folder)])


def kill_when(folder: Path, kind: str, nth: int) -> bool:
    """SIGKILL at the nth line of a kind. False where the process ended before."""
    journal = folder / "runs" / "run-1" / "journal.jsonl"
    wanted = f'"kind":"{kind}"'.encode()
    with born(folder) as process:
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if journal.exists() and journal.read_bytes().count(wanted) >= nth:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.001)
        return process.wait(60) == -signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "nth"),
    [
        ("begin", 1),
        ("promise", 1),
        ("promise", 5),
        ("outcome", 6),
        ("window-open", 1),
        ("promise", 8),
        ("outcome", 8),
        ("window-shut", 1),
        ("promise", 10),
    ],
)
def test_a_killed_process_is_finished_by_the_next(tmp_path: Path, kind: str, nth: int) -> None:
    assert kill_when(tmp_path, kind, nth), "it was to be killed"
    with born(tmp_path) as process:
        assert process.wait(120) == 0
    whole, left = Stage(), Stage()
    plan = beginning(whole, tmp_path / "none")
    drive(apply(plan, plan.digest, "run-1", whole.means(), no_stops))
    beginning(left, tmp_path / "tenant.json")
    assert left.tenant.document() == whole.tenant.document()
    state = progress_of(Runs(tmp_path).journal("run-1").entries())
    assert (state.ended, state.open) == ("done", {})
