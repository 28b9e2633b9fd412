"""Nothing secret is ever in a transcript, whoever says it and however it is dressed."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portineria.mail.conversation import Answered, Password, Token
from portineria.mail.imap.client import ImapClient
from portineria.mail.pop.client import PopClient
from portineria.mail.smtp.client import SmtpClient
from portineria.mail.transcript import PIECE, Redactor, Transcript, label
from portineria.secret import Secret

ADA = "ada@contoso.example"


def pieces(form: str) -> set[str]:
    return {form[i : i + PIECE] for i in range(len(form) - PIECE + 1)}


OURS = (
    "<password> <secret> <token, octets> (empty line) user name or command 500 5.3.3 unrecognized"
)
SECRETS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_categories=["C"]),
    min_size=PIECE,
    max_size=60,
).filter(lambda secret: not any(piece.lower() in OURS for piece in pieces(secret)))


def forms(secret: str) -> list[str]:
    """What a careless or hostile server could make of a secret."""
    raw = secret.encode()
    found = [secret, secret.replace("\\", "\\\\").replace('"', '\\"')]
    for before in (b"", b"x", b"\0u", b"user=ada\x01auth=Bearer "):
        whole = before + raw + b"\x01\x01"
        found += [b64encode(whole).decode(), urlsafe_b64encode(whole).decode()]
    return found


@settings(deadline=None)  # a busy machine is no failure
@given(SECRETS, st.integers(0, 9), st.integers(0, 60), st.sampled_from(["", "x", "'", " "]))
def test_no_piece_of_a_secret_survives_in_any_form_at_any_cut(
    secret: str, which: int, start: int, around: str
) -> None:
    form = forms(secret)[which % len(forms(secret))]
    said = f"500 5.3.3 Unrecognized command {around}{form[start % len(form) :]}{around} again"
    shown = Redactor([Secret(secret)]).clean(said)
    assert "500 5.3.3 Unrecognized command" in shown
    core = pieces(secret)
    for before in range(3):
        text = b64encode(b"\0" * before + secret.encode()).decode().rstrip("=")
        core |= pieces(text[2 if before == 1 else 3 if before == 2 else 0 : -1])
    assert not [piece for piece in core if piece in shown]


@settings(deadline=None)  # a busy machine is no failure
@given(SECRETS, st.integers(0, 9))
def test_changing_the_case_does_not_bring_it_out(secret: str, which: int) -> None:
    form = forms(secret)[which % len(forms(secret))]
    shown = Redactor([Secret(secret)]).clean(form.upper()).lower()
    folded = secret.lower()
    if len(folded) == len(secret) == len(secret.upper()) and secret.isascii():
        assert not [piece for piece in pieces(folded) if piece in shown]


@settings(deadline=None)  # a busy machine is no failure
@given(
    SECRETS,
    st.sampled_from(["imap", "pop", "smtp"]),
    st.booleans(),
    st.lists(st.integers(0, 9), max_size=6),
)
def test_a_conversation_with_a_server_that_repeats_everything_shows_nothing(
    secret: str, protocol: str, by_password: bool, repeats: list[int]
) -> None:
    credential = Password(ADA, Secret(secret)) if by_password else Token(ADA, Secret(secret))
    clients = {"imap": ImapClient, "pop": PopClient, "smtp": SmtpClient}
    client = clients[protocol](credential, starttls=False)
    hello = {
        "imap": b"* OK hi\r\n* CAPABILITY AUTH=XOAUTH2 AUTH=PLAIN SASL-IR\r\nA1 OK\r\n",
        "pop": b"+OK\r\n+OK\r\nUSER\r\nSASL PLAIN XOAUTH2\r\n.\r\n",
        "smtp": b"220 hi\r\n250-x\r\n250 AUTH LOGIN PLAIN XOAUTH2\r\n",
    }
    ask = {"imap": b"+ go\r\n", "pop": b"+ go\r\n", "smtp": b"334 go\r\n"}
    no = {"imap": b"A2 NO ", "pop": b"-ERR ", "smtp": b"535 "}
    client.receive(hello[protocol] + ask[protocol] + (ask[protocol] if protocol != "pop" else b""))
    shown = [event.shown for event in iter(client.next_event, None) if isinstance(event, Answered)]
    echo = client.take()
    for which in repeats:
        echo += forms(secret)[which % len(forms(secret))].encode() + b" "
    client.receive(no[protocol] + echo.replace(b"\r", b" ").replace(b"\n", b" ") + b"\r\n")
    shown += [event.shown for event in iter(client.next_event, None) if isinstance(event, Answered)]
    text = str(client.transcript) + "".join(shown)
    encoded = b64encode(secret.encode()).decode().rstrip("=")[:-1]
    assert not [piece for piece in pieces(secret) | pieces(encoded) if piece in text]
    assert not [piece for piece in pieces(encoded[3:]) if piece in text]


def test_secrets_are_shown_as_what_they_are() -> None:
    token = Token(ADA, Secret("t" * 40))
    client = SmtpClient(token, starttls=False)
    client.receive(b"220 hi\r\n250-x\r\n250 AUTH XOAUTH2\r\n535 5.7.3 no\r\n")
    while client.next_event() is not None:
        pass
    assert str(client.transcript).splitlines() == [
        "S: 220 hi",
        "C: EHLO [127.0.0.1]",
        "S: 250-x",
        "S: 250 AUTH XOAUTH2",
        "C: AUTH XOAUTH2 <token, 108 octets>",
        "S: 535 5.7.3 no",
        "C: QUIT",
    ]
    imap = ImapClient(Password(ADA, Secret("hunter22")), starttls=False)
    imap.receive(b"* OK\r\n* CAPABILITY IMAP4\r\nA1 OK\r\n")
    while imap.next_event() is not None:
        pass
    assert str(imap.transcript).splitlines()[-1] == f'C: A2 LOGIN "{ADA}" <password>'


def test_a_passwords_length_is_not_told() -> None:
    assert label("password", b"12345") == "<password>"
    assert label("token", b"12345") == "<token, 5 octets>"


@pytest.mark.parametrize("password", ["hunter", "tomé", "abcd"])
def test_short_passwords_are_hidden_whole(password: str) -> None:
    shown = Redactor([Secret(password)]).clean(f"bad <{password}> and {password.upper()}x")
    assert password not in shown.lower()
    assert shown.startswith("bad <")


def test_ordinary_words_stay_readable_and_controls_are_made_visible() -> None:
    transcript = Transcript(Redactor([Secret("correct horse battery")]))
    assert transcript.server(b"535 5.7.3 bad password\x1b[2J\r") == (
        "535 5.7.3 bad password\\x1b[2J\\x0d"
    )
    assert transcript.server(b"a\0b") == "a\\x00b"
    transcript.note("cut")
    assert str(transcript.lines[-1]) == "*: cut"


def test_a_line_without_measure_is_shortened() -> None:
    transcript = Transcript(Redactor([]))
    assert len(transcript.server(b"x" * 100_000)) < 700
