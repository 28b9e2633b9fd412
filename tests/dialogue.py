"""Reads the dialogues: text files in which a client (`C:`) and a server (`S:`) talk.

    # a comment
    use: tls                 settings, before the first line of talk
    C: A1 LOGIN ada {password}
    C| octets without a line end, with \\r \\n \\x escapes
    S: A1 NO LOGIN failed.
    S: A1 OK …               `…` stands for anything
    TLS                      both sides shake hands
    CLOSED                   the server has ended the conversation

`{name}` is replaced from the values of whoever runs it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

FOLDER = Path(__file__).parent / "dialogues"


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    kind: str  # "C", "C|", "S", "TLS", "CLOSED"
    text: str


@dataclass(frozen=True, slots=True)
class Dialogue:
    name: str
    settings: dict[str, str] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()


def read(path: Path) -> Dialogue:
    """Raises ValueError with the line number for a line that is none of the kinds."""
    settings: dict[str, str] = {}
    lines: list[Line] = []
    for number, text in enumerate(path.read_text().splitlines(), start=1):
        if not text.strip() or text.startswith("#"):
            continue
        if text in ("TLS", "CLOSED"):
            lines.append(Line(number, text, ""))
        elif text.startswith("C| "):
            lines.append(Line(number, "C|", text[3:]))
        elif text[:2] in ("C:", "S:"):
            lines.append(Line(number, text[0], text[3:]))
        elif not lines and ": " in text:
            key, _, value = text.partition(": ")
            settings[key] = value
        else:
            raise ValueError(f"{path.name}:{number}: neither C: nor S:")
    return Dialogue(path.stem, settings, tuple(lines))


def folder(name: str) -> list[Dialogue]:
    return [read(path) for path in sorted((FOLDER / name).glob("*.txt"))]


class Talker(Protocol):
    """A server under test. `hear` gives what it answers, `closed` and `shake` what they say."""

    closed: bool

    async def open(self) -> bytes: ...

    async def hear(self, octets: bytes) -> bytes: ...

    def shake(self) -> None: ...


async def play(dialogue: Dialogue, talker: Talker, values: Mapping[str, str]) -> None:
    """Client lines are said when the server has said everything written before them."""
    said = _Said(dialogue.name, await talker.open())
    for line in dialogue.lines:
        text = _filled(line.text, values)
        match line.kind:
            case "C":
                said.more(await talker.hear(text.encode() + b"\r\n"))
            case "C|":
                said.more(
                    await talker.hear(text.encode().decode("unicode_escape").encode("latin-1"))
                )
            case "S":
                said.expect(line.number, text)
            case "TLS":
                said.nothing_left(line.number)
                talker.shake()
            case _:
                assert talker.closed, f"{dialogue.name}:{line.number}: still open"
    said.nothing_left(0)


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


class _Said:
    def __init__(self, name: str, octets: bytes) -> None:
        self._name = name
        self._lines: list[str] = []
        self.more(octets)

    def more(self, octets: bytes) -> None:
        assert not octets or octets.endswith(b"\r\n"), octets
        self._lines += octets.decode().split("\r\n")[:-1]

    def expect(self, number: int, text: str) -> None:
        where = f"{self._name}:{number}"
        assert self._lines, f"{where}: expected {text!r}, the server said nothing"
        pattern = ".*".join(re.escape(part) for part in text.split("…"))
        actual = self._lines.pop(0)
        assert re.fullmatch(pattern, actual), f"{where}: expected {text!r}, got {actual!r}"

    def nothing_left(self, number: int) -> None:
        assert not self._lines, f"{self._name}:{number}: the server also said {self._lines}"
