"""Thunderbird, unmodified, configures itself from what `portineria settings serve` says."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from enclave import enclave
from thunderbird.program import thunderbird

pytestmark = [pytest.mark.stranger, pytest.mark.slow]
ADA = "ada@contoso.example"
OPEN = {"ImapEnabled": True, "PopEnabled": True, "SmtpClientAuthenticationDisabled": False}
SETTLED = "smtp-oauth-under-security-defaults: passes"
"""Which the lab says by default; without it the answer would offer no SMTP, for nobody knows."""
OAUTH2 = 10
"""nsMsgAuthMethod.OAuth2."""


def test_thunderbird_finds_its_servers_and_logs_in(tmp_path: Path) -> None:
    with enclave(tmp_path / "inside", hosts=("autoconfig.contoso.example",)) as inside:
        for key, row in inside.control("GET", "/world/mailboxes")["value"].items():
            if row["PrimarySmtpAddress"] == ADA:
                inside.control("PUT", f"/world/mailboxes/{key}?merge=1", OPEN)
        time.sleep(5.0)  # what was just written is not read everywhere at once
        password = next(str(row["password"]) for row in inside.info["people"] if row["upn"] == ADA)
        profile = inside.folder / "state" / "profiles" / "lab.yaml"
        profile.write_text(f"{profile.read_text()}settled: {{{SETTLED}}}\n")
        log = tmp_path / "serve.log"
        state = str(inside.folder / "state")
        words = ("--state", state, "--profile", "lab", "settings", "serve", "--at", "127.0.0.1:80")
        serving = inside.start(sys.executable, "-m", "portineria", *words, output=log)
        end = time.monotonic() + 40
        while "Settings are served" not in log.read_text() and time.monotonic() < end:
            assert serving.poll() is None, log.read_text()
            time.sleep(0.2)
        assert "contoso.example: imap, pop, smtp" in log.read_text()
        with thunderbird(inside) as program:
            outcome, found = program.set_up_found(ADA, sign_in_with=password)
            assert outcome == "in", program.story()
            assert found == [
                ["imap", "outlook.office365.com", 993, ADA, OAUTH2],
                ["smtp", "smtp.office365.com", 587, ADA, OAUTH2],
            ]
            program.open(ADA, "imap", "INBOX")
        inside.stop(serving)
