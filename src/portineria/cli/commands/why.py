"""portineria why"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb


@verb(
    "why",
    examples=[
        "portineria why scan@contoso.example",
        "portineria why scan@contoso.example smtp --as basic --from 203.0.113.5",
        "portineria why ada@contoso.example imap --as user --json",
        "portineria why ada@contoso.example --as app:11111111-2222-3333-4444-555555555555",
        "portineria why scan@contoso.example --policy policy.yaml",
    ],
)
@click.argument("mailbox")
@click.argument("protocol", required=False, type=click.Choice(["imap", "pop", "smtp"]))
@click.option(
    "--as",
    "callers",
    multiple=True,
    metavar="CALLER",
    shell_complete=completing.words(completing.CALLERS),
    help="Who logs in: basic, user, user:CLIENT_ID or app:CLIENT_ID. May be given again.",
)
@click.option("--from", "address", metavar="ADDRESS", help="The address they log in from.")
@click.option(
    "--snapshot",
    metavar="FILE",
    help="Ask a kept snapshot instead of looking now.",
    shell_complete=completing.files,
)
@click.option(
    "--policy",
    metavar="FILE",
    help="Say as well which grants of a policy speak of it.",
    shell_complete=completing.files,
)
def command(
    mailbox: str,
    protocol: str | None,
    callers: tuple[str, ...],
    address: str | None,
    snapshot: str | None,
    policy: str | None,
) -> int:
    """Say why a mailbox's access is open or not, rung by rung.

    Every layer that can decide is shown with its judgement, the one that decides is marked, and
    what would change it is said. Without PROTOCOL all three are asked, without --as a
    password, a person through a mail client, and the profile's own mail app. With --policy,
    every grant that speaks of the mailbox is shown under the answer, and one that ended is
    shouted.

    With one protocol and one caller the exit code is the answer: 0 open, 1 refused, 3 could
    not tell.
    """
    from portineria.cli.faces.why import print_why
    from portineria.cli.policies import read_policy
    from portineria.cli.questions import ask
    from portineria.cli.spoken import Policy

    said = asked()
    spoken = None if policy is None else Policy(policy, read_policy(policy))
    answers = ask(said, mailbox, protocol, callers, address, snapshot, spoken)
    return print_why(answers, as_json=said.json)
