"""The process above several gateways at the same ports."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace

from portineria.doors.gate.control import Control
from portineria.doors.gate.crew import Crew, Worker
from portineria.doors.gate.gate import listening
from portineria.doors.gate.inherited import Inherited
from portineria.doors.gate.notify import READY, STOPPING, notify, reloading
from portineria.doors.gate.ownfile import alone
from portineria.fault import Fault
from portineria.gateway.gatewayfile import ListenWish
from portineria.wiring.gateway import (
    SOCKET,
    Running,
    announced,
    cannot_listen,
    certificates,
    worker_socket,
)
from portineria.wiring.gatewaysource import Wanted
from portineria.wiring.gatewaystore import open_store, remember
from portineria.wiring.opening import system_clock


async def run_crew(
    wanted: Wanted, given: Inherited, command: Sequence[str], ready: Callable[[Running], None]
) -> None:
    """Serve until SIGTERM or SIGINT by `command`, as often as the file wants workers.

    Raises OperatorFault, StateFault, NetworkFault.
    """
    clock = system_clock()
    with alone(wanted.folder):
        open_store(wanted.folder, wanted.file.database, clock).close()
        remember(wanted.folder, wanted.file.database)
        certificates(wanted, clock)
        ports, workers = _workers(wanted, given)
        crew = Crew(command, workers, clock)
        host, port = wanted.file.control or ("127.0.0.1", 0)
        control = Control(crew, wanted.folder / SOCKET, host, port, wanted.file.health)
        try:
            with announced(wanted, ports, control, ready) as up:
                await _serve(crew, control, up)
        finally:
            for worker in workers:
                for door in worker.doors:
                    door.close()


async def _serve(crew: Crew, control: Control, up: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def reload() -> None:
        notify(reloading())
        crew.signal(signal.SIGHUP)
        notify(READY)

    for number in numbers:
        loop.add_signal_handler(number, reload if number is signal.SIGHUP else crew.stopping.set)
    failed: Fault | None = None
    try:
        async with asyncio.TaskGroup() as group:
            chores: list[asyncio.Task[None]] = []
            try:
                await crew.work(lambda: chores.append(group.create_task(control.serve(up))))
            except Fault as fault:  # as it is, and not in a group of one
                failed = fault
            finally:
                notify(STOPPING)
                for chore in chores:
                    chore.cancel()
    except* OSError as troubles:
        raise cannot_listen(troubles) from None
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
    if failed is not None:
        raise failed


def _workers(wanted: Wanted, given: Inherited) -> tuple[list[tuple[ListenWish, int]], list[Worker]]:
    """Each has sockets of its own, unless systemd opened them: those all share."""
    ports: list[tuple[ListenWish, int]] = []
    rows: list[list[socket.socket]] = [[] for _ in range(wanted.file.workers)]
    try:
        for wish, found in zip(wanted.file.listen, given.doors, strict=True):
            first = found or listening(wish.host, wish.port, shared=True)
            wish = replace(wish, port=first.getsockname()[1])
            ports.append((wish, wish.port))
            rows[0].append(first)
            for row in rows[1:]:
                again = first.dup() if found else listening(wish.host, wish.port, shared=True)
                row.append(again)
    except OSError as error:
        raise cannot_listen(error) from None
    return ports, [
        Worker(number, doors, wanted.folder / worker_socket(number))
        for number, doors in enumerate(rows)
    ]
