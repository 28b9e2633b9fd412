"""Is what comes in the clear behind STARTTLS dropped? Servers that drop, obey, refuse and break."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_mail_client import cut

from portineria.mail.injection import MOST_LINES, Hygiene, Injection
from portineria.mail.sasl import AUTH_LINE_LIMIT

BEFORE = {
    "imap": b"* OK ready\r\n* CAPABILITY STARTTLS\r\nA1 OK begin\r\n",
    "pop": b"+OK ready\r\n+OK begin\r\n",
    "smtp": b"220-x\r\n220 y\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n",
}
AFTER = {
    ("imap", b"* BYE bye\r\nA3 OK bye\r\n"): Hygiene.DROPPED,
    ("imap", b"A2 OK NOOP\r\n* BYE\r\nA3 OK bye\r\n"): Hygiene.OBEYED,
    ("imap", b"A2 BAD no\r\n"): Hygiene.OBEYED,
    ("pop", b"+OK bye\r\n"): Hygiene.DROPPED,
    ("pop", b"+OK\r\nTOP\r\n.\r\n+OK bye\r\n"): Hygiene.OBEYED,
    ("pop", b"-ERR no\r\n+OK bye\r\n"): Hygiene.OBEYED,
    ("smtp", b"221 bye\r\n"): Hygiene.DROPPED,
    ("smtp", b"250 nothing done\r\n221 bye\r\n"): Hygiene.OBEYED,
    ("smtp", b"503 first say hello\r\n"): Hygiene.OBEYED,
    ("smtp", b"421 too late\r\n"): Hygiene.ENDED,
    ("imap", b""): Hygiene.ENDED,
    ("pop", b""): Hygiene.ENDED,
    ("smtp", b""): Hygiene.ENDED,
}


def told(protocol: str, before: list[bytes], after: list[bytes]) -> tuple[Hygiene | None, bytes]:
    talk, said = Injection(protocol), b""
    for chunk in before:
        talk.receive(chunk)
        said += talk.take()
    if talk.wants_tls:
        talk.tls_started()
        said += talk.take()
    for chunk in after:
        talk.receive(chunk)
    talk.eof()
    return talk.found, said


@pytest.mark.parametrize(("case", "wanted"), AFTER.items())
@given(st.lists(st.integers(0, 200), max_size=6))
def test_the_answer_is_what_the_server_answers_after_the_handshake(
    case: tuple[str, bytes], wanted: Hygiene, places: list[int]
) -> None:
    protocol, after = case
    found, _ = told(protocol, cut(BEFORE[protocol], places), cut(after, places))
    assert found is wanted


def test_the_harmless_command_goes_in_the_same_write_and_goodbye_after_the_handshake() -> None:
    said = {name: told(name, [before], [])[1] for name, before in BEFORE.items()}
    assert said == {
        "imap": b"A1 STARTTLS\r\nA2 NOOP\r\nA3 LOGOUT\r\n",
        "pop": b"STLS\r\nCAPA\r\nQUIT\r\n",
        "smtp": b"EHLO [127.0.0.1]\r\nSTARTTLS\r\nNOOP\r\nQUIT\r\n",
    }


@pytest.mark.parametrize(
    ("protocol", "before"),
    [
        ("imap", b"* OK\r\nA1 NO not today\r\n"),
        ("pop", b"+OK\r\n-ERR not today\r\n"),
        ("smtp", b"220 x\r\n250 x\r\n454 not now\r\n"),
        ("smtp", b""),
        ("imap", b"SSH-2.0\r\n"),
        ("imap", b"x" * AUTH_LINE_LIMIT),
        ("smtp", b"220-x\r\n" * (MOST_LINES + 1)),
    ],
)
def test_where_it_never_comes_to_tls_nothing_was_asked(protocol: str, before: bytes) -> None:
    assert told(protocol, [before], [])[0] is Hygiene.NOT_ASKED


def test_an_end_in_place_of_the_answer_to_starttls_obeys_nothing() -> None:
    assert told("imap", [b"* OK\r\n"], [])[0] is Hygiene.ENDED


def test_what_comes_in_the_clear_before_the_handshake_is_no_answer() -> None:
    found, _ = told("imap", [BEFORE["imap"] + b"A2 OK in the clear\r\n", b"A2 OK again\r\n"], [])
    assert found is Hygiene.ENDED
