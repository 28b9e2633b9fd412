"""The commands of docs/lab.md, run one after another in an empty folder, with real curl."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

MANUAL = Path(__file__).parents[2] / "docs" / "lab.md"

pytestmark = pytest.mark.stranger


@pytest.mark.slow
def test_the_manual_of_the_lab_can_be_followed(tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```$", MANUAL.read_text(encoding="utf-8"), re.M | re.S)
    story = "set -eu\n" + "\n".join(blocks)
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PORTINERIA_STATE": str(tmp_path / "state"),
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
    }

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    try:
        done = run("bash", "-c", story)
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        down = run("portineria", "lab", "down")
    assert down.returncode == 0, down.stdout + down.stderr
    (row,) = json.loads((tmp_path / "switches.json").read_text())["value"]
    assert row["PrimarySmtpAddress"] == "scan@contoso.example"
    assert (tmp_path / "text").read_bytes() == b"42\r\n"
    weather = json.loads((tmp_path / "weather.json").read_text())
    assert weather["readings"] == {"exchange-paging": "refused"}
    assert json.loads((tmp_path / "history.json").read_text())["value"] == []
    assert json.loads((tmp_path / "seed.json").read_text())["seed"] == "small"
