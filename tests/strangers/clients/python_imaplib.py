"""imaplib of Python's standard library."""

from __future__ import annotations

import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clients.program import PATIENCE, Errand, Outcome, Program


class Imaplib(Program):
    name = "imaplib"
    speaks = frozenset({"imap"})

    def go(self, errand: Errand, folder: Path) -> Outcome:
        try:
            with inbox(errand) as client:
                return Outcome(True, "", "\n".join(letters(client)))
        except (imaplib.IMAP4.error, ssl.SSLError) as refusal:
            return Outcome(False, str(refusal))


def letters(client: imaplib.IMAP4) -> list[str]:
    """Every message of the open folder."""
    _, found = client.fetch("1:*", "(BODY.PEEK[])")
    return [part[1].decode() for part in found if isinstance(part, tuple)]


@contextmanager
def inbox(errand: Errand) -> Iterator[imaplib.IMAP4]:
    """Logged in, with INBOX open."""
    with logged_in(errand) as client:
        client.select("INBOX")
        yield client


@contextmanager
def logged_in(errand: Errand) -> Iterator[imaplib.IMAP4]:
    with connected(errand) as client:
        if errand.kind == "token":
            client.authenticate("XOAUTH2", lambda _: errand.xoauth2().encode())
        else:
            client.login(errand.user, errand.secret)
        yield client


def connected(errand: Errand) -> imaplib.IMAP4:
    if errand.tls == "implicit":
        return imaplib.IMAP4_SSL(
            errand.host, errand.port, ssl_context=errand.trust(), timeout=PATIENCE
        )
    client = imaplib.IMAP4(errand.host, errand.port, timeout=PATIENCE)
    if errand.tls == "starttls":
        client.starttls(errand.trust())
    return client
