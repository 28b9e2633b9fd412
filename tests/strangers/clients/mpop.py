"""mpop: fetches a POP3 maildrop into a Maildir. The token comes from a command."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from clients.program import (
    Errand,
    Outcome,
    Own,
    Program,
    delivered,
    maildir,
    private,
    run,
    secret_file,
)


class Mpop(Program):
    name = "mpop"
    speaks = frozenset({"pop"})
    own = MappingProxyType(
        {("pop", "clear"): Own("does not support authentication method XOAUTH2")}
    )

    def go(self, errand: Errand, folder: Path) -> Outcome:
        return run_mpop(errand, folder, keep=True)


def run_mpop(errand: Errand, folder: Path, *, keep: bool) -> Outcome:
    """With `keep` the messages stay on the server. A second call fetches only what is new."""
    home = folder / "mail"
    if not home.exists():
        maildir(home)
    tls = "off" if errand.tls == "never" else "on"
    method = "xoauth2" if errand.kind == "token" else "user"
    settings = f"""
        account lab
        host {errand.host}
        port {errand.port}
        timeout 15
        tls {tls}
        tls_starttls {"on" if errand.tls == "starttls" else "off"}
        tls_trust_file {errand.ca}
        auth {method}
        user {errand.user}
        passwordeval cat {secret_file(errand, folder)}
        keep {"on" if keep else "off"}
        uidls_file {folder}/uidls
        delivery maildir {home}
        account default : lab
        """
    ended = run(folder, "mpop", "-C", str(private(folder / "mpoprc", settings)))
    return Outcome(ended.code == 0, ended.shown, delivered(home))
