"""Several processes at the same ports: each has sockets of its own there, held by the one above.

The kernel shares new connections out among them. A process that ends is followed by another on the
same sockets, so whoever waits at its door is let in by the next; what was open in it is lost.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from portineria.clock import Clock
from portineria.doors.gate.control import Answer
from portineria.doors.gate.counts import merged
from portineria.doors.gate.gatelog import log
from portineria.doors.gate.inherited import to_worker
from portineria.fault import OperatorFault

UP_WITHIN = 60.0
LOOK = 0.05
SHORT = 10.0
"""Seconds: whoever lived no longer is followed after a pause that grows."""
LONGEST_PAUSE = 5.0
ANSWERS = 5.0
DOWN = 20.0
"""Seconds until a process that was asked to stop is ended."""


@dataclass(slots=True)
class Worker:
    """One of them. `place` is its own side door."""

    number: int
    doors: Sequence[socket.socket]
    place: Path
    process: asyncio.subprocess.Process | None = None
    short_lives: int = 0

    async def ask(self, path: str) -> tuple[int, str] | None:
        """None where it does not answer."""
        try:
            async with asyncio.timeout(ANSWERS):
                reader, writer = await self.open(path)
                try:
                    said = await reader.read()
                finally:
                    writer.close()
            head, _, body = said.partition(b"\r\n\r\n")
            return int(head.split(b" ")[1]), body.decode()
        except (OSError, TimeoutError, ValueError, IndexError):
            return None

    async def open(self, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Raises OSError."""
        reader, writer = await asyncio.open_unix_connection(self.place)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: gateway\r\n\r\n".encode())
        return reader, writer


@dataclass(slots=True)
class Crew:
    """Implements control.Side for all `workers` together."""

    command: Sequence[str]
    workers: Sequence[Worker]
    clock: Clock
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, ready: Callable[[], None]) -> None:
        """Until `stopping` is set. Raises OperatorFault where one does not come up at first."""
        try:
            await asyncio.gather(*map(self._first, self.workers))
            ready()
            async with asyncio.TaskGroup() as group:
                keeping = [group.create_task(self._keep(one)) for one in self.workers]
                await self.stopping.wait()
                for task in keeping:
                    task.cancel()
        finally:
            await self._end()

    def signal(self, number: signal.Signals) -> None:
        for one in self.workers:
            if one.process is not None and one.process.returncode is None:
                with suppress(ProcessLookupError):
                    one.process.send_signal(number)

    # --- control.Side ---

    async def ready(self) -> Answer:
        """503 where any of them is not: its share of the connections would wait."""
        answers = await asyncio.gather(*(one.ask("/readyz") for one in self.workers))
        told: list[dict[str, Any]] = [json.loads(found[1]) for found in answers if found]
        ready = all(found is not None and found[0] == 200 for found in answers)
        troubles = {one["mailbox"]: one for found in told for one in found["troubles"]}
        why = next((found["why"] for found in told if found["why"]), "")
        if len(told) < len(answers):
            why = f"{len(answers) - len(told)} of {len(answers)} processes do not answer"
        body = {"ready": ready, "why": why, "troubles": [troubles[key] for key in sorted(troubles)]}
        return Answer(200 if ready else 503, "application/json", json.dumps(body) + "\n")

    async def metrics(self) -> str:
        answers = await asyncio.gather(*(one.ask("/metrics") for one in self.workers))
        told = {str(one.number): found[1] for one, found in self._pairs(answers) if found}
        return merged(told)

    async def trace(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One whose process ends is heard no more."""
        asked = f"/trace?credential={quote(name, safe='')}"
        async with asyncio.TaskGroup() as group:
            hearing = [group.create_task(_relay(one, asked, writer)) for one in self.workers]
            await reader.read()
            for task in hearing:
                task.cancel()

    def _pairs(
        self, answers: Sequence[tuple[int, str] | None]
    ) -> list[tuple[Worker, tuple[int, str] | None]]:
        return list(zip(self.workers, answers, strict=True))

    # --- processes ---

    async def _first(self, one: Worker) -> None:
        await self._start(one)
        assert one.process is not None
        end = self.clock.tick() + UP_WITHIN
        while await one.ask("/healthz") is None:
            if one.process.returncode is not None or self.clock.tick() > end:
                raise await _did_not_start(one)
            await self.clock.sleep(LOOK)

    async def _start(self, one: Worker) -> None:
        environment = {k: v for k, v in os.environ.items() if k != "NOTIFY_SOCKET"}
        one.process = await asyncio.create_subprocess_exec(
            *self.command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            pass_fds=[door.fileno() for door in one.doors],
            env=environment | to_worker(one.number, one.doors),
        )

    async def _keep(self, one: Worker) -> None:
        while True:
            assert one.process is not None
            began = self.clock.tick()
            code = await one.process.wait()
            if self.stopping.is_set():
                return
            short = self.clock.tick() - began < SHORT
            one.short_lives = one.short_lives + 1 if short else 0
            log.error("process %d of the gateway ended with %d; another begins", one.number, code)
            if one.short_lives:
                await self.clock.sleep(min(LONGEST_PAUSE, 0.1 * 2.0**one.short_lives))
            await self._start(one)

    async def _end(self) -> None:
        self.signal(signal.SIGTERM)
        left = [one.process for one in self.workers if one.process is not None]
        try:
            async with asyncio.timeout(DOWN):
                await asyncio.gather(*(process.wait() for process in left))
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await asyncio.gather(*(process.wait() for process in left))


async def _relay(one: Worker, asked: str, writer: asyncio.StreamWriter) -> None:
    try:
        reader, line = await one.open(asked)
    except OSError:
        return
    try:
        await reader.readuntil(b"\r\n\r\n")
        while told := await reader.readline():
            writer.write(told)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        return
    finally:
        line.close()


async def _did_not_start(one: Worker) -> OperatorFault:
    """What it said of itself, as it would have said it alone."""
    assert one.process is not None
    assert one.process.stdout is not None
    if one.process.returncode is None:
        one.process.kill()
    said = await one.process.stdout.read()
    try:
        error = json.loads(said)["error"]
        return OperatorFault(
            str(error["why"]), where=error["where"], try_=error["try"], evidence=error["evidence"]
        )
    except (ValueError, KeyError, TypeError):
        return OperatorFault(
            f"process {one.number} of the gateway did not come up",
            where="workers",
            try_="write workers: 1, and look what it says",
        )
