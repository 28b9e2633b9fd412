"""portineria gateway run, up, down, status"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from portineria.cli import completing
from portineria.cli.frame import Asked, asked, verb
from portineria.tongue.say import compose, say

if TYPE_CHECKING:
    from portineria.cli.gates import Info
    from portineria.doors.gate.gate import Gate
    from portineria.gateway.doorsfile import Doors
    from portineria.gateway.gatewayfile import GatewayFile
    from portineria.wiring.gateway import Running

LISTENED = ("imaps=", "imap=", "pops=", "pop=", "smtps=", "smtp=")

Command = Callable[..., Any]


def _options(command: Command) -> Command:
    """What `run` and `up` are told alike."""
    for option in reversed(
        (
            click.option(
                "--config",
                metavar="FILE",
                help="Where it listens and how it behaves. [default: gateway.yaml of the state "
                "folder's gateway, where there is one]",
                shell_complete=completing.files,
            ),
            click.option(
                "--doors",
                "doors_file",
                metavar="FILE",
                help="What is open. [default: gateway/doors.json of the state folder]",
                shell_complete=completing.files,
            ),
            click.option(
                "--listen",
                multiple=True,
                metavar="DOOR=HOST:PORT",
                help="Instead of a file. imaps, pops or smtps: TLS at once; imap, pop or smtp: "
                "STARTTLS. Repeatable.",
                shell_complete=completing.words(LISTENED),
            ),
            click.option(
                "--certificate",
                metavar="FILE",
                help="PEM: the gateway's certificate with its chain. Without one it makes its own.",
                shell_complete=completing.files,
            ),
            click.option(
                "--key",
                metavar="FILE",
                help="PEM: its private key, where it is not in the same file.",
                shell_complete=completing.files,
            ),
            click.option(
                "--log",
                metavar="FILE",
                help="Where the log is written: another file is begun at 50 MB, and the last five "
                "are kept. [default: standard error; in the background gateway.log of the state "
                "folder's gateway]",
                shell_complete=completing.files,
            ),
        )
    ):
        command = option(command)
    return command


@verb(
    "run",
    examples=[
        "portineria gateway run --config gateway.yaml",
        "portineria gateway run --listen imaps=127.0.0.1:9993 --listen smtp=127.0.0.1:5870",
        "portineria gateway run --certificate gate.pem --key gate.key --listen imaps=[::]:993",
    ],
)
@_options
def run(**given: Any) -> None:
    """Serve in the foreground until SIGTERM or Ctrl-C.

    A changed doors file and every change to a credential count within a second, for sessions that
    are open too. SIGHUP reads doors and certificates again. SIGTERM lets messages that are on their
    way come to their end.
    """
    from pathlib import Path

    from portineria.cli import gates
    from portineria.cli.loop import run as run_loop
    from portineria.doors import profiles
    from portineria.doors.gate import gatelog
    from portineria.doors.gate.inherited import inherited
    from portineria.doors.state import StateFolder
    from portineria.wiring.gateway import run_gateway
    from portineria.wiring.gatewaycrew import run_crew
    from portineria.wiring.gatewaysource import Wanted

    said = asked()
    folder = said.state / "gateway"
    doors_file = given["doors_file"]
    wanted = Wanted(
        doors=Path(doors_file) if doors_file else folder / "doors.json",
        folder=folder,
        file=_file(said, given),
    )
    profile = profiles.load(StateFolder(said.state).profiles, said.profile)
    StateFolder(said.state).make()
    gatelog.begin(Path(given["log"]) if given["log"] else None)

    def ready(gate: Gate, opened: Doors, running: Running) -> None:
        _warn_of_old(opened, gate)
        _announce(running, as_json=said.json)

    found = inherited(wanted.file.listen)
    if found.worker is None and wanted.file.workers > 1:
        command = gates.command(said, given)
        run_loop(run_crew(wanted, found, command, lambda r: _announce(r, as_json=said.json)))
    else:
        run_loop(run_gateway(profile, wanted, found, ready), serving=True)


@verb(
    "up",
    examples=[
        "portineria gateway up --config gateway.yaml",
        "portineria gateway up --detach --listen imaps=127.0.0.1:9993 --json",
    ],
    short_help="Start the gateway, in the background with --detach.",
)
@click.option("--detach", is_flag=True, help="Start it in the background, and wait for it.")
@_options
def up(detach: bool, **given: Any) -> None:
    """Start the gateway; with --detach it is left running until `portineria gateway down`.

    Printed are the listeners, the authority that devices trust, the control address and the
    process. The same call twice starts nothing and says the same.
    """
    from portineria.cli import gates

    said = asked()
    if not detach:
        click.get_current_context().invoke(run, **given)
        return
    found = gates.running(said.state)
    if found is None:
        _file(said, given)  # a mistake is told here, and not in the log of a process that is gone
        found = gates.start(said, given)
    _tell(found, as_json=said.json)


@verb("down", examples=["portineria gateway down"])
def down() -> None:
    """Stop the gateway, once messages that are on their way have come to their end."""
    from portineria.cli import gates
    from portineria.cli.faces.answer import print_json

    said = asked()
    stopped = gates.stop(said.state)
    if said.json:
        print_json("portineria/gateway-down@1", {"stopped": stopped})
    else:
        told = "The gateway is down." if stopped else "No gateway was running."
        print(say(told))


@verb("status", examples=["portineria gateway status", "portineria gateway status --json"])
def status() -> int:
    """Say whether the gateway runs, where, and which mailboxes it could not open.

    Exit code 1: it does not run. 3: it runs, and a mailbox could not be opened the last time, or
    it does not answer: it is coming up, or going down.
    """
    from portineria.cli import gates
    from portineria.cli.faces.answer import print_json
    from portineria.cli.faces.tables import plain

    said = asked()
    found = gates.running(said.state)
    troubles = [] if found is None else gates.troubles(found)
    silent = gates.silent(said.state) if found is None else None
    if said.json:
        told: dict[str, Any] = {"running": found is not None, "gateway": found}
        print_json("portineria/gateway-status@1", {**told, "troubles": troubles, "silent": silent})
    elif silent is not None:
        print(compose("A gateway is coming up or going down, as process {}: ask again.", silent))
    elif found is None:
        print(say("No gateway is running."))
    else:
        _print(found)
        for one in troubles:
            print(plain(compose("could not be opened: {}: {}", one["mailbox"], one["why"])))
    return 3 if troubles or silent is not None else 1 if found is None else 0


def _file(said: Asked, given: dict[str, Any]) -> GatewayFile:
    """What was asked for, by a file or by options. Raises UsageFault, FileFault, NoFile."""
    from pathlib import Path

    from portineria.cli.session import refuse_unwritable
    from portineria.fault import UsageFault
    from portineria.gateway.gatewayfile import CertificateWish, GatewayFile
    from portineria.wiring.gatewaysource import read_file

    refuse_unwritable(given["log"], "--log")
    config, listen = given["config"], given["listen"]
    usual = said.state / "gateway" / "gateway.yaml"
    if config is None and not listen and usual.exists():
        config = str(usual)
    if config is not None:
        if listen or given["certificate"] or given["key"]:
            raise UsageFault(
                "a file says where to listen and with which certificate",
                where="--config",
                try_="leave --listen, --certificate and --key out",
            )
        return read_file(Path(config))
    if not listen:
        raise UsageFault(
            "nothing says where to listen",
            where="--listen",
            try_="portineria gateway init writes a file; or write --listen imaps=127.0.0.1:9993",
        )
    certificates: tuple[CertificateWish, ...] = ()
    if given["certificate"]:
        key = Path(given["key"]) if given["key"] else None
        certificates = (CertificateWish(certificate=Path(given["certificate"]), key=key),)
    return GatewayFile(listen=tuple(map(_listener, listen)), certificates=certificates)


def _listener(text: str) -> Any:
    """`imaps=127.0.0.1:9993`; an IPv6 address stands in brackets. Raises UsageFault."""
    from portineria.fault import UsageFault
    from portineria.gateway.gatewayfile import ListenWish, Tls
    from portineria.tenant.mailbox import Protocol

    door, _, place = text.partition("=")
    host, _, port = place.rpartition(":")
    known = {one.value: one for one in Protocol} | {f"{one.value}s": one for one in Protocol}
    if door in known and host and port.isdecimal() and int(port) < 65536:
        tls = Tls.IMPLICIT if door.endswith("s") else Tls.STARTTLS
        return ListenWish(protocol=known[door], host=host.strip("[]"), port=int(port), tls=tls)
    raise UsageFault(
        f"{text!r} is no place to listen", where="--listen", try_="write imaps=127.0.0.1:9993"
    )


def _announce(running: Running, *, as_json: bool) -> None:
    import sys
    from dataclasses import asdict

    _tell(asdict(running), as_json=as_json)
    sys.stdout.flush()


def _tell(found: Info, *, as_json: bool) -> None:
    from portineria.cli.faces.answer import print_json

    if as_json:
        print_json("portineria/gateway@1", found)
    else:
        _print(found)


def _print(found: Info) -> None:
    for door, where in found["listeners"].items():
        print(compose("{} listens on {}", door, where))
    for one in found.get("weak", ()):  # an older one that still runs says nothing of it
        told = "{} takes passwords in the clear, from {} alone"
        if one["takes"] == "old-tls":
            told = "{} takes TLS 1.0 and 1.1, from {} alone"
        print(compose(told, one["door"], ", ".join(one["from"])))
    if found["ca"]:
        print(compose("Devices trust: {}", found["ca"]))
    print(compose("Health and metrics: {}", found["control"]))
    print(compose("Process: {}", found["pid"]))


def _warn_of_old(opened: Doors, gate: Gate) -> None:
    import sys

    from portineria.gateway.doorsfile import AGAIN

    if opened.is_old(gate.clock.now()):
        told = compose("warning: the doors file is of {}: {}", f"{opened.looked:%Y-%m-%d}", AGAIN)
        print(told, file=sys.stderr)
