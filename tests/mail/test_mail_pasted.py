"""Secrets in a pasted conversation are found, in whatever form they stand."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portineria.mail.pasted import MOST, redactor

PASSWORD = "correct-horse7"
TOKEN = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJvdXRsb29rIn0.c2lnbmF0dXJl"


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "line",
    [
        f"C: AUTH PLAIN {b64(chr(0) + 'ada@x.example' + chr(0) + PASSWORD)}",
        f"C: {b64(PASSWORD)}",
        f"a1 LOGIN ada@x.example {PASSWORD}",
        f'a1 LOGIN "ada@x.example" "{PASSWORD}"',
        f"PASS {PASSWORD}",
        f"password = {PASSWORD}",
        f'{{"client_secret": "{PASSWORD}"}}',
        f"grant_type=password&password={PASSWORD}&scope=x",
    ],
)
def test_a_password_that_was_sent_is_shown_nowhere(line: str) -> None:
    clean = redactor(f"before\n{line}\nafter").clean
    for form in (PASSWORD, PASSWORD.upper(), b64(PASSWORD), b64(f"x{PASSWORD}y")):
        told = clean(f"550 5.9.9 {form} is wrong")
        assert PASSWORD.lower() not in told.lower()
        assert b64(PASSWORD)[:12] not in told


def test_a_token_is_shown_in_no_form() -> None:
    payload = b64(f"user=ada@x.example\x01auth=Bearer {TOKEN}\x01\x01")
    for line in (
        f"C: AUTH XOAUTH2 {payload}",
        f"Authorization: Bearer {TOKEN}",
        f"access_token={TOKEN}",
    ):
        clean = redactor(line).clean
        assert TOKEN[:20] not in clean(f"535 {TOKEN}")
        assert TOKEN[-12:] not in clean(f"535 {TOKEN}")


def test_words_that_were_no_secret_stay() -> None:
    clean = redactor("C: EHLO client.contoso.example\nS: 250 OK").clean
    assert clean("550 5.9.9 nobody knows why") == "550 5.9.9 nobody knows why"


def test_of_very_many_secrets_the_longest_are_kept_and_it_takes_no_time() -> None:
    log = "\n".join(f"password={'x' * (at % 90)}{at}" for at in range(MOST * 3))
    assert "x" * 80 not in redactor(log).clean("x" * 89 + "89")


@given(st.text(max_size=300))
def test_whatever_was_pasted_there_is_a_redactor(text: str) -> None:
    assert redactor(text).clean("550 5.9.9 no") is not None
