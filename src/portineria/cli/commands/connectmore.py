"""portineria connect check, rotate, remove, user"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from portineria.cli.frame import Asked, asked, verb
from portineria.tongue.say import compose, say

if TYPE_CHECKING:
    from portineria.cli.connecting import SignIn
    from portineria.doors.profiles import Profile


def sign_in_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """How an administrator signs in: the same options wherever one does."""
    client = click.option(
        "--sign-in-client",
        metavar="ID",
        help="The public client to sign in through. [default: Microsoft Graph Command Line Tools]",
    )
    return browser_options(client(function))


def browser_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Where somebody signs in: in a browser here, or on another device."""
    for option in reversed(
        (
            click.option(
                "--device-code",
                is_flag=True,
                help="Show a code to type on another device. The way of a machine without a "
                "browser, unless --no-browser is given.",
            ),
            click.option("--no-browser", is_flag=True, help="Print the address, open nothing."),
            click.option(
                "--port",
                metavar="N",
                type=click.IntRange(0, 65535),
                default=0,
                help="Where the browser's answer arrives on 127.0.0.1. [default: a free one]",
            ),
        )
    ):
        function = option(function)
    return function


def how_of(given: Mapping[str, Any]) -> SignIn:
    from portineria.cli.connecting import SignIn
    from portineria.doors.signin import COMMAND_LINE_TOOLS

    how = SignIn(
        device_code=given["device_code"],
        no_browser=given["no_browser"],
        port=given["port"],
        client=given.get("sign_in_client") or COMMAND_LINE_TOOLS,
    )
    how.refuse_both()
    return how


def say_what_the_sign_in_asks(scopes: Mapping[str, str]) -> None:
    told = "The sign-in asks for these, for this one session; none is kept:"
    print(say(told), file=sys.stderr)
    for scope, why in scopes.items():
        print(f"  {scope}: {say(why)}", file=sys.stderr)


@verb(
    "check",
    examples=["portineria connect check", "portineria connect check --json"],
    short_help="Prove it step by step, and name the first wrong one.",
)
@click.option(
    "--access",
    type=click.Choice(["read", "write"]),
    help="What it shall be able to do. [default: what it seems to be made for]",
)
def check(access: str | None) -> int:
    """Prove the profile's own access step by step, and name the first step that is wrong.

    Credential, permissions on both services, a read on each, the directory role; a permission
    that is not needed is wrong too. Exit code 0: all is right, 1: something is wrong, 3: could
    not tell.
    """
    from portineria.cli.connecting import checked
    from portineria.cli.faces.connect import print_steps
    from portineria.cli.loop import run
    from portineria.tenant.ownaccess import Access

    said = asked()
    found, steps = run(checked(said, Access(access) if access else None))
    return print_steps(said.profile, found, steps, as_json=said.json)


@verb(
    "rotate",
    examples=["portineria connect rotate", "portineria connect rotate --days 90 --device-code"],
    short_help="Renew the certificate.",
)
@sign_in_options
@click.option(
    "--days",
    metavar="N",
    type=click.IntRange(1, 730),
    default=365,
    show_default=True,
    help="How long the new certificate is good.",
)
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.IntRange(0, 3600),
    default=180,
    show_default=True,
    help="How long to wait, at each step, for what the service does not know yet.",
)
def rotate(**given: Any) -> int:
    """Renew the certificate: a new one beside the old one, proven, then the old one goes.

    Somebody who may change applications signs in. Killed at any moment, the profile works with
    one of the two, and the next call goes on.
    """
    from portineria.cli.faces.connect import print_rotated
    from portineria.cli.loop import run
    from portineria.cli.progress import progress
    from portineria.cli.rotating import rotated
    from portineria.m365.permissions import SIGN_IN, SIGN_IN_FOR_KEYS
    from portineria.wiring.opening import system_clock

    said = asked()
    say_what_the_sign_in_asks({name: SIGN_IN[name] for name in SIGN_IN_FOR_KEYS})
    teller = progress(system_clock())
    try:
        done = run(rotated(said, how_of(given), given["days"], float(given["wait"]), teller))
    finally:
        teller.close()
    print_rotated(said.profile, done, as_json=said.json)
    return 0


@verb(
    "remove",
    examples=["portineria connect remove --yes", "portineria connect remove --keep-profile --yes"],
    short_help="Take it away: application, role, profile and key.",
)
@sign_in_options
@click.option("--keep-profile", is_flag=True, help="Leave the profile's file where it is.")
def remove(*, keep_profile: bool, **given: Any) -> int:
    """Take Portineria's application away: its role, its permissions, itself, the profile, the key.

    An administrator signs in. What was done in the tenant stays as it is.
    """
    from portineria.cli.connecting import forget_files, removed
    from portineria.cli.faces.connect import print_removed
    from portineria.cli.loop import run
    from portineria.m365.permissions import SIGN_IN, SIGN_IN_TO_REMOVE

    said = asked()
    say_what_the_sign_in_asks({name: SIGN_IN[name] for name in SIGN_IN_TO_REMOVE})
    client_id, was_there = run(removed(said, how_of(given), lambda found: _yes(said, found)))
    forget_files(said, keep_profile=keep_profile)
    print_removed(
        said.profile, client_id, was_there=was_there, kept=keep_profile, as_json=said.json
    )
    return 0


def _yes(said: Asked, profile: Profile) -> bool:
    if said.yes:
        return True
    if said.json or not sys.stdin.isatty():
        return False
    told = "The application {} of {} is removed."
    print(compose(told, profile.control.client_id, profile.tenant))
    return str(click.prompt(say("Type yes to do this"), default="no")) == "yes"


@verb(
    "user",
    examples=[
        "portineria connect user ada@contoso.com",
        "portineria connect user ada@contoso.com --opens invoices@contoso.com",
        "portineria connect user ada@contoso.com ben@contoso.com --device-code",
    ],
    short_help="Let people sign in, for `probe`, `verify` and the gateway.",
)
@click.argument("people", nargs=-1, required=True)
@click.option(
    "--opens",
    metavar="MAILBOX",
    multiple=True,
    help="A shared mailbox that this person opens. Repeatable.",
)
@click.option(
    "--client-id",
    metavar="ID",
    help="The public client that people read mail with. [default: what the profile names]",
)
@browser_options
def user(
    people: tuple[str, ...], opens: tuple[str, ...], client_id: str | None, **given: Any
) -> int:
    """Let people sign in, so that `probe`, `verify` and the gateway open mailboxes as they do.

    The gateway does where the grant says sign_in: person.

    Each one signs in, with a second factor where it is asked for; their refresh token is kept
    encrypted, and renewed with each use. Signing in with a name and a password alone (the
    resource owner password grant) is not supported: it can do no second factor, and whoever
    holds the password could do everything that the person can.
    """
    from portineria.cli.faces.connect import print_people
    from portineria.cli.loop import run
    from portineria.cli.people import sign_people_in

    said = asked()
    done = run(sign_people_in(said, people, opens, client_id, how_of(given)))
    print_people(done, as_json=said.json)
    return 0


MORE = (check, rotate, remove, user)
