"""A lab with a policy applied, and a gateway before it that runs by itself."""

from __future__ import annotations

import imaplib
import ssl
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from shell import Shell

POLICY = """\
schema: portineria/policy@1
tenant: contoso.onmicrosoft.com
posture: {security_defaults: keep, smtp_auth: per-mailbox}
everyone_else: unmanaged
grants:
  - name: scanner
    who: {mailboxes: [scan@contoso.example, erp@contoso.example]}
    allow: [imap, smtp]
    through: gateway
    owner: it@contoso.example
    reason: The scanner on the second floor speaks no OAuth
"""
FILE = """\
schema: portineria/gateway-file@1
listen:
  - {protocol: imap, at: "127.0.0.1:0", tls: implicit}
  - {protocol: smtp, at: "127.0.0.1:0", tls: none, networks: [127.0.0.0/8]}
pool: 1
health: "127.0.0.1:0"
"""
SCAN = "scan@contoso.example"
LETTER = f"From: {SCAN}\r\nTo: ada@contoso.example\r\nSubject: x\r\n\r\nhello"


class Town:
    """A lab with the policy applied, and a gateway in the background before it."""

    def __init__(
        self, folder: Path, file: str = FILE, *, gateway: bool = True, policy: str = POLICY
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.shell = Shell(folder)
        self.lab = self.shell.json("lab", "up", "--detach", "--seed", "small")
        (folder / "policy.yaml").write_text(policy)
        (folder / "gateway.yaml").write_text(file)
        self("plan", "policy.yaml", "--output", "plan.json")
        self("apply", "plan.json", "--yes")
        self("gateway", "doors", "policy.yaml")
        if not gateway:
            return
        self.told = self("gateway", "up", "--detach", "--config", "gateway.yaml")
        self.tls = ssl.create_default_context(cafile=self.told["ca"])

    def __call__(self, *words: str, code: int = 0) -> Any:
        return self.shell.json("--profile", "lab", *words, code=code)

    def port(self, door: str) -> int:
        return int(self.told["listeners"][door].rpartition(":")[2])

    def imap(self, name: str, password: str) -> imaplib.IMAP4_SSL:
        client = imaplib.IMAP4_SSL("localhost", self.port("imaps"), ssl_context=self.tls)
        client.login(name, password)
        return client

    def add(self, *words: str) -> Any:
        found = self("gateway", "credential", "add", *words)
        time.sleep(1)
        return found

    def asked(self, path: str, host: str = "localhost") -> tuple[int, str]:
        line = HTTPConnection(self.told["control"].removeprefix("http://"), timeout=10)
        line.request("GET", path, headers={"Host": host})
        answer = line.getresponse()
        return answer.status, answer.read().decode()
