"""systemd and strace meet the timer example: good units, and a sandbox that stops nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from timer import PROGRAM, SERVICE, TIMER, command, environment, settings

pytestmark = pytest.mark.stranger
UNITS = Path("/usr/lib/systemd")


def run(*words: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False, **more)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A file system with systemd's own units, the two of the example, and the program in place."""
    shutil.copytree(UNITS, tmp_path / "usr/lib/systemd", symlinks=True)
    (tmp_path / "lib").symlink_to("usr/lib")
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    for unit in (SERVICE, TIMER):
        shutil.copy(unit, tmp_path / "etc/systemd/system")
    program = tmp_path / PROGRAM.lstrip("/")
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return tmp_path


def test_systemd_accepts_the_units_without_a_word(root: Path) -> None:
    verified = run("systemd-analyze", "verify", f"--root={root}", SERVICE.name, TIMER.name)
    assert (verified.returncode, verified.stderr) == (0, "")


def test_systemd_accepts_the_gateways_unit_and_calls_it_little_exposed(root: Path) -> None:
    unit = SERVICE.with_name("portineria-gateway.service")
    shutil.copy(unit, root / "etc/systemd/system")
    shutil.copy(unit.with_suffix(".socket"), root / "etc/systemd/system")
    kill = root / "usr/bin/kill"
    kill.parent.mkdir(parents=True, exist_ok=True)
    kill.write_text("#!/bin/sh\n")
    kill.chmod(0o755)
    (root / "bin").symlink_to("usr/bin")
    verified = run("systemd-analyze", "verify", f"--root={root}", unit.name, f"{unit.stem}.socket")
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = run("systemd-analyze", "security", "--offline=true", "--threshold=35", str(unit))
    assert judged.returncode == 0, judged.stdout


def test_systemd_says_what_is_wrong_with_units_that_are_not_good(root: Path) -> None:
    (root / PROGRAM.lstrip("/")).chmod(0o644)
    unit = root / "etc/systemd/system" / SERVICE.name
    unit.write_text(unit.read_text().replace("ProtectHome=", "ProtectHom="))
    verified = run("systemd-analyze", "verify", f"--root={root}", SERVICE.name)
    assert verified.returncode == 1
    assert "not executable" in verified.stderr
    assert "ProtectHom" in verified.stderr


def test_the_service_is_little_exposed() -> None:
    judged = run("systemd-analyze", "security", "--offline=true", "--threshold=20", str(SERVICE))
    assert judged.returncode == 0, judged.stdout
    assert re.search(r"Overall exposure level for .*: [01]\.\d OK", judged.stdout)


def test_the_timer_goes_off_every_night_after_the_last_day_in_utc() -> None:
    when = settings(TIMER)["OnCalendar"]
    told = run("systemd-analyze", "calendar", "--iterations=2", when).stdout
    assert re.findall(r"(\d\d:\d\d:\d\d) UTC", told)[-2:] == ["00:10:00", "00:10:00"]


CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")


@pytest.mark.slow
def test_the_sandbox_stops_nothing_that_the_program_does(tmp_path: Path) -> None:
    """Every system call, socket family and file that a run of the service's own line opens."""
    state, policy, calls = tmp_path / "state", tmp_path / "policy.yaml", tmp_path / "calls"
    portineria = [sys.executable, "-m", "portineria"]
    lab = {"PORTINERIA_STATE": str(state), "PATH": "/usr/bin:/bin"}
    assert run(*portineria, "lab", "up", "--detach", "--seed", "small", env=lab).returncode == 0
    try:
        policy.write_text(
            "tenant: contoso.example\ngrants:\n"
            "  - {name: alerts, who: {mailboxes: [monitor@contoso.example]}, allow: [pop],"
            " until: 2026-01-31}\n"
        )
        words = command(state, policy)
        own = {**environment(state), "PATH": "/usr/bin:/bin"}
        traced = run("strace", "-f", "-qq", "-o", str(calls), *words, env=own, cwd="/")
        assert traced.returncode == 0, traced.stderr
        assert "1 of 1 changes written" in traced.stdout
    finally:
        run(*portineria, "lab", "down", env=lab)
    told = [
        match.groups() for line in calls.read_text().splitlines() if (match := CALL.match(line))
    ]
    assert len(told) > 1000
    used = {name for name, _ in told}
    assert used - allowed_calls() == set()
    families = {part.partition(",")[0] for name, part in told if name == "socket"}
    assert families <= set(settings(SERVICE)["RestrictAddressFamilies"].split())
    mapped = [part for name, part in told if name in ("mmap", "mprotect")]
    assert not [part for part in mapped if "PROT_WRITE" in part and "PROT_EXEC" in part]
    assert [path for path in written(told) if not path.startswith(str(state))] == []


def allowed_calls() -> set[str]:
    """What SystemCallFilter lets through: the group, with the groups inside it."""
    name = settings(SERVICE)["SystemCallFilter"]
    waiting, found = [name], set[str]()
    while waiting:
        listed = run("systemd-analyze", "syscall-filter", waiting.pop()).stdout.splitlines()[2:]
        for word in (line.strip() for line in listed):
            if word.startswith("@"):
                waiting.append(word)
            elif word and word[0] != "#":
                found.add(word)
    return found | {"execve"}  # systemd's own, before the filter


def written(told: list[tuple[str, str]]) -> list[str]:
    """Absolute paths that were opened to write, made, renamed or removed. The interpreter's own
    copies of what it compiled are no need of the program: where they cannot be kept, it goes on.
    """
    changes = ("mkdir", "rename", "unlink", "link", "symlink", "chmod", "truncate")
    paths = [
        path
        for name, part in told
        if name.startswith(changes) or re.search(r"O_WRONLY|O_RDWR|O_CREAT", part)
        for path in re.findall(r'"(/[^"]*)"', part)
    ]
    return [path for path in paths if path != "/dev/null" and "/__pycache__" not in path]
