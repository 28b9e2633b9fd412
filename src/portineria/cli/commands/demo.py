"""portineria demo"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from portineria.cli import completing
from portineria.cli.frame import Asked, asked, verb

if TYPE_CHECKING:
    from portineria.cli.story.acts import Ending
    from portineria.cli.story.telling import Teller

WEATHER = "demo"


@verb(
    "demo",
    examples=[
        "portineria demo",
        "portineria demo --json",
        "portineria demo --weather accepts-and-forgets",
    ],
)
@click.option(
    "--weather",
    metavar="NAME",
    help=f"How the lab misbehaves. [default: {WEATHER}]",
    shell_complete=completing.words(completing.WEATHERS),
)
def command(weather: str | None) -> int:
    """Tell the whole story on an embedded tenant of its own: plan, apply, log in, undo.

    Ends with a table: mailbox, protocol, caller; before, promised, what the wire said. Nothing
    is left running and nothing of yours is touched. Exit code 0: every promise was kept. 1: one
    is broken, and its row is named, as under --weather accepts-and-forgets. 3: one could not be
    told.
    """
    import sys

    from portineria.cli.faces.answer import print_json
    from portineria.cli.story.acts import ended
    from portineria.cli.story.telling import Teller

    said = asked()
    teller = Teller(sys.stderr if said.json else sys.stdout)
    ending = _play(weather or WEATHER, teller)
    teller.title("The end")
    teller.say(ended(ending))
    if said.json:
        print_json("portineria/demo@1", ending.document(weather or WEATHER))
    return ending.code


def _play(weather: str, teller: Teller) -> Ending:
    """The story between the lab's start and its end, in a state folder that goes with it."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from portineria.cli import labs
    from portineria.cli.labwish import Wish
    from portineria.cli.session import with_tenant
    from portineria.cli.story.acts import tell
    from portineria.doors.state import StateFolder

    with TemporaryDirectory(prefix="portineria-demo-") as folder:
        state = StateFolder(Path(folder) / "state").make()
        info = labs.start(state, Wish(seed="contoso", weather=weather))
        try:
            teller.say(
                f"An embedded tenant is up: {info['initial_domain']}, 250 people, "
                f"{weather} weather."
            )
            teller.say("Security defaults are on, SMTP is closed, IMAP and POP were left open.")
            said = Asked()
            said.profile_option, said.state_option = labs.PROFILE, str(state.root)
            return with_tenant(said, lambda tenant, _: tell(tenant, teller))
        finally:
            labs.stop(state)
