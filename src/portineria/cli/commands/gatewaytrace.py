"""portineria gateway trace"""

from __future__ import annotations

import click

from portineria.cli.completing import credentials
from portineria.cli.frame import asked, verb


@verb(
    "trace",
    examples=[
        "portineria gateway trace --credential scanner-2f",
        "portineria gateway trace --credential scanner-2f --sessions 1 --json",
    ],
    short_help="Show a device's sessions live, both halves and the verdict.",
)
@click.option(
    "--credential",
    required=True,
    metavar="NAME",
    help="A login name, or the id of a credential.",
    shell_complete=credentials,
)
@click.option(
    "--sessions",
    metavar="N",
    type=click.IntRange(1),
    help="End after so many sessions. [default: Ctrl-C ends it]",
)
def trace(credential: str, sessions: int | None) -> None:
    """Show a device's sessions with the running gateway, live, both halves, and the verdict.

    C is the device, G the gateway, S the mail server. Passwords and tokens are never shown, and of
    mail only how much of it passes. With --json a line is an object.
    """
    from portineria.cli.tracing import follow

    said = asked()
    follow(said.state, credential, sessions, as_json=said.json)
