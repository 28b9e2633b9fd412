"""portineria gateway"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from portineria.cli import completing
from portineria.cli.commands.gatewaycredential import command as credential
from portineria.cli.commands.gatewayinit import init
from portineria.cli.commands.gatewayrun import down, run, status, up
from portineria.cli.commands.gatewaytrace import trace
from portineria.cli.commands.gatewayunlock import unlock
from portineria.cli.frame import Verbs, asked, verb
from portineria.tongue.say import compose, say

if TYPE_CHECKING:
    from portineria.gateway.doorsfile import Doors
    from portineria.run.ports import Progress
    from portineria.wiring.tenant import Tenant


@click.group("gateway", cls=Verbs)
def command() -> None:
    """Let old devices in by a password of their own; the gateway speaks OAuth for them."""


@verb(
    "doors",
    examples=[
        "portineria gateway doors policy.yaml",
        "portineria gateway doors policy.yaml --output doors.json --json",
    ],
    short_help="Resolve a policy's grants `through: gateway` into a doors file.",
)
@click.argument("policy", shell_complete=completing.files)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Where the doors file goes. [default: gateway/doors.json of the state folder]",
    shell_complete=completing.files,
)
def doors(policy: str, output: str | None) -> int:
    """Resolve a policy's grants `through: gateway` into the file that the gateway opens by.

    Exit code 3: a part could not be seen. Its doors stay closed, and the file says so.
    """
    from portineria.cli import session
    from portineria.cli.faces.answer import print_document
    from portineria.cli.policies import read_policy
    from portineria.doors.files import private_folder
    from portineria.gateway.doorsfile import Doors, entrances, to_json
    from portineria.policy.entitle import entitle

    said = asked()
    desired = read_policy(policy)
    session.refuse_unwritable(output)

    async def resolve(tenant: Tenant, teller: Progress) -> Doors:
        snapshot = await tenant.look_for(desired, teller)
        tenant.refuse_other_tenant(snapshot, desired.tenant)
        now = tenant.clock.now()
        entitled = entitle(desired, snapshot, now.date())
        return Doors(
            tenant=tenant.tenant_id,
            policy=desired.digest,
            looked=now,
            entrances=entrances(entitled),
            unseen=tuple(entitled.unseen),
        )

    found = session.with_tenant(said, resolve)
    document = to_json(found)
    file = output or str(private_folder(said.state / "gateway") / "doors.json")
    session.write_private(file, document)
    if said.json:
        print_document(document)
    else:
        _print_doors(found, file)
    return 3 if found.unseen else 0


def _print_doors(found: Doors, file: str) -> None:
    from portineria.cli.faces.tables import plain, print_table

    rows = [
        (
            one.mailbox,
            one.protocol.value,
            ", ".join(map(str, one.networks)) or "anywhere",
            f"{one.until:%Y-%m-%d %H:%M UTC}" if one.until else "-",
            one.grant,
            one.person or say("the mail app"),
        )
        for one in found.entrances
    ]
    if rows:
        print_table(("Mailbox", "Protocol", "From", "Closes", "Grant", "Opened by"), iter(rows))
    else:
        print(say("No grant of this policy opens anything through the gateway."))
    for told in found.unseen:
        print(plain(compose("could not be seen, and stays closed: {}", told)))
    print(compose("Written: {}", file))


for _verb in (init, doors, credential, up, down, status, run, trace, unlock):
    command.add_command(_verb)
