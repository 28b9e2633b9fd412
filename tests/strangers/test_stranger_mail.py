"""Programs nobody here wrote log in to the lab over real sockets: in where it is open, out where
it is not, with Exchange's words. Our own probe hears the same."""

from __future__ import annotations

import asyncio
import base64
import email.message
import imaplib
import json
import poplib
import shutil
import smtplib
import ssl
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from portineria.clock import SystemClock
from portineria.doors.stream import TcpDial
from portineria.lab.serve import Options, Running, serve
from portineria.mail.conversation import Password, Token
from portineria.policy.refusals import CallerKind
from portineria.policy.verdict import Answer, Layer
from portineria.run.probe import Ask, Probe, Tls, probe
from portineria.secret import Secret
from portineria.tenant.mailbox import Protocol

pytestmark = pytest.mark.stranger

ERP = "erp@contoso.example"  # IMAP on, POP off; SMTP opened below
MONITOR = "monitor@contoso.example"  # POP on, IMAP off; SMTP as the tenant: off
SCAN = "scan@contoso.example"  # SMTP denied on the mailbox below
ADA = "ada@contoso.example"  # the application has no right to it


@dataclass
class Open:
    """A lab with open doors in a thread of its own."""

    info: dict[str, Any]
    context: ssl.SSLContext

    def port(self, door: str) -> int:
        return int(self.info[door].rpartition(":")[2])

    def call(self, url: str, body: bytes | None = None, method: str = "GET") -> Any:
        request = urllib.request.Request(url, body, method=method)
        with urllib.request.urlopen(request, context=self.context) as response:
            text = response.read()
        return json.loads(text) if text else None

    def arrange(self, mailbox: str, **members: object) -> None:
        rows = self.call(f"{self.info['control']}/world/mailboxes")["value"]
        key = next(key for key, row in rows.items() if row["PrimarySmtpAddress"] == mailbox)
        url = f"{self.info['control']}/world/mailboxes/{key}?merge=1"
        self.call(url, json.dumps(members).encode(), "PUT")

    def token(self) -> str:
        """The mail application's own, by client credentials, as any program would ask."""
        form = {
            "client_id": self.info["mail_app"]["client_id"],
            "client_secret": self.info["mail_app"]["client_secret"],
            "scope": "https://outlook.office365.com/.default",
            "grant_type": "client_credentials",
        }
        url = f"{self.info['login']}/{self.info['tenant']}/oauth2/v2.0/token"
        answer = self.call(url, urllib.parse.urlencode(form).encode(), "POST")
        return str(answer["access_token"])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    folder: Path = tmp_path_factory.mktemp("lab")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def wait_for(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    running: Running = wait_for(serve(Options(state_dir=folder, seed="small")))
    try:
        found = Open(running.info, ssl.create_default_context(cafile=running.info["ca"]))
        found.arrange(ERP, SmtpClientAuthenticationDisabled=False)
        found.arrange(SCAN, SmtpClientAuthenticationDisabled=True)
        yield found
    finally:
        wait_for(running.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def token(lab: Open) -> str:
    return lab.token()


def xoauth2(user: str, token: str) -> str:
    return f"user={user}\x01auth=Bearer {token}\x01\x01"


def test_the_token_is_as_long_as_real_ones(token: str) -> None:
    """Real access tokens have 1.5 to 2.5 kB, and that length breaks programs."""
    assert 1_500 <= len(token) <= 2_600


# --- Python's own clients ---


def imap(lab: Open) -> imaplib.IMAP4_SSL:
    return imaplib.IMAP4_SSL("localhost", lab.port("imaps"), ssl_context=lab.context)


def test_imaplib_opens_the_inbox_with_a_token(lab: Open, token: str) -> None:
    with imap(lab) as client:
        client.authenticate("XOAUTH2", lambda _: xoauth2(ERP, token).encode())
        assert client.select("INBOX", readonly=True)[0] == "OK"


def test_imaplib_logs_in_and_stays_outside_where_imap_is_off(lab: Open, token: str) -> None:
    with imap(lab) as client:
        client.authenticate("XOAUTH2", lambda _: xoauth2(MONITOR, token).encode())
        with pytest.raises(imaplib.IMAP4.error, match="User is authenticated but not connected"):
            client.select("INBOX", readonly=True)


def test_imaplib_is_refused_with_a_false_token(lab: Open) -> None:
    with imap(lab) as client, pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATE failed"):
        client.authenticate("XOAUTH2", lambda _: xoauth2(ERP, "x" * 2200).encode())


def test_imaplib_may_not_use_a_password(lab: Open) -> None:
    password = next(row["password"] for row in lab.info["people"] if row["upn"] == ADA)
    with imap(lab) as client, pytest.raises(imaplib.IMAP4.error):
        client.login(ADA, password)


def pop(lab: Open) -> poplib.POP3_SSL:
    return poplib.POP3_SSL("localhost", lab.port("pops"), context=lab.context)


def pop_login(client: poplib.POP3_SSL, user: str, token: str) -> bytes:
    """XOAUTH2 in two lines; poplib itself knows no SASL."""
    client._shortcmd("AUTH XOAUTH2")  # type: ignore[attr-defined]
    line = base64.b64encode(xoauth2(user, token).encode()).decode()
    answer: bytes = client._shortcmd(line)  # type: ignore[attr-defined]
    return answer


def test_poplib_reads_the_maildrop_with_a_token(lab: Open, token: str) -> None:
    client = pop(lab)
    try:
        assert pop_login(client, MONITOR, token) == b"+OK User successfully authenticated."
        assert client.stat()[0] >= 0
    finally:
        client.quit()


def test_poplib_is_kept_out_where_pop_is_off(lab: Open, token: str) -> None:
    client = pop(lab)
    try:
        assert pop_login(client, ERP, token).startswith(b"+OK")
        with pytest.raises(poplib.error_proto, match="-ERR"):
            client.stat()
    finally:
        client.close()


def test_poplib_may_not_use_a_password(lab: Open) -> None:
    password = next(row["password"] for row in lab.info["people"] if row["upn"] == ADA)
    client = pop(lab)
    try:
        client.user(ADA)
        with pytest.raises(poplib.error_proto, match="unknown user name or bad password"):
            client.pass_(password)
    finally:
        client.close()


def smtp(lab: Open) -> smtplib.SMTP:
    client = smtplib.SMTP("localhost", lab.port("smtp"))
    client.starttls(context=lab.context)
    client.ehlo()
    return client


def test_smtplib_sends_with_a_token_in_one_line(lab: Open, token: str) -> None:
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = ERP, ADA, "an invoice"
    message.set_content("Dear Ada.\n.\nTwo dots above, and none is lost.\n")
    with smtp(lab) as client:
        assert client.auth("XOAUTH2", lambda _=None: xoauth2(ERP, token))[0] == 235
        assert client.send_message(message) == {}


@pytest.mark.parametrize(
    ("mailbox", "words"),
    [(MONITOR, b"is disabled for the Tenant"), (SCAN, b"is disabled for the Mailbox")],
)
def test_smtplib_hears_which_switch_is_off(
    lab: Open, token: str, mailbox: str, words: bytes
) -> None:
    with smtp(lab) as client, pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
        client.auth("XOAUTH2", lambda _=None: xoauth2(mailbox, token))
    assert refusal.value.smtp_code == 535
    assert b"5.7.139" in refusal.value.smtp_error
    assert words in refusal.value.smtp_error


def test_smtplib_may_not_use_a_password_under_security_defaults(lab: Open) -> None:
    password = next(row["password"] for row in lab.info["people"] if row["upn"] == ERP)
    with smtp(lab) as client, pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
        client.login(ERP, password)
    assert b"security defaults" in refusal.value.smtp_error


# --- curl ---


def curl(lab: Open, url: str, user: str, token: str, *options: str) -> tuple[int, str]:
    """Exit code and the conversation. The token goes in by a file on standard input."""
    program = shutil.which("curl")
    assert program is not None, "curl is needed: make strangers installs it"
    done = subprocess.run(
        [program, "-sv", "--cacert", lab.info["ca"], "-m", "20", "-K", "-", *options, url],
        input=f'user = "{user}:"\noauth2-bearer = "{token}"\nlogin-options = "AUTH=XOAUTH2"\n',
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def test_curl_opens_what_is_open(lab: Open, token: str, tmp_path: Path) -> None:
    letter = tmp_path / "letter"
    letter.write_text(f"From: {ERP}\r\nTo: {ADA}\r\nSubject: hello\r\n\r\nhello\r\n")
    imaps = f"imaps://localhost:{lab.port('imaps')}/"
    pops = f"pop3s://localhost:{lab.port('pops')}/"
    submission = f"smtp://localhost:{lab.port('smtp')}/client.contoso.example"
    sending = ("--ssl-reqd", "--mail-from", ERP, "--mail-rcpt", ADA, "-T", str(letter))
    for url, user, options in (
        (imaps, ERP, ("-X", "EXAMINE INBOX")),
        (pops, MONITOR, ()),
        (submission, ERP, sending),
    ):
        code, said = curl(lab, url, user, token, *options)
        assert code == 0, said


def test_curl_is_kept_out_of_what_is_shut(lab: Open, token: str) -> None:
    imaps = f"imaps://localhost:{lab.port('imaps')}/"
    code, said = curl(lab, imaps, MONITOR, token, "-X", "EXAMINE INBOX")
    assert code != 0
    assert "BAD User is authenticated but not connected." in said
    submission = f"smtp://localhost:{lab.port('smtp')}/client.contoso.example"
    sending = ("--ssl-reqd", "--mail-from", SCAN, "--mail-rcpt", ADA, "-T", "/dev/null")
    code, said = curl(lab, submission, SCAN, token, *sending)
    assert code == 67  # CURLE_LOGIN_DENIED
    assert "SmtpClientAuthentication is disabled for the Mailbox" in said


# --- our own probe hears what the strangers heard ---

DOORS = {
    Protocol.IMAP: [("imaps", Tls.IMPLICIT), ("imap", Tls.STARTTLS)],
    Protocol.POP: [("pops", Tls.IMPLICIT), ("pop", Tls.STARTTLS)],
    Protocol.SMTP: [("smtp", Tls.STARTTLS)],
}


def heard(
    lab: Open, protocol: Protocol, mailbox: str, secret: str, caller: CallerKind
) -> list[Probe]:
    """The probe's result at every door of the protocol."""
    kind = Password if caller == "basic" else Token
    dial = TcpDial(Path(lab.info["ca"]))

    async def ask(door: str, tls: Tls) -> Probe:
        wanted = Ask(
            protocol=protocol,
            host="localhost",
            port=lab.port(door),
            tls=tls,
            mailbox=mailbox,
            credential=kind(mailbox, Secret(secret)),
            caller=caller,
        )
        return await probe(dial, SystemClock(asyncio.sleep), wanted)

    return [asyncio.run(ask(*door)) for door in DOORS[protocol]]


@pytest.mark.parametrize(
    ("protocol", "mailbox"),
    [(Protocol.IMAP, ERP), (Protocol.POP, MONITOR), (Protocol.SMTP, ERP)],
)
def test_the_probe_gets_in_where_the_strangers_did(
    lab: Open, token: str, protocol: Protocol, mailbox: str
) -> None:
    for found in heard(lab, protocol, mailbox, token, "app"):
        assert found.answer is Answer.YES, "\n".join(map(str, found.transcript))
        assert (found.tls or "").startswith("TLSv1.")
        assert token[:12] not in "\n".join(map(str, found.transcript))


@pytest.mark.parametrize(
    ("protocol", "mailbox", "layer"),
    [
        (Protocol.IMAP, MONITOR, Layer.MAILBOX_SWITCH),
        (Protocol.IMAP, ADA, Layer.MAILBOX_RIGHT),
        (Protocol.POP, ERP, Layer.MAILBOX_SWITCH),
        (Protocol.POP, ADA, Layer.MAILBOX_RIGHT),
        (Protocol.SMTP, MONITOR, Layer.TENANT_SWITCH),
        (Protocol.SMTP, SCAN, Layer.MAILBOX_SWITCH),
    ],
)
def test_the_probe_names_the_layer_that_kept_the_strangers_out(
    lab: Open, token: str, protocol: Protocol, mailbox: str, layer: Layer
) -> None:
    for found in heard(lab, protocol, mailbox, token, "app"):
        assert found.answer is Answer.NO, "\n".join(map(str, found.transcript))
        assert found.reading is not None
        assert layer in found.reading.layers


@pytest.mark.parametrize(
    ("protocol", "layer"),
    [
        (Protocol.IMAP, Layer.BASIC_RETIREMENT),
        (Protocol.POP, Layer.BASIC_RETIREMENT),
        (Protocol.SMTP, Layer.SECURITY_DEFAULTS),
    ],
)
def test_a_password_is_refused_by_the_layer_that_refuses_it(
    lab: Open, protocol: Protocol, layer: Layer
) -> None:
    password = next(row["password"] for row in lab.info["people"] if row["upn"] == ERP)
    for found in heard(lab, protocol, ERP, password, "basic"):
        assert found.answer is Answer.NO, "\n".join(map(str, found.transcript))
        assert found.reading is not None
        assert layer in found.reading.layers
