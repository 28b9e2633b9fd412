"""Stands in until `portineria lab up --real-ports` is there."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from portineria.clock import SystemClock
from portineria.lab.app import build_app
from portineria.lab.authority import authority
from portineria.lab.lab import open_lab
from portineria.lab.post.serve import DOORS
from portineria.lab.serve import Front, Running, _info, _open_post
from portineria.lab.weather import forecast


async def main() -> None:
    clock = SystemClock(asyncio.sleep)
    lab = open_lab(clock, sys.argv[2], forecast("fair", {}))
    ca = authority(Path(sys.argv[1]) / "lab", clock)
    context = ca.server_context(clock)
    running = Running(lab, {}, asyncio.Event(), [])
    app = build_app(lab)
    shared, control = Front(""), Front("control")
    await shared.open(app, context, 443)
    await control.open(app, context, 0)
    lab.urls.update(
        login="https://login.microsoftonline.com",
        graph="https://graph.microsoft.com",
        exchange="https://outlook.office365.com",
        control=f"https://localhost:{control.port}",
    )
    ports = {name: door.number for name, door in DOORS.items()}
    running.post = await _open_post(lab, context, ports)
    lab.info = running.info = _info(running, ca)
    print(json.dumps(running.info), flush=True)
    await asyncio.Event().wait()


asyncio.run(main())
