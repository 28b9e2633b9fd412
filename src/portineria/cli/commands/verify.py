"""portineria verify"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb


@verb(
    "verify",
    examples=[
        "portineria verify",
        "portineria verify 20261123T201500Z-3f9a1c --json",
    ],
)
@click.argument("run", required=False, shell_complete=completing.runs)
def command(run: str | None) -> int:
    """Prove the promises of a run: read the tenant again, and log in for real.

    Without RUN it is the last one. A login is tried where the profile holds a credential;
    where it holds none the answer is that it could not tell. Exit code 0: every promise is
    kept. 1: one is broken. 3: one could not be told, or is pending, until when is said.
    """
    from portineria.cli.faces.verified import print_verified
    from portineria.cli.runs import verify_run

    said = asked()
    name, rows = verify_run(said, run)
    return print_verified(name, rows, as_json=said.json)
