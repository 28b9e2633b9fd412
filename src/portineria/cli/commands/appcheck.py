"""portineria app check"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb

FOR_EVER = -1


@verb(
    "check",
    examples=[
        "portineria app check",
        "portineria app check erp@contoso.example",
        "portineria app check erp@contoso.example --protocol imap --protocol smtp --json",
        "portineria app check erp@contoso.example --wait",
        "portineria app check erp@contoso.example --wait 600",
        "portineria app check erp@contoso.example --protocol imap --user invoices@contoso.example",
    ],
)
@click.argument("mailboxes", metavar="[MAILBOX]...", nargs=-1)
@click.option(
    "--protocol",
    "protocols",
    multiple=True,
    type=click.Choice(["imap", "pop", "smtp"]),
    help="Only this one. May be given again. [default: all three]",
)
@click.option(
    "--app",
    "client_id",
    metavar="CLIENT_ID",
    help="One of the profile's applications. [default: its smtp_app for SMTP, else its app]",
    shell_complete=completing.mail_apps,
)
@click.option(
    "--user",
    metavar="ADDRESS",
    help="What your program sends as user= in XOAUTH2. [default: the mailbox's address]",
)
@click.option(
    "--wait",
    metavar="[SECONDS]",
    type=click.IntRange(FOR_EVER),
    is_flag=False,
    flag_value=FOR_EVER,
    help="Try again while something is pending; without SECONDS as long as the service may take.",
)
def command(
    mailboxes: tuple[str, ...],
    protocols: tuple[str, ...],
    client_id: str | None,
    user: str | None,
    wait: int | None,
) -> int:
    """Prove the mail app step by step, and name the first that is wrong.

    Nine steps, each with its evidence: credential, roles in the token, consent, enterprise
    application, Exchange's service principal, the mailbox and its switches, the right on it,
    Application RBAC, and a real login. Without MAILBOX the first five. What is too young to be
    known everywhere is pending, with the latest time by which it has to be; after it, it is
    wrong. Nothing is written, no mail is sent or read.

    The exit code is the answer: 0 all of it is right, 1 something is wrong, 3 pending, or
    could not tell.
    """
    from portineria.cli.appchecks import run_check
    from portineria.cli.faces.appcheck import print_checks
    from portineria.tenant.mailbox import Protocol

    said = asked()
    named = tuple(dict.fromkeys(Protocol(one) for one in protocols))
    waited = run_check(said, mailboxes, named, client_id, user, wait)
    return print_checks(waited, as_json=said.json)
