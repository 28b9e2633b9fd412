"""portineria connect"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from portineria.cli import completing
from portineria.cli.commands.connectmore import MORE, sign_in_options
from portineria.cli.frame import Short, asked, verb
from portineria.fault import UsageFault
from portineria.tongue.say import say

if TYPE_CHECKING:
    from portineria.cli.frame import Asked
    from portineria.doors.signin import Person
    from portineria.run.connect import Lacking, Wanted
    from portineria.wiring.connecting import Place

DEFAULT = "tenant"


class Connect(Short):
    """`connect TENANT` is short for `connect tenant TENANT`."""

    default = DEFAULT


@click.group("connect", cls=Connect)
def command() -> None:
    """Give Portineria its own access to a tenant: make it, check it, renew it, take it away.

    `portineria connect TENANT` is short for `portineria connect tenant TENANT`.
    """


@verb(
    DEFAULT,
    examples=[
        "portineria connect contoso.onmicrosoft.com",
        "portineria connect contoso.onmicrosoft.com --access write --profile contoso",
        "portineria connect contoso.onmicrosoft.com --device-code",
        "portineria connect contoso.onmicrosoft.com --print",
        "portineria connect contoso.com --client-id 11111111-2222-3333-4444-555555555555",
    ],
    short_help="Make it, and the profile that uses it.",
)
@click.argument("tenant")
@click.option(
    "--access",
    type=click.Choice(["read", "write"]),
    default="read",
    show_default=True,
    help="What Portineria shall be let do. `plan` reads, `apply` writes.",
)
@click.option(
    "--cloud",
    type=click.Choice(completing.CLOUDS),
    default="global",
    show_default=True,
    help="Where the tenant lives; lab is the one that runs in this state folder.",
)
@sign_in_options
@click.option(
    "--days",
    metavar="N",
    type=click.IntRange(1, 730),
    default=365,
    show_default=True,
    help="How long the certificate is good.",
)
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.IntRange(0, 3600),
    default=180,
    show_default=True,
    help="How long to wait, at each step, for what the service does not know yet.",
)
@click.option("--logs", is_flag=True, help="Ask for the sign-in logs too, which `inventory` reads.")
@click.option("--print", "only_print", is_flag=True, help="Print what an administrator has to do.")
@click.option("--client-id", metavar="ID", help="Write a profile for an application that is there.")
@click.option(
    "--certificate",
    metavar="FILE",
    help="Its key and certificate, PEM. [default: what --print has made]",
    shell_complete=completing.files,
)
def tenant(tenant: str, **given: Any) -> int:
    """Make Portineria's own application in a tenant, and the profile that uses it.

    An administrator signs in with a browser, or by device code where there is none. You see each
    permission with its reason and the directory role, and are asked. Then the application is
    registered, with a certificate whose key is made here, consented to and given its role; both
    grants that Exchange needs are proven by a real read. What the sign-in could do is held in
    memory and ends with it.

    Called again after whatever happened, it goes on with what is there and never makes a second
    application. Exit code 3: all is made, and the service does not know of it yet.
    """
    from portineria.cli.connectprinting import print_instead
    from portineria.tenant.ownaccess import Access

    said = asked()
    access = Access(given["access"])
    if given["only_print"]:
        cloud, days, logs = given["cloud"], given["days"], given["logs"]
        return print_instead(said, tenant, cloud, access, days, logs=logs)
    if given["client_id"] is not None:
        return _adopt(said, tenant, access, given)
    if given["certificate"] is not None:
        raise UsageFault(
            "--certificate goes with --client-id",
            where="portineria connect",
            try_="name the application that it belongs to: --client-id ID",
        )
    return _connect(said, tenant, access, given)


def _adopt(said: Asked, tenant: str, access: Any, given: dict[str, Any]) -> int:
    from portineria.cli.connecting import adopt, checked
    from portineria.cli.faces.connect import print_steps
    from portineria.cli.loop import run

    cloud, certificate = given["cloud"], given["certificate"]
    run(adopt(said, tenant, cloud, _guid(given["client_id"]), certificate))
    found, steps = run(checked(said, access))
    return print_steps(said.profile, found, steps, as_json=said.json)


def _connect(said: Asked, tenant: str, access: Any, given: dict[str, Any]) -> int:
    from portineria.cli.commands.connectmore import how_of, say_what_the_sign_in_asks
    from portineria.cli.connecting import connect, files_of
    from portineria.cli.faces.connect import print_asked, print_connected
    from portineria.cli.loop import run
    from portineria.cli.progress import progress
    from portineria.m365.permissions import SIGN_IN
    from portineria.wiring.opening import system_clock

    how, wait = how_of(given), float(given["wait"])
    days, key = given["days"], str(files_of(said).key)

    def agree(place: Place, person: Person, wanted: Wanted, lack: Lacking) -> bool:
        teller.close()
        if not said.json:
            print_asked(place, person, wanted, lack, days=days, key=key)
        return _yes(said)

    say_what_the_sign_in_asks(SIGN_IN)
    teller = progress(system_clock())
    try:
        cloud, logs = given["cloud"], given["logs"]
        work = connect(said, tenant, cloud, access, how, days, wait, teller, agree, logs=logs)
        done = run(work)
    finally:
        teller.close()
    print_connected(done, as_json=said.json)
    return 0


def _yes(said: Asked) -> bool:
    import sys

    if said.yes:
        return True
    if said.json or not sys.stdin.isatty():
        return False
    return str(click.prompt(say("Type yes to do this"), default="no")) == "yes"


def _guid(text: str) -> str:
    from uuid import UUID

    try:
        return str(UUID(text))
    except ValueError:
        raise UsageFault(
            f"{text!r} is no client id",
            where="--client-id",
            try_="copy the Application (client) ID, a GUID, from App registrations, Overview",
        ) from None


for _verb in (tenant, *MORE):
    command.add_command(_verb)
