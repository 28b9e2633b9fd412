"""portineria close"""

from __future__ import annotations

import click

from portineria.cli import completing
from portineria.cli.frame import asked, verb
from portineria.tongue.say import say


@verb(
    "close",
    examples=[
        "portineria close leaver@contoso.example",
        "portineria close leaver@contoso.example --now",
        "portineria close leaver@contoso.example --now --json",
    ],
)
@click.argument("mailbox")
@click.option("--now", is_flag=True, help="Do it. Without it the plan is only shown.")
@click.option(
    "--accept",
    multiple=True,
    metavar="WORD",
    help="A guard's word. May be repeated.",
    shell_complete=completing.words(completing.GUARD_WORDS),
)
def command(mailbox: str, now: bool, accept: tuple[str, ...]) -> int:
    """Shut one mailbox at once.

    IMAP and POP off, authenticated SMTP explicitly off, people signed out, and the right of
    the profile's mail app taken away. It is a small plan, with guards, journal and read-back
    like any other; what can be taken back, `undo` takes back. --now is the yes to it.
    """
    from portineria.cli.commands.plan import exit_code
    from portineria.cli.faces.answer import print_json
    from portineria.cli.faces.outcome import print_outcome
    from portineria.cli.policies import plan_document
    from portineria.cli.runs import apply_plan, make_close
    from portineria.policy.show.plan import plan_text
    from portineria.wiring.tenant import Handed

    said = asked()
    plan = make_close(said, mailbox)
    if now:
        handed = Handed(yes=True, accepted=accept)
        return print_outcome(apply_plan(said, plan, handed), as_json=said.json)
    if said.json:
        print_json("portineria/plan@1", plan_document(plan))
    else:
        print(plan_text(plan))
        print(say("Nothing was written. To do it: add --now"))
    return exit_code(plan)
