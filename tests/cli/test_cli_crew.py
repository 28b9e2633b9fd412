"""Several processes of a gateway at the same ports, as an admin meets them."""

from __future__ import annotations

import imaplib
import json
import os
import re
import signal
import smtplib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gatetown import FILE, LETTER, SCAN, Town
from shell import gone

pytestmark = pytest.mark.slow
CREW = (
    FILE
    + """\
workers: 2
limits: {failures: 3, lockout_seconds: 600}
pacing: {smtp_connections: 1, messages_per_minute: 0}
"""
)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    found = Town(tmp_path_factory.mktemp("crew"), CREW)
    try:
        yield found
    finally:
        found.shell("gateway", "down", code=None)
        found.shell("lab", "down", code=None)


def workers(town: Town) -> list[int]:
    """The processes below the one that runs."""
    above = town.told["pid"]
    found = Path(f"/proc/{above}/task/{above}/children").read_text().split()
    return sorted(map(int, found))


def shares(town: Town) -> dict[str, float]:
    """Logins of each process."""
    _, text = town.asked("/metrics")
    found = re.findall(r'logins_total{worker="(\d)",protocol="imap"} (\d+)', text)
    return {worker: float(number) for worker, number in found}


def until(ready: object, seconds: float = 15.0) -> bool:
    assert callable(ready)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return True
        time.sleep(0.05)
    return False


def test_both_processes_serve_at_one_port_and_their_numbers_stand_together(town: Town) -> None:
    password = town.add("many", "--mailbox", SCAN, "--protocol", "imap")["password"]
    assert len(workers(town)) == 2
    for _ in range(40):
        town.imap("many", password).logout()
        if len(shares(town)) == 2:
            break
    assert set(shares(town)) == {"0", "1"}
    code, text = town.asked("/metrics")
    assert code == 200
    assert text.count("# TYPE portineria_gateway_logins_total counter") == 1
    assert town.asked("/readyz")[0] == 200
    assert town("gateway", "status")["running"]


def test_a_revoked_credential_is_dead_in_both_within_a_second(town: Town) -> None:
    password = town.add("gone", "--mailbox", SCAN, "--protocol", "imap")["password"]
    clients = [town.imap("gone", password) for _ in range(6)]
    town("gateway", "credential", "revoke", "gone")
    time.sleep(1.0)
    for client in clients:
        with pytest.raises((imaplib.IMAP4.abort, OSError)):
            client.noop()
    for _ in range(4):
        with pytest.raises(imaplib.IMAP4.error):
            town.imap("gone", password)


def test_a_process_that_is_killed_loses_its_own_sessions_alone_and_is_followed(
    town: Town,
) -> None:
    password = town.add("lives", "--mailbox", SCAN, "--protocol", "imap")["password"]
    before = shares(town)
    clients = [town.imap("lives", password) for _ in range(8)]
    victim = workers(town)[0]
    told = Path(f"/proc/{victim}/environ").read_text()
    number = told.partition("PORTINERIA_GATEWAY_WORKER=")[2][0]
    mine = shares(town).get(number, 0) - before.get(number, 0)
    os.kill(victim, signal.SIGKILL)
    assert until(lambda: victim not in workers(town) and len(workers(town)) == 2)
    alive = 0
    for client in clients:
        try:
            alive += client.noop()[0] == "OK"
        except (imaplib.IMAP4.abort, OSError):
            continue
    assert alive == len(clients) - mine
    # Connections that came in between wait for the next one instead of being refused.
    for _ in range(8):
        assert town.imap("lives", password).logout()[0] == "BYE"
    assert until(lambda: town.asked("/readyz")[0] == 200)
    assert "another begins" in (town.shell.state / "gateway" / "gateway.log").read_text()


def test_a_mailboxs_connections_are_counted_together(town: Town) -> None:
    """One at a time: who comes second waits, whichever process has it."""
    words = ("mailer", "--mailbox", SCAN, "--protocol", "smtp")
    password = town.add(*words)["password"]

    def open_one() -> smtplib.SMTP:
        smtp = smtplib.SMTP("localhost", town.port("smtp"), timeout=40)
        smtp.login("mailer", password)
        return smtp

    first = open_one()
    began = time.monotonic()
    code = f"""
import smtplib, time
smtp = smtplib.SMTP("localhost", {town.port("smtp")}, timeout=40)
smtp.login("mailer", {password!r})
print("in", flush=True)
smtp.sendmail("{SCAN}", ["ada@contoso.example"], {LETTER!r})
smtp.quit()
"""
    waiting = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    time.sleep(2.0)
    assert all(one.poll() is None for one in waiting)
    first.quit()
    for one in waiting:
        assert one.communicate(timeout=40)[0] == "in\n"
    assert time.monotonic() - began >= 2.0


