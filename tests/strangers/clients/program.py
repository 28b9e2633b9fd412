"""What every program is asked, and what is seen of it.

A program gets an `Errand`: a door, a login, and the one deed that proves that it is inside, for
being let in is more than a login. Over IMAP and POP it fetches the letter that waits in the
mailbox; over SMTP it sends one. It is configured as its own manual says, by a file or by its own
interface; it is never patched, and it trusts the authority named in the errand and no other.
"""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, Literal

Protocol = Literal["imap", "pop", "smtp"]
Tls = Literal["implicit", "starttls", "never"]
Kind = Literal["token", "password"]
Occasion = Literal["token", "password", "challenge", "clear"]
"""What a program may be peculiar about: a token, a password, a failure that is explained in a
challenge first, a login without TLS."""

PATIENCE = 20.0  # seconds after which a program that has not ended is ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One login, and one deed behind it.

    `letter` is a line that stands in the waiting letter, or is to stand in the one that is sent;
    `sender` and `to` are the addresses of the latter.
    """

    protocol: Protocol
    port: int
    tls: Tls
    ca: Path
    user: str
    secret: str
    kind: Kind
    letter: str
    sender: str
    to: str
    host: str = "localhost"

    def trust(self) -> ssl.SSLContext:
        """For clients in Python: the lab's authority and no other."""
        return ssl.create_default_context(cafile=str(self.ca))

    def xoauth2(self) -> str:
        return f"user={self.user}\x01auth=Bearer {self.secret}\x01\x01"

    def text(self) -> str:
        """The letter to send. The lone dot is there to be stuffed, and not lost."""
        return (
            f"From: {self.sender}\nTo: {self.to}\nSubject: {self.letter}\n\n"
            f"Above the dot\n.\n{self.letter}\n"
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """`done` is the program's own opinion, `shown` all that it showed of the conversation and of
    its end, `fetched` the messages it brought home."""

    done: bool
    shown: str
    fetched: str = ""


@dataclass(frozen=True, slots=True)
class Own:
    """What a program shows in its own way. `sent`: the secret went out, and was refused; else it
    was kept back, for the server offers no way to log in with it."""

    shows: str
    sent: bool = False


class Program(ABC):
    """`speaks` are its protocols; `starttls`: it can begin TLS on a connection."""

    name: ClassVar[str]
    speaks: ClassVar[frozenset[Protocol]]
    starttls: ClassVar[bool] = True
    own: ClassVar[Mapping[tuple[Protocol, Occasion], Own]] = MappingProxyType({})
    """Where it shows something else than the sentence of the table, and what."""

    @abstractmethod
    def go(self, errand: Errand, folder: Path) -> Outcome:
        """Carry the errand out. `folder` is empty and the program's own."""


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def shown(self) -> str:
        return self.out + self.err


def run(folder: Path, *command: str, text: str = "") -> Ended:
    """A command with a bare environment, at home in `folder`; ended after PATIENCE seconds."""
    program = shutil.which(command[0])
    assert program is not None, f"{command[0]} is needed: make strangers installs it"
    done = subprocess.run(
        [program, *command[1:]],
        input=text.encode(),
        capture_output=True,
        check=False,
        cwd=folder,
        env=bare(folder),
        timeout=PATIENCE,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode("utf-8", "replace"))


def bare(folder: Path) -> dict[str, str]:
    """No configuration, proxy or trust of this machine's user gets into a program."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", "TERM": "xterm"}


def secret_file(errand: Errand, folder: Path) -> Path:
    """The token or password in a file, for programs that fetch it by a command."""
    return private(folder / "secret", errand.secret)


def private(path: Path, text: str) -> Path:
    """A file that others cannot read; several programs insist on that."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return path


def delivered(maildir: Path) -> str:
    """Every message of a Maildir, one after another."""
    found = [*maildir.glob("new/*"), *maildir.glob("cur/*")]
    return "\n".join(each.read_text("utf-8", "replace") for each in sorted(found))


def maildir(path: Path) -> Path:
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True)
    return path
