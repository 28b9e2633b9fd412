"""The three clients against dialogues: what they say, what they notice, what they never do."""

from __future__ import annotations

from base64 import b64encode
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mail_talk import (
    ADA,
    CLIENTS,
    IMAP_BYE,
    IMAP_HELLO,
    IMAP_OLD,
    LONG,
    PASSWORD,
    POP_HELLO,
    SHORT,
    SMTP_HELLO,
    events_of,
    outcome,
    payload,
    play,
)

from portineria.mail.conversation import (
    Answered,
    Broken,
    ClientEvent,
    Finished,
    Password,
    Step,
    TlsWanted,
    Token,
)
from portineria.mail.imap.client import ImapClient
from portineria.mail.pop.client import PopClient
from portineria.mail.smtp.client import SmtpClient
from portineria.secret import Secret


def test_imap_token_rides_on_the_command_when_the_line_stays_short() -> None:
    events = play(
        ImapClient(SHORT, starttls=False),
        IMAP_HELLO
        + """
        C: A2 AUTHENTICATE XOAUTH2 {payload}
        S: A2 OK AUTHENTICATE completed.
        C: A3 EXAMINE INBOX
        S: * 0 EXISTS
        S: A3 OK [READ-ONLY] EXAMINE completed.
        C: A4 LOGOUT
        """
        + IMAP_BYE,
        payload=payload(SHORT),
        n="4",
    )
    assert outcome(events) == ["greeting", "capability", "login", "open", "end"]


def test_imap_token_of_two_kilobytes_waits_to_be_asked() -> None:
    events = play(
        ImapClient(LONG, starttls=False),
        IMAP_HELLO
        + """
        C: A2 AUTHENTICATE XOAUTH2
        S: +
        C: {payload}
        S: A2 OK AUTHENTICATE completed.
        C: A3 EXAMINE INBOX
        S: A3 BAD User is authenticated but not connected.
        C: A4 LOGOUT
        """
        + IMAP_BYE,
        payload=payload(LONG),
        n="4",
    )
    assert outcome(events) == ["greeting", "capability", "login", "no open", "end"]
    refusal = events[3]
    assert isinstance(refusal, Answered)
    assert refusal.line == "A3 BAD User is authenticated but not connected."


def test_imap_explained_failure_is_answered_by_the_empty_line() -> None:
    events = play(
        ImapClient(SHORT, starttls=False),
        IMAP_HELLO
        + """
        C: A2 AUTHENTICATE XOAUTH2 {payload}
        S: + eyJzdGF0dXMiOiI0MDEifQ==
        C:
        S: A2 NO AUTHENTICATE failed.
        C: A3 LOGOUT
        """
        + IMAP_BYE,
        payload=payload(SHORT),
        n="3",
    )
    assert outcome(events) == ["greeting", "capability", "no login", "end"]


def test_imap_password_goes_quoted_in_login() -> None:
    events = play(
        ImapClient(PASSWORD, starttls=False),
        IMAP_OLD
        + r"""
        C: A2 LOGIN "ada@contoso.example" "s3cret \"x\" \\y"
        S: A2 NO LOGIN failed.
        C: A3 LOGOUT
        """
        + IMAP_BYE,
        n="3",
    )
    assert outcome(events) == ["greeting", "capability", "no login", "end"]


def test_imap_password_that_is_not_ascii_goes_as_literals() -> None:
    events = play(
        ImapClient(Password(ADA, Secret("pàssword")), starttls=False),
        IMAP_OLD
        + """
        C: A2 LOGIN {{19}}
        S: + go on
        C: ada@contoso.example {{9}}
        S: + go on
        C: pàssword
        S: A2 OK LOGIN completed.
        C: A3 EXAMINE INBOX
        """,
    )
    assert outcome(events) == ["greeting", "capability", "login"]


def test_imap_password_is_not_sent_where_login_is_disabled() -> None:
    events = play(
        ImapClient(PASSWORD, starttls=False), IMAP_HELLO + "C: A2 LOGOUT\n" + IMAP_BYE, n="2"
    )
    assert outcome(events) == ["greeting", "no capability", "end"]


