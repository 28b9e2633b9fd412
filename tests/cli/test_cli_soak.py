"""Five minutes of everything at once, with few clients; `make soak` goes on for an hour."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "soak.py"


@pytest.mark.slow
def test_every_message_that_got_250_is_at_the_mail_server_once_whatever_happens() -> None:
    command = [sys.executable, str(PROGRAM), "--minutes", "5", "--clients", "3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=480)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
    assert "every message is accounted for" in done.stdout
    taken = re.search(r"messages: (\d+) taken", done.stdout)
    assert taken is not None
    assert int(taken[1]) > 100, done.stdout
