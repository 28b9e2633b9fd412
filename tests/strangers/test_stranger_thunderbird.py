"""Thunderbird, as people have it: out with a password, in with its built-in Microsoft sign-in."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest
from enclave import Enclave, enclave
from thunderbird.program import Thunderbird, thunderbird

pytestmark = [pytest.mark.stranger, pytest.mark.slow]

ADA = "ada@contoso.example"
ERP = "erp@contoso.example"
BRUNO = "bruno@contoso.example"
OPEN = {"ImapEnabled": True, "PopEnabled": True, "SmtpClientAuthenticationDisabled": False}
THUNDERBIRD = "9e5f94bc-e8a4-4e73-b8be-63364c29d753"  # its own registration at Microsoft


@pytest.fixture(scope="module")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enclave]:
    """Security defaults on; the three protocols open for Ada and for a machine's mailbox."""
    with enclave(tmp_path_factory.mktemp("thunderbird")) as found:
        for key, row in found.control("GET", "/world/mailboxes")["value"].items():
            if row["PrimarySmtpAddress"] in (ADA, ERP):
                found.control("PUT", f"/world/mailboxes/{key}?merge=1", OPEN)
        yield found


@pytest.fixture
def program(inside: Enclave) -> Iterator[Thunderbird]:
    """One that was never set up: it would not have the same account twice."""
    with thunderbird(inside) as found:
        yield found


@pytest.fixture(scope="module")
def password(inside: Enclave) -> str:
    return next(str(row["password"]) for row in inside.info["people"] if row["upn"] == ADA)


def asked(inside: Enclave, operation: str) -> list[tuple[str, str, str]]:
    """Of every such request to the lab: mechanism or method, gate or path, and the client."""
    rows = inside.control("GET", "/history")["value"]
    mine = (row for row in rows if row["operation"] == operation and row["target"] != ERP)
    return [(row["method"], row["path"], row["caller"]) for row in mine]


# --- with a password ---

CANNOT = "out: Unable to log in at server. Probably wrong configuration, username or password."


def test_imap_offers_thunderbird_no_way_to_use_a_password(
    program: Thunderbird, inside: Enclave, password: str
) -> None:
    """Exchange says LOGINDISABLED and AUTH=XOAUTH2 alone, so the password is not even sent."""
    assert program.set_up(ADA, "imap", password=password) == CANNOT, program.story()
    assert "AUTH=XOAUTH2 LOGINDISABLED" in program.printed(), program.story()
    assert {mechanism for mechanism, *_ in asked(inside, "imap auth")} <= {"XOAUTH2"}


def test_pop_refuses_the_password_of_thunderbird(
    program: Thunderbird, inside: Enclave, password: str
) -> None:
    assert program.set_up(ADA, "pop3", password=password) == CANNOT, program.story()
    refused = [(how, gate) for how, gate, client in asked(inside, "pop auth") if not client]
    assert refused[:2] == [("PLAIN", "retirement"), ("USER", "retirement")], program.story()


def test_smtp_refuses_the_password_of_thunderbird(
    program: Thunderbird, inside: Enclave, password: str
) -> None:
    question, outcome = program.try_to_send(ADA, password)
    assert "smtp.office365.com" in question
    assert outcome.startswith("out: "), program.story()
    assert ("LOGIN", "security defaults", "") in asked(inside, "smtp auth"), program.story()


# --- with its built-in sign-in ---


@pytest.fixture(scope="module")
def signed_in(inside: Enclave, password: str) -> Iterator[Thunderbird]:
    """One sign-in, by IMAP, for all that follows. Opening the INBOX it finds the other folders."""
    with thunderbird(inside) as found:
        assert found.set_up(ADA, "imap", sign_in_with=password) == "in", found.story()
        found.open(ADA, "imap", "INBOX")
        yield found


SENDING = """
import json, smtplib, sys, urllib.parse, urllib.request

form, tenant, sender, to = json.loads(sys.argv[1])
url = f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
sent = urllib.parse.urlencode(form).encode()
token = json.load(urllib.request.urlopen(url, sent))["access_token"]
with smtplib.SMTP("smtp.office365.com", 587) as client:
    client.starttls()
    client.ehlo()
    client.auth("XOAUTH2", lambda _=None: f"user={sender}\\1auth=Bearer {token}\\1\\1")
    client.sendmail(sender, [to], sys.stdin.read())
"""


