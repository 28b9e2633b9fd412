"""swaks: SMTP by hand, with the mechanism that one names."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from clients.program import Errand, Outcome, Program, run


class Swaks(Program):
    name = "swaks"
    speaks = frozenset({"smtp"})
    mechanism: ClassVar[str] = "PLAIN"

    def go(self, errand: Errand, folder: Path) -> Outcome:
        tls = {"implicit": ["--tlsc"], "starttls": ["--tls"], "never": []}[errand.tls]
        letter = folder / "letter"
        letter.write_text(errand.text())
        ended = run(
            folder,
            "swaks",
            *("--server", errand.host, "--port", str(errand.port), *tls),
            *("--tls-verify", "--tls-ca-path", str(errand.ca)),
            *("--auth", self.mechanism, "--auth-user", errand.user),
            *("--auth-password", errand.secret, "--auth-hide-password"),
            *("--from", errand.sender, "--to", errand.to, "--data", f"@{letter}"),
            *("--timeout", "15"),
        )
        return Outcome(ended.code == 0, ended.shown)


class SwaksLogin(Swaks):
    name = "swaks, AUTH LOGIN"
    mechanism = "LOGIN"
