"""What mail programs do once they are inside: folders, flags, parts, copies, deletions, and news
as it comes. One mailbox, emptied before each test."""

from __future__ import annotations

import imaplib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest
from arranging import arranged, mailbox
from clients import python_poplib
from clients.curl import Curl, run_curl
from clients.getmail import run_getmail
from clients.mbsync import run_mbsync
from clients.mpop import run_mpop
from clients.msmtp import Msmtp
from clients.neomutt import run_neomutt
from clients.node import Node
from clients.nodemailer import Nodemailer
from clients.program import Errand, Protocol
from clients.python_imaplib import logged_in
from clients.python_smtplib import Smtplib
from clients.python_smtplib import logged_in as submitting
from running_lab import Doors
from states import errand

pytestmark = pytest.mark.stranger

HERE = "monitor@contoso.example"
FOLDERS = ("INBOX", "Archive", "Deleted Items", "Drafts", "Sent Items")


@dataclass(frozen=True, slots=True)
class Box:
    """The mailbox under test, and a look into it that is not the program's own."""

    lab: Doors
    token: str

    def errand(self, protocol: Protocol, letter: str = "") -> Errand:
        return errand(self.lab, protocol, self.token, user=HERE, letter=letter, to=HERE)

    def put(self, *subjects: str) -> None:
        with logged_in(self.errand("imap")) as client:
            for subject in subjects:
                letter = f"From: {HERE}\r\nSubject: {subject}\r\n\r\nthe {subject} letter\r\n"
                assert client.append("INBOX", "", "", letter.encode())[0] == "OK"

    def holds(self, folder: str = "INBOX") -> dict[str, set[str]]:
        """Subjects, and the flags of each letter but Recent."""
        with logged_in(self.errand("imap")) as client:
            client.select(f'"{folder}"', readonly=True)
            _, rows = client.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        found = {}
        for row in rows:
            if isinstance(row, tuple):
                subject = row[1].decode().removeprefix("Subject: ").strip()
                flags = {flag.decode() for flag in imaplib.ParseFlags(row[0])}
                found[subject] = flags - {"\\Recent"}
        return found

    def empty(self) -> None:
        with logged_in(self.errand("imap")) as client:
            for folder in FOLDERS:
                client.select(f'"{folder}"')
                client.store("1:*", "+FLAGS", "\\Deleted")
                client.expunge()


@pytest.fixture
def box(lab: Doors) -> Iterator[Box]:
    changes = (mailbox(HERE, ImapEnabled=True, SmtpClientAuthenticationDisabled=False),)
    with arranged(lab, changes):
        found = Box(lab, lab.app_token())
        found.empty()
        yield found


# --- IMAP ---


def test_mbsync_keeps_mailbox_and_maildir_the_same_both_ways(box: Box, tmp_path: Path) -> None:
    def sync() -> str:
        outcome = run_mbsync(box.errand("imap"), tmp_path)
        assert outcome.done, outcome.shown
        return outcome.fetched

    def near(subject: str) -> Path:
        files = (tmp_path / "mail" / "INBOX").glob("*/*")
        return next(f for f in files if f.is_file() and f"Subject: {subject}" in f.read_text())

    box.put("first", "second")
    assert "the first letter" in sync()
    (tmp_path / "mail" / "INBOX" / "new" / "1.a.b").write_text("Subject: third\n\nwritten here\n")
    read = near("first")
    read.rename(read.parents[1] / "cur" / f"{read.name.partition(':')[0]}:2,FS")
    near("second").unlink()
    sync()
    assert box.holds() == {"first": {"\\Flagged", "\\Seen"}, "third": set()}
    with logged_in(box.errand("imap")) as client:
        client.select("INBOX")
        client.store("1", "+FLAGS", "\\Deleted")
        client.expunge()
        client.store("1", "+FLAGS", "\\Answered")
    assert "the first letter" not in sync()
    assert near("third").name.endswith(":2,R")


