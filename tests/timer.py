"""The systemd example: its settings, and its command line made runnable beside a lab."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "docs" / "examples" / "systemd"
SERVICE, TIMER = FOLDER / "portineria-expired.service", FOLDER / "portineria-expired.timer"
PROGRAM = "/opt/portineria/bin/portineria"
POLICY = "/etc/portineria/policy.yaml"


def settings(unit: Path) -> dict[str, str]:
    """Key -> value of a unit; no key of ours stands twice."""
    lines = [line for line in unit.read_text().splitlines() if "=" in line and line[0] != "#"]
    pairs = [(key, value) for key, _, value in (line.partition("=") for line in lines)]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def command(state: Path, policy: Path) -> list[str]:
    """ExecStart with this interpreter's program and this policy; its profile is the lab's."""
    words = shlex.split(settings(SERVICE)["ExecStart"])
    assert words[0] == PROGRAM
    assert words.count(POLICY) == 1
    profile = words[words.index("--profile") + 1]
    shutil.copy(state / "profiles" / "lab.yaml", state / "profiles" / f"{profile}.yaml")
    words[words.index(POLICY)] = str(policy)
    return [sys.executable, "-m", "portineria", *words[1:]]


def environment(state: Path) -> dict[str, str]:
    """Environment, with the state folder of the unit in another place."""
    name, _, value = settings(SERVICE)["Environment"].partition("=")
    assert value == f"/var/lib/{settings(SERVICE)['StateDirectory']}"
    return {name: str(state)}
