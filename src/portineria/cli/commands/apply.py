"""portineria apply"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from portineria.cli import completing
from portineria.cli.commands.connectmore import how_of, sign_in_options
from portineria.cli.frame import Asked, asked, verb
from portineria.fault import UsageFault
from portineria.tongue.say import say

if TYPE_CHECKING:
    from portineria.policy.plan import Plan


@verb(
    "apply",
    examples=[
        "portineria apply plan.json",
        "portineria apply plan.json --digest 5f2c… --json",
        "portineria apply plan.json --yes",
        "portineria apply --resume 20261123T201500Z-3f9a1c",
        "portineria apply --expired-only policy.yaml --yes",
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
@sign_in_options
@click.option(
    "--expired-only",
    metavar="POLICY",
    help="Close what ended in this policy file, and nothing else. Made for a timer.",
    shell_complete=completing.files,
)
def command(
    plan: str | None,
    digest: str | None,
    resume: str | None,
    accept: tuple[str, ...],
    expired_only: str | None,
    **given: Any,
) -> int:
    """Do exactly what a plan says, in its order, and read everything back.

    Takes the plan that `plan --output` wrote and its digest, or a typed yes. Every guard looks
    again before the first write; each write is promised in a journal first, so that a run that
    is interrupted can be resumed. Exit code 4: a guard stopped it and nothing was written. 5:
    it stopped in the middle and can be resumed. A plan that registers applications asks an
    administrator to sign in before the first write, and a resume asks again.

    With --expired-only it takes a policy file instead: whatever a grant opened whose last day
    is over, and no other grant opens, is closed; no other change of the policy is made. It
    looks, plans, asks the guards and keeps a journal like any run, needs --yes where nobody can
    be asked, and exits with 0 also when nothing had ended.
    """
    from portineria.cli.faces.outcome import print_outcome
    from portineria.cli.policies import read_plan
    from portineria.cli.runs import apply_plan, resume_run
    from portineria.wiring.tenant import Handed

    said = asked()
    if expired_only is not None:
        return _expired(said, expired_only, accept, [plan, digest, resume])
    if (plan is None) == (resume is None):
        raise UsageFault(
            "name a plan, or a run to resume",
            where="portineria apply",
            try_="portineria apply plan.json, or portineria apply --resume last",
        )
    if resume is not None:
        handed = Handed(yes=True, accepted=accept)
        return print_outcome(resume_run(said, resume, handed, how_of(given)), as_json=said.json)
    assert plan is not None
    found = read_plan(plan)
    yes = digest is None and agree(said, found, f"{plan} holds all of it")
    handed = Handed(digest=digest, yes=yes, accepted=accept)
    return print_outcome(apply_plan(said, found, handed, how_of(given)), as_json=said.json)


def _expired(said: Asked, policy: str, accept: tuple[str, ...], others: list[str | None]) -> int:
    """Close what ended. Nothing to close is as good as closed."""
    from portineria.cli.faces.outcome import print_nothing_ended, print_outcome
    from portineria.cli.policies import read_policy
    from portineria.cli.runs import apply_plan, make_expired
    from portineria.policy.guards.registry import standing
    from portineria.wiring.tenant import Handed

    if any(others):
        raise UsageFault(
            "--expired-only makes its own plan from the policy: no plan, digest or run beside it",
            where="portineria apply",
            try_="portineria apply --expired-only policy.yaml --yes",
        )
    found = make_expired(said, read_policy(policy), accept)
    if not found.changes and not standing(found.stops, found.accepted):
        return print_nothing_ended(as_json=said.json)
    whole = "portineria plan --output FILE holds all of it, beside what else the policy asks"
    handed = Handed(yes=agree(said, found, whole), accepted=accept)
    return print_outcome(apply_plan(said, found, handed), as_json=said.json)


def agree(said: Asked, plan: Plan, whole: str) -> bool:
    """--yes, or the plan shown and a yes typed on a terminal; never assumed.

    `whole` says where all of the plan stands, should it be too much to be told here.
    """
    from portineria.policy.show.plan import plan_lines

    if said.yes:
        return True
    if said.json or not sys.stdin.isatty():
        return False
    for told in plan_lines(plan, whole=whole):
        print(told)
    print()
    return str(click.prompt(say("Type yes to do this"), default="no")) == "yes"
