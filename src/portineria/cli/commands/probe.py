"""portineria probe"""

from __future__ import annotations

from typing import Any

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb

PROTOCOLS = click.Choice(["imap", "pop", "smtp"])


@verb(
    "probe",
    examples=[
        "portineria probe erp@contoso.example imap",
        "portineria probe scan@contoso.example --protocol smtp --as basic --from 203.0.113.5",
        "portineria probe ada@contoso.example imap --as user --json",
        "portineria probe --file people.csv --as app --as basic --junit probe.xml",
        "portineria probe erp@contoso.example --deep --no-look",
        "portineria probe ada@example.com --server mail.example.com:993 --password env:PASSWORD",
    ],
)
@click.argument(
    "mailboxes",
    metavar="[MAILBOX]... [imap|pop|smtp]...",
    nargs=-1,
    shell_complete=completing.words(PROTOCOLS.choices),
)
@click.option("--protocol", "protocols", multiple=True, type=PROTOCOLS, help="All, unless named.")
@click.option(
    "--as",
    "callers",
    metavar="CALLER",
    multiple=True,
    help="basic, user, user:CLIENT_ID, app or app:CLIENT_ID.",
    shell_complete=completing.words((*completing.CALLERS, "app")),
)
@click.option(
    "--file",
    metavar="LIST",
    help="More mailboxes: a CSV file, or one address a line.",
    shell_complete=completing.files,
)
@click.option("--from", "source", metavar="ADDRESS", help="An address of this machine.")
@click.option("--password", metavar="REF", help="Log in as basic with this: env:NAME or file:PATH.")
@click.option("--no-look", is_flag=True, help="Do not look at the tenant: the wire alone.")
@click.option("--deep", is_flag=True, help="Also each TLS version, and what is behind STARTTLS.")
@click.option(
    "--jobs", type=click.IntRange(1, 256), default=16, show_default=True, help="At a time."
)
@click.option(
    "--timeout",
    "seconds",
    type=click.FloatRange(0.1, 600),
    default=30.0,
    show_default=True,
    help="Seconds for each wait and each line; four times that for a conversation.",
)
@click.option(
    "--junit", metavar="FILE", help="Write JUnit XML too.", shell_complete=completing.files
)
@click.option("--talk", is_flag=True, help="Show every conversation, however many.")
@click.option("--server", metavar="HOST:PORT", help="Any server, without a profile.")
@click.option("--tls", type=click.Choice(["implicit", "starttls"]), help="How --server starts.")
@click.option("--user", metavar="NAME", help="Log in to --server by another name.")
@click.option("--token", metavar="REF", help="A token for --server: env:NAME or file:PATH.")
@click.option(
    "--ca",
    metavar="FILE",
    help="Authorities that --server is trusted by (PEM).",
    shell_complete=completing.files,
)
def command(mailboxes: tuple[str, ...], junit: str | None, talk: bool, **more: Any) -> int:
    """Log in for real, and explain the answer.

    Uses only what the profile names under `probe`, or the line by reference; a password is never
    invented. Without --as it logs in as the profile's mail app. No mail is sent or read: SMTP stops
    behind MAIL FROM. The exit code is the worst answer: 0 every login got in, 1 one was refused, 3
    of one it could not be told.
    """
    from portineria.cli.faces.junit import junit as as_junit
    from portineria.cli.faces.probe import print_logins
    from portineria.cli.faces.told import told
    from portineria.cli.logins import log_in, look_at
    from portineria.cli.probewish import Words, server_of, wish_of
    from portineria.cli.session import refuse_unwritable, write_octets
    from portineria.wiring.opening import system_clock

    said = asked()
    no_look = more.pop("no_look")
    words = Words(mailboxes=mailboxes, look=not no_look, **more)
    wish = wish_of(words)
    refuse_unwritable(junit, "--junit")
    if words.server is None:
        found = log_in(said, wish)
    else:
        found = look_at(*server_of(words, wish), wish)
    rows = [told(one) for one in found.rows]
    if junit is not None:
        write_octets(junit, [as_junit(rows)], "--junit")
    now = system_clock().now()
    return print_logins(rows, found.servers, now, as_json=said.json, talk=talk)
