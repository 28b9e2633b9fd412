"""portineria look"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb


@verb(
    "look",
    examples=[
        "portineria look",
        "portineria --profile lab look --mailboxes",
        "portineria look --json --output snapshot.json",
        "portineria look --from-export export --output snapshot.json",
    ],
)
@click.option("--mailboxes", is_flag=True, help="List every mailbox with its switches.")
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Keep the snapshot in a file (JSON).",
    shell_complete=completing.files,
)
@click.option(
    "--snapshot",
    metavar="FILE",
    help="Show a kept snapshot instead of looking now.",
    shell_complete=completing.files,
)
@click.option(
    "--from-export",
    metavar="FOLDER",
    help="Look at what export.ps1 saved, or Get-CASMailbox | Export-Csv, without any access.",
    shell_complete=completing.files,
)
def command(
    mailboxes: bool, output: str | None, snapshot: str | None, from_export: str | None
) -> int:
    """Show the tenant's posture and who has which protocol.

    Nothing is written to the tenant. What could not be seen is said with its reason, and
    makes the exit code 3.
    """
    from portineria.cli import session
    from portineria.cli.faces.answer import print_json
    from portineria.cli.faces.posture import print_posture, print_unseen
    from portineria.tenant.snapshotjson import lazily

    said = asked()
    session.refuse_unwritable(output)
    found = (
        session.snapshot(said, snapshot)
        if from_export is None
        else session.snapshot_of_export(from_export, snapshot)
    )
    unseen = session.not_seen(found)
    if output is not None:
        session.write_private(output, lazily(found))
    if said.json:
        print_json("portineria/look@1", {"snapshot": lazily(found), "unseen": unseen})
    else:
        print_posture(found, each=mailboxes)
        print_unseen(unseen)
    return 3 if unseen else 0
