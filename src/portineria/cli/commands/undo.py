"""portineria undo"""

from __future__ import annotations

from typing import Any

import click

from portineria.cli import completing
from portineria.cli.commands.connectmore import how_of, sign_in_options
from portineria.cli.frame import asked, verb


@verb(
    "undo",
    examples=[
        "portineria undo last",
        "portineria undo 20261123T201500Z-3f9a1c",
        "portineria undo 20261123T201500Z-3f9a1c --output undo.json",
        "portineria undo 20261123T201500Z-3f9a1c --yes --json",
    ],
)
@click.argument("run", shell_complete=completing.runs_or_last)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Keep the plan for `apply`; write nothing.",
    shell_complete=completing.files,
)
@click.option(
    "--accept",
    multiple=True,
    metavar="WORD",
    help="A guard's word. May be repeated.",
    shell_complete=completing.words(completing.GUARD_WORDS),
)
@sign_in_options
def command(run: str, output: str | None, accept: tuple[str, ...], **given: Any) -> int:
    """Take back what a run did, as far as it still is as the run left it.

    RUN is a run's id, or `last`. Undoing is a plan like any other: it is shown, asks the same
    guards, and is itself a run that can be undone. What somebody changed since is left alone
    and named.
    """
    from portineria.cli import session
    from portineria.cli.commands.apply import agree
    from portineria.cli.commands.plan import exit_code
    from portineria.cli.faces.answer import print_json
    from portineria.cli.faces.outcome import print_outcome
    from portineria.cli.policies import plan_document
    from portineria.cli.runs import apply_plan, make_undo, put_undone_away
    from portineria.policy.show.plan import plan_text
    from portineria.wiring.tenant import Handed

    said = asked()
    session.refuse_unwritable(output)
    plan = make_undo(said, run, accept)
    if output is not None:
        session.write_private(output, plan_document(plan))
        if said.json:
            print_json("portineria/plan@1", plan_document(plan))
        else:
            print(plan_text(plan), end="")
        return exit_code(plan)
    handed = Handed(
        yes=agree(said, plan, f"portineria undo {run} --output FILE holds all of it"),
        accepted=accept,
    )
    outcome = apply_plan(said, plan, handed, how_of(given))
    if outcome.fault is None:
        put_undone_away(said, plan.undo_of)
    return print_outcome(outcome, as_json=said.json)
