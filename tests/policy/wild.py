"""Texts of the catalogue as programs, consoles, mails and web pages make them look."""

from __future__ import annotations

import html
import json
import quopri
import re
import textwrap
from collections.abc import Callable

from portineria.policy.wiretexts.catalogue import SAYINGS
from portineria.policy.wiretexts.sayings import Face, Saying, shown

NEW = " [LA1P000CA0016.LABP000.PROD.OUTLOOK.COM 2026-11-04T10:07:41.000Z 08DCE8B62813AB2B]"
OLD = " [LA1P000CA0016.labp000.prod.outlook.com]"
ITALIAN = " [MI0P293CA0001.ITAP293.PROD.OUTLOOK.COM 2026-11-04T10:07:41.123Z 08DE000000000001]"
_PLACES = {"{n}": "7", "{number}": "299910", "{word}": "INBOX", "{host}": "LA1P000MB0007"}
_REPLY = re.compile(r"(\d{3}) (\d\.\d{1,3}\.\d{1,3} )?(.*)", re.DOTALL)


def spoken(saying: Saying) -> str:
    """The first form of a saying that can be said, with something in each place."""
    template = next((one for one in saying.texts if not one.startswith("(")), "")
    text = re.sub(r"\{[a-z]+\}", lambda place: _PLACES.get(place[0], "somebody"), shown(template))
    return text.replace("␀", "\0" * 8)


SPOKEN: dict[str, str] = {one.id: spoken(one) for one in SAYINGS if spoken(one)}
BY_FACE = {
    face: [one.id for one in SAYINGS if one.face is face and one.id in SPOKEN] for face in Face
}


def _python(text: str) -> str:
    """`(535, b'5.7.139 …')`, as smtplib raises it."""
    found = _REPLY.fullmatch(text)
    if found is None:
        return f"poplib.error_proto: {text.encode()!r}"
    rest = (found[2] or "") + found[3]
    return f"smtplib.SMTPAuthenticationError: ({found[1]}, {rest.encode()!r})"


def _mailkit(text: str) -> str:
    found = _REPLY.fullmatch(text)
    told = text if found is None else f"{found[1]}: {found[2] or ''}{found[3]}"
    return f"MailKit.Security.AuthenticationException: {told}\n   at MailKit.Net.Smtp.SmtpClient"


def _multiline(text: str) -> str:
    """A reply of two lines, each with its codes and a stamp of the log."""
    found = _REPLY.fullmatch(text)
    if found is None or " " not in found[3]:
        return text
    words = found[3].split()
    half = max(1, len(words) // 2)
    code, enhanced = found[1], found[2] or ""
    return (
        f"2026-11-04 10:07:41,123 S: {code}-{enhanced}{' '.join(words[:half])}\n"
        f"2026-11-04 10:07:41,124 S: {code} {enhanced}{' '.join(words[half:])}"
    )


def _broken_at(columns: int) -> Callable[[str], str]:
    """As a terminal of so many columns is copied: in the middle of a word."""

    def broken(text: str) -> str:
        whole = f"Error: {text}"
        return "\n".join(whole[at : at + columns] for at in range(0, len(whole), columns))

    return broken


def _quoted(text: str) -> str:
    """As a mail carries a long line, among other words (RFC 2045 section 6.7)."""
    told = f"Dear all, the scanner on the second floor says this again: {text}\n\nWhat is it?"
    return quopri.encodestring(told.encode()).decode()


WILD: dict[str, Callable[[str], str]] = {
    "bare": lambda text: text,
    "upper": str.upper,
    "lower": str.lower,
    "a full stop and an advice": lambda text: f"{text.rstrip('.')}.",
    "new bracket": lambda text: text + NEW,
    "old bracket": lambda text: text + OLD,
    "a host elsewhere": lambda text: text + ITALIAN,
    "smtplib, poplib": _python,
    "imaplib": lambda text: f"imaplib.IMAP4.error: {text.removeprefix('NO ').encode()!r}",
    "imaplib, returned": lambda text: f"('NO', [{text.removeprefix('NO ').encode()!r}])",
    "MailKit": _mailkit,
    "PHPMailer": lambda text: f"2026-11-04 10:07:41\tSERVER -> CLIENT: {text}{NEW}\r\n",
    "nodemailer": lambda text: json.dumps({"response": text, "command": "AUTH XOAUTH2"}),
    "nodemailer, told": lambda text: f"Error: Invalid login: {text}{NEW}\n    at SMTPConnection",
    "Java": lambda text: f"javax.mail.AuthenticationFailedException: {text}\n\tat com.sun.mail",
    "curl": lambda text: f"< {text}\n* Closing connection",
    "msmtp": lambda text: f"msmtp: server message: {text}\nmsmtp: could not send mail",
    "Postfix": lambda text: (
        "Nov  4 10:07:41 mail postfix/smtp[1234]: 4F: to=<a@contoso.example>, relay="
        "smtp.office365.com[192.0.2.1]:587, dsn=4.0.0, status=deferred (SASL authentication "
        f"failed; server smtp.office365.com[192.0.2.1] said: {text}{OLD})"
    ),
    "Outlook": lambda text: (
        "Task 'smtp.office365.com - Sending' reported error (0x800CCC80) : 'None of the "
        f"authentication methods supported by this client. The server responded: {text}'"
    ),
    ".NET": lambda text: (
        "System.Net.Mail.SmtpException: The SMTP server requires a secure connection or the "
        f"client was not authenticated. The server response was: {text}{OLD}"
    ),
    "a printer": lambda text: f"#0041 04/11/2026 10:07:41 SEND NG ({text})",
    "Italian": lambda text: f'Errore del server: "{text}" (server di posta: smtp.office365.com)',
    "HTML": lambda text: f"<td>{html.escape(text).replace(' ', '&nbsp;')}<br/></td>",
    "quoted-printable": _quoted,
    "JSON inside JSON": lambda text: json.dumps({"log": json.dumps({"m": text})}),
    "escaped letters": lambda text: json.dumps(text).replace("'", r"\u0027"),
    "typographic": lambda text: text.replace("'", "’"),
    "wrapped": lambda text: textwrap.fill(f"Error: {text}", 48, break_long_words=False),
    "wrapped, indented": lambda text: textwrap.fill(
        f"Error: {text}", 48, subsequent_indent="    ", break_long_words=False
    ),
    "wrapped, answered": lambda text: textwrap.fill(
        f"> Error: {text}", 48, subsequent_indent="> ", break_long_words=False
    ),
    "cut at 40": _broken_at(40),
    "cut at 61": _broken_at(61),
    "several lines": _multiline,
}

OF_NO_USE = {
    "imaplib": (Face.SMTP, Face.POP, Face.SIGN_IN, Face.GRAPH, Face.EXCHANGE),
    "imaplib, returned": (Face.SMTP, Face.POP, Face.SIGN_IN, Face.GRAPH, Face.EXCHANGE),
    "smtplib, poplib": (Face.IMAP, Face.SIGN_IN, Face.GRAPH, Face.EXCHANGE),
}
"""Libraries of one protocol do not wrap another."""
