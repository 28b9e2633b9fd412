"""kill -9 on the real command, against a running lab: what it left is found, and finished."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

POLICY = """
tenant: contoso.onmicrosoft.com
posture:
  security_defaults: off-if-needed
  basic_auth: granted-only
  conditional_access:
    baseline: enforced
    break_glass: [bg1@contoso.onmicrosoft.com, bg2@contoso.onmicrosoft.com]
grants:
  - {name: scanner, who: {mailboxes: [scan@contoso.example]}, allow: [smtp], through: basic,
     from: [127.0.10.0/28], owner: it@contoso.example, reason: knows no OAuth}
"""


class Desk:
    """An administrator's folder and state, and the command started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "PORTINERIA_STATE": str(folder / "state"),
            "PORTINERIA_PROFILE": "lab",
        }
        (folder / "policy.yaml").write_text(POLICY)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "portineria", *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, Any]:
        process = self.start(*words, "--json")
        out, _ = process.communicate(timeout=180)
        return process.returncode, json.loads(out)

    def kill_at(self, kind: str, *words: str) -> None:
        """Start a command, and kill it once the journal of its run holds a line of this kind."""
        with self.start(*words) as process:
            end = time.monotonic() + 120
            while kind not in self.kinds():
                assert process.poll() is None, "it ended before it could be killed"
                assert time.monotonic() < end
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)

    def kinds(self) -> list[str]:
        """The kinds of the journal's whole lines, oldest first."""
        journals = sorted((self.folder / "state" / "runs").glob("*/journal.jsonl"))
        lines = journals[-1].read_text().split("\n")[:-1] if journals else []
        return [json.loads(line)["kind"] for line in lines]


def test_killed_in_the_middle_and_inside_the_window_it_is_finished_as_promised(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path)
    desk.run("lab", "up", "--detach", "--seed", "small")
    try:
        assert desk.run("plan", "policy.yaml", "--output", "plan.json")[0] == 0
        desk.kill_at("outcome", "apply", "plan.json", "--yes", "--accept", "blast-radius")
        desk.kill_at("window-open", "apply", "--resume", "last")
        code, outcome = desk.run("apply", "--resume", "last")
        assert (code, outcome["end"], outcome["written"]) == (0, "done", outcome["total"])
        promises, outcomes = (desk.kinds().count(kind) for kind in ("promise", "outcome"))
        assert promises == outcomes, "one outcome for every promise"
        code, after = desk.run("plan", "policy.yaml")
        assert (code, after["changes"]) == (0, []), "the promised state is there"
        assert desk.run("verify")[0] == 0
    finally:
        desk.run("lab", "down")
