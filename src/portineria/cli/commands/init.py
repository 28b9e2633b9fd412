"""portineria init"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb


@verb(
    "init",
    examples=[
        "portineria init",
        "portineria init --output tenants/contoso.yaml",
        "portineria init --output - --snapshot snapshot.json",
    ],
)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    shell_complete=completing.files,
    default="policy.yaml",
    show_default=True,
    help="Where to write; - is stdout. A file that is there is never replaced.",
)
@click.option(
    "--snapshot",
    metavar="FILE",
    help="Use a kept snapshot instead of looking now.",
    shell_complete=completing.files,
)
def command(output: str, snapshot: str | None) -> int:
    """Write a policy.yaml from what the tenant does today.

    Planning that file changes nothing: closed doors are written down so that they stay closed,
    open ones are left alone and listed as commented suggestions.
    """
    from portineria.cli import session
    from portineria.cli.faces.answer import print_json
    from portineria.policy.policywrite import init_text

    said = asked()
    session.refuse_existing(output)
    found = session.snapshot(said, snapshot)
    unseen = session.not_seen(found)
    text = init_text(found)
    if output != "-":
        session.write_new(output, text)
    if said.json:
        print_json("portineria/init@1", {"file": output, "text": text, "unseen": unseen})
    elif output == "-":
        print(text, end="")
    else:
        print(f"{output} is written. Next: portineria plan {output}")
    return 3 if unseen else 0
