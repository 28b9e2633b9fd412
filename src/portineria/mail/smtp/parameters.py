"""What MAIL and RCPT may carry behind the path, each brought by an extension.

SIZE (RFC 1870), BODY (6152, 3030), RET, ENVID, NOTIFY, ORCPT (3461), SMTPUTF8 (6531), AUTH (4954).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass

from portineria.mail.smtp.grammar import SmtpSyntax

_XTEXT = r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})"


class UnknownParameter(Exception):
    """A parameter of no extension that is offered (RFC 5321 section 4.1.1.11: 555)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`extension` must be offered; `value` is the pattern of what stands behind `=`."""

    extension: str
    value: str


MAIL: Mapping[str, Rule] = {
    "SIZE": Rule("SIZE", r"\d{1,20}"),
    "BODY": Rule("8BITMIME", "7BIT|8BITMIME|BINARYMIME"),
    "RET": Rule("DSN", "FULL|HDRS"),
    "ENVID": Rule("DSN", _XTEXT + "{1,100}"),
    "SMTPUTF8": Rule("SMTPUTF8", ""),
    "AUTH": Rule("AUTH", _XTEXT + "{1,500}"),
}
RCPT: Mapping[str, Rule] = {
    "NOTIFY": Rule("DSN", "NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY)){0,2}"),
    "ORCPT": Rule("DSN", r"[A-Za-z0-9-]{1,32};(?:[^\x00-\x20=\x7f]){1,500}"),
}


def check(given: Mapping[str, str], rules: Mapping[str, Rule], offered: Set[str]) -> None:
    """`offered` are extension keywords. Raises UnknownParameter, SmtpSyntax for a bad value."""
    for name, value in given.items():
        rule = rules.get(name)
        if rule is None or rule.extension not in offered:
            raise UnknownParameter(name)
        if not re.fullmatch(rule.value, value, re.IGNORECASE):
            raise SmtpSyntax
    if given.get("BODY", "").upper() == "BINARYMIME" and "BINARYMIME" not in offered:
        raise UnknownParameter("BODY")
