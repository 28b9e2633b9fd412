"""What is told of a token, and that nothing is told where it cannot be read."""

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portineria.mail.tokenfacts import MOST, facts_of
from portineria.secret import Secret


def token(claims: object) -> Secret:
    part = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return Secret(f"head.{part}.signature")


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({"aud": "mail", "exp": 0}, "for mail, until 1970-01-01 00:00 UTC"),
        ({"aud": "mail"}, "for mail"),
        ({"exp": 1793786400.5}, "until 2026-11-04 10:00 UTC"),
        ({"aud": ["a", "b"], "exp": "soon"}, ""),
        ({"aud": "", "exp": 1e300}, ""),
        ({"aud": "a\x1b[2J"}, ""),
        ({"aud": "a" * 500}, f"for {'a' * MOST}"),
        (["no", "claims"], ""),
    ],
)
def test_audience_and_end_are_told_where_they_are_what_they_should_be(
    claims: object, told: str
) -> None:
    assert facts_of(token(claims)) == told


@pytest.mark.parametrize("text", ["", "opaque", "a.b", "a.!!!.c", "a.bm8.c", "a.\xe9.c"])
def test_what_is_no_web_token_tells_nothing(text: str) -> None:
    assert facts_of(Secret(text)) == ""


@given(st.text(max_size=60))
def test_no_text_makes_it_fail(text: str) -> None:
    facts_of(Secret(f"a.{text}.b"))
