"""A policy's grant, a device's password, a gateway that runs: the story as an admin types it."""

import imaplib
import json
import poplib
import signal
import smtplib
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from shell import Shell

from doors_tls import write_chain

POLICY = """\
schema: portineria/policy@1
tenant: contoso.onmicrosoft.com
posture: {security_defaults: keep, smtp_auth: per-mailbox}
everyone_else: unmanaged
grants:
  - name: scanner
    who: {mailboxes: [scan@contoso.example]}
    allow: [imap, pop, smtp]
    through: gateway
    owner: it@contoso.example
    reason: The scanner on the second floor speaks no OAuth
  - name: erp
    who: {mailboxes: [erp@contoso.example]}
    allow: [imap]
    through: gateway
    from: [192.0.2.0/24]
    owner: it@contoso.example
    reason: The old ERP fetches orders
"""
SCAN = ("--mailbox", "scan@contoso.example")
IMAP = ("--protocol", "imap")


class House:
    """A lab with the policy applied, and a gateway before it."""

    def __init__(self, folder: Path) -> None:
        self.shell = Shell(folder)
        self.lab = self.shell.json("lab", "up", "--detach")
        (folder / "policy.yaml").write_text(POLICY)
        self("plan", "policy.yaml", "--output", "plan.json")
        self("apply", "plan.json", "--yes")
        self("gateway", "doors", "policy.yaml")
        self.ca, self.leaf = write_chain(folder)
        words = ["gateway", "run", "--json", "--certificate", str(self.leaf)]
        for door in ("imaps", "imap", "pops", "smtp", "smtps"):
            words += ["--listen", f"{door}=127.0.0.1:0"]
        command = [sys.executable, "-m", "portineria", "--profile", "lab", *words]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, cwd=folder, env=self.shell.environment, text=True
        )
        assert self.process.stdout is not None
        self.told = json.loads("".join(iter(self.process.stdout.readline, "}\n")) + "}")
        self.tls = ssl.create_default_context(cafile=self.ca)

    def __call__(self, *words: str, code: int = 0) -> Any:
        return self.shell.json("--profile", "lab", *words, code=code)

    def add(self, name: str, *words: str) -> str:
        answer = self("gateway", "credential", "add", name, *words)
        time.sleep(1)
        return str(answer["password"])

    def port(self, door: str) -> int:
        return int(self.told["listeners"][door].rpartition(":")[2])

    def imap(self, name: str, password: str) -> imaplib.IMAP4_SSL:
        client = imaplib.IMAP4_SSL("localhost", self.port("imaps"), ssl_context=self.tls)
        client.login(name, password)
        return client

    def refuses(self, name: str, password: str) -> bool:
        try:
            self.imap(name, password).logout()
        except imaplib.IMAP4.error:
            return True
        return False

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        self.shell("lab", "down")
        return code


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    found = House(tmp_path_factory.mktemp("house"))
    yield found
    assert found.stop() == 0


def test_a_device_with_its_password_is_in_by_all_three_protocols(house: House) -> None:
    every = ("--protocol", "pop", "--protocol", "smtp")
    password = house.add("scanner-2f", *SCAN, *IMAP, *every)
    client = house.imap("scanner-2f", password)
    assert client.select()[0] == "OK"
    client.logout()
    pop = poplib.POP3_SSL("localhost", house.port("pops"), context=house.tls)
    pop.user("scanner-2f")
    pop.pass_(password)
    assert pop.stat()[0] >= 0
    pop.quit()
    with smtplib.SMTP("localhost", house.port("smtp")) as smtp:
        smtp.starttls(context=house.tls)
        smtp.login("scanner-2f", password)
        letter = "From: scan@contoso.example\r\nTo: ada@contoso.example\r\nSubject: a scan\r\n\r\nx"
        assert smtp.sendmail("scan@contoso.example", ["ada@contoso.example"], letter) == {}


def test_the_devices_password_is_worth_nothing_at_the_mail_server_itself(house: House) -> None:
    password = house.add("direct", *SCAN, *IMAP)
    host, _, port = house.lab["imaps"].rpartition(":")
    context = ssl.create_default_context(cafile=house.lab["ca"])
    client = imaplib.IMAP4_SSL(host, int(port), ssl_context=context)
    with pytest.raises(imaplib.IMAP4.error):
        client.login("scan@contoso.example", password)
    client.shutdown()


def test_a_wrong_password_and_a_wrong_protocol_are_out(house: House) -> None:
    password = house.add("only-pop", *SCAN, "--protocol", "pop")
    assert house.refuses("only-pop", password)
    assert house.refuses("only-pop", password[:-1])
    assert house.refuses("nobody", password)


