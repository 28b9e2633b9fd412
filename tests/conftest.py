"""Records what ran, so that a promise whose test was skipped or never ran is found."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

_outcomes: dict[str, str] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep the worst outcome of a test's three steps (the controller sees all workers)."""
    if report.when == "call" or report.outcome != "passed":
        _outcomes[report.nodeid] = report.outcome


def pytest_sessionfinish(session: pytest.Session) -> None:
    name = os.environ.get("RAN")
    if not name or hasattr(session.config, "workerinput"):
        return
    folder = Path(session.config.rootpath) / ".ran"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(_outcomes, indent=0, sort_keys=True))
