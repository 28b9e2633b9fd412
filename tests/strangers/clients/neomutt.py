"""neomutt on a terminal: opens INBOX and pipes the first message out. What it shows is its
screen and its own log of the conversation."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import shutil
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from clients.program import PATIENCE, Errand, Outcome, Own, Program, bare, private, secret_file

KEYS = {"(no mailbox)": "q", "(r)eject": "r"}
"""Where nothing could be opened it is left; a certificate that it asks about is rejected."""


class Neomutt(Program):
    name = "neomutt"
    speaks = frozenset({"imap"})
    own = MappingProxyType(
        {
            ("imap", "password"): Own("LOGIN disabled"),
            ("imap", "challenge"): Own("XOAUTH2 authentication failed", sent=True),
            ("imap", "clear"): Own("No authenticators available"),
        }
    )

    def go(self, errand: Errand, folder: Path) -> Outcome:
        piped = folder / "piped"
        keys = f"<first-entry><pipe-message>cat >{piped}<enter><exit>"
        shown = run_neomutt(errand, folder, keys)
        fetched = piped.read_text("utf-8") if piped.exists() else ""
        return Outcome(bool(fetched), shown, fetched)


def run_neomutt(errand: Errand, folder: Path, keys: str) -> str:
    """INBOX opened, and its functions carried out; everything that it showed and logged."""
    log = folder / "log"
    settings = private(folder / "neomuttrc", _settings(errand, folder, keys))
    command = ["neomutt", "-n", "-F", str(settings), "-d", "2", "-l", str(log)]
    screen = on_a_terminal(folder, command, KEYS)
    return screen + Path(f"{log}0").read_text("utf-8", "replace")  # it numbers its logs


def _settings(errand: Errand, folder: Path, keys: str) -> str:
    scheme = "imaps" if errand.tls == "implicit" else "imap"
    secret = secret_file(errand, folder)
    login = (
        f'set imap_authenticators="xoauth2"\nset imap_oauth_refresh_command="cat {secret}"'
        if errand.kind == "token"
        else f'set imap_authenticators="login"\nset imap_pass=`cat {secret}`'
    )
    tls = "no" if errand.tls == "never" else "yes"
    return f"""
set folder="{scheme}://{errand.host}:{errand.port}/"
set spoolfile="+INBOX"
set imap_user="{errand.user}"
{login}
set ssl_ca_certificates_file="{errand.ca}"
set certificate_file="{folder}/accepted"
set ssl_starttls={tls}
set ssl_force_tls={tls}
set tmpdir="{folder}"
set sleep_time=0
set wait_key=no
set quit=yes
set move=no
set mark_old=no
set confirmappend=no
set confirmcreate=no
set delete=yes
push "{keys}"
"""


def on_a_terminal(folder: Path, command: list[str], keys: Mapping[str, str]) -> str:
    """Everything that the program drew, from start to end.

    Where it waits, the key of the latest text on the screen that has one is typed. Raises
    TimeoutExpired where it has not ended after PATIENCE seconds.
    """
    program = shutil.which(command[0])
    assert program is not None, f"{command[0]} is needed: make strangers installs it"
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
    with subprocess.Popen(
        [program, *command[1:]],
        stdin=its,
        stdout=its,
        stderr=its,
        cwd=folder,
        env=bare(folder),
        start_new_session=True,
    ) as process:
        os.close(its)
        try:
            drawn = _watched(ours, keys)
            process.wait(1)
        finally:
            process.kill()
            os.close(ours)
    return drawn


def _watched(terminal: int, keys: Mapping[str, str]) -> str:
    drawn, deadline = "", time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 0.05)
        if not ready:
            os.write(terminal, _key(drawn, keys))
            continue
        piece = _read(terminal)
        if not piece:
            break
        drawn += piece.decode("utf-8", "replace")
    return drawn


def _key(drawn: str, keys: Mapping[str, str]) -> bytes:
    """Nothing where none of the texts was drawn."""
    latest = max(keys, key=drawn.rfind)
    return keys[latest].encode() if latest in drawn else b""


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""  # Linux says so when the program at the other end is gone