def test_failed_logins_are_known_in_both_and_unlock_forgives(town: Town) -> None:
    password = town.add("typo", "--mailbox", SCAN, "--protocol", "imap")["password"]
    log = town.shell.state / "gateway" / "gateway.log"

    def door() -> imaplib.IMAP4_SSL:
        return imaplib.IMAP4_SSL("localhost", town.port("imaps"), ssl_context=town.tls)

    def gets_in(client: imaplib.IMAP4_SSL, word: str = password) -> bool:
        try:
            client.login("typo", word)
        except imaplib.IMAP4.error:
            return False
        finally:
            client.shutdown()
        return True

    def mistakes() -> int:
        """What is tried while a name is locked is none."""
        assert not gets_in(door(), "wrong-password")
        lines = log.read_text().splitlines()
        return sum('"typo"' in line and '"wrong password"' in line for line in lines)

    # Open before the lock: on a slow machine six handshakes may outlast it.
    doors = [door() for _ in range(6)]
    assert until(lambda: mistakes() >= 6, 60), "the sixth locks for eight seconds"
    time.sleep(1.5)
    assert not any(gets_in(one) for one in doors), "whichever process is asked"
    told = town("gateway", "unlock", "typo")
    assert told["unlocked"] == "typo"
    town("gateway", "unlock", "127.0.0.1")
    time.sleep(1.5)
    assert all(gets_in(door()) for _ in range(6))


def test_trace_hears_sessions_of_every_process(town: Town) -> None:
    password = town.add("heard", "--mailbox", SCAN, "--protocol", "imap")["password"]
    words = ["--state", str(town.shell.state), "gateway", "trace", "--credential", "heard"]
    following = subprocess.Popen(
        [sys.executable, "-m", "portineria", *words, "--sessions", "12"],
        stdout=subprocess.PIPE,
        text=True,
        env=town.shell.environment,
    )
    time.sleep(1.5)
    for _ in range(12):
        town.imap("heard", password).logout()
    told = following.communicate(timeout=30)[0]
    assert told.count("it is over") == 12
    assert password not in told


def test_one_that_is_coming_up_says_so_and_can_be_stopped(town: Town) -> None:
    shell = town.shell
    town("gateway", "down")
    words = ["--state", str(shell.state), "--profile", "lab", "gateway", "run"]
    process = subprocess.Popen(
        [sys.executable, "-m", "portineria", *words, "--config", "gateway.yaml"],
        cwd=shell.folder,
        env=shell.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    lock = shell.state / "gateway" / "run.lock"
    assert until(lambda: lock.read_text().strip() == str(process.pid))
    os.kill(process.pid, signal.SIGSTOP)
    told = town("gateway", "status", code=3)
    assert (told["running"], told["silent"]) == (False, process.pid)
    assert "coming up or going down" in shell("gateway", "status", code=3)
    os.kill(process.pid, signal.SIGCONT)
    assert town("gateway", "down")["stopped"]
    process.wait(30)
    assert town("gateway", "status", code=1)["silent"] is None
    assert not town("gateway", "down")["stopped"]


def test_processes_write_one_log_and_begin_another_where_it_was_moved_away(town: Town) -> None:
    town("gateway", "down")  # whether it ran or not
    log = town.shell.folder / "own.log"
    words = ("--config", "gateway.yaml", "--log", "own.log")
    town.told = town("gateway", "up", "--detach", *words)
    log.rename(log.with_suffix(".old"))
    password = town.add("logged", "--mailbox", SCAN, "--protocol", "imap")["password"]
    try:
        while set(shares(town)) != {"0", "1"}:
            town.imap("logged", password).logout()
        number = int(sum(shares(town).values()))
        assert until(lambda: len(log.read_text().splitlines()) >= number)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        assert [one["user"] for one in lines if "protocol" in one] == ["logged"] * number
    finally:
        town("gateway", "down")


def test_it_goes_down_as_a_whole(town: Town) -> None:
    town.told = town("gateway", "up", "--detach", "--config", "gateway.yaml")
    everybody = [town.told["pid"], *workers(town)]
    assert town("gateway", "down")["stopped"]
    assert all(map(gone, everybody))
    left = {path.name for path in (town.shell.state / "gateway").iterdir()}
    assert not left & {"running.json", "control.sock", "worker-0.sock", "worker-1.sock"}


def test_a_crew_that_cannot_begin_says_why(town: Town) -> None:
    town("gateway", "down")
    (town.shell.folder / "taken.yaml").write_text(
        FILE.replace("127.0.0.1:0", "192.0.2.1:993", 1) + "workers: 2\n"
    )
    told = town("gateway", "run", "--config", "taken.yaml", code=2)
    assert "cannot listen" in told["error"]["why"]
    doors = town.shell.state / "gateway" / "doors.json"
    doors.write_text("{}")
    told = town("gateway", "run", "--config", "gateway.yaml", code=2)
    assert told["error"]["where"] == str(doors)
