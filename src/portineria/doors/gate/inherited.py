"""Sockets that listen already when the gateway begins: of systemd, or of the process above it.

Source: systemd, sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, and descriptors from 3 on.
"""

from __future__ import annotations

import os
import socket
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass

from portineria.fault import OperatorFault
from portineria.gateway.gatewayfile import ListenWish

FIRST = 3
WORKER, DOORS = "PORTINERIA_GATEWAY_WORKER", "PORTINERIA_GATEWAY_DOORS"


@dataclass(frozen=True, slots=True)
class Inherited:
    """`worker`: the number among several, None for a gateway by itself. `doors`: in the order of
    the file, None for those that are to be opened."""

    worker: int | None
    doors: tuple[socket.socket | None, ...]


def inherited(
    listen: Sequence[ListenWish], environment: MutableMapping[str, str] = os.environ
) -> Inherited:
    """What there is; the variables are taken away. Raises OperatorFault."""
    worker, doors = environment.pop(WORKER, None), environment.pop(DOORS, "")
    if worker is not None:
        return Inherited(int(worker), tuple(_door(int(number)) for number in doors.split(",")))
    whose, number = environment.pop("LISTEN_PID", ""), environment.pop("LISTEN_FDS", "0")
    environment.pop("LISTEN_FDNAMES", None)
    if whose != str(os.getpid()) or not number.isdecimal():
        return Inherited(None, (None,) * len(listen))
    given = [_door(FIRST + at) for at in range(int(number))]
    found = tuple(_matching(wish, given) for wish in listen)
    if left := [door for door in given if door not in found]:
        told = ", ".join(_name(door) for door in left)
        raise OperatorFault(
            f"systemd hands over a socket at which the gateway does not listen: {told}",
            where="listen",
            try_="write the same port in the socket unit and in gateway.yaml",
        )
    return Inherited(None, found)


def to_worker(number: int, doors: Sequence[socket.socket]) -> dict[str, str]:
    """What a worker finds in its environment."""
    return {WORKER: str(number), DOORS: ",".join(str(door.fileno()) for door in doors)}


def _door(number: int) -> socket.socket:
    try:
        door = socket.socket(fileno=number)
        door.setblocking(False)
        if door.family != socket.AF_UNIX:
            door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise OperatorFault(
            f"the socket that was handed over cannot be used: {error.strerror}",
            where=f"descriptor {number}",
            try_="hand over sockets of ListenStream= alone",
        ) from None
    return door


def _matching(wish: ListenWish, given: list[socket.socket]) -> socket.socket | None:
    """The one at its port; of several that at its address."""
    at_port = [one for one in given if one.family != socket.AF_UNIX and _port(one) == wish.port]
    same = [one for one in at_port if one.getsockname()[0] == wish.host]
    return next(iter(same or at_port), None)


def _port(door: socket.socket) -> int:
    return int(door.getsockname()[1])


def _name(door: socket.socket) -> str:
    at = door.getsockname()
    return f"{at[0]}:{at[1]}" if isinstance(at, tuple) else str(at)