def test_an_address_that_neither_grant_nor_credential_names_is_out(house: House) -> None:
    assert house.refuses("erp", house.add("erp", "--mailbox", "erp@contoso.example", *IMAP))
    near = house.add("near", *SCAN, *IMAP, "--from", "127.0.0.0/8")
    assert not house.refuses("near", near)
    assert house.refuses("far", house.add("far", *SCAN, *IMAP, "--from", "192.0.2.0/24"))


def test_an_expired_credential_is_out(house: House) -> None:
    assert house.refuses("past", house.add("past", *SCAN, *IMAP, "--until", "2020-01-01"))


def _until(true: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


def _ended(client: imaplib.IMAP4_SSL) -> bool:
    try:
        return client.noop()[0] != "OK"
    except (imaplib.IMAP4.abort, OSError):
        return True


def test_a_revocation_is_known_within_a_second_and_ends_what_is_open(house: House) -> None:
    password = house.add("lost", *SCAN, *IMAP)
    client = house.imap("lost", password)
    assert client.noop()[0] == "OK"
    house("gateway", "credential", "revoke", "lost")
    assert _until(lambda: _ended(client), 1.0)
    assert house.refuses("lost", password)


def test_a_rotated_password_ends_the_old_one_unless_they_overlap(house: House) -> None:
    first = house.add("turning", *SCAN, *IMAP)
    second = house("gateway", "credential", "rotate", "turning")["password"]
    third = house("gateway", "credential", "rotate", "turning", "--overlap", "1")["password"]
    time.sleep(1)
    assert house.refuses("turning", first)
    assert not house.refuses("turning", second)
    assert not house.refuses("turning", third)


def test_a_grant_that_was_taken_away_ends_what_is_open(house: House) -> None:
    password = house.add("taken", *SCAN, *IMAP)
    client = house.imap("taken", password)
    policy = house.shell.folder / "policy.yaml"
    policy.write_text(POLICY.replace("allow: [imap, pop, smtp]", "allow: [pop, smtp]"))
    try:
        house("gateway", "doors", "policy.yaml")
        assert _until(lambda: _ended(client), 1.0)
        assert house.refuses("taken", password)
    finally:
        policy.write_text(POLICY)
        house("gateway", "doors", "policy.yaml")
        time.sleep(1)
    assert not house.refuses("taken", password)


def test_a_doors_file_that_is_broken_changes_nothing(house: House) -> None:
    password = house.add("steady", *SCAN, *IMAP)
    doors = house.shell.state / "gateway" / "doors.json"
    whole = doors.read_text()
    try:
        doors.write_text(whole[:40])
        time.sleep(1)
        assert not house.refuses("steady", password)
        house("gateway", "credential", "revoke", "steady")
        time.sleep(1)
        assert house.refuses("steady", password)
    finally:
        doors.write_text(whole)


def test_what_no_grant_opens_and_a_name_that_is_taken_are_refused(house: House) -> None:
    add = ("gateway", "credential", "add")
    ada = ("--mailbox", "ada@contoso.example", *IMAP)
    assert "no grant lets imap" in house(*add, "x", *ada, code=2)["error"]["why"]
    house(*add, "x", *ada, "--not-yet")
    assert "has this login name already" in house(*add, "X", *SCAN, *IMAP, code=2)["error"]["why"]


def test_what_looks_like_a_password_or_is_too_long_is_no_login_name(house: House) -> None:
    password = house.add("plain", *SCAN, *IMAP)
    told = house("gateway", "credential", "add", password, *SCAN, *IMAP, code=2)["error"]
    assert "looks like a password" in told["why"]
    told = house("gateway", "credential", "add", "n" * 321, *SCAN, *IMAP, code=2)["error"]
    assert "longer than 320 characters" in told["why"]
    assert password not in json.dumps(told)


def test_no_password_is_kept_and_the_files_are_for_their_owner_alone(house: House) -> None:
    password = house.add("quiet", *SCAN, *IMAP, "--note", "kept")
    output = house.shell.folder / "quiet.password"
    told = house("gateway", "credential", "rotate", "quiet", "--output", str(output))
    assert told["password"] is None
    assert output.stat().st_mode & 0o777 == 0o600
    folder = house.shell.state / "gateway"
    assert (folder / "ca.pem").exists() is False, "a certificate was named: none is made"
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o077 == 0
        if path.is_socket():
            continue
        assert password.encode() not in path.read_bytes()
        assert output.read_bytes().strip() not in path.read_bytes()
    shown = house("gateway", "credential", "show", "quiet")["credentials"]
    assert [one["state"] for one in shown] == ["expired", "stands"]
    assert house("gateway", "credential", "list")["credentials"]
    house("gateway", "credential", "show", "unheard-of", code=2)
