"""A gateway that opens a mailbox by its owner's own sign-in, on a tenant without any mail app."""

from __future__ import annotations

import imaplib
import smtplib
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from shell import Shell
from signing import Signing

from portineria.cli.labs import control

pytestmark = pytest.mark.slow
ADA = "ada@contoso.example"
SHARED = "invoices@contoso.example"
POLICY = f"""\
schema: portineria/policy@1
tenant: contoso.onmicrosoft.com
posture: {{smtp_auth: per-mailbox}}
grants:
  - name: old-mail
    who: {{mailboxes: [{ADA}]}}
    allow: [imap, smtp]
    through: gateway
    sign_in: person
    owner: it@contoso.example
    reason: A mail program of 2009, which knows no OAuth
  - name: shared
    who: {{mailboxes: [{SHARED}]}}
    allow: [imap]
    through: gateway
    sign_in: person
"""
FILE = """\
schema: portineria/gateway-file@1
listen:
  - {protocol: imap, at: "127.0.0.1:0", tls: implicit}
  - {protocol: smtp, at: "127.0.0.1:0", tls: none, networks: [127.0.0.0/8]}
workers: 2
"""
LETTER = f"From: {ADA}\r\nTo: {SHARED}\r\nSubject: x\r\n\r\nhello"


class Desk(Signing):
    told: dict[str, Any]

    def sign_in(self, who: str) -> None:
        client = ("--client-id", str(self.info["public_client_id"]), "--no-browser")
        self("connect", "user", who, *client, browser=self.browser(who))

    def imap(self, password: str) -> imaplib.IMAP4_SSL:
        port = int(self.told["listeners"]["imaps"].rpartition(":")[2])
        tls = ssl.create_default_context(cafile=self.told["ca"])
        client = imaplib.IMAP4_SSL("localhost", port, ssl_context=tls)
        client.login("old-mail", password)
        return client

    def up(self) -> None:
        words = ("gateway", "up", "--detach", "--config", "gateway.yaml")
        self.told = self.shell.json(*words)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    shell = Shell(tmp_path)
    info = shell.json("lab", "up", "--detach", "--seed", "bare")
    found = Desk(shell, info)
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "gateway.yaml").write_text(FILE)
    tenant = ("connect", "contoso.onmicrosoft.com", "--cloud", "lab")
    found(*tenant, "--access", "write", "--no-browser", "--yes")
    try:
        yield found
    finally:
        shell("gateway", "down", code=None)
        shell("lab", "down", code=None)


def test_a_device_opens_what_its_owner_signed_in_for_and_no_application_is_needed(
    desk: Desk,
) -> None:
    shell = desk.shell
    plan = shell.json("plan", "policy.yaml", "--output", "plan.json")
    assert not [one for one in plan["changes"] if "app" in str(one).lower()], plan["changes"]
    shell.json("apply", "plan.json", "--yes")
    shell.json("gateway", "doors", "policy.yaml")
    assert f"old-mail  {ADA}" in shell("gateway", "doors", "policy.yaml")
    refused = shell.json("gateway", "up", "--detach", "--config", "gateway.yaml", code=None)
    assert f"connect user {ADA}" in refused["error"]["try"]
    desk.sign_in(ADA)
    vault = shell.state / "tokens/default.vault"
    before = vault.read_bytes()
    desk.up()
    (lacking,) = _troubles(desk)
    assert (lacking["mailbox"], "there is none" in lacking["why"]) == (SHARED, True)
    words = ("credential", "add", "old-mail", "--mailbox", ADA)
    opens = ("--protocol", "imap", "--protocol", "smtp")
    password = shell.json("gateway", *words, *opens)["password"]
    time.sleep(1.0)
    clients = [desk.imap(password) for _ in range(6)]
    for client in clients:
        assert client.select("INBOX")[0] == "OK"
        client.logout()
    port = int(desk.told["listeners"]["smtp"].rpartition(":")[2])
    with smtplib.SMTP("localhost", port, timeout=20) as smtp:
        smtp.login("old-mail", password)
        smtp.sendmail(ADA, [SHARED], LETTER)
    assert vault.read_bytes() != before, "a new refresh token was kept"
    with pytest.raises(imaplib.IMAP4.error):
        desk.imap("wrong-password")
    _withdrawn_and_signed_in_again(desk, password)
    secrets = control(desk.info, "GET", "/world/refreshTokens")["value"]
    log = (shell.state / "gateway" / "gateway.log").read_text()
    assert not [one for one in secrets if one in log or quote(one) in log]


def _withdrawn_and_signed_in_again(desk: Desk, password: str) -> None:
    """An admin signs her out everywhere; she signs in again while the gateway runs."""
    (user,) = [
        one
        for one in control(desk.info, "GET", "/world/users")["value"].values()
        if one["userPrincipalName"] == ADA
    ]
    stamp = "2099-01-01T00:00:00Z"
    body = {**user, "signInSessionsValidFromDateTime": stamp}
    control(desk.info, "PUT", f"/world/users/{user['id']}", body)
    desk.shell.json("gateway", "down")
    desk.up()
    with pytest.raises(imaplib.IMAP4.error):
        desk.imap(password)
    told = {one["mailbox"]: one["why"] for one in _troubles(desk)}
    assert "revoked" in told[ADA]
    control(desk.info, "PUT", f"/world/users/{user['id']}", user)
    desk.sign_in(ADA)
    for _ in range(4):
        desk.imap(password).logout()


def _troubles(desk: Desk) -> list[dict[str, str]]:
    found: list[dict[str, str]] = desk.shell.json("gateway", "status", code=3)["troubles"]
    return found
