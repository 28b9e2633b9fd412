"""bash, zsh and fish, with the completion where `completion --help` says, asked for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from terminal import CLEAR, Terminal

pytestmark = pytest.mark.stranger

RUN = "20260101T000000Z-aaaaaaaa"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with two profiles and a run in its state folder, and every script in its place."""
    state = tmp_path / ".local" / "state" / "portineria"
    (state / "profiles").mkdir(parents=True, mode=0o700)
    for name in ("lab", "contoso"):
        (state / "profiles" / f"{name}.yaml").write_text("")
    (state / "runs" / RUN).mkdir(parents=True)
    (state / "runs" / RUN / "journal.jsonl").write_text("")
    for shell in ("bash", "zsh", "fish"):
        told = json.loads(portineria(tmp_path, "completion", shell, "--json"))
        place = Path(told["file"].replace("~", str(tmp_path)))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(told["script"])
    return tmp_path


def environment(home: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(home), "PS1": "ready> ", "LC_ALL": "C.UTF-8"}


def portineria(home: Path, *words: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "portineria", *words],
        check=True,
        capture_output=True,
        text=True,
        env=environment(home),
    ).stdout


def test_bash_finds_it_by_itself_and_completes(home: Path) -> None:
    start = home / "start"
    start.write_text("PS1='ready> '; source /usr/share/bash-completion/bash_completion\n")
    with Terminal(["bash", "--rcfile", str(start), "-i"], environment(home), home) as bash:
        bash.typed("echo st''arted\n", "started")
        bash.typed("portineria lo\t", "portineria look ")
        bash.typed(f"{CLEAR}portineria undo 2026\t", f"undo {RUN} ")


def test_zsh_completes_verbs_options_and_values_again_and_again(home: Path) -> None:
    (home / ".zshrc").write_text(
        "PS1='ready> '\nfpath+=~/.zfunc\nautoload -Uz compinit\ncompinit -u -D\n"
    )
    with Terminal(["zsh", "-i"], environment(home), home) as zsh:
        zsh.typed("print st''arted\n", "started")
        for _ in range(3):
            zsh.typed(f"{CLEAR}portineria lo\t", "portineria look ")
        zsh.typed(f"{CLEAR}portineria --profile l\t", "--profile lab ")
        zsh.typed(f"{CLEAR}portineria --profile=l\t", "--profile=lab ")
        zsh.typed(f"{CLEAR}portineria runs show 2026\t", f"{RUN} ")
        shown = zsh.typed(f"{CLEAR}portineria lab \t", "status[^\n]*Say whether")
        assert "Start the embedded tenant" in shown
        zsh.typed(f"{CLEAR}portineria plan --accept b\t", "break-glass +blast-radius +basic-twin")
        zsh.typed(f"{CLEAR}portineria verify --prof\t", "--profile ")


def fish(home: Path, line: str) -> list[str]:
    done = subprocess.run(
        ["fish", "--command", f"complete --do-complete '{line}'"],
        capture_output=True,
        text=True,
        env=environment(home),
        cwd=home,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    return [row.partition("\t")[0] for row in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("portineria lo", ["look"]),
        ("portineria lab ", ["up", "down", "status"]),
        ("portineria --profile ", ["contoso", "lab"]),
        ("portineria undo ", ["last", RUN]),
        ("portineria lab up --seed c", ["contoso", "contoso-free"]),
        ("portineria schema pla", ["plan"]),
        ("portineria verify --prof", ["--profile"]),
        ("portineria look --profile=l", ["--profile=lab"]),
    ],
)
def test_fish_completes_verbs_options_and_values(home: Path, line: str, offered: list[str]) -> None:
    assert sorted(fish(home, line)) == sorted(offered)
