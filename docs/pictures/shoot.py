"""A picture of a page: headless Chromium opens a file and keeps what it shows as a PNG.

shoot.py PAGE.html PICTURE.png [HEIGHT]. Nothing but the file is asked for; as root Chromium runs
without its sandbox, for it refuses to have one there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WIDTH = 1000
QUIET = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")


def shoot(page: Path, picture: Path, height: int) -> None:
    """Raises FileNotFoundError without Chromium, CalledProcessError, TimeoutExpired."""
    program = shutil.which("chromium")
    if program is None:
        raise FileNotFoundError("chromium is not installed")
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                program,
                "--headless",
                *QUIET,
                *(["--no-sandbox"] if os.geteuid() == 0 else []),
                f"--user-data-dir={profile}",
                f"--window-size={WIDTH},{height}",
                "--hide-scrollbars",
                f"--screenshot={picture.resolve()}",
                page.resolve().as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=60,
        )


if __name__ == "__main__":
    shoot(Path(sys.argv[1]), Path(sys.argv[2]), int((sys.argv[3:] or ["1300"])[0]))
