"""The files that `settings` writes, unchanged, in the programs they are for: through the gateway,
to a Dovecot that takes tokens only."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from clients.neomutt import KEYS, on_a_terminal
from clients.program import bare, private, run
from dovecot import ADA
from states import WAITING
from test_stranger_gateway import PASSWORD, Front, before_dovecot

from portineria.policy.verdict import Answer
from portineria.settings.clients import Client
from portineria.settings.formats import documents, pages, programs
from portineria.settings.given import Login, Place, Server, Settings, Tls
from portineria.tenant.mailbox import Protocol

pytestmark = pytest.mark.stranger
__all__ = ["before_dovecot"]

LETTER = f"From: {ADA}\nTo: {ADA}\nSubject: settings\n\nby settings\n"


@pytest.fixture
def home() -> Iterator[Path]:
    """Where the password stands, for its owner alone."""
    with TemporaryDirectory(prefix="settings-") as name:
        folder = Path(name)
        private(folder / ".portineria-password", f"{PASSWORD}\n")
        (folder / "mail").mkdir()
        yield folder


def given(front: Front, tls: Tls = Tls.IMPLICIT) -> Settings:
    servers = tuple(
        Server(
            protocol=protocol,
            place=Place(host="localhost", port=front.ports[protocol.value, tls.value], tls=tls),
            login=Login.TYPED,
            user="device-2f",
            ca=str(front.ca),
        )
        for protocol in Protocol
    )
    client = Client(id="x", name="a program", oauth=Answer.NO)
    return Settings(address=ADA, display_name="Ada", client=client, servers=servers)


WAYS = pytest.mark.parametrize("tls", [Tls.IMPLICIT, Tls.STARTTLS])


@WAYS
def test_msmtp_sends_by_its_file(before_dovecot: Front, home: Path, tls: Tls) -> None:
    file = private(home / "msmtprc", programs.msmtp(given(before_dovecot, tls)))
    ended = run(home, "msmtp", "-C", str(file), ADA, text=LETTER)
    assert ended.code == 0, ended.shown


@WAYS
def test_mbsync_fetches_by_its_file(before_dovecot: Front, home: Path, tls: Tls) -> None:
    file = private(home / "mbsyncrc", programs.mbsync(given(before_dovecot, tls)))
    ended = run(home, "mbsync", "-c", str(file), "inbox")
    assert ended.code == 0, ended.shown
    letters = [p for p in (home / "mail" / "INBOX").glob("*/*") if p.is_file()]
    assert any(WAITING in letter.read_text() for letter in letters)


@WAYS
@pytest.mark.parametrize("protocol", [Protocol.IMAP, Protocol.POP])
def test_fetchmail_fetches_by_its_file(
    before_dovecot: Front, home: Path, tls: Tls, protocol: Protocol
) -> None:
    one = given(before_dovecot, tls)
    one = replace(one, servers=tuple(s for s in one.servers if s.protocol is protocol))
    file = private(home / "fetchmailrc", programs.fetchmail(one))
    private(home / ".netrc", f"machine localhost login device-2f password {PASSWORD}\n")
    box = home / "box"
    words = ("--nosyslog", "--pidfile", str(home / "pid"), "--all", "-m", f"cat >> {box}")
    ended = run(home, "fetchmail", "-f", str(file), *words)
    assert ended.code == 0, ended.shown
    assert WAITING in box.read_text()


@pytest.mark.parametrize("protocol", [Protocol.IMAP, Protocol.POP])
def test_getmail_fetches_by_its_file(before_dovecot: Front, home: Path, protocol: Protocol) -> None:
    one = given(before_dovecot)
    servers = tuple(s for s in one.servers if s.protocol is protocol)
    text, box = programs.getmail(replace(one, servers=servers)), home / "box"
    if getpass.getuser() == "root":  # as root it fills no Maildir: that part is another's here
        command = f'arguments = ("-c", "cat >> {box}")\nallow_root_commands = true'
        maildir = "type = Maildir\npath = ~/Maildir/"
        assert maildir in text
        text = text.replace(maildir, f"type = MDA_external\npath = /bin/sh\n{command}")
    for part in ("Maildir/cur", "Maildir/new", "Maildir/tmp", "state"):
        (home / part).mkdir(parents=True)
    file = private(home / "getmailrc", text)
    program = str(Path(sys.executable).parent / "getmail")
    words = ("--getmaildir", str(home / "state"), "--rcfile", str(file))
    ended = run(home, program, *words)
    assert ended.code == 0, ended.shown
    letters = [path.read_text() for path in (home / "Maildir" / "new").iterdir()]
    letters += [box.read_text()] if box.exists() else []
    assert any(WAITING in letter for letter in letters)


@WAYS
def test_neomutt_opens_the_inbox_by_its_file(before_dovecot: Front, home: Path, tls: Tls) -> None:
    file = private(home / "settings.rc", programs.neomutt(given(before_dovecot, tls)))
    piped = home / "piped"
    keys = f"<first-entry><pipe-message>cat >{piped}<enter><exit>"
    quiet = ("set sleep_time=0", "set wait_key=no", "set quit=yes", "set move=no")
    words = [word for line in (*quiet, f'push "{keys}"') for word in ("-e", line)]
    shown = on_a_terminal(home, ["neomutt", "-n", "-F", str(file), *words], KEYS)
    assert piped.exists(), shown
    assert WAITING in piped.read_text()


@WAYS
@pytest.mark.parametrize("protocol", ["imap", "pop", "smtp"])
def test_curl_does_it_by_its_commands(
    before_dovecot: Front, home: Path, tls: Tls, protocol: str
) -> None:
    file = private(home / "mail.sh", programs.curl(given(before_dovecot, tls)))
    done = subprocess.run(
        ["sh", str(file), ADA],
        input=LETTER,
        capture_output=True,
        text=True,
        env={**bare(home), "PROTOCOL": protocol},
        timeout=60,
    )
    assert done.returncode == (0 if protocol == "smtp" else done.returncode), done.stderr
    assert done.stderr == ""
    if protocol == "imap":
        assert "INBOX" in done.stdout
    if protocol == "pop":
        assert done.stdout.startswith("1 ")


@WAYS
def test_python_logs_in_by_its_program(before_dovecot: Front, home: Path, tls: Tls) -> None:
    file = private(home / "mail.py", programs.python(given(before_dovecot, tls)))
    done = subprocess.run(
        [sys.executable, str(file)], capture_output=True, text=True, env=bare(home), timeout=60
    )
    assert done.returncode == 0, done.stderr
    imap, pop, smtp = done.stdout.splitlines()
    assert imap.startswith("('OK'")
    assert pop.startswith("(1,")
    assert smtp.startswith("(250")


@pytest.mark.parametrize("domain", ["contoso.example", "münchen.example"])
def test_bind_takes_the_zone(before_dovecot: Front, home: Path, domain: str) -> None:
    one = replace(given(before_dovecot), address=f"ada@{domain}")
    one = replace(
        one,
        servers=tuple(replace(s, place=replace(s.place, host="gate.example")) for s in one.servers),
    )
    name = domain.encode("idna").decode()
    head = f"{name}. 3600 IN SOA ns.{name}. host.{name}. 1 2 3 4 5\n{name}. 3600 IN NS ns.{name}.\n"
    head += f"ns.{name}. 3600 IN A 192.0.2.1\n"
    zone = home / "zone"
    zone.write_text(head + documents.zone(one))
    ended = run(home, "named-checkzone", name, str(zone))
    assert ended.code == 0, ended.shown
    assert "OK" in ended.shown


def test_chromium_draws_the_page_and_its_code(before_dovecot: Front, home: Path) -> None:
    page = home / "page.html"
    page.write_text(pages.html(given(before_dovecot)))
    quiet = ("--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    words = [*quiet, *sandbox, f"--user-data-dir={home / 'chromium'}", "--dump-dom"]
    done = subprocess.run(
        ["chromium", *words, page.as_uri()], capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 0, done.stderr
    assert "<svg" in done.stdout
    assert json.dumps("device-2f")[1:-1] in done.stdout
