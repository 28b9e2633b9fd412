"""Dovecot, which nobody here wrote, and our probe: with tokens only, and with passwords only."""

from __future__ import annotations

import json
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from dovecot import ADA, PASSWORD, Dovecot, dovecot

pytestmark = pytest.mark.stranger

DOORS = {
    "IMAP, TLS first": ("imaps", "imap", "implicit"),
    "IMAP, STARTTLS": ("imap", "imap", "starttls"),
    "POP3, TLS first": ("pops", "pop", "implicit"),
    "POP3, STLS": ("pop", "pop", "starttls"),
    "SMTP, STARTTLS": ("smtp", "smtp", "starttls"),
}


class Sink(socketserver.StreamRequestHandler):
    """Where Dovecot's submission relays to: it says yes to everything, and keeps nothing."""

    def handle(self) -> None:
        self.wfile.write(b"220 sink\r\n")
        while line := self.rfile.readline():
            self.wfile.write(b"250 yes\r\n")
            if line.upper().startswith(b"QUIT"):
                return


@contextmanager
def standing(*, tokens: bool, **more: str) -> Iterator[Dovecot]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Sink) as sink:
        sink.daemon_threads = True
        threading.Thread(target=sink.serve_forever, kwargs={"poll_interval": 0.02}).start()
        try:
            relay = sink.server_address[1]
            with dovecot(tokens=tokens, relay=relay, **more) as running:
                yield running
        finally:
            sink.shutdown()


@pytest.fixture(scope="module")
def by_token() -> Iterator[Dovecot]:
    with standing(tokens=True) as running:
        yield running


@pytest.fixture(scope="module")
def by_password() -> Iterator[Dovecot]:
    with standing(tokens=False) as running:
        yield running


def probed(running: Dovecot, door: str, *words: str, secret: str = "") -> Any:
    name, protocol, tls = DOORS[door]
    line = ["probe", "--server", f"127.0.0.1:{running.doors[name]}", "--protocol", protocol]
    line += ["--tls", tls, "--ca", str(running.ca), "--json", *words]
    done = subprocess.run(
        [sys.executable, "-m", "portineria", *line],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "LOGIN_SECRET": secret},
    )
    assert "Traceback" not in done.stderr
    assert not secret or secret not in done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert done.returncode == {"yes": 0, "no": 1, "could not tell": 3}[found["answer"]]
    (one,) = found["results"]
    return {**one, "servers": found["servers"]}


TOKEN = (ADA, "--token", "env:LOGIN_SECRET")
LOGIN = (ADA, "--password", "env:LOGIN_SECRET")


@pytest.mark.parametrize("door", DOORS)
def test_a_good_token_is_in_and_one_that_is_over_is_out(by_token: Dovecot, door: str) -> None:
    found = probed(by_token, door, *TOKEN, secret=by_token.token())
    assert found["answer"] == "yes", found
    assert found["trusted"]
    assert found["tls"] == "TLSv1.3"
    assert any("token" in line and "until" in line for line in found["transcript"])
    found = probed(by_token, door, *TOKEN, secret=by_token.token(seconds=-60))
    assert found["answer"] == "no"
    assert found["layers"] == ["account", "credential"]


@pytest.mark.parametrize("door", DOORS)
def test_where_only_tokens_are_taken_no_password_is_in(by_token: Dovecot, door: str) -> None:
    found = probed(by_token, door, *LOGIN, secret=PASSWORD)
    assert found["answer"] == "no"
    assert found["because"] == "the server takes no password from anybody"


@pytest.mark.parametrize("door", DOORS)
def test_the_right_password_is_in_and_a_wrong_one_out(by_password: Dovecot, door: str) -> None:
    found = probed(by_password, door, *LOGIN, secret=PASSWORD)
    assert found["answer"] == "yes", found
    found = probed(by_password, door, *LOGIN, secret="wrong horse battery")
    assert found["answer"] == "no"
    assert found["layers"] == ["account", "credential"]


@pytest.mark.parametrize("door", DOORS)
def test_where_only_passwords_are_taken_no_token_is_presented(
    by_password: Dovecot, door: str
) -> None:
    found = probed(by_password, door, *TOKEN, secret=by_password.token())
    assert found["answer"] == "could not tell"
    assert "XOAUTH2 is not offered" in found["because"]
    assert not any("<token" in line for line in found["transcript"])


def test_oauthbearer_is_spoken_where_nothing_else_is_offered() -> None:
    with standing(tokens=True, mechanisms="oauthbearer") as running:
        for door in DOORS:
            found = probed(running, door, *TOKEN, secret=running.token())
            assert found["answer"] == "yes", json.dumps(found)
            assert any(" OAUTHBEARER" in line and line[0] == "C" for line in found["transcript"])
            found = probed(running, door, *TOKEN, secret=running.token(seconds=-60))
            assert (found["answer"], found["layers"]) == ("no", ["account", "credential"])


def test_a_token_for_somebody_else_opens_nothing(by_token: Dovecot) -> None:
    other = by_token.token("bruno@contoso.example")
    assert probed(by_token, "IMAP, TLS first", *TOKEN, secret=other)["answer"] == "no"


@pytest.mark.parametrize("door", DOORS)
def test_it_is_looked_at_without_a_login(by_token: Dovecot, door: str) -> None:
    found = probed(by_token, door, "--deep")
    assert (found["answer"], found["trouble"]) == ("could not tell", "no credential")
    (server,) = found["servers"]
    versions = {name: one["answer"] for name, one in server["versions"].items()}
    assert versions["TLSv1.2"] == versions["TLSv1.3"] == "yes"
    assert "yes" not in (versions["TLSv1.0"], versions["TLSv1.1"])
    assert server["complaints"] == []
    starts = DOORS[door][2] == "starttls"
    assert (server["hygiene"] is not None) == starts
    if starts:
        assert server["hygiene"]["answer"] == "yes"
    assert ("before TLS" in server["offered"]) == starts


def test_after_the_login_it_offers_more(by_token: Dovecot) -> None:
    found = probed(by_token, "IMAP, TLS first", *TOKEN, secret=by_token.token())
    before, after = found["offered"]["before the login"], found["offered"]["after the login"]
    assert "AUTH=OAUTHBEARER" in before
    assert "MOVE" in after
    assert "MOVE" not in before


def test_the_other_way_to_begin_is_recognised(by_token: Dovecot) -> None:
    imaps, imap = by_token.doors["imaps"], by_token.doors["imap"]
    swapped = Dovecot({"imaps": imap, "imap": imaps}, by_token.ca, by_token.key)
    found = probed(swapped, "IMAP, TLS first")
    assert (found["trouble"], "--tls starttls" in found["advice"]) == ("TLS", True)
    found = probed(swapped, "IMAP, STARTTLS", "--timeout", "1")
    assert (found["trouble"], "--tls implicit" in found["advice"]) == ("network", True)
