"""curl: all three protocols from a command line, with the conversation on standard error."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from clients.program import Errand, Outcome, Own, Program, run


class Curl(Program):
    name = "curl"
    speaks = frozenset({"imap", "pop", "smtp"})
    own = MappingProxyType(
        {
            ("imap", "password"): Own("LOGINDISABLED"),
            # It prefers AUTH PLAIN to USER and PASS, and so hears AUTH's sentence.
            ("pop", "password"): Own(
                "-ERR Authentication failure: unknown user name or bad password.", sent=True
            ),
            # It leaves at the challenge, and does not wait for the sentence behind it.
            ("imap", "challenge"): Own("+ eyJ", sent=True),
            ("pop", "challenge"): Own("+ eyJ", sent=True),
            ("smtp", "challenge"): Own("334 eyJ", sent=True),
            ("imap", "clear"): Own("No known authentication mechanisms supported"),
            ("pop", "clear"): Own("No known authentication mechanisms supported"),
            ("smtp", "clear"): Own("530 5.7.57 Client not authenticated to send mail."),
        }
    )

    def go(self, errand: Errand, folder: Path) -> Outcome:
        return run_curl(errand, folder)


def run_curl(errand: Errand, folder: Path, *more: str, path: str = "") -> Outcome:
    """With a `path`, what its address and the options say; without, the errand's deed.

    The secret goes in by a configuration on standard input, so that no process list has it.
    """
    scheme = {"imap": "imap", "pop": "pop3", "smtp": "smtp"}[errand.protocol]
    scheme += "s" if errand.tls == "implicit" else ""
    options = ["--cacert", str(errand.ca), "--max-time", "15"]
    if errand.tls == "starttls":
        options.append("--ssl-reqd")
    deed = {"imap": "/INBOX;MAILINDEX=1", "pop": "/1", "smtp": "/client.contoso.example"}
    if errand.protocol == "smtp":
        letter = folder / "letter"
        letter.write_bytes(errand.text().replace("\n", "\r\n").encode())
        options += ["--mail-from", errand.sender, "--mail-rcpt", errand.to, "-T", str(letter)]
    url = f"{scheme}://{errand.host}:{errand.port}{path or deed[errand.protocol]}"
    if errand.kind == "token":
        login = f'user = "{errand.user}:"\noauth2-bearer = "{errand.secret}"\n'
        login += 'login-options = "AUTH=XOAUTH2"\n'
    else:
        login = f'user = "{errand.user}:{errand.secret}"\n'
    ended = run(folder, "curl", "-q", "-sv", "-K", "-", *options, *more, url, text=login)
    return Outcome(ended.code == 0, ended.shown, ended.out)