def test_getmail_fetches_each_letter_once_by_imap_and_by_pop(box: Box, tmp_path: Path) -> None:
    for protocol in ("imap", "pop"):
        box.empty()
        folder = tmp_path / protocol
        folder.mkdir()
        box.put("first", "second")
        fetched = run_getmail(box.errand(protocol), folder).fetched
        box.put("third")
        fetched = run_getmail(box.errand(protocol), folder).fetched
        assert re.findall("the (.*) letter", fetched) == ["first", "second", "third"]


def test_neomutt_saves_flags_and_deletes(box: Box, tmp_path: Path) -> None:
    box.put("first", "second", "third")
    keys = (
        "<first-entry><save-message>=Archive<enter>"  # a copy, a mark to delete, the next letter
        "<flag-message><last-entry><delete-message><sync-mailbox><exit>"
    )
    shown = run_neomutt(box.errand("imap"), tmp_path, keys)
    assert "second" in shown
    assert box.holds().keys() == {"second"}, shown
    assert "\\Flagged" in box.holds()["second"]
    assert box.holds("Archive").keys() == {"first"}


def test_imapflow_lists_folders_by_their_use_and_letters_by_their_parts(
    box: Box, node: Node
) -> None:
    box.put("first", "second")
    seen = node.ask(box.errand("imap"), "look")
    assert seen["done"], seen["shown"]
    uses = {path: use for path, use, _ in seen["folders"]}
    assert uses["INBOX"] == "\\Inbox"
    assert uses["Sent Items"] == "\\Sent"
    assert uses["Drafts"] == "\\Drafts"
    assert uses["Junk Email"] == "\\Junk"
    assert uses["Deleted Items"] == "\\Trash"
    assert ["INBOX", "\\Inbox", 2] in seen["folders"]
    assert seen["letters"] == [["first", "text/plain"], ["second", "text/plain"]]


def test_imapflow_files_letters(box: Box, node: Node) -> None:
    box.put("first", "second")
    filed = node.ask(box.errand("imap"), "file")
    assert filed["done"], filed["shown"]
    assert (filed["found"], filed["copied"], filed["moved"]) == (1, 1, 1)
    assert filed["draft"] > 0
    assert box.holds() == {"first": {"\\Flagged"}}
    assert box.holds("Archive").keys() == {"first"}
    assert box.holds("Deleted Items").keys() == {"second"}
    assert box.holds("Drafts") == {"a draft": {"\\Draft"}}
    with logged_in(box.errand("imap")) as client:
        _, rows = client.list('""', '"Vertr*"')
        assert re.findall("Vertr&AOQ-ge[^']*", str(rows)) == ["Vertr&AOQ-ge", "Vertr&AOQ-ge/2026"]
        assert client.delete("Vertr&AOQ-ge/2026")[0] == "OK"
        assert client.delete("Vertr&AOQ-ge")[0] == "OK"


def test_imapflow_waits_in_idle_and_is_told_of_the_letter_that_smtplib_sends(
    box: Box, node: Node
) -> None:
    box.put("first")
    node.begin(box.errand("imap"), "wait")
    assert node.answer() == {"waiting": 1}
    assert Smtplib().go(box.errand("smtp", "news"), Path()).done
    told = node.answer()
    assert told["done"], told["shown"]
    assert (told["before"], told["now"]) == (1, 2)
    assert "Subject: news" in told["fetched"]


def test_what_nodemailer_composes_imapflow_takes_apart(box: Box, node: Node) -> None:
    """Names and a subject that are not ASCII, an attachment: written by one library, read by the
    other, and by neither of them alone."""
    sent = node.ask(box.errand("smtp", "Angebot für März"), "compose")
    assert sent["done"], sent["shown"]
    got = node.ask(box.errand("imap"), "part")
    assert got["done"], got["shown"]
    assert got["subject"] == "Angebot für März"
    assert [kind for _, kind in got["parts"]] == ["text/plain", "text/plain"]
    assert got["name"] == "Übersicht.txt"
    assert got["content"].replace("\r\n", "\n") == "Zeile eins\nZeile zwei\n"


