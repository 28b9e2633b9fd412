"""portineria settings serve, link"""

from __future__ import annotations

from typing import Any

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb
from portineria.tongue.say import compose, say

PLACE = "127.0.0.1:8480"


@verb(
    "serve",
    examples=[
        "portineria settings serve",
        "portineria settings serve --at 0.0.0.0:443 --certificate settings.pem --key settings.key",
        "portineria settings serve --snapshot snapshot.json --at 127.0.0.1:8480",
    ],
    short_help="Answer mail programs that look for their settings.",
)
@click.option(
    "--at",
    metavar="HOST:PORT",
    default=PLACE,
    show_default=True,
    help="Where it listens. Beyond this machine only with a certificate.",
)
@click.option(
    "--certificate",
    metavar="FILE",
    help="PEM: its certificate with the chain.",
    shell_complete=completing.files,
)
@click.option(
    "--key",
    metavar="FILE",
    help="PEM: its private key, where it is not in the same file.",
    shell_complete=completing.files,
)
@click.option(
    "--client",
    metavar="NAME",
    default="thunderbird",
    show_default=True,
    help="The client that knows OAuth by which a protocol counts as open.",
)
@click.option(
    "--snapshot",
    metavar="FILE",
    help="Serve from a kept snapshot instead of looking every hour.",
    shell_complete=completing.files,
)
def serve(**given: Any) -> None:
    """Answer mail programs that look for their settings, for every domain of the tenant.

    Thunderbird and others ask autoconfig.DOMAIN or DOMAIN/.well-known/autoconfig, older programs
    an Autodiscover host of its own (never Microsoft's record). The answer is the same for everybody
    of a domain: what is true for one mailbox needs a link (portineria settings link).
    """
    from portineria.cli.serving import run_server

    run_server(asked(), given)


@verb(
    "link",
    examples=[
        "portineria settings link ada@contoso.example --client thunderbird",
        "portineria settings link scan@contoso.example --client printer --hours 2 "
        "--base https://settings.contoso.example",
    ],
)
@click.argument("mailbox")
@click.option("--client", metavar="NAME", help="As for settings MAILBOX.")
@click.option(
    "--format",
    "form",
    type=click.Choice(("html", "mobileconfig", "autoconfig", "markdown")),
    default="html",
    show_default=True,
    help="What the link shows.",
    shell_complete=completing.words(("html", "mobileconfig", "autoconfig", "markdown")),
)
@click.option(
    "--hours",
    metavar="N",
    type=click.IntRange(1, 24 * 30),
    default=24,
    show_default=True,
    help="How long it waits to be used.",
)
@click.option(
    "--base",
    metavar="URL",
    default=f"http://{PLACE}",
    show_default=True,
    help="Where settings serve is reached.",
)
@click.option(
    "--gateway",
    metavar="FILE",
    help="As for settings MAILBOX.",
    shell_complete=completing.files,
)
@click.option(
    "--snapshot",
    metavar="FILE",
    help="Ask a kept snapshot instead of looking now.",
    shell_complete=completing.files,
)
def link(mailbox: str, **given: Any) -> None:
    """Make a link that shows one mailbox's settings to whoever opens it first, once.

    No password is in what it shows. It is served by `settings serve` of the same state folder.
    """
    from portineria.cli.faces.answer import print_json
    from portineria.cli.serving import make_link

    url, until = make_link(asked(), mailbox, given)
    if asked().json:
        print_json("portineria/settings-link@1", {"url": url, "until": until.isoformat()})
    else:
        print(url)
        print(compose("It works once, until {}.", f"{until:%Y-%m-%d %H:%M} UTC"))
        print(say("It is served by: portineria settings serve"))
