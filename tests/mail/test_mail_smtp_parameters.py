"""The parameters of MAIL and RCPT, by the extension that brings them."""

from __future__ import annotations

import pytest

from portineria.mail.smtp.grammar import SmtpSyntax
from portineria.mail.smtp.parameters import MAIL, RCPT, UnknownParameter, check

OFFERED = frozenset({"SIZE", "DSN", "8BITMIME", "BINARYMIME", "SMTPUTF8", "AUTH"})


@pytest.mark.parametrize(
    ("rules", "given"),
    [
        (MAIL, {}),
        (MAIL, {"SIZE": "12", "BODY": "8bitmime", "RET": "FULL", "ENVID": "a+2Bb", "SMTPUTF8": ""}),
        (MAIL, {"BODY": "BINARYMIME", "AUTH": "<>"}),
        (RCPT, {"NOTIFY": "NEVER", "ORCPT": "rfc822;a@b"}),
        (RCPT, {"NOTIFY": "success,FAILURE,delay"}),
        (RCPT, {"ORCPT": "utf-8;grün@b"}),
    ],
)
def test_what_is_offered_may_be_asked(rules: dict[str, object], given: dict[str, str]) -> None:
    check(given, rules, OFFERED)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "given"),
    [
        (MAIL, {"SIZE": ""}),
        (MAIL, {"SIZE": "x"}),
        (MAIL, {"BODY": "9BIT"}),
        (MAIL, {"RET": "SOME"}),
        (MAIL, {"ENVID": "a+b"}),
        (MAIL, {"SMTPUTF8": "yes"}),
        (RCPT, {"NOTIFY": "NEVER,SUCCESS"}),
        (RCPT, {"NOTIFY": ""}),
        (RCPT, {"ORCPT": "a@b"}),
    ],
)
def test_a_value_that_does_not_fit_is_refused(
    rules: dict[str, object], given: dict[str, str]
) -> None:
    with pytest.raises(SmtpSyntax):
        check(given, rules, OFFERED)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"X": "1"}, ""),
        ({"SIZE": "1"}, "SIZE"),
        ({"RET": "FULL"}, "DSN"),
        ({"BODY": "BINARYMIME"}, "BINARYMIME"),
        ({"NOTIFY": "NEVER"}, ""),  # RCPT's
    ],
)
def test_what_is_not_offered_is_unknown(given: dict[str, str], missing: str) -> None:
    with pytest.raises(UnknownParameter):
        check(given, MAIL, OFFERED - {missing})
