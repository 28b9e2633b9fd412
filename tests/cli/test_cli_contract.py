"""docs/contract.md: one object, the same for the same call, and nothing left at the end."""

import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shell import Shell, gone

pytestmark = pytest.mark.slow

UP = ("lab", "up", "--detach", "--seed", "small")
URLS = ("login", "graph", "exchange", "control")
MAIL = ("imaps", "imap", "pops", "pop", "smtp")
LEFT = {"lab/ca.key", "lab/ca.pem", "lab/lab.log"}


def place(address: str) -> tuple[str, int]:
    host, _, port = address.removeprefix("https://").partition(":")
    return host, int(port)


def files(shell: Shell) -> set[str]:
    return {str(p.relative_to(shell.state)) for p in shell.state.rglob("*") if not p.is_dir()}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    found = Shell(tmp_path_factory.mktemp("contract"))
    try:
        yield found
    finally:
        found("lab", "down", code=None)


@pytest.fixture
def info(shell: Shell) -> Any:
    return shell.json(*UP)


def test_every_name_of_the_contract_is_in_the_object(info: Any) -> None:
    assert set(info) >= {"tenant", "domain", "ca", *URLS, *MAIL, "smtps", "admin", "mail_app"}
    assert set(info) >= {"people", "pid"}
    assert info["smtps"] is None
    assert set(info["admin"]) >= {"client_id", "client_secret"}
    assert set(info["mail_app"]) >= {"client_id", "client_secret", "mailboxes"}
    for person in info["people"]:
        assert set(person) >= {"upn", "password", "open", "note"}
        assert set(person["open"]) == {"imap", "pop", "smtp"}


def test_every_door_answers_at_once_when_the_call_returns(shell: Shell) -> None:
    shell("lab", "down", code=None)
    info = shell.json(*UP)
    context = ssl.create_default_context(cafile=info["ca"])
    for name in (*URLS, "imaps", "pops"):
        with socket.create_connection(place(info[name]), 5) as plain:
            assert context.wrap_socket(plain, server_hostname="localhost").version()
    for name in ("imap", "pop", "smtp"):
        with socket.create_connection(place(info[name]), 5) as plain:
            assert plain.recv(3) in (b"* O", b"+OK", b"220")


def test_the_same_call_twice_is_one_lab_and_one_object(shell: Shell, info: Any) -> None:
    assert shell.json(*UP) == info
    assert shell.json("lab", "up", "--detach") == info
    assert shell.json("lab", "status") == info
    assert not gone(info["pid"])


def test_calls_at_the_same_time_start_one_lab(shell: Shell) -> None:
    shell("lab", "down", code=None)
    words = [sys.executable, "-m", "portineria", *UP, "--json"]
    both = [
        subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=shell.environment)
        for _ in range(2)
    ]
    told = [one.communicate(timeout=60)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0]
    assert told[0] == told[1]


def test_down_leaves_the_authority_and_the_log_and_nothing_else(shell: Shell, info: Any) -> None:
    ca = Path(info["ca"]).read_bytes()
    assert shell.json("lab", "down") == {"schema": "portineria/lab-down@1", "stopped": True}
    assert gone(info["pid"])
    for name in (*URLS, *MAIL):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(place(info[name]), 5)
    assert files(shell) == LEFT
    assert not shell.json("lab", "status", code=1)["running"]
    assert not shell.json("lab", "down")["stopped"]
    shell("--profile", "lab", "look", code=2)
    assert "`portineria lab up` writes one: lab" in shell.err
    again = shell.json(*UP)
    assert again["pid"] != info["pid"]
    assert Path(again["ca"]).read_bytes() == ca


def test_after_a_kill_the_next_call_starts_anew(shell: Shell, info: Any) -> None:
    os.kill(info["pid"], signal.SIGKILL)
    assert not shell.json("lab", "status", code=1)["running"]
    shell("--profile", "lab", "look", code=6)
    assert "cannot be reached" in shell.err
    again = shell.json(*UP)
    assert again["pid"] != info["pid"]
    os.kill(again["pid"], signal.SIGKILL)
    assert not shell.json("lab", "down")["stopped"]
    assert files(shell) == LEFT


def test_no_secret_of_a_lab_in_the_background_is_in_its_log(shell: Shell, info: Any) -> None:
    log = (shell.state / "lab" / "lab.log").read_text()
    assert info["admin"]["client_secret"] not in log
    for path in (shell.state / "lab").iterdir():
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o644 if path.name == "ca.pem" else 0o600), path


def test_the_example_of_the_page_works_as_written(shell: Shell, info: Any) -> None:
    page = (Path(__file__).parents[2] / "docs" / "contract.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names = Path(sys.executable).parent
    environment = {**shell.environment, "PATH": f"{names}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=90,
        env=environment,
        cwd=shell.folder,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^\S+@contoso\.example: INBOX holds \d+ messages$", done.stdout, re.MULTILINE)
    assert shell.json("lab", "status", code=1) == {"schema": "portineria/lab@1", "running": False}
