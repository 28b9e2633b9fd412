"""getmail6: fetches by IMAP and POP3 and hands each message to a command."""

from __future__ import annotations

import sys
from pathlib import Path

from clients.program import Errand, Outcome, Program, private, run, secret_file


class Getmail(Program):
    name = "getmail"
    speaks = frozenset({"imap", "pop"})
    starttls = False

    def go(self, errand: Errand, folder: Path) -> Outcome:
        return run_getmail(errand, folder)


def run_getmail(errand: Errand, folder: Path) -> Outcome:
    """One fetch of what it has not seen; call it again for the next."""
    home, box = folder / "state", folder / "mail"
    home.mkdir(exist_ok=True)
    box.touch()
    kind = {"imap": "IMAP", "pop": "POP3"}[errand.protocol]
    # A Maildir it refuses to fill when it runs as root, which a machine that only tests may.
    settings = f"""
[retriever]
type = Simple{kind}{"SSL" if errand.tls == "implicit" else ""}Retriever
server = {errand.host}
port = {errand.port}
username = {errand.user}
password_command = ("cat", "{secret_file(errand, folder)}")
use_xoauth2 = {errand.kind == "token"}
{f"ca_certs = {errand.ca}" if errand.tls == "implicit" else ""}
timeout = 15

[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat >> {box}")
allow_root_commands = true

[options]
verbose = 0
read_all = false
delete = false
"""
    file = private(folder / "getmailrc", settings)
    program = str(Path(sys.executable).parent / "getmail")
    ended = run(folder, program, "--getmaildir", str(home), "--rcfile", str(file))
    return Outcome(ended.code == 0, ended.shown, box.read_text("utf-8"))
