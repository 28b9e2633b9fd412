"""mbsync (isync): keeps a mailbox and a Maildir the same, both ways. XOAUTH2 comes to it through
SASL; the token from a command."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from clients.program import Errand, Outcome, Own, Program, delivered, private, run, secret_file


class Mbsync(Program):
    name = "mbsync"
    speaks = frozenset({"imap"})
    own = MappingProxyType(
        {
            ("imap", "password"): Own("server supports no acceptable authentication mechanism"),
            ("imap", "clear"): Own("server supports no acceptable authentication mechanism"),
        }
    )

    def go(self, errand: Errand, folder: Path) -> Outcome:
        return run_mbsync(errand, folder)


def run_mbsync(errand: Errand, folder: Path) -> Outcome:
    """One synchronisation of INBOX with `folder`/mail/INBOX; call it again for the next."""
    (folder / "mail").mkdir(exist_ok=True)
    tls = {"implicit": "IMAPS", "starttls": "STARTTLS", "never": "None"}[errand.tls]
    settings = f"""
IMAPAccount lab
Host {errand.host}
Port {errand.port}
SSLType {tls}
SystemCertificates no
CertificateFile {errand.ca}
User {errand.user}
PassCmd "cat {secret_file(errand, folder)}"
AuthMechs {"XOAUTH2" if errand.kind == "token" else "LOGIN"}
Timeout 15

IMAPStore far
Account lab

MaildirStore near
Path {folder}/mail/
Inbox {folder}/mail/INBOX

Channel inbox
Far :far:
Near :near:
Create Near
Sync All
Expunge Both
SyncState *
"""
    file = private(folder / "mbsyncrc", settings)
    ended = run(folder, "mbsync", "-c", str(file), "inbox")
    return Outcome(ended.code == 0, ended.shown, delivered(folder / "mail" / "INBOX"))
