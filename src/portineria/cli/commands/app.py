"""portineria app"""

from __future__ import annotations

import click

from portineria.cli.frame import Lazy, Verbs

_HOME = "portineria.cli.commands."


@click.group(
    "app",
    cls=Verbs,
    lazy={
        "create": Lazy(_HOME + "appcreate", "Plan and make the mail app that the grants need."),
        "check": Lazy(_HOME + "appcheck", "Prove the mail app step by step; name what is wrong."),
        "list": Lazy(_HOME + "applist", "Show our applications and what each may open."),
        "remove": Lazy(_HOME + "appremove", "Take our applications away, with all their rights."),
    },
)
def command() -> None:
    """The mail app: the application that opens mailboxes for gateway, probes and programs.

    It is never the one that changes settings. IMAP and POP go by a permission and FullAccess on
    each granted mailbox, SMTP by a role in Exchange that reaches the members of one group.
    """
