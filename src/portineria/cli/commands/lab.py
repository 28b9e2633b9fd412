"""portineria lab"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from portineria.cli import completing
from portineria.cli.frame import Verbs, asked, verb
from portineria.fault import Locked, OperatorFault

if TYPE_CHECKING:
    from portineria.cli.labwish import Wish
    from portineria.doors.state import StateFolder
    from portineria.lab.serve import Options


@click.group("lab", cls=Verbs)
def command() -> None:
    """Start and stop the embedded tenant: a Microsoft 365 imitation for trying things out."""


@verb(
    "up",
    examples=[
        "portineria lab up",
        "portineria lab up --detach --json",
        "portineria lab up --detach --seed small --weather lag",
        "portineria lab up --detach --base-port 5000 --host mail.test",
        "portineria lab up --detach --mailboxes 10000",
    ],
)
@click.option("--detach", is_flag=True, help="Start it in the background, and wait for it.")
@click.option(
    "--seed",
    metavar="NAME",
    help="Which tenant to plant. [default: contoso]",
    shell_complete=completing.words(completing.SEEDS),
)
@click.option(
    "--mailboxes",
    metavar="N",
    type=click.IntRange(1, 100_000),
    help="Contoso, filled up with made-up people to N mailboxes.",
)
@click.option(
    "--weather",
    metavar="NAME",
    help="How it misbehaves. [default: fair]",
    shell_complete=completing.words(completing.WEATHERS),
)
@click.option(
    "--base-port",
    metavar="N",
    type=int,
    help="Ports N, N+1 and so on: login, graph, exchange, control, imaps, imap, pops, pop, smtp. "
    "[default: free ones]",
)
@click.option(
    "--real-ports",
    is_flag=True,
    help="Microsoft's own ports and names: 443, 993, 143, 995, 110, 587. You point the names here.",
)
@click.option(
    "--host",
    metavar="NAME",
    multiple=True,
    help="One more name for this machine that the lab's certificate is good for. Repeatable.",
)
def up(**given: Any) -> None:
    """Start the embedded tenant and write the profile `lab`.

    In the foreground it runs until Ctrl-C. With --detach it is left running until
    `portineria lab down`. The same call twice starts nothing and says the same; another one
    is refused while a lab runs. It listens on 127.0.0.1 and nowhere else.
    """
    from portineria.cli import labs
    from portineria.cli.labwish import Wish
    from portineria.doors.state import StateFolder

    said = asked()
    detach = given.pop("detach")
    wish = Wish(hosts=given.pop("host"), **given).check()
    state = StateFolder(said.state).make()
    found = labs.running(state)
    if found is not None:
        wish.refuse_another(found)
        _tell(found, as_json=said.json)
    elif detach:
        _tell(labs.start(state, wish), as_json=said.json)
    else:
        _serve(state, wish, as_json=said.json)


@verb("down", examples=["portineria lab down"])
def down() -> None:
    """Stop the embedded tenant and wait until nothing of it is left running."""
    from portineria.cli import labs
    from portineria.cli.faces.answer import print_json
    from portineria.doors.state import StateFolder

    said = asked()
    stopped = labs.stop(StateFolder(said.state))
    if said.json:
        print_json("portineria/lab-down@1", {"stopped": stopped})
    else:
        print("The lab is down." if stopped else "No lab was running.")


@verb("status", examples=["portineria lab status", "portineria lab status --json"])
def status() -> int:
    """Say whether the embedded tenant runs, and where. Exit code 1: it does not."""
    from portineria.cli import labs
    from portineria.cli.faces.answer import print_json
    from portineria.doors.state import StateFolder

    said = asked()
    found = labs.running(StateFolder(said.state))
    if found is not None:
        _tell(found, as_json=said.json)
        return 0
    if said.json:
        print_json("portineria/lab@1", {"running": False})
    else:
        print("No lab is running. Start one: portineria lab up --detach")
    return 1


def _tell(info: dict[str, Any], *, as_json: bool) -> None:
    from portineria.cli.faces.answer import print_json
    from portineria.cli.faces.tables import print_table

    if as_json:
        profile = "lab" if info["admin"]["client_id"] else ""
        print_json("portineria/lab@1", {"running": True, "profile": profile, **info})
        return
    print(f"The lab is up: tenant {info['domain']}, seed {info['seed']}, {info['weather']} weather")
    doors = ("login", "graph", "exchange", "control", "imaps", "pops", "smtp")
    print_table(("Door", "Where"), ((door, str(info[door])) for door in doors))
    print(f"Its authority: {info['ca']}")
    if info["admin"]["client_id"]:
        print("Next: portineria --profile lab look")
    else:
        print(f"Next: portineria connect {info['initial_domain']} --cloud lab")


def _serve(state: StateFolder, wish: Wish, *, as_json: bool) -> None:
    from portineria.cli import labs
    from portineria.doors.files import Lock
    from portineria.lab.portrefused import PortRefused

    options = wish.options(state.lab)
    try:
        with Lock(state.lab / labs.LOCK, passing=True):
            _run(state, options, as_json=as_json)
    except Locked as held:
        raise Locked(
            "another lab of this state folder is starting or stopping",
            where=held.where,
            try_="portineria lab status",
        ) from None
    except PortRefused as refused:
        raise wish.port_fault(refused) from None
    except ValueError as error:
        raise OperatorFault(str(error), where="lab up", try_="portineria lab up --help") from None


def _run(state: StateFolder, options: Options, *, as_json: bool) -> None:
    import asyncio
    import sys

    from portineria.cli import labs
    from portineria.cli.loop import run
    from portineria.lab.serve import run_forever

    def announce(info: dict[str, Any]) -> None:
        labs.announce(state, info)
        _tell(info, as_json=as_json)
        sys.stdout.flush()

    waiting: list[asyncio.Future[None]] = []

    def ready(info: dict[str, Any]) -> None:
        # In a thread: announcing asks the lab itself, which answers from this event loop.
        loop = asyncio.get_running_loop()
        waiting.append(loop.run_in_executor(None, announce, info))

    async def whole() -> None:
        await run_forever(options, ready)
        await asyncio.gather(*waiting)

    try:
        run(whole())
    finally:
        if waiting:  # a lab that never opened announced nothing, and another's is not forgotten
            labs.forget(state)


for _verb in (up, down, status):
    command.add_command(_verb)
