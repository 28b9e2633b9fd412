"""portineria probe"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb


@verb(
    "probe",
    examples=[
        "portineria probe erp@contoso.example imap",
        "portineria probe scan@contoso.example smtp --as basic --from 203.0.113.5",
        "portineria probe ada@contoso.example imap --as user --json",
    ],
)
@click.argument("mailbox")
@click.argument("protocol", type=click.Choice(["imap", "pop", "smtp"]))
@click.option(
    "--as",
    "caller",
    metavar="CALLER",
    help="basic, user or app:CLIENT_ID.",
    shell_complete=completing.words(completing.CALLERS),
)
@click.option("--from", "source", metavar="ADDRESS", help="An address of this machine.")
def command(mailbox: str, protocol: str, caller: str | None, source: str | None) -> int:
    """Log in for real, and explain the answer.

    Uses only what the profile names under `probe`; a password is never invented. Without --as
    it logs in as the profile's mail app. No mail is sent or read. The exit code is the answer:
    0 the login got in, 1 it was refused, 3 could not tell.
    """
    from portineria.cli.faces.probe import print_tried
    from portineria.cli.logins import log_in
    from portineria.tenant.mailbox import Protocol

    said = asked()
    tried = log_in(said, mailbox, Protocol(protocol), caller, source)
    return print_tried(tried, as_json=said.json)
