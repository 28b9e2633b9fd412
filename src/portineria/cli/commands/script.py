"""portineria script"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb
from portineria.tongue.say import compose, say

CLASSICS = ("enable-csv", "enable-group", "enable-all-but", "disable-everyone-else", "report")


@verb(
    "script",
    examples=[
        "portineria script plan.json --output plan.ps1",
        "portineria script plan.json --output plan.ps1 --json",
        "portineria script --export --output export.ps1",
        "portineria script --classic enable-csv --output enable-csv.ps1",
        "portineria script --classic report",
    ],
)
@click.argument("plan", required=False, shell_complete=completing.plans)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    default="-",
    show_default=True,
    help="Where to write it; - is stdout. A file that is there is never replaced.",
    shell_complete=completing.files,
)
@click.option(
    "--export",
    "export_",
    is_flag=True,
    help="Write the script that saves a tenant's state, for look --from-export.",
)
@click.option(
    "--classic",
    type=click.Choice(CLASSICS),
    help="Write one of the scripts that admins look for, without a plan.",
    shell_complete=completing.words(CLASSICS),
)
def command(plan: str | None, output: str, export_: bool, classic: str | None) -> None:
    """Write a plan as a PowerShell script: the same changes, in the same order, guarded alike.

    For PowerShell 7 with Microsoft's own modules. It knows -WhatIf and -Undo, notes in a CSV what
    it did, and goes on there when it is called again. Many mailboxes are a CSV beside it.
    """
    from pathlib import Path

    from portineria.cli import session
    from portineria.cli.faces.answer import print_json
    from portineria.cli.scripts import written
    from portineria.fault import UsageFault

    if sum((plan is not None, export_, classic is not None)) != 1:
        raise UsageFault(
            "what is to become a script is not clear",
            where="PLAN",
            try_="name a plan, or say --export, or --classic NAME",
        )
    session.refuse_existing(output)
    name = "plan" if output == "-" else Path(output).stem
    script = written(plan, classic, name)
    rows = _beside(output) if script.rows else None
    if rows is not None:
        session.write_octets(rows, [script.rows.encode()])
    if output != "-":
        session.write_octets(output, [script.text.encode()])
    if asked().json:
        text = script.text if output == "-" else None
        members = {"file": None if output == "-" else output, "rows": rows, "text": text}
        print_json("portineria/script@1", members)
    elif output == "-":
        print(script.text, end="")
    else:
        _tell(output, rows, runs=plan is not None)


def _beside(output: str) -> str:
    """The table's file. Raises UsageFault, NoFile."""
    from pathlib import Path

    from portineria.cli.session import refuse_existing
    from portineria.fault import UsageFault

    if output == "-":
        raise UsageFault(
            "this plan has too many mailboxes for one file: their table goes beside the script",
            where="--output",
            try_="name a file: --output plan.ps1",
        )
    rows = str(Path(output).with_suffix(".csv"))
    refuse_existing(rows)
    return rows


def _tell(output: str, rows: str | None, *, runs: bool) -> None:
    print(compose("Written: {}", output))
    if rows is not None:
        print(compose("Its mailboxes: {}", rows))
    if runs:
        print(say("See what it would do first: run it with -WhatIf."))
