"""portineria settings"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.commands.settingsserve import link, serve
from portineria.cli.frame import Short, asked, verb

FORMATS = (
    "table",
    "markdown",
    "html",
    "pdf",
    "autoconfig",
    "mobileconfig",
    "dns",
    "msmtp",
    "mbsync",
    "fetchmail",
    "getmail",
    "neomutt",
    "curl",
    "python",
    "postfix",
    "ssmtp",
    "powershell",
)
CLIENTS = (
    "thunderbird",
    "apple-mail-profile",
    "msmtp",
    "mbsync",
    "getmail",
    "fetchmail",
    "neomutt",
    "curl",
    "python",
    "postfix",
    "ssmtp",
    "powershell",
    "sharp-bp",
    "epson-scanner",
    "canon-imagerunner",
    "printer",
)


class Settings(Short):
    """`settings MAILBOX` is short for `settings mailbox MAILBOX`."""

    default = "mailbox"


@click.group("settings", cls=Settings)
def command() -> None:
    """Give a mailbox's settings, for one client; serve them to programs that look for them.

    `portineria settings MAILBOX` is short for `portineria settings mailbox MAILBOX`.
    """


@verb(
    "mailbox",
    examples=[
        "portineria settings ada@contoso.example",
        "portineria settings ada@contoso.example --client thunderbird --format autoconfig",
        "portineria settings scan@contoso.example --client printer --format html -o scan.html",
        "portineria settings scan@contoso.example --client printer --format pdf -o scan.pdf",
        "portineria settings erp@contoso.example --client msmtp --gateway gateway.yaml",
        "portineria settings --list-clients",
    ],
)
@click.argument("mailbox", required=False)
@click.option(
    "--client",
    metavar="NAME",
    help="Which program or device it is for: what it knows decides where it goes.",
    shell_complete=completing.words(CLIENTS),
)
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    type=click.Choice(["imap", "pop", "smtp"]),
    help="This protocol alone. May be given again.",
    shell_complete=completing.words(("imap", "pop", "smtp")),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="How it is written.",
    shell_complete=completing.words(FORMATS),
)
@click.option(
    "--gateway",
    metavar="FILE",
    help="The gateway's gateway.yaml. [default: the gateway that runs here]",
    shell_complete=completing.files,
)
@click.option(
    "--snapshot",
    metavar="FILE",
    help="Ask a kept snapshot instead of looking now.",
    shell_complete=completing.files,
)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Write it to a file, for you alone.",
    shell_complete=completing.files,
)
@click.option(
    "--sign",
    metavar="FILE",
    help="PEM with certificate and key: sign the configuration profile.",
    shell_complete=completing.files,
)
@click.option("--list-clients", is_flag=True, help="Show what is known of programs and devices.")
def give_mailbox(
    mailbox: str | None,
    client: str | None,
    protocols: tuple[str, ...],
    form: str,
    gateway: str | None,
    snapshot: str | None,
    output: str | None,
    sign: str | None,
    list_clients: bool,
) -> int:
    """Give a mailbox's settings: only what works for it, and for this client.

    A client that knows OAuth gets Microsoft's servers, one that does not the gateway's. What is
    closed says by which layer, and what would open it. No password is written.

    Exit code 1: nothing is open. 3: nothing is known to be open, and something could not be told.
    """
    from portineria.cli.giving import Asking, give, tell_clients

    said = asked()
    if list_clients:
        return tell_clients(as_json=said.json)
    asking = Asking(
        mailbox=mailbox or "",
        client=client,
        protocols=protocols,
        form=form,
        gateway=gateway,
        snapshot=snapshot,
        output=output,
        sign=sign,
    )
    return give(said, asking)


for _verb in (give_mailbox, serve, link):
    command.add_command(_verb)
