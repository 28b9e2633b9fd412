"""A shell on a terminal of its own, typed at as a person does."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

CLEAR = "\x15"  # Ctrl-U: throw the line away
_PAINT = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r|\x07|\x08")


class Terminal:
    """`typed` sends keys and waits until a pattern is on the screen; the screen since then."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> None:
        self._master, slave = pty.openpty()
        self._shell = subprocess.Popen(
            command,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environment, "TERM": "dumb"},
            cwd=cwd,
            start_new_session=True,
        )
        os.close(slave)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self._shell.kill()
        self._shell.wait()
        os.close(self._master)

    def typed(self, keys: str, until: str, seconds: float = 20.0) -> str:
        os.write(self._master, keys.encode())
        screen, end = "", time.monotonic() + seconds
        while not re.search(until, screen):
            assert time.monotonic() < end, f"{until!r} is not on the screen: {screen!r}"
            if select.select([self._master], [], [], 0.2)[0]:
                screen += _PAINT.sub("", os.read(self._master, 65536).decode("utf-8", "replace"))
        return screen
