"""SASL at both ends: what one builds the other reads, and nonsense is refused politely."""

from base64 import b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portineria.mail import sasl
from portineria.mail.sasl import (
    Challenge,
    Hearing,
    MalformedSasl,
    PasswordOffered,
    Proposal,
    SaslCancelled,
    TokenOffered,
)
from portineria.secret import Secret

printable = st.characters(exclude_categories=("Cs", "Cc"))
names = st.text(printable, min_size=1, max_size=40)
passwords = st.text(printable, max_size=60)
tokens = st.from_regex(r"[A-Za-z0-9._~+/=-]{1,80}", fullmatch=True)


def converse(proposal: Proposal, *, initial: bool) -> sasl.Offered:
    """A client and a server talk it out."""
    hearing = Hearing(proposal.mechanism)
    index = 0
    answer = hearing.open(proposal.step(0) if initial else None)
    index += initial
    while isinstance(answer, Challenge):
        answer = hearing.hear(proposal.step(index))
        index += 1
    return answer


@given(names, passwords, st.booleans())
def test_plain_is_read_as_it_was_built(user: str, password: str, initial: bool) -> None:
    offered = converse(sasl.plain(user, Secret(password)), initial=initial)
    assert offered == PasswordOffered("PLAIN", user, Secret(password))


@given(names, passwords, st.booleans())
def test_login_is_read_as_it_was_built(user: str, password: str, initial: bool) -> None:
    offered = converse(sasl.login(user, Secret(password)), initial=initial)
    assert offered == PasswordOffered("LOGIN", user, Secret(password))


@given(names, tokens, st.booleans())
def test_xoauth2_is_read_as_it_was_built(user: str, token: str, initial: bool) -> None:
    offered = converse(sasl.xoauth2(user, Secret(token)), initial=initial)
    assert offered == TokenOffered("XOAUTH2", user, Secret(token))


@given(names, tokens, st.booleans())
def test_oauthbearer_is_read_as_it_was_built(user: str, token: str, initial: bool) -> None:
    offered = converse(sasl.oauthbearer(user, Secret(token), "mail", 993), initial=initial)
    assert offered == TokenOffered("OAUTHBEARER", user, Secret(token))


@given(st.sampled_from(sorted(sasl.MECHANISMS)), st.lists(st.binary(max_size=80), max_size=3))
def test_no_answer_crashes_the_server_end(mechanism: str, lines: list[bytes]) -> None:
    hearing = Hearing(mechanism)
    answer = hearing.open(None)
    with suppress(MalformedSasl):
        for raw in lines:
            if not isinstance(answer, Challenge):
                break
            answer = hearing.hear(b64encode(raw))
    assert isinstance(answer, Challenge | PasswordOffered | TokenOffered)


@given(st.binary(max_size=40))
def test_a_line_that_is_not_base64_is_malformed_or_decoded(line: bytes) -> None:
    try:
        raw = sasl.decode(line)
    except MalformedSasl:
        return
    assert sasl.decode(sasl.encode(raw)) == raw


def test_the_documented_xoauth2_line_is_built_to_the_letter() -> None:
    line = sasl.xoauth2("user@example.com", Secret("token")).step(0)
    assert line == b"dXNlcj11c2VyQGV4YW1wbGUuY29tAWF1dGg9QmVhcmVyIHRva2VuAQE="


def test_a_star_cancels() -> None:
    hearing = Hearing("xoauth2")
    hearing.open(None)
    with pytest.raises(SaslCancelled):
        hearing.hear(b"*")


def test_only_a_client_that_is_not_asked_first_may_send_an_initial_response() -> None:
    secret = Secret("s")
    assert sasl.plain("ada", secret).opens
    assert sasl.xoauth2("ada", secret).opens
    assert sasl.oauthbearer("ada", secret).opens
    assert not sasl.login("ada", secret).opens


def test_a_challenge_after_the_last_step_gets_the_empty_line() -> None:
    assert sasl.xoauth2("ada@contoso.example", Secret("t")).step(1) == b""


@pytest.mark.parametrize(
    ("mechanism", "raw"),
    [
        ("PLAIN", b"ada\0password"),
        ("PLAIN", b"\0\0password"),
        ("PLAIN", b"\0\xff\0password"),
        ("XOAUTH2", b"user=ada\x01auth=Bearer t\x01"),
        ("XOAUTH2", b"user=ada\x01auth=Basic t\x01\x01"),
        ("XOAUTH2", b"auth=Bearer t\x01\x01"),
        ("XOAUTH2", b"user=ada\r\nx\x01auth=Bearer t\x01\x01"),
        ("OAUTHBEARER", b"user=ada\x01auth=Bearer t\x01\x01"),
        ("OAUTHBEARER", b"n,,\x01auth=Bearer t\x01\x01"),
    ],
)
def test_a_malformed_message_is_refused(mechanism: str, raw: bytes) -> None:
    with pytest.raises(MalformedSasl):
        Hearing(mechanism).open(b64encode(raw))


def test_an_unknown_mechanism_is_named() -> None:
    with pytest.raises(sasl.UnknownMechanism, match="NTLM"):
        Hearing("ntlm")


def test_what_was_offered_does_not_print_the_secret() -> None:
    offered = converse(sasl.plain("ada", Secret("hunter2")), initial=True)
    assert "hunter2" not in repr(offered)
    assert "hunter2" not in repr(sasl.plain("ada", Secret("hunter2")))


def test_a_large_token_passes_in_one_line() -> None:
    """Real tokens are up to 2.5 kB; the limit of an AUTH line is far above."""
    token = Secret("t" * 2_500)
    line = sasl.xoauth2("ada@contoso.example", token).step(0)
    assert 2_500 < len(line) < sasl.AUTH_LINE_LIMIT
    assert Hearing("XOAUTH2").open(line) == TokenOffered("XOAUTH2", "ada@contoso.example", token)


def test_an_equals_sign_alone_is_the_empty_string() -> None:
    """RFC 4954 section 4: an initial response of no octets."""
    assert sasl.decode(b"=") == b""
