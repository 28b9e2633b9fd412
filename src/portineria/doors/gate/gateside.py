"""What one gate answers at its side door."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC

from portineria.doors.gate.control import Answer
from portineria.doors.gate.gate import Gate
from portineria.doors.gate.trace import Tracer

LOOK = 0.5
"""Seconds between two looks whether a listener has left."""


@dataclass(slots=True)
class GateSide:
    """Implements control.Side."""

    gate: Gate
    tracer: Tracer

    async def ready(self) -> Answer:
        """503 once it stops, where no mailbox at all could be opened the last time, or where the
        database that tells whose turn it is does not answer."""
        gate = self.gate
        troubles = [
            {"mailbox": mailbox, "why": why, "since": since.astimezone(UTC).isoformat()}
            for mailbox, (why, since) in sorted(gate.troubles.items())
        ]
        served = sum(gate.counts.logins.values())
        trouble = gate.turns.trouble
        ready = not (gate.stopping or trouble or (troubles and not served))
        told = {"ready": ready, "why": trouble, "troubles": troubles}
        return Answer(200 if ready else 503, "application/json", json.dumps(told) + "\n")

    async def metrics(self) -> str:
        gate = self.gate
        return gate.counts.text(
            [
                ("open_sessions", "Sessions that are open.", float(len(gate.open))),
                (
                    "locked",
                    "Addresses and names that wait after failed logins.",
                    gate.throttle.locked,
                ),
                ("mailboxes_in_trouble", "Mailboxes not opened the last time.", len(gate.troubles)),
                ("warm_connections", "Connections that wait for a token.", float(gate.pool.ready)),
                ("pool_taken", "Logins that took one of those.", float(gate.pool.taken)),
                ("pool_missed", "Logins that found none.", float(gate.pool.missed)),
            ]
        )

    async def trace(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with self.tracer.listen(name) as lines:
            while not reader.at_eof():
                try:
                    async with asyncio.timeout(LOOK):
                        told = await lines.get()
                except TimeoutError:
                    continue
                writer.write(json.dumps(told).encode() + b"\n")
                await writer.drain()
