"""A lab in a thread of this process: its world, weather and clock are at hand, its doors real."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from portineria.clock import SystemClock
from portineria.lab.control import plant
from portineria.lab.lab import Lab
from portineria.lab.serve import Options, serve
from portineria.lab.weather import forecast

SEED = "small"
CALM: dict[str, Any] = {"conditional_access_per_second": 0}
"""Fair weather without the one request a second, so that nobody waits."""


class TurnedClock(SystemClock):
    """The machine's time, and so many seconds more or less."""

    def __init__(self) -> None:
        super().__init__(asyncio.sleep)
        self.off = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.off)


class HastyClock(SystemClock):
    """The program's clock: nobody waits, and ticks pass as if one had."""

    def __init__(self) -> None:
        super().__init__(asyncio.sleep)
        self.slept = 0.0

    def tick(self) -> float:
        return super().tick() + self.slept

    async def sleep(self, seconds: float) -> None:
        self.slept += max(0.0, seconds)
        await asyncio.sleep(0)


class BadLab:
    """What rows do to the tenant. `restore` makes it as it was."""

    def __init__(self, lab: Lab, info: dict[str, Any], clock: TurnedClock) -> None:
        self.lab = lab
        self.info = info
        self.clock = clock
        self._touched = False

    @property
    def world(self) -> Any:
        """Asking for it counts as changing it."""
        self._touched = True
        return self.lab.world

    def weather(self, **overrides: Any) -> None:
        self._touched = True
        self.lab.weather = forecast("fair", {**CALM, **overrides})

    def control_app(self) -> dict[str, Any]:
        found = self.world["applications"].find("appId", self.info["admin"]["client_id"])
        assert found is not None
        return dict(found)

    def patch_app(self, **members: Any) -> None:
        self.world["applications"].patch(self.control_app()["id"], **members)

    def principal(self) -> str:
        return str(self.info["admin"]["principal_id"])

    def take_permissions(self, *kept: str) -> None:
        """Take every application permission but these from the control app."""
        values = {
            role["id"]: role["value"]
            for one in self.world["servicePrincipals"].all()
            for role in one.get("appRoles", [])
        }
        for key, row in list(self.world["appRoleAssignments"].items()):
            mine = row["principalId"] == self.principal()
            if mine and values[row["appRoleId"]] not in kept:
                self.world["appRoleAssignments"].put(key, None)

    def take_roles(self) -> None:
        """Take the directory roles from the control app."""
        for key, row in list(self.world["roleAssignments"].items()):
            if row["principalId"] == self.principal():
                self.world["roleAssignments"].put(key, None)

    def restore_at_this_hour(self) -> None:
        """Plant anew by the lab's own clock: what was planted later has not happened yet."""
        self._touched = True
        plant(self.lab, SEED)

    def restore(self) -> None:
        self.clock.off = 0.0
        if self._touched or any(asked.wrote for asked in self.lab.history.asked):
            plant(self.lab, SEED)
            self.lab.weather = forecast("fair", CALM)
        self.lab.history.clear()
        self._touched = False


@contextmanager
def open_bad_lab(folder: Path) -> Iterator[BadLab]:
    """The lab with open doors, until the end of the block."""
    clock = TurnedClock()
    ready: threading.Event = threading.Event()
    opened: list[Any] = []

    async def live() -> None:
        options = Options(state_dir=folder, seed=SEED, overrides=CALM, clock=clock)
        running = await serve(options)
        opened.extend([running, asyncio.get_running_loop()])
        ready.set()
        await running.stopping.wait()
        await running.close()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    try:
        assert ready.wait(30)
        running = opened[0]
        yield BadLab(running.lab, running.info, clock)
    finally:
        if opened:
            opened[1].call_soon_threadsafe(opened[0].stopping.set)
        thread.join(30)
    assert not thread.is_alive()
