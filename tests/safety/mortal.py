"""A process that may be killed for real: it carries out a plan, or resumes it.

    python mortal.py FOLDER

The journal is the real one, on the disk; the tenant is a file that outlives the process, and
the clock is the machine's.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "run"))
from run_fakes import FakeService, Quiet, Stage, Tenant, no_stops, window_stage

from portineria.clock import SystemClock
from portineria.doors.crew import AsyncCrew
from portineria.doors.journal import Runs
from portineria.policy.change import Change, Family, Written
from portineria.policy.plan import Plan
from portineria.run.apply import Outcome, apply
from portineria.run.means import Means
from portineria.run.patience import Patience
from portineria.run.resume import repair_first, resume

BRISK = Patience(stale=0.02, confirm=5.0, differ=1.0, window=5.0, first=0.01, longest=0.1)


class LastingService(FakeService):
    """Takes a moment for each write, and keeps the tenant in a file."""

    def __init__(self, tenant: Tenant, file: Path) -> None:
        super().__init__(tenant)
        self._file = file

    async def write(self, change: Change) -> Written:
        await asyncio.sleep(0.01)
        written = await super().write(change)
        keep(self.tenant, self._file)
        await asyncio.sleep(0.01)
        return written


def keep(tenant: Tenant, file: Path) -> None:
    rows = [[family.value, key, tenant.truth(family, key)] for family, key in tenant.versions]
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({"made": tenant.made, "rows": rows}))
    fresh.rename(file)


def recall(tenant: Tenant, file: Path) -> None:
    kept = json.loads(file.read_text())
    tenant.versions.clear()
    tenant.made = kept["made"]
    for family, key, fields in kept["rows"]:
        tenant.put(Family(family), key, fields)


def beginning(stage: Stage, file: Path) -> Plan:
    """The tenant as it was left, or as it begins; the plan is the same in every life."""
    plan = window_stage(stage)
    if file.exists():
        recall(stage.tenant, file)
    return plan


async def live(folder: Path) -> Outcome:
    stage, file = Stage(), folder / "tenant.json"
    plan = beginning(stage, file)
    journal = Runs(folder).journal("run-1")
    means = Means(
        resources=LastingService(stage.tenant, file),
        journal=journal,
        clock=SystemClock(asyncio.sleep),
        crew=AsyncCrew(),
        progress=Quiet(),
        patience=BRISK,
    )
    if not journal.entries():
        return await apply(plan, plan.digest, "run-1", means, no_stops)
    await repair_first(means)
    return await resume(means)


if __name__ == "__main__":
    os._exit(asyncio.run(live(Path(sys.argv[1]))).exit_code)
