"""A conversation for people, in which no secret can appear.

Redaction happens here, while lines are spoken, and never afterwards in a log. What a client
sends in secret is written as a label. What anybody says in the open is searched for pieces of
the secrets, because a server may repeat what it was told: as it stands, in base64 at any
alignment, in either alphabet and any case.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from portineria.secret import Secret

PIECE = 8  # characters: so much of a secret is never shown, wherever it was cut
MARK = PIECE // 2
SHOWN = 600  # characters of one line
_LOOKED_AT = 4096  # characters of one line; a flood of long lines must not cost minutes
HIDDEN = "<secret>"
_BETWEEN = "\ud800"  # half a character: no text that was decoded holds it

_EDGE = re.compile(r"[A-Za-z0-9+/_-]?\0+[A-Za-z0-9+/_-]?=*")
_BASE64_URL = str.maketrans("+/", "-_")


class Side(StrEnum):
    CLIENT = "C"
    SERVER = "S"
    NOTE = "*"
    """What neither said: a TLS handshake, a cut."""


@dataclass(frozen=True, slots=True)
class Line:
    side: Side
    text: str

    def __str__(self) -> str:
        return f"{self.side}: {self.text}"


def label(kind: str, line: bytes, facts: str = "") -> str:
    """How a secret line is shown: `<token, 2214 octets>`. A password's length is not told.

    `facts` are what a token says of itself, as `tokenfacts` tells them.
    """
    if kind == "password":
        return f"<{kind}>"
    return f"<{kind}, {len(line)} octets{', ' if facts else ''}{facts}>"


class Redactor:
    """Hides every run of PIECE or more characters that also stands in a secret.

    A secret shorter than PIECE is hidden where it stands whole; one shorter than four
    characters cannot be hidden without hiding the language, and is not.
    """

    __slots__ = ("_forms", "_marks", "_short")

    def __init__(self, secrets: Iterable[Secret], wrapped: Iterable[Secret] = ()) -> None:
        """`secrets` are hidden in every form; of `wrapped` (a SASL message, which also holds
        the user's name) only the base64 forms are."""
        open_secrets = [secret.reveal() for secret in secrets]
        encoded = [*open_secrets, *(secret.reveal() for secret in wrapped)]
        forms = [form for text in open_secrets for form in (text, _quoted(text))]
        forms += [form for text in encoded for form in _base64_forms(text.encode())]
        folded = {*map(_folded, forms)}
        whole = [form for form in folded if len(form) >= PIECE]
        self._forms = _BETWEEN.join(whole)
        # A token has thousands of pieces, too many to list for each conversation. Half a piece
        # at every fifth place is enough to notice one: a piece holds five, and so one of these.
        self._marks = frozenset(
            form[at : at + MARK] for form in whole for at in range(0, len(form), MARK + 1)
        )
        self._short = [form for form in folded if MARK <= len(form) < PIECE]

    def clean(self, text: str) -> str:
        """The text with every such run replaced by `<secret>`, and controls made visible."""
        text = text[:_LOOKED_AT]
        hidden = self._hidden(text)
        out: list[str] = []
        for index, character in enumerate(text):
            if not hidden[index]:
                out.append(_visible(character))
            elif index == 0 or not hidden[index - 1]:
                out.append(HIDDEN)
        return _shortened("".join(out))

    def _hidden(self, text: str) -> list[bool]:
        low = _folded(text)
        hidden = [False] * len(text)
        for mark in range(len(low) - MARK + 1):
            if low[mark : mark + MARK] in self._marks:
                for start in range(max(0, mark - MARK), min(mark, len(low) - PIECE) + 1):
                    if low[start : start + PIECE] in self._forms:
                        hidden[start : start + PIECE] = [True] * PIECE
        for form in self._short:
            for found in re.finditer(f"(?={re.escape(form)})", low):
                hidden[found.start() : found.start() + len(form)] = [True] * len(form)
        return _with_edges(text, hidden)


class Transcript:
    """What was said so far, ready to be shown. It keeps no secret and no unredacted line."""

    __slots__ = ("_lines", "_redactor")

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._lines: list[Line] = []

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(self._lines)

    def client(self, open_part: str, secret_part: str = "") -> None:
        """A line of ours: what may be read, then a `label` for what may not."""
        shown = self._redactor.clean(open_part).strip()
        self._lines.append(Line(Side.CLIENT, f"{shown} {secret_part}".strip()))

    def server(self, line: bytes) -> str:
        """A line of theirs; returns it as shown."""
        shown = self._redactor.clean(line.decode("utf-8", "replace"))
        self._lines.append(Line(Side.SERVER, shown))
        return shown

    def shown(self, text: str) -> str:
        """A text as it would be shown, without recording it."""
        return self._redactor.clean(text)

    def note(self, text: str) -> None:
        self._lines.append(Line(Side.NOTE, self._redactor.clean(text)))

    def __str__(self) -> str:
        return "\n".join(map(str, self._lines))


def _folded(text: str) -> str:
    """Lower case, character by character: some letters grow longer in it, and stay."""
    if text.isascii():
        return text.lower()
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _base64_forms(raw: bytes) -> list[str]:
    """base64 of the octets at each of the three alignments, without the characters that
    depend on neighbours, in both alphabets."""
    forms: list[str] = []
    for shift in range(3):
        text = b64encode(b"\0" * shift + raw).decode().rstrip("=")
        whole = 8 * (shift + len(raw)) // 6
        form = text[-(-8 * shift // 6) : whole]
        forms += [form, form.translate(_BASE64_URL)]
    return forms


def _with_edges(text: str, hidden: list[bool]) -> list[bool]:
    """Also hide the base64 characters that a secret shares with its neighbours, and padding."""
    edged = list(hidden)
    mask = ("\0" if hide else c for hide, c in zip(hidden, text.replace("\0", " "), strict=True))
    for found in _EDGE.finditer("".join(mask)):
        edged[found.start() : found.end()] = [True] * len(found[0])
    return edged


def _quoted(text: str) -> str:
    """As a quoted string (RFC 9051 section 9)."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _visible(character: str) -> str:
    return character if character.isprintable() else f"\\x{ord(character):02x}"


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
