"""Thunderbird, unmodified and headless, driven as a person drives it.

    with thunderbird(inside) as program:
        program.set_up("ada@contoso.example", "imap", sign_in_with=password)
        program.open("ada@contoso.example", "imap", "INBOX")

Every wait has a bound; a failure tells what Thunderbird shows and prints, and what the lab was
asked. The verbs themselves are in verbs.js.
"""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from enclave import Enclave

from thunderbird.marionette import Marionette

HERE = Path(__file__).parent
VERBS = (HERE / "verbs.js").read_text(encoding="utf-8")
STARTS_WITHIN = 90.0
PATIENCE = 40.0
HEARD = "CreateNewLineFromSocket: "
LOGGING = "IMAP:4"
NOISE = (
    "Gtk-CRITICAL",
    "glib warning",
    "GFX1-",
    "Marionette\tINFO",
    "Main Thread]: I",
    "Main Thread]: D",
)


class Thunderbird:
    """One running Thunderbird in an enclave."""

    def __init__(self, inside: Enclave, marionette: Marionette, log: Path) -> None:
        self._inside = inside
        self._marionette = marionette
        self._log = log

    def do(self, verb: str, *arguments: object) -> Any:
        """One verb of verbs.js. Raises MarionetteError."""
        return self._marionette.do(f"{VERBS}\nreturn VERBS.{verb}(...arguments);", *arguments)

    def until(self, wanted: str, look: Callable[[], Any], patience: float = PATIENCE) -> Any:
        """The first answer of `look` that is neither None, False nor empty."""
        end = time.monotonic() + patience
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > end:
                raise AssertionError(f"not within {patience:g} s: {wanted}{self.story()}")
            time.sleep(0.1)

    def set_up(self, name: str, kind: str, *, password: str = "", sign_in_with: str = "") -> str:
        """Set an account up in the account hub's own way: "in", or "out: " and what it says."""
        self.do("setUp", name, kind, password)
        if sign_in_with:
            self.sign_in(name, sign_in_with)
        return str(self.until("an outcome of the set-up", lambda: self.do("outcome")))

    def set_up_at(self, name: str, kind: str, user: str, password: str, front: object) -> str:
        """As `set_up` with a password, at servers of one's own: `front` has host and ports."""
        self.do("setUp", name, kind, password, user, front)
        return str(self.until("an outcome of the set-up", lambda: self.do("outcome")))

    def set_up_found(self, name: str, *, sign_in_with: str) -> tuple[str, list[list[Any]]]:
        """Set an account up by what its domain serves: the outcome as of `set_up`, and the servers
        that were found, incoming and outgoing: type, host, port, user name, way to log in."""
        self.do("setUpFound", name)
        found = self.until("a configuration of the domain", lambda: self.do("found"))
        self.sign_in(name, sign_in_with)
        outcome = self.until("an outcome of the set-up", lambda: self.do("outcome"))
        return str(outcome), list(found)

    def sign_in(self, name: str, password: str) -> None:
        """Fill in Microsoft's page in Thunderbird's own window."""
        values = {"loginfmt": name, "passwd": password}

        def pressed() -> bool:
            page = self.do("signIn", values, "#idSIButton9")
            return bool(page and page["pressed"])

        self.until("the sign-in page", pressed)

    def try_to_send(self, name: str, password: str) -> tuple[str, str]:
        """Log in to the sending host: what is asked of the person, and the outcome."""
        self.do("tryToSend", name, password)
        asked = str(self.until("a question", self._marionette.declined))
        return asked, str(self.until("an outcome", lambda: self.do("outcome")))

    def open(self, name: str, kind: str, folder: str) -> None:
        self.until(f"the folder {folder}", lambda: self.do("open", name, kind, folder))

    def subjects(self, name: str, kind: str, folder: str) -> list[str]:
        return list(self.do("subjects", name, kind, folder))

    def await_subject(self, name: str, kind: str, folder: str, subject: str) -> None:
        self.until(f"{subject!r} in {folder}", lambda: subject in self.subjects(name, kind, folder))

    def read(self, subject: str) -> str:
        """The text of a message in the folder that is open."""
        return str(self.until(f"the text of {subject!r}", lambda: self.do("read", subject)))

    def discard(self, subject: str) -> None:
        """Delete a message of the folder that is open, having read it."""
        self.read(subject)
        self.until("a message to delete", lambda: self.do("discard"))

    def send(self, name: str, kind: str, to: str, subject: str, text: str) -> None:
        """Write it, press Send, and wait until the window has closed by itself."""
        self.do("write", name, kind, to, subject, text)
        self.until("a Send button that can be pressed", lambda: self.do("send"))
        self.until(
            "the composition window closing after sending",
            lambda: not any("messengercompose" in window for window in self.do("windows")),
        )

    def idling(self, folder: str) -> list[list[str]]:
        """What the server told in every IDLE on this folder so far, first to last."""
        told: list[list[str]] = []
        idle = False
        for line in self.printed().splitlines():
            said = line.rpartition(f":S-{folder}:")[2]
            if said.startswith("SendData: "):
                idle = said.endswith(" IDLE")
                told += [[]] * idle
            elif idle and said.startswith(HEARD):
                told[-1] = [*told[-1], said.removeprefix(HEARD)]
        return told

    def printed(self) -> str:
        """Its complaints, and its conversations by IMAP (in which it hides what is secret)."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(one for one in lines if one and not any(noise in one for noise in NOISE))

    def story(self) -> str:
        """What Thunderbird shows and prints, and what the lab was asked."""
        try:
            page = self.do("signIn", {}, "[no-such-button]")
            shown = [*self.do("windows"), *([page["url"], page["text"]] if page else [])]
        except (OSError, AssertionError) as fault:
            shown = [repr(fault)]
        printed = self.printed().splitlines()[-150:]
        return self._inside.story("Thunderbird shows:", *shown, "and printed:", *printed)


@contextmanager
def thunderbird(inside: Enclave) -> Iterator[Thunderbird]:
    """A Thunderbird with a new profile that trusts the lab's authority; killed at the end.

    It knows nothing of what another one did, and runs beside it.
    """
    profile = _profile(inside)
    log = profile / "printed.log"
    command = ["thunderbird", "--headless", "--marionette", "--remote-allow-system-access"]
    command += ["--no-remote", "--profile", str(profile)]
    child = inside.start(*command, output=log, environment={"MOZ_LOG": LOGGING})
    try:
        marionette = Marionette(_connection(inside, child, profile, log))
        program = Thunderbird(inside, marionette, log)
        program.until("Thunderbird's window", lambda: program.do("ready"), STARTS_WITHIN)
        yield program
        marionette.close()
    finally:
        inside.stop(child)


def _profile(inside: Enclave) -> Path:
    profile = Path(tempfile.mkdtemp(prefix="thunderbird-", dir=inside.folder))
    (profile / "user.js").write_bytes((HERE / "user.js").read_bytes())
    keys = f"sql:{profile}"
    for arguments in (
        ["-N", "-d", keys, "--empty-password"],
        ["-A", "-d", keys, "-n", "lab", "-t", "C,,", "-i", inside.info["ca"]],
    ):
        subprocess.run(["certutil", *arguments], check=True, capture_output=True, timeout=60)
    return profile


def _connection(
    inside: Enclave, child: subprocess.Popen[bytes], profile: Path, log: Path
) -> socket.socket:
    """Through the port that Marionette has chosen and written down in the profile."""
    port = profile / "MarionetteActivePort"
    end = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            return inside.connect("127.0.0.1", int(port.read_text()))
        except (OSError, ValueError) as fault:  # no file yet, no number in it yet, no door yet
            if child.poll() is not None or time.monotonic() > end:
                said = log.read_text(errors="replace")
                raise AssertionError(f"Thunderbird does not start: {fault}\n{said}") from None
            time.sleep(0.1)
