"""openssl s_client: a terminal into a mail server, where everything is typed by hand."""

from __future__ import annotations

import shutil
import subprocess
import time
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

from clients.program import Errand, Outcome, Program, bare

STARTTLS = {"imap": "imap", "pop": "pop3", "smtp": "smtp"}


class Openssl(Program):
    name = "openssl s_client"
    speaks = frozenset({"imap", "pop", "smtp"})

    def go(self, errand: Errand, folder: Path) -> Outcome:
        program = shutil.which("openssl")
        assert program is not None, "openssl is needed: make strangers installs it"
        words = ["s_client", "-quiet", "-crlf", "-verify_return_error", "-CAfile", str(errand.ca)]
        words += ["-connect", f"{errand.host}:{errand.port}", "-servername", errand.host]
        if errand.tls == "starttls":
            words += ["-starttls", STARTTLS[errand.protocol]]
        with subprocess.Popen(
            [program, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=bare(folder),
            cwd=folder,
        ) as running:
            assert running.stdin is not None
            with suppress(BrokenPipeError):  # the server had enough
                for line in self._typed(errand):
                    running.stdin.write(line.encode() + b"\n")
                    time.sleep(0.25)  # as somebody who types and reads
                running.stdin.close()
            assert running.stdout is not None
            shown = running.stdout.read().decode("utf-8", "replace")
        if errand.protocol == "smtp":
            return Outcome("\n250 " in shown.partition("\n354 ")[2], shown)
        good = {"imap": "a2 OK", "pop": "+OK 1 "}[errand.protocol]
        return Outcome(good in shown, shown, shown)

    def _typed(self, errand: Errand) -> list[str]:
        name, secret = errand.user, errand.secret
        if errand.protocol == "imap":
            fetch = ["a2 SELECT INBOX", "a3 FETCH 1 BODY.PEEK[]", "a4 LOGOUT"]
            return [f'a1 LOGIN "{name}" "{secret}"', *fetch]
        if errand.protocol == "pop":
            return [f"USER {name}", f"PASS {secret}", "LIST 1", "RETR 1", "QUIT"]
        plain = b64encode(f"\0{name}\0{secret}".encode()).decode()
        letter = errand.text().replace("\n.\n", "\n..\n").splitlines()
        head = [f"MAIL FROM:<{errand.sender}>", f"rcpt TO:<{errand.to}>", "DATA"]
        return ["EHLO typed", f"AUTH PLAIN {plain}", *head, "\n".join([*letter, "."]), "quit"]
