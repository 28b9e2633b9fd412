"""portineria report"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb

FORMATS = ("markdown", "html", "json")
SEVERITIES = ("high", "medium", "low")


@verb(
    "report",
    examples=[
        "portineria report",
        "portineria --profile lab report --policy policy.yaml --output report.html",
        "portineria report --policy policy.yaml --gateway gateway.yaml",
        "portineria report --all --format html --output tenants.html",
        "portineria report --fail-on high --json",
        "portineria --lang it report --snapshot snapshot.json --output report.md",
    ],
)
@click.option(
    "--policy",
    metavar="FILE",
    help="Tell the doors that a grant asks for from those that none does.",
    shell_complete=completing.files,
)
@click.option(
    "--gateway",
    metavar="FILE",
    help="A gateway.yaml: tell its doors that take cleartext or old TLS.",
    shell_complete=completing.files,
)
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    shell_complete=completing.words(FORMATS),
    help="How it is written; as the name after --output ends, else markdown.",
)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Write it to a file; one that is there is replaced.",
    shell_complete=completing.files,
)
@click.option(
    "--snapshot",
    metavar="FILE",
    help="Report on a kept snapshot instead of looking now.",
    shell_complete=completing.files,
)
@click.option("--all", "every", is_flag=True, help="Every profile, one after the other.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    shell_complete=completing.words(SEVERITIES),
    help="Exit with 1 where a check of this severity, or a graver one, does not hold.",
)
def command(
    policy: str | None,
    gateway: str | None,
    form: str | None,
    output: str | None,
    snapshot: str | None,
    every: bool,
    fail_on: str | None,
) -> int:
    """Say on one page what protects the tenant, which doors are open, and what to mend.

    Nothing is written to the tenant. Each finding has its evidence, its source, how others' rules
    judge the same, and the command that mends it. What could not be told is counted apart and
    makes the exit code 3. With --all a profile that cannot be read is a line of the page, and
    the others go on.
    """
    from portineria.cli.reporting import Asking, tell_report

    asking = Asking(
        policy=policy,
        gateway=gateway,
        form=form,
        output=output,
        snapshot=snapshot,
        every=every,
        fail_on=fail_on,
    )
    return tell_report(asked(), asking)
