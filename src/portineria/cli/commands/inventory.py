"""portineria inventory"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb


@verb(
    "inventory",
    examples=[
        "portineria inventory",
        "portineria inventory --since 7 --protocol smtp",
        "portineria inventory --mailbox scan@contoso.example --json",
        "portineria inventory --csv SMTP-AUTH-REPORT.csv",
        "portineria inventory --as-policy --output policy.yaml",
    ],
)
@click.option(
    "--since",
    "days",
    type=click.IntRange(1, 30),
    default=30,
    show_default=True,
    metavar="DAYS",
    help="How far to look back, 1 to 30: Microsoft keeps the logs no longer.",
)
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    type=click.Choice(["imap", "pop", "smtp"]),
    shell_complete=completing.words(("imap", "pop", "smtp")),
    help="This protocol alone. May be given again.",
)
@click.option(
    "--mailbox",
    "mailboxes",
    multiple=True,
    metavar="MAILBOX",
    help="This mailbox alone. May be given again.",
)
@click.option(
    "--csv",
    "report",
    metavar="FILE",
    shell_complete=completing.files,
    help="Read the SMTP AUTH clients report too, exported from the Exchange admin center.",
)
@click.option(
    "--snapshot",
    metavar="FILE",
    shell_complete=completing.files,
    help="Use a kept snapshot, and look at no log: for --csv without a tenant.",
)
@click.option("--as-policy", is_flag=True, help="Draft a policy with grants for those found.")
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    default="-",
    show_default=True,
    shell_complete=completing.files,
    help="Where to write the draft; - is stdout. A file that is there is never replaced.",
)
def command(
    days: int,
    protocols: tuple[str, ...],
    mailboxes: tuple[str, ...],
    report: str | None,
    snapshot: str | None,
    as_policy: bool,
    output: str,
) -> int:
    """Show who really uses which protocol, and who breaks when basic goes off.

    The sign-in logs are counted page by page and joined with the switches of today: by which
    method, from where, with which client, how often, last when. What the logs do not tell apart
    is said so. They need Entra ID P1 and AuditLog.Read.All; where they cannot be read, the SMTP
    AUTH clients report can be, with --csv. Nothing is written to the tenant. What could not be
    seen is said with its reason, and makes the exit code 3.
    """
    from portineria.cli import session
    from portineria.cli.faces.inventory import print_inventory
    from portineria.cli.stocktaking import Asking, take_stock
    from portineria.policy.usage.draft import draft_text

    said = asked()
    if as_policy:
        session.refuse_existing(output)
    asking = Asking(days=days, protocols=protocols, mailboxes=mailboxes, report=report)
    found, seen = take_stock(said, asking, snapshot)
    draft = draft_text(found, seen) if as_policy else None
    if draft is not None and output != "-":
        session.write_new(output, draft)
    print_inventory(found, draft=draft, output=output, as_json=said.json)
    return 3 if found.unseen else 0
