"""poplib of Python's standard library. It knows no SASL, so XOAUTH2 is spoken with its own
command sender, as programs built on it do."""

from __future__ import annotations

import base64
import poplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clients.program import PATIENCE, Errand, Outcome, Program


class Poplib(Program):
    name = "poplib"
    speaks = frozenset({"pop"})

    def go(self, errand: Errand, folder: Path) -> Outcome:
        try:
            with logged_in(errand) as client:
                count, _ = client.stat()
                letters = [b"\n".join(client.retr(n)[1]).decode() for n in range(1, count + 1)]
        except (poplib.error_proto, ssl.SSLError) as refusal:
            return Outcome(False, str(refusal))
        return Outcome(True, "", "\n".join(letters))


@contextmanager
def logged_in(errand: Errand) -> Iterator[poplib.POP3]:
    client = connected(errand)
    try:
        if errand.kind == "token":
            command(client, "AUTH XOAUTH2")
            command(client, base64.b64encode(errand.xoauth2().encode()).decode())
        else:
            client.user(errand.user)
            client.pass_(errand.secret)
        yield client
        client.quit()
    finally:
        client.close()


def command(client: Any, line: str) -> bytes:
    """One line and its answer. Raises poplib.error_proto."""
    answer: bytes = client._shortcmd(line)
    return answer


def connected(errand: Errand) -> poplib.POP3:
    if errand.tls == "implicit":
        return poplib.POP3_SSL(errand.host, errand.port, timeout=PATIENCE, context=errand.trust())
    client = poplib.POP3(errand.host, errand.port, timeout=PATIENCE)
    if errand.tls == "starttls":
        client.stls(errand.trust())
    return client
