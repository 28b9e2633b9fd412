"""fetchmail: fetches by IMAP and POP3, with a password from its own file."""

from __future__ import annotations

from pathlib import Path

from clients.program import Errand, Outcome, Program, private, run


class Fetchmail(Program):
    name = "fetchmail"
    speaks = frozenset({"imap", "pop"})

    def go(self, errand: Errand, folder: Path) -> Outcome:
        box = folder / "mail"
        box.touch()
        kind = {"imap": "imap", "pop": "pop3"}[errand.protocol]
        tls = "ssl" if errand.tls == "implicit" else ""
        settings = (
            f"poll {errand.host} protocol {kind} port {errand.port}\n"
            f'  user "{errand.user}" password "{errand.secret}"\n'
            f"  {tls} sslproto TLS1.2+ sslcertck sslcertfile {errand.ca}\n"
            f'  keep fetchall no rewrite mda "cat >> {box}"\n'
        )
        file = private(folder / "fetchmailrc", settings)
        command = (
            "fetchmail",
            "-f",
            str(file),
            "-v",
            "--nosyslog",
            "--pidfile",
            str(folder / "pid"),
        )
        ended = run(folder, *command, "--timeout", "15")
        # 1 is "nothing new".
        return Outcome(ended.code in (0, 1), ended.shown, box.read_text("utf-8", "replace"))
