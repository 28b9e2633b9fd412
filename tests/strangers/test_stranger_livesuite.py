"""The live tests of a public IMAP library, straight at Dovecot and through the gateway: the same.

IMAPClient's own suite (imapclient.livetest), as it comes. Straight it logs in with a password at
a Dovecot that takes passwords; through the gateway with a device's, before one that takes tokens
only.
"""

from __future__ import annotations

import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from dovecot import ADA, PASSWORD, dovecot
from test_stranger_gateway import PASSWORD as DEVICE
from test_stranger_gateway import fronting

from portineria.doors.gate.house import Behind
from portineria.tenant.mailbox import Protocol

pytestmark = [pytest.mark.stranger, pytest.mark.slow]
_LINE = re.compile(
    r"^(test_\w+) \(([^)\n]*)\)(?:\n[^\n]*?)? \.\.\. (ok|FAIL|ERROR|skipped [^\n]*)$", re.MULTILINE
)
Told = list[tuple[str, str, str]]
"""Test, class, and what became of it, in the order in which they ran."""
BY_CHANCE = ("test_small_connection_timeout_fail", "test_small_read_timeout_fail")
"""They want the machine to take longer than a millisecond, and say nothing of a server."""
WITHIN = 240


def live(folder: Path, at: str, ca: Path, user: str, password: str) -> Told:
    folder.mkdir()
    host, _, port = at.partition(":")
    (folder / "livetest.ini").write_text(
        "[DEFAULT]\n"
        f"host = {host}\nport = {port}\nusername = {user}\npassword = {password}\n"
        f"ssl = true\nssl_ca_file = {ca}\n"
    )
    words = [sys.executable, "-W", "ignore", "-m", "imapclient.livetest", "livetest.ini", "-v"]
    done = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, timeout=WITHIN, check=False
    )
    told = done.stdout + done.stderr
    every: Told = _LINE.findall(told)
    ran = re.search(r"^Ran (\d+) tests", told, re.MULTILINE)
    assert ran is not None, told[-3000:]
    assert len(every) == int(ran[1]) > 50, told[-3000:]
    return [one for one in every if one[0] not in BY_CHANCE]


def test_a_librarys_live_tests_end_alike_straight_and_through_the_gateway(tmp_path: Path) -> None:
    with dovecot(tokens=False, relay=9) as running:
        at = f"127.0.0.1:{running.doors['imaps']}"
        straight = live(tmp_path / "straight", at, running.ca, ADA, PASSWORD)
    with dovecot(tokens=True, relay=9) as running:
        context = ssl.create_default_context(cafile=str(running.ca))
        behind = {
            one: Behind("127.0.0.1", running.doors["imaps"], False, context) for one in Protocol
        }
        (tmp_path / "gate").mkdir()
        with fronting(tmp_path / "gate", behind, ADA, running.token()) as (gate, ca):
            port = next(port for wish, port in gate.ports if wish.protocol is Protocol.IMAP)
            through = live(tmp_path / "through", f"127.0.0.1:{port}", ca, "device-2f", DEVICE)
    assert through == straight
    assert sum(end == "ok" for *_, end in through) > 45