def test_imaplib_searches_moves_and_finds_the_copy_that_smtp_left(box: Box) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = HERE, HERE, "to myself"
    message.set_content("hello")
    with submitting(box.errand("smtp")) as client:
        assert client.send_message(message) == {}
    assert box.holds("Sent Items") == {"to myself": {"\\Seen"}}
    box.put("first")
    with logged_in(box.errand("imap")) as client:
        client.select("INBOX")
        assert client.search(None, "SUBJECT", "myself")[1] == [b"1"]
        assert client.search(None, "BODY", "first")[1] == [b"2"]
        uid = client.uid("SEARCH", "ALL")[1][0].split()[0].decode()
        assert client.uid("MOVE", uid, "Archive")[0] == "OK"
        assert client.status("Archive", "(MESSAGES)")[1] == [b"Archive (MESSAGES 1) "]
    assert box.holds().keys() == {"first"}


def test_curl_lists_searches_and_puts_a_letter(box: Box, tmp_path: Path) -> None:
    box.put("first")
    asked = box.errand("imap")
    assert "Sent Items" in run_curl(asked, tmp_path, path="/").fetched
    found = run_curl(asked, tmp_path, "-X", "SEARCH SUBJECT first", path="/INBOX")
    assert found.fetched == "* SEARCH 1\r\n"
    letter = tmp_path / "mine"
    letter.write_bytes(b"Subject: by curl\r\n\r\nhello\r\n")
    put = run_curl(asked, tmp_path, "-T", str(letter), path="/Drafts")
    assert put.done, put.shown
    assert box.holds("Drafts").keys() == {"by curl"}
    part = run_curl(asked, tmp_path, path="/INBOX;MAILINDEX=1;SECTION=TEXT")
    assert part.fetched == "the first letter\r\n"


# --- POP3 ---


def test_mpop_fetches_once_and_empties_the_maildrop_when_told_to(box: Box, tmp_path: Path) -> None:
    box.put("first")
    assert "the first letter" in run_mpop(box.errand("pop"), tmp_path, keep=True).fetched
    assert box.holds().keys() == {"first"}
    box.put("second")
    outcome = run_mpop(box.errand("pop"), tmp_path, keep=False)
    assert outcome.done, outcome.shown
    assert outcome.fetched.count("the first letter") == 1
    assert outcome.fetched.count("the second letter") == 1
    assert box.holds() == {}


def test_poplib_reads_headers_names_and_deletes_at_the_end(box: Box) -> None:
    box.put("first", "second")
    with python_poplib.logged_in(box.errand("pop")) as client:
        count, size = client.stat()
        rows = [row.decode().split() for row in client.list()[1]]
        assert (count, size) == (2, sum(int(octets) for _, octets in rows))
        names = [row.split()[1] for row in client.uidl()[1]]
        assert len(set(names)) == 2
        assert client.top(1, 0)[1][:2] == [f"From: {HERE}".encode(), b"Subject: first"]
        client.dele(1)
        assert box.holds().keys() == {"first", "second"}
    assert box.holds().keys() == {"second"}
    with python_poplib.logged_in(box.errand("pop")) as client:
        assert [row.split()[1] for row in client.uidl()[1]] == names[1:]


# --- SMTP ---


def test_three_connections_a_mailbox_and_a_fourth_is_told_so(
    box: Box, node: Node, tmp_path: Path
) -> None:
    asked = box.errand("smtp", "one more")
    full = "432 4.3.2 Concurrent connections limit exceeded"
    with submitting(asked), submitting(asked), submitting(asked):
        for program in (Msmtp(), Smtplib(), Curl(), Nodemailer(node)):
            (folder := tmp_path / program.name).mkdir()
            outcome = program.go(asked, folder)
            assert not outcome.done
            assert full in outcome.shown
    assert Smtplib().go(asked, tmp_path).done


def test_msmtp_smtplib_and_curl_lose_no_dot(box: Box, tmp_path: Path) -> None:
    """Each stuffs dots by itself; what arrives has as many as were written."""
    asked = box.errand("smtp", "dots")
    for number, send in enumerate((Msmtp().go, Smtplib().go, run_curl)):
        folder = tmp_path / str(number)
        folder.mkdir()
        assert send(asked, folder).done
    with python_poplib.logged_in(box.errand("pop")) as client:
        for number in (1, 2, 3):
            assert client.retr(number)[1][-3:] == [b"Above the dot", b".", b"dots"]
