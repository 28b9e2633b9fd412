"""From a tenant that knows nothing of us to logins on all three protocols, a command each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from test_cli_app import ADMIN, ERP, Desk, grant

TENANT = "contoso.onmicrosoft.com"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    found("lab", "up", "--detach", "--seed", "bare")
    found.info = json.loads((found.state / "lab" / "info.json").read_text())
    found.signs_in(ADMIN)
    yield found
    found("lab", "down", code=None)


@pytest.mark.slow
def test_connect_app_create_and_a_login_on_all_three_protocols(desk: Desk) -> None:
    desk("connect", TENANT, "--cloud", "lab", "--access", "write", "--yes")
    assert desk.json("connect", "check")["answer"] == "yes"
    policy = desk.policy(grant("erp", "erp", "imap, pop, smtp"))
    desk("plan", policy, "--output", "switches.json")
    desk("apply", "switches.json", "--yes")
    desk("app", "create", policy, "--yes")
    checked = desk.json("app", "check", ERP, "--wait", "60")
    assert {one["protocol"]: one["answer"] for one in checked["checks"]} == {
        "imap": "yes",
        "pop": "yes",
        "smtp": "yes",
    }
    proved = desk.verified()
    assert {protocol for _, protocol, _, verdict in proved if verdict == "kept"} == {
        "imap",
        "pop",
        "smtp",
    }
    desk("probe", ERP, "--as", f"app:{desk.apps()['mail']['client_id']}", "--protocol", "imap")
