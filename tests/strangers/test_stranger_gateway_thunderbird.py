"""Thunderbird with a device's password, through the gateway to the lab: in, or out with another."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from enclave import Enclave, enclave
from thunderbird.program import thunderbird

from portineria.clock import SystemClock
from portineria.lab.authority import _private, _server, authority

pytestmark = [pytest.mark.stranger, pytest.mark.slow]
SCAN = "scan@contoso.example"
GATE = "gate.contoso.example"
FRONT = {"host": GATE, "imap": 9993, "pop3": 9995, "smtp": 5870}
POLICY = """\
tenant: contoso.onmicrosoft.com
posture: {security_defaults: keep, smtp_auth: per-mailbox}
everyone_else: unmanaged
grants:
  - name: scanner
    who: {mailboxes: [scan@contoso.example]}
    allow: [imap, pop, smtp]
    through: gateway
"""
FILE = """\
name: gate.contoso.example
listen:
  - {{protocol: imap, at: "127.0.0.1:9993", tls: implicit}}
  - {{protocol: pop, at: "127.0.0.1:9995", tls: implicit}}
  - {{protocol: smtp, at: "127.0.0.1:5870", tls: starttls}}
certificates: [{{certificate: {leaf}}}]
"""


class Lodge:
    """A gateway inside, whose certificate is of the authority that Thunderbird trusts there."""

    def __init__(self, inside: Enclave) -> None:
        self.inside = inside
        state = inside.folder / "state"
        (inside.folder / "policy.yaml").write_text(POLICY)
        leaf = _certificate(state / "lab", inside.folder / "gate.pem")
        (inside.folder / "gateway.yaml").write_text(FILE.format(leaf=leaf))
        self("plan", "policy.yaml", "--output", "plan.json")
        self("apply", "plan.json", "--yes")
        self("gateway", "doors", "policy.yaml")
        words = (
            "--mailbox",
            SCAN,
            *(w for p in ("imap", "pop", "smtp") for w in ("--protocol", p)),
        )
        self.password = str(self("gateway", "credential", "add", "scanner-2f", *words)["password"])
        self("gateway", "up", "--detach", "--config", "gateway.yaml")

    def __call__(self, *words: str) -> Any:
        state = str(self.inside.folder / "state")
        own = [sys.executable, "-m", "portineria", "--state", state, "--profile", "lab", "--json"]
        done = self.inside.run(*own, *words, timeout=90)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


def _certificate(folder: Path, place: Path) -> Path:
    """Of the lab's own authority, for the gateway's name."""
    clock = SystemClock(asyncio.sleep)
    key = ec.generate_private_key(ec.SECP256R1())
    made = _server(authority(folder, clock), key, clock.now(), [GATE])
    place.write_bytes(_private(key) + made.public_bytes(serialization.Encoding.PEM))
    place.chmod(0o600)
    return place


@pytest.fixture(scope="module")
def lodge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lodge]:
    with enclave(tmp_path_factory.mktemp("lodge"), hosts=(GATE,)) as inside:
        yield Lodge(inside)


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_thunderbird_is_in_with_the_devices_password(lodge: Lodge, kind: str) -> None:
    with thunderbird(lodge.inside) as program:
        outcome = program.set_up_at(SCAN, kind, "scanner-2f", lodge.password, FRONT)
        assert outcome == "in", program.story()
        program.open(SCAN, kind, "INBOX" if kind == "imap" else "Inbox")
        subject = f"Sent by Thunderbird after {kind}"
        program.send(SCAN, kind, "ada@contoso.example", subject, "hello")


@pytest.mark.parametrize("kind", ["imap", "pop3"])
def test_thunderbird_is_out_with_any_other(lodge: Lodge, kind: str) -> None:
    with thunderbird(lodge.inside) as program:
        outcome = program.set_up_at(SCAN, kind, "scanner-2f", "not-the-password", FRONT)
        assert outcome.startswith("out: "), program.story()