def deliver(inside: Enclave, subject: str, text: str) -> None:
    """A message to Ada from inside the tenant, by a program of the company's."""
    form = {
        "client_id": inside.info["mail_app"]["client_id"],
        "client_secret": inside.info["mail_app"]["client_secret"],
        "scope": "https://outlook.office365.com/.default",
        "grant_type": "client_credentials",
    }
    done = inside.run(
        sys.executable,
        "-c",
        SENDING,
        json.dumps([form, inside.info["tenant"], ERP, ADA]),
        stdin=f"From: {ERP}\nTo: {ADA}\nSubject: {subject}\n\n{text}\n",
    )
    assert done.returncode == 0, inside.story(done.stderr)


def test_its_own_sign_in_opens_the_inbox_and_a_message(
    inside: Enclave, signed_in: Thunderbird
) -> None:
    deliver(inside, "The first", "Dear Ada, here it is.")
    signed_in.open(ADA, "imap", "INBOX")
    signed_in.await_subject(ADA, "imap", "INBOX", "The first")
    assert signed_in.read("The first").strip() == "Dear Ada, here it is."
    (token,) = asked(inside, "token authorization_code")
    assert token == ("POST", "/common/oauth2/v2.0/token", THUNDERBIRD)
    assert set(asked(inside, "imap first command")) == {("XOAUTH2", "accepted", THUNDERBIRD)}


def test_it_sends_and_finds_the_copy_that_exchange_keeps(
    inside: Enclave, signed_in: Thunderbird
) -> None:
    signed_in.send(ADA, "imap", BRUNO, "An answer", "Yes.\n.\nNo.")
    assert ("XOAUTH2", "accepted", THUNDERBIRD) in asked(inside, "smtp auth")
    signed_in.open(ADA, "imap", "Sent Items")
    signed_in.await_subject(ADA, "imap", "Sent Items", "An answer")
    assert signed_in.subjects(ADA, "imap", "Sent Items") == ["An answer"]
    assert signed_in.read("An answer").split() == ["Yes.", ".", "No."]


def test_it_hears_of_a_new_message_without_asking(inside: Enclave, signed_in: Thunderbird) -> None:
    """It looks by itself every ten minutes; what comes at once was told in an IDLE."""
    signed_in.open(ADA, "imap", "INBOX")
    begun = len(signed_in.idling("INBOX"))
    signed_in.do("fetch", ADA, "imap", "INBOX")
    signed_in.until("a new IDLE", lambda: len(signed_in.idling("INBOX")) > begun)
    deliver(inside, "Unasked for", "Surprise.")
    signed_in.await_subject(ADA, "imap", "INBOX", "Unasked for")
    told = signed_in.idling("INBOX")[begun]
    assert any(line.endswith(" EXISTS") for line in told), signed_in.story()


def test_what_it_deletes_is_in_deleted_items(inside: Enclave, signed_in: Thunderbird) -> None:
    deliver(inside, "Not wanted", "Buy this.")
    signed_in.open(ADA, "imap", "INBOX")
    signed_in.await_subject(ADA, "imap", "INBOX", "Not wanted")
    signed_in.discard("Not wanted")
    signed_in.open(ADA, "imap", "Deleted Items")
    signed_in.await_subject(ADA, "imap", "Deleted Items", "Not wanted")
    assert "Not wanted" not in signed_in.subjects(ADA, "imap", "INBOX")


def test_pop_opens_by_the_same_sign_in(inside: Enclave, signed_in: Thunderbird) -> None:
    deliver(inside, "By another door", "It is the same letter.")
    assert signed_in.set_up(ADA, "pop3") == "in", signed_in.story()
    signed_in.do("fetch", ADA, "pop3", "Inbox")
    signed_in.await_subject(ADA, "pop3", "Inbox", "By another door")
    signed_in.open(ADA, "pop3", "Inbox")
    assert signed_in.read("By another door").strip() == "It is the same letter."
    assert ("XOAUTH2", "accepted", THUNDERBIRD) in asked(inside, "pop auth")
    assert len(asked(inside, "token authorization_code")) == 1
