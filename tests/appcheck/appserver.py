"""The lab with real doors in a thread of this process, and the command run against it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from portineria.cli.labs import write_profile
from portineria.cli.main import main
from portineria.doors.state import StateFolder
from portineria.lab.control import plant
from portineria.lab.lab import Lab
from portineria.lab.serve import Options, serve
from portineria.lab.weather import forecast

SEED = "small"
CALM: dict[str, Any] = {"conditional_access_per_second": 0}
ERP = "erp@contoso.example"


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


@dataclass
class Desk:
    """One administrator: a state folder with the lab's profile, and the command."""

    lab: Lab
    info: dict[str, Any]
    state: Path
    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> Said:
        self.capture.readouterr()
        code = main([*words, "--profile", "lab"])
        told = self.capture.readouterr()
        return Said(code, told.out, told.err)

    def weather(self, **overrides: Any) -> None:
        self.lab.weather = forecast("fair", {**CALM, **overrides})

    @property
    def client_id(self) -> str:
        return str(self.info["mail_app"]["client_id"])

    def application(self) -> dict[str, Any]:
        found = self.lab.world["applications"].find("appId", self.client_id)
        assert found is not None
        return dict(found)

    def right(self) -> tuple[str, dict[str, Any]]:
        box = self.lab.world["mailboxes"].find("PrimarySmtpAddress", ERP)
        assert box is not None
        key = f"{box['Guid']}/{self.info['mail_app']['principal_id']}"
        return key, dict(self.lab.world["mailboxPermissions"].get(key) or {})

    def give_right(self) -> None:
        """Away since yesterday, and given again now."""
        key, row = self.right()
        table = self.lab.world["mailboxPermissions"]
        table.put(key, None, at=datetime.now(UTC) - timedelta(days=1))
        table.put(key, row)

    def probe(self, **members: Any) -> None:
        """What the profile says under `probe`, with some of it replaced; None takes it out."""
        path = self.state / "profiles" / "lab.yaml"
        profile = YAML(typ="safe").load(path.read_text())
        known = {**profile["probe"], **members}
        profile["probe"] = {name: value for name, value in known.items() if value is not None}
        path.write_text(json.dumps(profile))


@contextmanager
def open_lab_server(folder: Path) -> Iterator[tuple[Lab, dict[str, Any]]]:
    ready, opened = threading.Event(), list[Any]()

    async def live() -> None:
        running = await serve(Options(state_dir=folder, seed=SEED, overrides=CALM))
        opened.extend([running, asyncio.get_running_loop()])
        ready.set()
        await running.stopping.wait()
        await running.close()

    thread = threading.Thread(target=lambda: asyncio.run(live()))
    thread.start()
    try:
        assert ready.wait(30)
        yield opened[0].lab, opened[0].info
    finally:
        if opened:
            opened[1].call_soon_threadsafe(opened[0].stopping.set)
        thread.join(30)
    assert not thread.is_alive()


def a_desk(
    lab: Lab, info: dict[str, Any], folder: Path, capture: pytest.CaptureFixture[str]
) -> Desk:
    """A state folder of its own, and the tenant as it was planted."""
    plant(lab, SEED)
    lab.weather = forecast("fair", CALM)
    state = StateFolder(folder / "state").make()
    for name in ("ca.pem",):
        (state.lab / name).write_bytes(Path(info["ca"]).read_bytes())
    write_profile(state, info)
    return Desk(lab, info, state.root, capture)
