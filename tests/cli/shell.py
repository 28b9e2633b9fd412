"""`portineria …` as a process of its own, and whether a process is gone."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from published import judged


class Shell:
    """`portineria …` as a process of its own, with one state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.environment = {**os.environ, "PORTINERIA_STATE": str(self.state)}
        self.environment.pop("PORTINERIA_PROFILE", None)

    def __call__(self, *words: str, code: int | None = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "portineria", *words],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment,
            timeout=90,
        )
        if code is not None:
            assert done.returncode == code, (
                f"{words}: {done.returncode}\n{done.stdout}{done.stderr}"
            )
        self.err = done.stderr
        if "--json" in words and words[0] != "schema":
            judged(done.stdout)
        return done.stdout

    def json(self, *words: str, code: int | None = 0) -> Any:
        return json.loads(self(*words, "--json", code=code))


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"
