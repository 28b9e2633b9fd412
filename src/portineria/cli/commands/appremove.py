"""portineria app remove"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from portineria.cli import completing
from portineria.cli.commands.connectmore import how_of, sign_in_options
from portineria.cli.frame import asked, verb

if TYPE_CHECKING:
    from portineria.policy.plan import Plan
    from portineria.run.ports import Progress
    from portineria.wiring.tenant import Tenant

KINDS = ("mail", "smtp", "all")


@verb(
    "remove",
    examples=[
        "portineria app remove",
        "portineria app remove smtp --output remove.json",
        "portineria app remove all --yes",
    ],
)
@click.argument("which", type=click.Choice(KINDS), default="all")
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Keep the plan in a file, for `apply`.",
    shell_complete=completing.files,
)
@click.option(
    "--accept",
    multiple=True,
    metavar="WORD",
    shell_complete=completing.words(completing.GUARD_WORDS),
    help="A guard's word: say that you mean it. May be given again.",
)
@sign_in_options
def command(which: str, output: str | None, accept: tuple[str, ...], **given: Any) -> int:
    """Plan to take our applications away, with all their rights; with --yes, do it.

    WHICH is mail (IMAP and POP), smtp, or all. Rights go first, then what they stand on, last the
    application. Only what bears our tag is touched. An application that is made again is another
    one: this cannot be undone, `app create` makes it anew.
    """
    from portineria.cli import session
    from portineria.cli.commands.appcreate import shown_or_done

    said = asked()
    session.refuse_unwritable(output)

    async def make(tenant: Tenant, teller: Progress) -> Plan:
        from portineria.run.look import Wants
        from portineria.tenant.apps import AppKind
        from portineria.wiring.mailapps import plan_removal

        snapshot = await tenant.look(teller, Wants(own=True, all_rights=True))
        kinds = list(AppKind) if which == "all" else [AppKind(which)]
        return plan_removal(tenant, snapshot, kinds, accept)

    plan = session.with_tenant(said, make)
    return shown_or_done(plan, output, accept, how_of(given))
