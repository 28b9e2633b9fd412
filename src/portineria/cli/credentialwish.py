"""From the words of `gateway credential` to what a credential is made of."""

from __future__ import annotations

from typing import Any

from portineria.cli.frame import asked
from portineria.tongue.say import compose


def refuse_odd_names(names: tuple[str, ...]) -> None:
    from portineria.fault import UsageFault
    from portineria.gateway.credentials import LONGEST, tellable

    if not all(name.strip() and name.isprintable() for name in names):
        raise UsageFault(
            "a login name is empty, or cannot be typed", where="NAMES", try_="write scanner-2f"
        )
    if any(len(name) > LONGEST for name in names):
        raise UsageFault(
            f"a login name is longer than {LONGEST} characters",
            where="NAMES",
            try_="write scanner-2f",
        )
    if any(tellable(name) != name for name in names):
        raise UsageFault(
            "a login name looks like a password of the gateway, and those are never told",
            where="NAMES",
            try_="write a name such as scanner-2f; the password is made for you",
        )


def refuse_closed(
    mailboxes: tuple[str, ...], protocols: Any, file: str | None, *, not_yet: bool
) -> None:
    """Raises OperatorFault where a protocol of one of them is opened by no door."""
    import sys
    from pathlib import Path

    from portineria.fault import NoFile, OperatorFault
    from portineria.gateway.doorsfile import AGAIN
    from portineria.wiring.gatewaysource import read_doors

    path = Path(file) if file else asked().state / "gateway" / "doors.json"
    try:
        found = read_doors(path).entrances
    except NoFile:
        if file is not None:
            raise
        found = ()
    for mailbox in mailboxes:
        opened = {one.protocol for one in found if one.mailbox.casefold() == mailbox.casefold()}
        closed = sorted(protocol.value for protocol in protocols - opened)
        if not closed:
            continue
        why = f"no grant lets {', '.join(closed)} into {mailbox} through the gateway"
        if not not_yet:
            raise OperatorFault(why, where=str(path), try_=f"{AGAIN}; or say --not-yet")
        told = "warning: {}; until one does, the device is turned away"
        print(compose(told, why), file=sys.stderr)


def networks(given: tuple[str, ...]) -> tuple[Any, ...]:
    from ipaddress import ip_network

    from portineria.fault import UsageFault

    try:
        return tuple(map(ip_network, given))
    except ValueError as error:
        raise UsageFault(str(error), where="--from", try_="write 192.0.2.0/24") from None


def day(given: str | None) -> Any:
    from datetime import date

    from portineria.fault import UsageFault

    try:
        return date.fromisoformat(given) if given else None
    except ValueError:
        raise UsageFault(
            f"{given!r} is no date", where="--until", try_="write 2027-12-31"
        ) from None


def hours(given: str | None) -> Any:
    """Raises UsageFault."""
    from portineria.fault import UsageFault
    from portineria.gateway.hours import parse_hours

    try:
        return parse_hours(given) if given else None
    except ValueError as error:
        raise UsageFault(
            f"{given!r} are no hours: {error}",
            where="--hours",
            try_="write --hours 'mon-fri 07:00-19:00 Europe/Rome'",
        ) from None


def refuse_odd(given: dict[str, Any], protocols: Any) -> None:
    """Raises UsageFault where a device without a password is given more than it can have."""
    from portineria.fault import UsageFault
    from portineria.tenant.mailbox import Protocol

    if given["send_as"] and Protocol.SMTP not in protocols:
        raise UsageFault(
            "who does not send needs no other sender", where="--send-as", try_="add --protocol smtp"
        )
    if not given["no_password"]:
        return
    if protocols != {Protocol.SMTP} or not given["networks"] or len(given["mailboxes"]) > 1:
        raise UsageFault(
            "without a password a device may only send, from named networks, by one mailbox",
            where="--no-password",
            try_="write --protocol smtp --from 10.0.0.17 and one --mailbox",
        )
