"""The pictures of pages in the docs, made from a lab of their own (`make shots`)."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from shoot import shoot

HERE = Path(__file__).parent


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PORTINERIA_STATE": f"{folder}/state", "LANG": "C.UTF-8"}

        def portineria(*words: str, codes: tuple[int, ...] = (0,)) -> None:
            command = [sys.executable, "-m", "portineria", "--profile", "lab", *words]
            done = subprocess.run(command, cwd=folder, env=environment, capture_output=True)
            assert done.returncode in codes, done.stderr.decode()

        portineria("lab", "up", "--detach", "--seed", "small")
        try:
            portineria("report", "--output", "report.html", codes=(0, 3))
            shoot(Path(folder) / "report.html", HERE / "report.png", 1150)
            words = ("settings", "ada@contoso.example", "--format", "html")
            portineria(*words, "--output", "settings.html")
            shoot(Path(folder) / "settings.html", HERE / "settings.png", 460)
        finally:
            portineria("lab", "down")


if __name__ == "__main__":
    main()
