"""Verbs that only look leave no trace: the lab's own history says so."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from shutil import copy
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
READING = (
    "look",
    "inventory --as-policy",
    "init",
    "why erp@contoso.example",
    "plan policy.yaml --output plan.json",
    "plan scanner-basic.yaml",
    "close erp@contoso.example",
)


def portineria(folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portineria", "--profile", "lab", "--json", *words.split()],
        cwd=folder,
        env={**os.environ, "PORTINERIA_STATE": str(folder / "state")},
        capture_output=True,
        text=True,
        timeout=90,
    )


def asked(lab: dict[str, Any], query: str) -> list[dict[str, Any]]:
    trust = ssl.create_default_context(cafile=lab["ca"])
    with urllib.request.urlopen(f"{lab['control']}/history{query}", context=trust) as answer:
        return json.load(answer)["value"]  # type: ignore[no-any-return]


@pytest.mark.slow
def test_looking_and_planning_write_nothing(tmp_path: Path) -> None:
    copy(EXAMPLES / "scanner-basic.yaml", tmp_path)
    try:
        lab = json.loads(portineria(tmp_path, "lab up --detach --seed small").stdout)
        for words in READING:
            done = portineria(tmp_path, words)
            assert done.returncode in (0, 1, 4), (words, done.stdout, done.stderr)
        assert len(asked(lab, "")) > len(READING)
        assert asked(lab, "?wrote=1") == []
    finally:
        portineria(tmp_path, "lab down")
