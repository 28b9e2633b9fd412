"""smtplib of Python's standard library: AUTH in one line, initial response included."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clients.program import PATIENCE, Errand, Outcome, Program


class Smtplib(Program):
    name = "smtplib"
    speaks = frozenset({"smtp"})

    def go(self, errand: Errand, folder: Path) -> Outcome:
        try:
            with logged_in(errand) as client:
                client.sendmail(errand.sender, [errand.to], errand.text())
        except smtplib.SMTPResponseException as refusal:
            said = refusal.smtp_error
            text = said.decode() if isinstance(said, bytes) else said
            return Outcome(False, f"{refusal.smtp_code} {text}")
        except (smtplib.SMTPException, ssl.SSLError) as refusal:
            return Outcome(False, str(refusal))
        return Outcome(True, "")


@contextmanager
def logged_in(errand: Errand) -> Iterator[smtplib.SMTP]:
    implicit = errand.tls == "implicit"
    with (
        smtplib.SMTP_SSL(errand.host, errand.port, timeout=PATIENCE, context=errand.trust())
        if implicit
        else smtplib.SMTP(errand.host, errand.port, timeout=PATIENCE)
    ) as client:
        if errand.tls == "starttls":
            client.starttls(context=errand.trust())
        client.ehlo()
        if errand.kind == "token":
            client.auth("XOAUTH2", lambda _=None: errand.xoauth2())
        else:
            client.login(errand.user, errand.secret)
        yield client