def test_imap_starttls_forgets_what_was_said_before() -> None:
    client = ImapClient(SHORT, starttls=True)
    play(client, "S: * OK ready\nC: A1 CAPABILITY")
    client.receive(b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\nA1 OK done\r\n")
    assert outcome(events_of(client)) == []
    assert client.take() == b"A2 STARTTLS\r\n"
    client.receive(b"A2 OK begin\r\n* CAPABILITY AUTH=PLAIN\r\nA3 OK injected\r\n")
    assert outcome(events_of(client)) == ["starttls", "tls"]
    client.receive(b"* CAPABILITY AUTH=PLAIN\r\nA3 OK injected\r\n")
    client.tls_started()
    assert client.take() == b"A3 CAPABILITY\r\n"
    assert events_of(client) == []


def test_imap_literals_in_answers_are_passed_over() -> None:
    """What a literal holds is data, though it looks like the answer to our command."""
    client = ImapClient(SHORT, starttls=False)
    hello = IMAP_HELLO + "C: A2 AUTHENTICATE XOAUTH2 {payload}\nS: A2 OK in\nC: A3 EXAMINE INBOX"
    play(client, hello, payload=payload(SHORT))
    client.receive(b"* X ({16}\r\nA3 NO literal\r\n\r {2}\r\nA3)\r\n* OK text {9}\r\n")
    assert outcome(events_of(client)) == []
    client.receive(b"A3 OK [READ-ONLY] EXAMINE completed.\r\n")
    assert outcome(events_of(client)) == ["open"]


@pytest.mark.parametrize(
    ("greeting", "wanted"),
    [
        ("* BYE Connection closed. 14", ["no greeting", "end"]),
        ("* PREAUTH hello", ["broken"]),
        ("220 mail.example ESMTP", ["broken"]),
    ],
)
def test_imap_strange_greetings(greeting: str, wanted: list[str]) -> None:
    assert outcome(play(ImapClient(SHORT, starttls=False), f"S: {greeting}")) == wanted


def test_pop_token_always_takes_two_lines() -> None:
    events = play(
        PopClient(SHORT, starttls=False),
        POP_HELLO
        + """
        C: AUTH XOAUTH2
        S: +
        C: {payload}
        S: +OK User successfully authenticated.
        C: STAT
        S: +OK 0 0
        C: QUIT
        S: +OK Microsoft Exchange Server 2016 POP3 server signing off.
        """,
        payload=payload(SHORT),
    )
    assert outcome(events) == ["greeting", "capability", "login", "open", "end"]


def test_pop_mailbox_that_is_shut_shows_at_stat() -> None:
    events = play(
        PopClient(LONG, starttls=False),
        POP_HELLO
        + """
        C: AUTH XOAUTH2
        S: +
        C: {payload}
        S: +OK User successfully authenticated.
        C: STAT
        S: -ERR Command is not valid in this state.
        C: QUIT
        S: +OK bye
        """,
        payload=payload(LONG),
    )
    assert outcome(events) == ["greeting", "capability", "login", "no open", "end"]


def test_pop_password_goes_by_user_and_pass() -> None:
    events = play(
        PopClient(PASSWORD, starttls=False),
        POP_HELLO
        + r"""
        C: USER ada@contoso.example
        S: +OK
        C: PASS s3cret "x" \y
        S: -ERR Logon failure: unknown user name or bad password.
        C: QUIT
        S: +OK bye
        """,
    )
    assert outcome(events) == ["greeting", "capability", "no login", "end"]


def test_pop_without_capa_is_tried_all_the_same() -> None:
    events = play(
        PopClient(PASSWORD, starttls=False),
        """
        S: +OK ready
        C: CAPA
        S: -ERR what
        C: USER ada@contoso.example
        S: -ERR no
        C: QUIT
        """,
    )
    assert outcome(events) == ["greeting", "capability", "no login"]


def test_pop_starttls_comes_before_any_name() -> None:
    events = play(
        PopClient(PASSWORD, starttls=True),
        """
        S: +OK ready
        C: CAPA
        S: +OK
        S: STLS
        S: .
        C: STLS
        S: +OK begin
        TLS:
        C: CAPA
        S: +OK
        S: USER
        S: .
        C: USER ada@contoso.example
        """,
    )
    assert outcome(events) == ["greeting", "starttls", "tls", "capability"]


def test_smtp_stops_after_235_and_mails_nothing() -> None:
    events = play(
        SmtpClient(SHORT, starttls=True),
        SMTP_HELLO
        + """
        C: AUTH XOAUTH2 {payload}
        S: 235 2.7.0 Authentication successful target host BL1
        C: QUIT
        S: 221 2.0.0 Service closing transmission channel
        """,
        payload=payload(SHORT),
    )
    assert outcome(events) == ["greeting", "starttls", "tls", "capability", "login", "end"]


def test_smtp_token_of_two_kilobytes_waits_for_the_334() -> None:
    events = play(
        SmtpClient(LONG, starttls=True),
        SMTP_HELLO
        + """
        C: AUTH XOAUTH2
        S: 334
        C: {payload}
        S: 334 eyJzdGF0dXMiOiI0MDAifQ==
        C:
        S: 535-5.7.3 Authentication
        S: 535 5.7.3 unsuccessful
        C: QUIT
        S: 221 bye
        """,
        payload=payload(LONG),
    )
    assert outcome(events)[-2:] == ["no login", "end"]
    refusal = events[-2]
    assert isinstance(refusal, Answered)
    assert refusal.line == "535 5.7.3 Authentication 5.7.3 unsuccessful"


def test_smtp_password_answers_two_questions() -> None:
    events = play(
        SmtpClient(PASSWORD, starttls=True),
        SMTP_HELLO
        + """
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: {user}
        S: 334 UGFzc3dvcmQ6
        C: {password}
        S: 535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [X]
        C: QUIT
        """,
        user=b64encode(ADA.encode()).decode(),
        password=b64encode(PASSWORD.secret.reveal().encode()).decode(),
    )
    assert outcome(events)[-1:] == ["no login"]


def test_nobody_speaks_a_secret_where_tls_was_wanted_and_is_not_offered() -> None:
    greetings = {
        "imap": "S: * OK hi\nC: A1 CAPABILITY\nS: * CAPABILITY AUTH=PLAIN\nS: A1 OK\nC: A2 LOGOUT",
        "pop": "S: +OK hi\nC: CAPA\nS: +OK\nS: USER\nS: .\nC: QUIT",
        "smtp": "S: 220 hi\nC: EHLO [127.0.0.1]\nS: 250-x\nS: 250 AUTH LOGIN\nC: QUIT",
    }
    for name, make in CLIENTS.items():
        client = make(PASSWORD, starttls=True)
        assert outcome(play(client, greetings[name])) == ["greeting", "no starttls"]


@pytest.mark.parametrize("user", ["ada\r\nQUIT", "ada\0", "ada\x7f"])
def test_control_characters_cannot_be_sent(user: str) -> None:
    for make in CLIENTS.values():
        with pytest.raises(ValueError, match="control"):
            make(Password(user, Secret("x")), starttls=False)
        with pytest.raises(ValueError, match="control"):
            make(Token(ADA, Secret(user)), starttls=False)


def test_an_end_in_the_middle_is_broken_and_an_end_at_goodbye_is_not() -> None:
    for name, make in CLIENTS.items():
        client = make(SHORT, starttls=False)
        client.eof()
        assert outcome(events_of(client)) == ["broken"]
        del name
    client = PopClient(SHORT, starttls=False)
    client.receive(b"-ERR go away\r\n")
    assert outcome(events_of(client)) == ["no greeting"]
    client.eof()
    assert outcome(events_of(client)) == ["end"]


# --- properties -----------------------------------------------------------------------------

SERVER = {
    "imap": b"* OK ready\r\n* CAPABILITY IMAP4rev1 AUTH=XOAUTH2 AUTH=PLAIN SASL-IR\r\nA1 OK done"
    b"\r\n+ aGk=\r\n* LIST (\\Noselect) {12}\r\nA2 NO wrong\r {3}\r\nabc x\r\nA2 OK in\r\n"
    b"* 3 EXISTS\r\nA3 BAD User is authenticated but not connected.\r\n* BYE\r\nA4 OK bye\r\n",
    "pop": b"+OK ready\r\n+OK\r\nSASL XOAUTH2\r\nUSER\r\n.\r\n+ \r\n+OK in\r\n+OK 0 0\r\n"
    b"+OK bye\r\n",
    "smtp": b"220-x\r\n220 y\r\n250-x\r\n250-AUTH LOGIN XOAUTH2\r\n250 DSN\r\n334 \r\n334 eyJ9"
    b"\r\n535-5.7.3 no\r\n535 5.7.3 no\r\n221 bye\r\n",
}
FRAGMENTS = [
    *(line + b"\r\n" for line in set(b"\r\n".join(SERVER.values()).split(b"\r\n"))),
    b"{99999}\r\n",
    b"* X {5}\r\n",
    b"+\r\n",
    b"\xff\xfe\r\n",
    b"A",
    b"\r",
    b"\n",
    b"A1 OK STARTTLS\r\n",
    b"* CAPABILITY STARTTLS LOGINDISABLED\r\n",
    b"250 STARTTLS\r\n",
    b"STLS\r\n",
    b"x" * 13_000,
]


Heard = tuple[list[ClientEvent], bytes, str]


def run(name: str, credential: Password | Token, starttls: bool, chunks: list[bytes]) -> Heard:
    client = CLIENTS[name](credential, starttls=starttls)
    events: list[ClientEvent] = []
    said = b""
    for chunk in chunks:
        client.receive(chunk)
        events += events_of(client)
        said += client.take()
    client.eof()
    events += events_of(client)
    return events, said, str(client.transcript)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(marks)]


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.integers(0, 5000), max_size=20), st.sampled_from([LONG, SHORT, PASSWORD]))
@example(list(range(400)), SHORT)
def test_any_split_of_the_bytes_gives_the_same_events(
    places: list[int], credential: Password | Token
) -> None:
    for name, data in SERVER.items():
        whole = run(name, credential, False, [data])
        assert run(name, credential, False, cut(data, places)) == whole


