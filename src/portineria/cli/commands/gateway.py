"""portineria gateway"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from portineria.cli import completing
from portineria.cli.commands.gatewaycredential import command as credential
from portineria.cli.frame import Verbs, asked, verb

if TYPE_CHECKING:
    from pathlib import Path

    from portineria.doors.gate.gate import Gate, Listener
    from portineria.gateway.doorsfile import Doors
    from portineria.run.ports import Progress
    from portineria.wiring.tenant import Tenant

DOORS = "doors.json"
LISTENED = ("imaps=", "imap=", "pops=", "pop=", "smtps=", "smtp=")


@click.group("gateway", cls=Verbs)
def command() -> None:
    """Let old devices in by a password of their own; the gateway speaks OAuth for them."""


@verb(
    "doors",
    examples=[
        "portineria gateway doors policy.yaml",
        "portineria gateway doors policy.yaml --output doors.json --json",
    ],
)
@click.argument("policy", shell_complete=completing.files)
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Where the doors file goes. [default: gateway/doors.json of the state folder]",
    shell_complete=completing.files,
)
def doors(policy: str, output: str | None) -> int:
    """Resolve a policy's grants `through: gateway` into the file that the gateway opens by.

    Exit code 3: a part could not be seen. Its doors stay closed, and the file says so.
    """
    from portineria.cli import session
    from portineria.cli.faces.answer import print_document
    from portineria.cli.policies import read_policy
    from portineria.doors.files import private_folder
    from portineria.gateway.doorsfile import Doors, entrances, to_json
    from portineria.policy.entitle import entitle

    said = asked()
    desired = read_policy(policy)
    session.refuse_unwritable(output)

    async def resolve(tenant: Tenant, teller: Progress) -> Doors:
        snapshot = await tenant.look_for(desired, teller)
        tenant.refuse_other_tenant(snapshot, desired.tenant)
        now = tenant.clock.now()
        entitled = entitle(desired, snapshot, now.date())
        return Doors(
            tenant=tenant.tenant_id,
            policy=desired.digest,
            looked=now,
            entrances=entrances(entitled),
            unseen=tuple(entitled.unseen),
        )

    found = session.with_tenant(said, resolve)
    document = to_json(found)
    file = output or str(private_folder(_folder(said.state)) / DOORS)
    session.write_private(file, document)
    if said.json:
        print_document(document)
    else:
        _print_doors(found, file)
    return 3 if found.unseen else 0


@verb(
    "run",
    examples=[
        "portineria gateway run --certificate gate.pem --listen imaps=127.0.0.1:9993",
        "portineria gateway run --doors doors.json --certificate gate.pem --key gate.key "
        "--listen smtp=127.0.0.1:5870",
    ],
)
@click.option(
    "--doors",
    "doors_file",
    metavar="FILE",
    help="What is open. [default: gateway/doors.json of the state folder]",
    shell_complete=completing.files,
)
@click.option(
    "--listen",
    required=True,
    multiple=True,
    metavar="DOOR=HOST:PORT",
    help="imaps, pops or smtps: TLS at once; imap, pop or smtp: STARTTLS. Repeatable.",
    shell_complete=completing.words(LISTENED),
)
@click.option(
    "--certificate",
    required=True,
    metavar="FILE",
    help="PEM: the gateway's certificate with its chain.",
    shell_complete=completing.files,
)
@click.option(
    "--key",
    metavar="FILE",
    help="PEM: its private key, where it is not in the same file.",
    shell_complete=completing.files,
)
def run(doors_file: str | None, listen: tuple[str, ...], certificate: str, key: str | None) -> None:
    """Serve in the foreground until SIGTERM or Ctrl-C.

    A changed doors file and every change to a credential count within a second, for sessions that
    are open too. SIGHUP reads all again.
    """
    import logging
    from pathlib import Path

    from portineria.cli.loop import run as run_loop
    from portineria.doors import profiles
    from portineria.doors.state import StateFolder
    from portineria.wiring.gateway import Wanted, run_gateway

    said = asked()
    folder = _folder(said.state)
    wanted = Wanted(
        doors=Path(doors_file) if doors_file else folder / DOORS,
        folder=folder,
        listeners=tuple(map(_listener, listen)),
        certificate=Path(certificate),
        key=Path(key) if key else None,
    )
    profile = profiles.load(StateFolder(said.state).profiles, said.profile)
    StateFolder(said.state).make()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logging.getLogger("portineria.gateway").setLevel(logging.INFO)

    def ready(gate: Gate, opened: Doors) -> None:
        _warn_of_old(opened, gate)
        _announce(gate, as_json=said.json)

    run_loop(run_gateway(profile, wanted, ready))


def _folder(state: Path) -> Path:
    return state / "gateway"


def _listener(text: str) -> Listener:
    """`imaps=127.0.0.1:9993`; an IPv6 address stands in brackets. Raises UsageFault."""
    from portineria.doors.gate.gate import Listener
    from portineria.fault import UsageFault
    from portineria.tenant.mailbox import Protocol

    door, _, place = text.partition("=")
    host, _, port = place.rpartition(":")
    known = {one.value: one for one in Protocol} | {f"{one.value}s": one for one in Protocol}
    if door in known and host and port.isdecimal() and int(port) < 65536:
        return Listener(known[door], host.strip("[]"), int(port), door.endswith("s"))
    raise UsageFault(
        f"{text!r} is no place to listen", where="--listen", try_="write imaps=127.0.0.1:9993"
    )


def _announce(gate: Gate, *, as_json: bool) -> None:
    import os
    import sys

    from portineria.cli.faces.answer import print_json
    from portineria.doors.gate.gate import addresses

    listeners = addresses(gate.ports)
    if as_json:
        print_json("portineria/gateway@1", {"pid": os.getpid(), "listeners": listeners})
    else:
        for door, where in listeners.items():
            print(f"{door} listens on {where}")
    sys.stdout.flush()


def _warn_of_old(opened: Doors, gate: Gate) -> None:
    import sys

    from portineria.gateway.doorsfile import AGAIN

    if opened.is_old(gate.clock.now()):
        print(f"warning: the doors file is of {opened.looked:%Y-%m-%d}: {AGAIN}", file=sys.stderr)


def _print_doors(found: Doors, file: str) -> None:
    from portineria.cli.faces.tables import plain, print_table

    rows = [
        (
            one.mailbox,
            one.protocol.value,
            ", ".join(map(str, one.networks)) or "anywhere",
            f"{one.until:%Y-%m-%d %H:%M UTC}" if one.until else "-",
            one.grant,
        )
        for one in found.entrances
    ]
    if rows:
        print_table(("Mailbox", "Protocol", "From", "Closes", "Grant"), iter(rows))
    else:
        print("No grant of this policy opens anything through the gateway.")
    for told in found.unseen:
        print(f"could not be seen, and stays closed: {plain(told)}")
    print(f"Written: {file}")


for _verb in (doors, run, credential):
    command.add_command(_verb)
