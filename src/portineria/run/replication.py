"""Waiting for a directory that knows of our own write later, and not everywhere at once.

What was made a moment ago is not wrong because it is not found: it is asked for again, with a
bound, and told. Source: Graph dossier 4.1 (replication) and 7.4.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from portineria.clock import Clock
from portineria.fault import (
    AmbiguousWrite,
    Conflict,
    CouldNotSee,
    Fault,
    NotFound,
    PermissionFault,
    ServiceFault,
)
from portineria.run.ports import Progress

Result = TypeVar("Result")

FIRST, LONGEST = 1.0, 10.0
"""Seconds between two attempts: the first pause, and the longest."""
EARLY_CODES = frozenset(
    {"AADSTS700016", "AADSTS7000229", "AADSTS7000215", "AADSTS700027", "AADSTS7000222"}
)
"""What the token service says of an application or a credential that it does not know yet."""
NO_BACKING = "does not reference a valid application"
"""What the directory says of an application that it does not know yet, as a plain 400."""


def not_yet(fault: Fault) -> bool:
    """Whether this may pass by itself, just after the write that it is about."""
    if isinstance(fault, (NotFound, Conflict, AmbiguousWrite)):
        return True
    code = str(fault.evidence.get("code") or "")
    if code.startswith("AADSTS"):
        return code in EARLY_CODES
    if isinstance(fault, PermissionFault):
        return True
    return isinstance(fault, ServiceFault) and NO_BACKING in fault.why


@dataclass(frozen=True, slots=True)
class Replication:
    """`patience` is in seconds, for each thing that is waited for."""

    clock: Clock
    progress: Progress
    patience: float

    async def settled(
        self,
        what: str,
        work: Callable[[], Awaitable[Result]],
        early: Callable[[Fault], bool] = not_yet,
    ) -> Result:
        """What `work` gives, asked again while it is too early.

        Raises CouldNotSee once patience has ended, and at once what is no matter of time.
        """
        begun, pause = self.clock.tick(), FIRST
        self.progress.step(what)
        while True:
            try:
                return await work()
            except Fault as fault:
                spent = self.clock.tick() - begun
                if not early(fault):
                    raise
                if spent + pause > self.patience:
                    raise CouldNotSee(
                        f"{what}: after {spent:.0f} seconds the service still says: {fault.why}",
                        where=fault.where,
                        try_="wait some minutes, then run the same command again: it goes on "
                        "where it stopped",
                        evidence=fault.evidence,
                    ) from fault
                self.progress.step(f"{what}: not known everywhere yet, asking again")
                await self.clock.sleep(pause)
                pause = min(pause * 1.6, LONGEST)
