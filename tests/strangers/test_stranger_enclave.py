"""The place in which unmodified programs meet the lab under Microsoft's own names."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from enclave import Enclave, enclave

pytestmark = pytest.mark.stranger

MEET = """
import imaplib, json, poplib, smtplib, urllib.error, urllib.request

ASK = json.dumps({"CmdletInput": {"CmdletName": "Get-Mailbox", "Parameters": {}}}).encode()
assert b"Microsoft Exchange" in imaplib.IMAP4_SSL("outlook.office365.com").welcome
assert b"Microsoft Exchange" in poplib.POP3_SSL("outlook.office365.com").welcome
letters = smtplib.SMTP("smtp.office365.com", 587)
letters.starttls()
assert letters.ehlo()[0] == 250 and letters.has_extn("auth")
for url, sent in (
    ("https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration", None),
    ("https://graph.microsoft.com/v1.0/users", None),
    ("https://outlook.office365.com/adminapi/beta/contoso.onmicrosoft.com/InvokeCommand", ASK),
):
    asked = urllib.request.Request(url, sent, {"Content-Type": "application/json"})
    try:
        print(urllib.request.urlopen(asked).status)
    except urllib.error.HTTPError as refused:
        print(refused.status)
"""


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enclave]:
    with enclave(tmp_path_factory.mktemp("enclave"), hosts=("printer.contoso.example",)) as found:
        yield found


def test_programs_meet_the_lab_under_the_names_and_ports_of_microsoft(inside: Enclave) -> None:
    """Python's clients check certificate and name, and know no authority but the system's."""
    untold = {"SSL_CERT_FILE": "", "REQUESTS_CA_BUNDLE": ""}
    done = inside.run(sys.executable, "-c", MEET, environment=untold)
    assert done.returncode == 0, inside.story(done.stderr)
    assert done.stdout.split() == ["200", "401", "401"]


def test_further_names_lead_to_this_machine(inside: Enclave) -> None:
    done = inside.run("getent", "ahosts", "printer.contoso.example")
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"127.0.0.1"}


def test_nothing_can_leave(inside: Enclave) -> None:
    """192.0.2.1 and 2001:db8::1 are nobody's (RFC 5737, RFC 3849)."""
    for address in ("192.0.2.1", "[2001:db8::1]"):
        done = inside.run("curl", "-sS", "-m", "20", f"https://{address}/")
        assert done.returncode == 7, done.stderr  # CURLE_COULDNT_CONNECT, and at once
    done = inside.run("curl", "-sS", "-m", "20", "https://portineria.example/")
    assert done.returncode == 6, done.stderr  # CURLE_COULDNT_RESOLVE_HOST
    assert inside.run("ls", "-A", "/run").stdout == ""


def test_a_program_that_does_not_end_is_ended(inside: Enclave) -> None:
    with pytest.raises(subprocess.TimeoutExpired) as late:
        inside.run("sh", "-c", "echo begun; sleep 600 & sleep 600", timeout=1.0)
    assert late.value.output == b"begun\n"
    assert "sleep" not in inside.run("sh", "-c", "cat /proc/[0-9]*/comm").stdout


def test_what_the_lab_was_asked_is_told_after_a_failure(inside: Enclave) -> None:
    inside.run("curl", "-sS", "https://graph.microsoft.com/v1.0/organization")
    assert "/v1.0/organization  401" in inside.story("and this")
    assert inside.story("and this").endswith("\nand this")


def test_at_the_end_nothing_is_left_running(tmp_path: Path) -> None:
    """Neither a program that was started and forgotten, nor one that left its group."""
    mark = str(tmp_path)
    with enclave(tmp_path) as inside:
        inside.start("sh", "-c", f"setsid sleep 600 {mark} & sleep 600", output=tmp_path / "said")
        inside.run("true")
        assert _running(mark)
    assert _running(mark) == []


OWNER = """
import sys
from pathlib import Path
from enclave import enclave

with enclave(Path(sys.argv[1])) as inside:
    inside.start("sleep", "600", output=Path(sys.argv[1]) / "said")
    print("open", flush=True)
    sys.stdin.read()
"""


def test_nothing_is_left_running_when_its_owner_is_killed(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path)],
        cwd=Path(__file__).parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"open\n"
        assert _running(str(tmp_path))
        owner.send_signal(signal.SIGKILL)
        owner.wait(timeout=10)
    end = time.monotonic() + 10
    while _running(str(tmp_path)) and time.monotonic() < end:
        time.sleep(0.05)
    assert _running(str(tmp_path)) == []


def _running(mark: str) -> list[str]:
    """Command lines, as seen from outside, of processes that have this folder as an argument or
    work in it."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid():
            continue
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = str((process / "cwd").readlink())
        except OSError:
            continue
        if command and (mark in command or place.startswith(mark)):
            found.append(command)
    return found
