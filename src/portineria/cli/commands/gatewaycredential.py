"""portineria gateway credential"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from portineria.cli import completing
from portineria.cli.frame import Verbs, asked, verb
from portineria.tongue.say import compose, say

if TYPE_CHECKING:
    from datetime import datetime

    from portineria.doors.gate.credentialfile import Credentials
    from portineria.gateway.admission import Credential
    from portineria.secret import Secret

LIST = "portineria gateway credential list"


@click.group("credential", cls=Verbs)
def command() -> None:
    """One password for one device: made here, shown once, kept as a keyed hash."""


@verb(
    "add",
    examples=[
        "portineria gateway credential add scanner-2f --mailbox scan@contoso.example "
        "--protocol smtp",
        "portineria gateway credential add 'CONTOSO\\erp' --mailbox erp@contoso.example "
        "--protocol imap --from 10.0.0.0/8 --until 2027-12-31 --output erp.password",
        "portineria gateway credential add gauge --no-password --mailbox scan@contoso.example "
        "--protocol smtp --from 10.0.0.17",
    ],
)
@click.argument("names", nargs=-1, required=True)
@click.option(
    "--mailbox",
    "mailboxes",
    required=True,
    multiple=True,
    metavar="ADDRESS",
    help="The mailbox that it opens. Of several one is chosen by logging in as NAME/ADDRESS.",
)
@click.option(
    "--protocol",
    "protocols",
    required=True,
    multiple=True,
    type=click.Choice(["imap", "pop", "smtp"]),
    help="What it may speak. Repeatable.",
)
@click.option(
    "--from",
    "networks",
    multiple=True,
    metavar="NETWORK",
    help="Where it may come from, within what the grant allows. Repeatable. [default: the grant's]",
)
@click.option(
    "--until",
    metavar="DATE",
    help="Its last day, in UTC. It ends with its grant in any case.",
)
@click.option(
    "--send-as",
    multiple=True,
    metavar="ADDRESS",
    help="A sender that it may name beside the mailbox's own address. Repeatable.",
)
@click.option(
    "--hours",
    metavar="WHEN",
    help="When it may log in: 'mon-fri 07:00-19:00 Europe/Rome'. [default: always]",
)
@click.option(
    "--no-password",
    is_flag=True,
    help="For a device that cannot log in: it is known by --from alone, and may only send.",
)
@click.option("--note", default="", metavar="TEXT", help="What it is, for people.")
@click.option("--not-yet", is_flag=True, help="Make it though no grant opens the mailbox yet.")
@click.option(
    "--doors",
    metavar="FILE",
    help="The doors file to ask. [default: gateway/doors.json of the state folder]",
    shell_complete=completing.files,
)
@click.option(
    "--output",
    metavar="FILE",
    help="Write the password there, for you alone, instead of showing it.",
    shell_complete=completing.files,
)
def add(names: tuple[str, ...], **given: Any) -> None:
    """Make a credential for a device that logs in by any of NAMES.

    The password is shown this once. What no grant opens is refused.
    """
    from portineria.cli import credentialwish as wish
    from portineria.doors.gate.credentialfile import generated, hash_key, new_id
    from portineria.fault import OperatorFault
    from portineria.gateway.admission import Credential, proof_of
    from portineria.gateway.doorsfile import over
    from portineria.tenant.mailbox import Protocol

    said = asked()
    folder = said.state / "gateway"
    protocols = frozenset(map(Protocol, given["protocols"]))
    wish.refuse_odd_names(names)
    wish.refuse_odd(given, protocols)
    networks, until = wish.networks(given["networks"]), over(wish.day(given["until"]))
    hours = wish.hours(given["hours"])
    wish.refuse_closed(given["mailboxes"], protocols, given["doors"], not_yet=given["not_yet"])
    _refuse_output(given["output"])
    with _store() as (store, now):
        password = None if given["no_password"] else generated()
        one = Credential(
            id=new_id(),
            names=names,
            proof="" if password is None else proof_of(hash_key(folder), password),
            mailboxes=given["mailboxes"],
            protocols=protocols,
            networks=networks,
            created=now,
            until=until,
            note=given["note"],
            send_as=given["send_as"],
            hours=hours,
        )
        other = store.add(one, now)
    if other is not None:
        raise OperatorFault(
            f"credential {other.id} ({', '.join(other.names)}) has this login name already",
            where="NAMES",
            try_="choose another name, or revoke that one: portineria gateway credential revoke",
        )
    _hand_over(one, password, given["output"])


@verb("list", examples=[LIST, f"{LIST} --json"])
def list_() -> None:
    """Show every credential that stands, and those that are over."""
    with _store() as (store, now):
        _tell(store.every(), now)


@verb("show", examples=["portineria gateway credential show scanner-2f"])
@click.argument("name", shell_complete=completing.credentials)
def show(name: str) -> None:
    """Show the credentials of one login name or id."""
    from portineria.gateway.credentials import is_called

    with _store() as (store, now):
        found = [one for one in store.every() if is_called(one, name)]
    if not found:
        raise _no_such(name)
    _tell(found, now)


@verb("revoke", examples=["portineria gateway credential revoke scanner-2f"])
@click.argument("name", shell_complete=completing.credentials)
def revoke(name: str) -> None:
    """Revoke what stands under a login name or id. A gateway that runs knows within a second."""
    with _store() as (store, now):
        gone = store.revoke(name, now)
    if not gone:
        raise _no_such(name)
    _tell(gone, now)


@verb(
    "rotate",
    examples=[
        "portineria gateway credential rotate scanner-2f",
        "portineria gateway credential rotate scanner-2f --overlap 24",
    ],
)
@click.argument("name", shell_complete=completing.credentials)
@click.option(
    "--overlap",
    metavar="HOURS",
    default=0.0,
    type=click.FloatRange(0, 24 * 90),
    help="How long the old password stays good. [default: not at all]",
)
@click.option(
    "--output",
    metavar="FILE",
    help="Write the password there, for you alone, instead of showing it.",
    shell_complete=completing.files,
)
def rotate(name: str, overlap: float, output: str | None) -> None:
    """Make a new password for a device; all else stays as it is."""
    from dataclasses import replace
    from datetime import timedelta

    from portineria.doors.gate.credentialfile import generated, hash_key, new_id
    from portineria.gateway.admission import proof_of
    from portineria.gateway.credentials import is_called, stands

    said = asked()
    _refuse_output(output)
    with _store() as (store, now):
        # The newest: an older one that is in its overlap already goes on to its end.
        meant = [c for c in store.every() if stands(c, now) and is_called(c, name)][-1:]
        if not meant:
            raise _no_such(name)
        if meant[0].by_address:
            raise _no_password(name)
        password = generated()
        proof = proof_of(hash_key(said.state / "gateway"), password)
        fresh = replace(meant[0], id=new_id(), proof=proof, created=now)
        if not store.rotate(fresh, meant[0].id, now + timedelta(hours=overlap)):
            raise _no_such(name)
    _hand_over(fresh, password, output)


@contextmanager
def _store() -> Iterator[tuple[Credentials, datetime]]:
    from portineria.doors.gate.credentialfile import Credentials
    from portineria.doors.state import StateFolder
    from portineria.wiring.gatewaystore import usual_store
    from portineria.wiring.opening import system_clock

    root, clock = StateFolder(asked().state).make().root, system_clock()
    store = Credentials(usual_store(root / "gateway", clock))
    try:
        yield store, clock.now()
    finally:
        store.close()


def _refuse_output(output: str | None) -> None:
    from portineria.cli.session import refuse_existing

    if output is not None:
        refuse_existing(output)


def _no_password(name: str) -> Exception:
    from portineria.fault import OperatorFault

    return OperatorFault(f"credential {name!r} has no password to change", where="NAME", try_=LIST)


def _hand_over(one: Credential, password: Secret | None, output: str | None) -> None:
    """The one time that a password is said."""
    from portineria.cli.faces.answer import print_json
    from portineria.cli.session import write_octets

    if password is not None and output is not None and output != "-":
        write_octets(output, [f"{password.reveal()}\n".encode()])
    shown = None if password is None or output not in (None, "-") else password.reveal()
    if asked().json:
        members = {"credential": _row(one, one.created), "password": shown}
        print_json("portineria/gateway-credential@1", members)
        return
    print(compose("Login name: {}", ", ".join(one.names)))
    if password is None:
        print(say("It has no password: whoever comes from its networks may send."))
    elif shown is None:
        print(compose("Its password is in {}.", output))
    else:
        print(compose("Password:   {}", shown))
        print(say("It is not shown again."))


def _tell(found: list[Credential], now: datetime) -> None:
    from portineria.cli.faces.answer import print_json
    from portineria.cli.faces.tables import print_table

    rows = [_row(one, now) for one in found]
    if asked().json:
        print_json("portineria/gateway-credentials@1", {"credentials": rows})
    elif not rows:
        print(say("There is no credential: portineria gateway credential add makes one."))
    else:
        columns = ("id", "names", "mailboxes", "protocols", "networks", "state")
        print_table(
            ("Id", "Login names", "Mailbox", "Protocols", "From", "State"),
            (
                tuple(
                    ", ".join(row[key]) if isinstance(row[key], list) else str(row[key])
                    for key in columns
                )
                for row in rows
            ),
        )


def _row(one: Credential, now: datetime) -> dict[str, Any]:
    """What may be told of it: all but its proof."""
    from portineria.gateway.credentials import stands, to_row

    over = "expired" if one.revoked is None else "revoked"
    row = {key: value for key, value in to_row(one).items() if key != "proof"}
    return {**row, "state": "stands" if stands(one, now) else over}


def _no_such(name: str) -> Exception:
    from portineria.fault import NoSuch

    return NoSuch(
        f"no credential that is meant has the name or id {name!r}", where="NAME", try_=LIST
    )


for _verb in (add, list_, show, revoke, rotate):
    command.add_command(_verb)
