"""portineria apply"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from portineria.cli import completing
from portineria.cli.frame import Asked, asked, verb
from portineria.fault import UsageFault

if TYPE_CHECKING:
    from portineria.policy.plan import Plan


@verb(
    "apply",
    examples=[
        "portineria apply plan.json",
        "portineria apply plan.json --digest 5f2c… --json",
        "portineria apply plan.json --yes",
        "portineria apply --resume 20261123T201500Z-3f9a1c",
    ],
)
@click.argument("plan", required=False, shell_complete=completing.plans)
@click.option("--digest", metavar="HEX", help="The digest that `plan` printed, instead of a yes.")
@click.option(
    "--resume",
    metavar="RUN",
    help="Finish an interrupted run: its id, or last.",
    shell_complete=completing.runs_or_last,
)
@click.option(
    "--accept",
    multiple=True,
    metavar="WORD",
    help="A guard's word. May be repeated.",
    shell_complete=completing.words(completing.GUARD_WORDS),
)
def command(
    plan: str | None, digest: str | None, resume: str | None, accept: tuple[str, ...]
) -> int:
    """Do exactly what a plan says, in its order, and read everything back.

    Takes the plan that `plan --output` wrote and its digest, or a typed yes. Every guard looks
    again before the first write; each write is promised in a journal first, so that a run that
    is interrupted can be resumed. Exit code 4: a guard stopped it and nothing was written. 5:
    it stopped in the middle and can be resumed.
    """
    from portineria.cli.faces.outcome import print_outcome
    from portineria.cli.policies import read_plan
    from portineria.cli.runs import apply_plan, resume_run
    from portineria.wiring import Handed

    said = asked()
    if (plan is None) == (resume is None):
        raise UsageFault(
            "name a plan, or a run to resume",
            where="portineria apply",
            try_="portineria apply plan.json, or portineria apply --resume last",
        )
    if resume is not None:
        handed = Handed(yes=True, accepted=accept)
        return print_outcome(resume_run(said, resume, handed), as_json=said.json)
    assert plan is not None
    found = read_plan(plan)
    handed = Handed(digest=digest, yes=digest is None and agree(said, found), accepted=accept)
    return print_outcome(apply_plan(said, found, handed), as_json=said.json)


def agree(said: Asked, plan: Plan) -> bool:
    """--yes, or the plan shown and a yes typed on a terminal; never assumed."""
    from portineria.policy.show.plan import plan_text

    if said.yes:
        return True
    if said.json or not sys.stdin.isatty():
        return False
    print(plan_text(plan))
    return str(click.prompt("Type yes to do this", default="no")) == "yes"
