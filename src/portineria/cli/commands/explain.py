"""portineria explain"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.frame import Verb, asked, verb


class Quoting(Verb):
    """Takes POP3's `-ERR …` for the text that it is, and not for options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        shielded = [f" {arg}" if arg[:4].upper() == "-ERR" else arg for arg in args]
        return super().parse_args(ctx, shielded)


@verb(
    "explain",
    kind=Quoting,
    examples=[
        'portineria explain "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication '
        'is disabled for the Tenant."',
        "portineria explain AADSTS53003",
        "portineria explain printer.log",
        "portineria explain - --json",
        'portineria explain "535 5.7.3 Authentication unsuccessful" --mailbox '
        "scan@contoso.example --as basic",
        "portineria explain --list",
    ],
)
@click.argument("text", nargs=-1, shell_complete=completing.files)
@click.option(
    "--mailbox", metavar="MAILBOX", help="Say which layer it is, by this mailbox's state."
)
@click.option(
    "--protocol",
    type=click.Choice(["imap", "pop", "smtp"]),
    help="Which protocol it was, where the text does not tell.",
)
@click.option(
    "--as",
    "callers",
    multiple=True,
    metavar="CALLER",
    shell_complete=completing.words(completing.CALLERS),
    help="Who logged in: basic, user, user:CLIENT_ID or app:CLIENT_ID. May be given again.",
)
@click.option("--from", "address", metavar="ADDRESS", help="The address they logged in from.")
@click.option(
    "--snapshot",
    metavar="FILE",
    help="Ask a kept snapshot instead of looking now.",
    shell_complete=completing.files,
)
@click.option("--list", "listed", is_flag=True, help="List every text that is known.")
def command(
    text: tuple[str, ...],
    mailbox: str | None,
    protocol: str | None,
    callers: tuple[str, ...],
    address: str | None,
    snapshot: str | None,
    listed: bool,
) -> int:
    """Say what a refusal of Exchange Online or Entra means, and what mends it.

    TEXT is an answer of a server, an AADSTS code, a JSON error, the name of a log, or - for
    standard input. Every message in it is found, however a program has wrapped it, and shown once
    with the numbers of its lines: what it means, the layers it can come from, the repair and who
    can do it. Of the text itself nothing is repeated that could be a secret.

    With --mailbox the tenant is asked as well, and says which of the layers it is. The exit code
    is 0 where all is known, and 3 where something is not, or could not be told.
    """
    from portineria.cli.explaining import explain, refuse_idle, text_of
    from portineria.cli.faces.explain import print_catalogue, print_explained

    said = asked()
    if listed:
        refuse_idle(text, "--list takes no text")
        return print_catalogue(as_json=said.json)
    explained = explain(
        said,
        text_of(text),
        mailbox=mailbox,
        protocol=protocol,
        callers=callers,
        address=address,
        snapshot=snapshot,
    )
    return print_explained(explained, as_json=said.json)
