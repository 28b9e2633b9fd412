"""portineria plan"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb

if TYPE_CHECKING:
    from portineria.policy.plan import Plan
    from portineria.run.ports import Progress
    from portineria.wiring.tenant import Tenant


@verb(
    "plan",
    examples=[
        "portineria plan",
        "portineria plan tenants/contoso.yaml --output plan.json",
        "portineria plan --accept blast-radius --json",
        "portineria plan policy.yaml --cells",
        "portineria plan policy.yaml --all",
        "portineria plan policy.yaml --snapshot snapshot.json --accept stale",
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
    "--snapshot",
    metavar="FILE",
    help="Plan from a kept snapshot instead of looking now.",
    shell_complete=completing.files,
)
@click.option("--cells", is_flag=True, help="Show each promise with every grant that speaks of it.")
@click.option("--all", "each", is_flag=True, help="Tell every change by itself, however many.")
def command(
    policy: str,
    output: str | None,
    accept: tuple[str, ...],
    snapshot: str | None,
    cells: bool,
    each: bool,
) -> int:
    """Show what would be done so that the tenant is as POLICY asks, and why.

    Nothing is written to the tenant. The plan shows every change with its reason and risk, the
    order, the doors that it opens, what effective access will be, and a digest. Where there are
    many changes they are counted by kind; --all tells each. Exit code 4 says that a guard stops
    it, 1 that a grant cannot be.
    """
    from portineria.cli import session
    from portineria.cli.faces.answer import print_json
    from portineria.cli.policies import plan_document, plan_from, read_policy
    from portineria.policy.show.plan import IN_ITS_JSON, plan_lines

    said = asked()
    session.refuse_unwritable(output)
    desired = read_policy(policy)

    async def make(tenant: Tenant, teller: Progress) -> Plan:
        snapshot = await tenant.look_for(desired, teller)
        return tenant.plan(snapshot, desired, accept)

    if snapshot is None:
        found = session.with_tenant(said, make)
    else:
        found = plan_from(snapshot, desired, accept)
    if output is not None:
        session.write_private(output, plan_document(found))
    if said.json:
        print_json("portineria/plan@1", plan_document(found))
    else:
        whole = f"--all tells each here, {IN_ITS_JSON}"
        for told in plan_lines(found, each_cell=cells, each=each, whole=whole):
            print(told)
    return exit_code(found)


def exit_code(plan: Plan) -> int:
    """4 where a guard stops it, 1 where a grant cannot be, else 0."""
    from portineria.policy.guards.registry import standing

    if standing(plan.stops, plan.accepted):
        return 4
    return 1 if plan.refusals else 0
