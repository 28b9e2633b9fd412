"""portineria advise"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb


@verb(
    "advise",
    examples=[
        "portineria advise --protocol smtp --knows basic --sends internal --volume 200",
        "portineria advise --mailbox erp@contoso.example --protocol imap --knows oauth",
        "portineria advise --need needs.yaml",
        "portineria advise --need found.json",
        "portineria advise --policy policy.yaml --on 2027-03-01 --json",
    ],
)
@click.option(
    "--need",
    "file",
    metavar="FILE",
    help="Needs in a file: YAML, CSV with the same names as columns, or what inventory found.",
    shell_complete=completing.files,
)
@click.option(
    "--policy",
    metavar="FILE",
    help="The grants of a policy as needs.",
    shell_complete=completing.policies,
)
@click.option("--mailbox", metavar="MAILBOX", help="The mailbox of a need described here.")
@click.option("--protocol", type=click.Choice(["imap", "pop", "smtp"]), help="What it has to do.")
@click.option("--client", metavar="TEXT", help="What it is: the device or program.")
@click.option(
    "--knows",
    type=click.Choice(["oauth", "basic", "nothing", "unknown"]),
    help="What it can show at a login.",
)
@click.option(
    "--sends",
    type=click.Choice(["internal", "external", "unknown"]),
    help="Whether all recipients are in the own tenant.",
)
@click.option("--volume", type=click.IntRange(min=0), metavar="N", help="Recipients a day.")
@click.option(
    "--fixed-address/--no-fixed-address",
    default=None,
    help="Whether it always comes from the same public address.",
)
@click.option("--on", "day", metavar="DATE", help="Advise as of this day instead of today.")
def command(
    file: str | None,
    policy: str | None,
    mailbox: str | None,
    protocol: str | None,
    client: str | None,
    knows: str | None,
    sends: str | None,
    volume: int | None,
    fixed_address: bool | None,
    day: str | None,
) -> int:
    """Rank the ways to serve a need, with what each costs and the date it stops working.

    OAuth, the gateway, High Volume Email, connector relay, direct send and basic are each judged
    for it: what they expose, what work and money they take, what they cannot do, and until when
    they work, with sources. A way that cannot be is listed with why not. No tenant is asked.

    Exit codes: 0 each need has a way, 1 one has none, 3 it could not be told from what was said.
    """
    from portineria.cli.advising import Described, advise
    from portineria.cli.faces.advise import print_advice

    described = Described(mailbox, protocol, client, knows, sends, volume, fixed_address)
    advices, today = advise(described, file, policy, day)
    return print_advice(advices, today, as_json=asked().json)
