"""SMTP's limits and the sentences handed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SmtpLimits:
    """Octets and counts. `line`: 512 (RFC 5321 section 4.5.3.1.4) and what SIZE, DSN, SMTPUTF8
    and AUTH= add to MAIL and RCPT (1,500 by their documents)."""

    line: int = 2_048
    message: int = 157_286_400
    recipients: int = 1_000
    mistakes: int = 10


@dataclass(frozen=True, slots=True)
class SmtpWords:
    """What the owner says through the machine: whole replies with their codes.

    `{verb}` is what was not understood, `{size}` octets of a chunk, `{stamp}` the owner's mark
    of the moment. `hello` is the first line of the EHLO reply without its code.
    """

    greeting: str
    hello: str
    extensions_clear: tuple[str, ...]
    extensions: tuple[str, ...]
    mechanisms_clear: frozenset[str]
    mechanisms: frozenset[str]
    bye: str
    ok: str = "250 2.0.0 OK"
    reset: str = "250 2.0.0 Reset"
    start_data: str = "354 go ahead"
    chunk: str = "250 2.0.0 {size} octets"
    verify: str = "252 2.1.5 cannot verify"
    help: str = "214 2.0.0 see RFC 5321"
    unknown: str = "500 5.5.1 unknown command"
    syntax: str = "501 5.5.4 syntax error"
    parameter: str = "555 5.5.4 unknown parameter"
    utf8_first: str = "553 5.6.7 SMTPUTF8 first"
    bad_domain: str = "501 5.5.4 bad domain"
    too_long: str = "500 5.5.2 line too long"
    hello_first: str = "503 5.5.1 EHLO first"
    wrong_order: str = "503 5.5.1 bad sequence"
    login_first: str = "530 5.7.0 authenticate first"
    unknown_mechanism: str = "504 5.5.4 unknown mechanism"
    cancelled: str = "501 5.7.0 cancelled"
    malformed: str = "501 5.5.2 malformed credentials"
    too_large: str = "552 5.3.4 too large"
    too_many_recipients: str = "452 4.5.3 too many recipients"
    too_many_mistakes: str = "421 4.7.0 too many mistakes"
