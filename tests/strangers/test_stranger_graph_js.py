"""Microsoft's Graph client for JavaScript, unmodified, in Node: one story, told once."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from clients.node import FOLDER, node_program

from portineria.lab.serve import Options, Running, serve

pytestmark = pytest.mark.stranger

SECONDS = 60


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Running]:
    fast = {"conditional_access_per_second": 0}
    running = await serve(Options(state_dir=tmp_path / "lab", seed="small", overrides=fast))
    yield running
    await running.close()


async def told(lab: Running) -> dict[str, Any]:
    """What the script saw. It learns whom to trust as every Node program does."""
    info = lab.info
    where = {name: info[name] for name in ("login", "graph", "tenant")} | info["admin"]
    node = await asyncio.create_subprocess_exec(
        node_program(),
        FOLDER / "graph_client.mjs",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NODE_EXTRA_CA_CERTS": info["ca"]},
    )
    try:
        out, err = await asyncio.wait_for(
            node.communicate(json.dumps(where).encode()), timeout=SECONDS
        )
    finally:
        if node.returncode is None:
            node.kill()
            await node.wait()
    assert node.returncode == 0, err.decode()
    seen: dict[str, Any] = json.loads(out)
    return seen


async def test_the_client_for_javascript_pages_writes_and_tells_its_errors(lab: Running) -> None:
    seen = await told(lab)
    everybody = [user["userPrincipalName"] for user in lab.lab.world["users"].all()]
    assert (seen["first"], seen["count"]) == (5, len(everybody))
    assert seen["people"] == everybody

    assert seen["made"]["state"] == "enabledForReportingButNotEnforced"
    assert seen["made"]["conditions"]["locations"] is None
    assert seen["conflict"]["typed"] is True
    assert (seen["conflict"]["status"], seen["conflict"]["code"]) == (400, "BadRequest")
    assert seen["conflict"]["message"].startswith("Security Defaults is enabled in the tenant.")

    assert (seen["before"], seen["patched"], seen["after"]) == (True, None, False)
    assert seen["states"] == ["enabled"]
    assert not list(lab.lab.world["conditionalAccess"].all())

    assert (seen["unknown"]["status"], seen["unknown"]["code"]) == (404, "Request_ResourceNotFound")
    assert seen["unknown"]["request"]
    assert seen["forbidden"]["code"] == "Authorization_RequestDenied"