def test_the_split_dialogues_reach_the_end_so_the_property_says_something() -> None:
    ends = {name: run(name, SHORT, False, [data]) for name, data in SERVER.items()}
    reached = {name: outcome(end[0]) for name, end in ends.items()}
    assert reached == {
        "imap": ["greeting", "capability", "login", "no open", "end"],
        "pop": ["greeting", "capability", "login", "open", "end"],
        "smtp": ["greeting", "capability", "no login", "end"],
    }


@settings(deadline=None)  # a busy machine is no failure
@given(
    st.sampled_from(sorted(CLIENTS)),
    st.sampled_from([LONG, SHORT, PASSWORD, Password(ADA, Secret("pàssword"))]),
    st.booleans(),
    st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=30), max_size=25),
)
def test_nothing_a_server_says_makes_a_client_fail_or_talk_for_ever(
    name: str, credential: Password | Token, starttls: bool, chunks: list[bytes]
) -> None:
    events, said, _ = run(name, credential, starttls, chunks)
    assert len(said) < 20_000
    assert len(events) < 20
    if not any(isinstance(event, TlsWanted) for event in events):
        assert isinstance(events[-1], Broken | Finished)


@pytest.mark.parametrize("name", sorted(CLIENTS))
def test_a_flood_of_lines_is_cut_off(name: str) -> None:
    more = {"imap": b"* NO wait\r\n", "pop": b"TOP\r\n", "smtp": b"220-more\r\n"}
    start = {"imap": b"* OK hi\r\n", "pop": b"+OK hi\r\n+OK\r\n", "smtp": b""}
    events, _, _ = run(name, SHORT, False, [start[name], *([more[name] * 100] * 20)])
    last = events[-1]
    assert isinstance(last, Broken)
    assert last.why == "the server says too much"


def test_events_do_not_show_the_raw_line() -> None:
    event = Answered(Step.LOGIN, False, "535 raw words", "535 shown words")
    assert "raw" not in repr(event)
