"""What the README shows is run as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from portineria.doors import profiles
from portineria.lab.seeds.people import password

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)


def blocks(language: str) -> list[str]:
    return [text for name, text in BLOCKS if name == language]


def test_its_three_kinds_of_blocks_are_all_accounted_for() -> None:
    assert [name for name, _ in BLOCKS] == ["sh", "sh", "sh", "text", "text", "yaml"]


def test_its_two_commands_are_words_of_the_makefile_and_what_ci_runs() -> None:
    makefile, ci = (ROOT / "Makefile").read_text(), (ROOT / ".ci" / "run").read_text()
    prerequisites, commands, _ = blocks("sh")
    assert prerequisites.strip().removeprefix("apt install ") in ci
    for line in commands.split("\n"):
        if line:
            assert re.search(rf"^{line.removeprefix('make ')}:", makefile, flags=re.MULTILINE)
            assert line in ci


@pytest.mark.slow
def test_the_walk_by_hand_works_in_an_empty_folder(tmp_path: Path) -> None:
    script = blocks("sh")[2]
    bin_folder = Path(sys.executable).parent
    lines = re.sub(r"^(portineria .*)$", r'\1; echo "[$?]"', script, flags=re.MULTILINE)
    done = subprocess.run(
        ["bash", "-c", lines],
        cwd=tmp_path,
        env={
            **os.environ,
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "PORTINERIA_STATE": str(tmp_path / "state"),
        },
        capture_output=True,
        text=True,
        timeout=240,
    )
    codes = re.findall(r"^\[(\d+)\]$", done.stdout, flags=re.MULTILINE)
    # up, look, why (the answer is no), plan, apply, verify, undo, down
    assert codes == ["0", "0", "1", "0", "0", "0", "0", "0"], done.stdout + done.stderr
    assert "tenant switch" in done.stdout


def test_its_profile_is_one(tmp_path: Path) -> None:
    for key in ("control.pem", "mail.pem"):
        (tmp_path / key).write_text("")
    (tmp_path / "contoso.yaml").write_text(blocks("yaml")[0])
    profile = profiles.load(tmp_path, "contoso")
    assert profile.tenant == "contoso.onmicrosoft.com"
    assert profile.endpoints.imap.host == "outlook.office365.com"


GRANT = """grants:
  - name: erp
    who: {mailboxes: [erp@contoso.example]}
    allow: [imap, pop, smtp]
    through: oauth-app
"""
MORE = {"connect": " --cloud lab --yes", "apply": " --yes"}
"""What a test has to add: which tenant it is, and the yes that a person types."""


@pytest.mark.slow
def test_its_real_tenant_differs_from_the_lab_by_hosts_and_credentials_only(
    tmp_path: Path,
) -> None:
    """The commands as they stand there, from a tenant that knows nothing of us."""
    told = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    told["PORTINERIA_STATE"] = str(tmp_path / "state")

    def said(line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", line],
            cwd=tmp_path,
            env=told,
            capture_output=True,
            text=True,
            timeout=120,
        )

    try:
        assert said("portineria lab up --detach --seed bare").returncode == 0
        ca, admin = tmp_path / "state" / "lab" / "ca.pem", "admin@contoso.example"
        somebody = f"{sys.executable} {ROOT / 'tests' / 'somebody.py'} {ca} {admin}"
        told["BROWSER"] = f"{somebody} {password(admin)} %s &"
        for block in blocks("text"):
            for line in block.splitlines():
                command = (
                    line.partition(" #")[0].strip().replace("@contoso.com", "@contoso.example")
                )
                done = said(command + MORE.get(command.split()[1], ""))
                # The bare tenant's mail is sent by nobody yet, and a text alone tells no layer.
                fine = (0, 3) if command.split()[1] in ("inventory", "explain") else (0,)
                assert done.returncode in fine, f"{command}: {done.stdout}{done.stderr}"
                if command == "portineria init":
                    policy = tmp_path / "policy.yaml"
                    before, _, after = policy.read_text().partition("grants:")
                    assert after, "init writes grants, or that there are none"
                    policy.write_text(before + GRANT)
    finally:
        said("portineria lab down")
