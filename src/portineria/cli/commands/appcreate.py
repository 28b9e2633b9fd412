"""portineria app create"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from portineria.cli import completing
from portineria.cli.commands.connectmore import how_of, sign_in_options
from portineria.cli.frame import asked, verb

if TYPE_CHECKING:
    from portineria.cli.connecting import SignIn
    from portineria.policy.plan import Plan
    from portineria.run.ports import Progress
    from portineria.wiring.tenant import Tenant


@verb(
    "create",
    examples=[
        "portineria app create policy.yaml",
        "portineria app create policy.yaml --output app.json",
        "portineria app create policy.yaml --yes",
        "portineria app create policy.yaml --classic-smtp --json",
    ],
)
@click.argument("policy", default="policy.yaml", shell_complete=completing.policies)
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
@click.option(
    "--classic-smtp",
    is_flag=True,
    help="SMTP by SMTP.SendAsApp and FullAccess of the mail app, not by a scoped role. Wider: who "
    "holds its key reads the mailbox too.",
)
@click.option(
    "--fresh",
    is_flag=True,
    help="Make one of our own although the profile names another, and name it there instead.",
)
@sign_in_options
def command(
    policy: str,
    output: str | None,
    accept: tuple[str, ...],
    classic_smtp: bool,
    fresh: bool,
    **given: Any,
) -> int:
    """Plan what is missing of the mail app for the grants of POLICY; with --yes, do it.

    Grants through oauth-app and gateway name mailboxes and protocols. The plan registers an
    application for IMAP and POP and one for SMTP, each with a certificate made on this machine
    (its key never leaves it), consents to the permissions of the granted protocols alone, tells
    Exchange, and opens the granted mailboxes, last of all. What is there already is left alone;
    what no grant needs any more is closed first. Nothing is written without --yes: `apply` does
    what --output keeps.

    An administrator signs in before the first write, because the permission to consent is never
    at rest. Afterwards the profile names the application under probe.app or probe.smtp_app.
    """
    from portineria.cli import session
    from portineria.cli.policies import read_policy

    said = asked()
    session.refuse_unwritable(output)
    desired = read_policy(policy)

    async def make(tenant: Tenant, teller: Progress) -> Plan:
        from portineria.wiring.mailapps import plan_apps, refuse_other_app

        snapshot = await tenant.look_for(desired, teller, all_rights=True)
        if not fresh:
            refuse_other_app(tenant, snapshot)
        return plan_apps(
            tenant, snapshot, desired, classic=classic_smtp, fresh=fresh, accepted=accept
        )

    plan = session.with_tenant(said, make)
    return shown_or_done(plan, output, accept, how_of(given), replacing=fresh)


def shown_or_done(
    plan: Plan,
    output: str | None,
    accept: tuple[str, ...],
    how: SignIn,
    *,
    replacing: bool = False,
) -> int:
    """Kept and shown; with --yes carried out, where there is anything to do and nothing stops."""
    from portineria.cli import session
    from portineria.cli.commands.plan import exit_code
    from portineria.cli.faces.answer import print_json
    from portineria.cli.faces.outcome import print_outcome
    from portineria.cli.policies import plan_document
    from portineria.cli.runs import apply_plan
    from portineria.policy.show.plan import plan_lines
    from portineria.wiring.tenant import Handed

    said = asked()
    if output is not None:
        session.write_private(output, plan_document(plan))
    if said.yes and output is None and plan.changes:
        handed = Handed(yes=True, accepted=accept, replacing=replacing)
        return print_outcome(apply_plan(said, plan, handed, how), as_json=said.json)
    if said.json:
        print_json("portineria/plan@1", plan_document(plan))
    else:
        for told in plan_lines(plan):
            print(told)
        if plan.changes and output is None:
            print("\nNothing was written. To do it: add --yes, or keep it with --output FILE")
    return exit_code(plan)
