"""`portineria …` as a process of its own, beside somebody in front of a browser who signs in."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import Any

from shell import Shell

from browser import Browser
from published import judged

ADMIN = "admin@contoso.example"
PAGE = re.compile(r"https://\S+/authorize\S*")
CODE = re.compile(r"open (https://\S+) on any device and type (\S+)")


class Signing:
    """Runs verbs that ask for a sign-in. `out` and `err` are the last one's."""

    def __init__(self, shell: Shell, info: Mapping[str, Any]) -> None:
        self.shell = shell
        self.info = info
        self.out = self.err = ""

    def browser(self, upn: str = ADMIN, **more: Any) -> Browser:
        (password,) = [one["password"] for one in self.info["people"] if one["upn"] == upn]
        return Browser(self.info["ca"], upn, password, **more)

    def __call__(
        self,
        *words: str,
        code: int | None = 0,
        browser: Browser | None = None,
        typed: str | None = None,
        kill_at: str = "",
    ) -> str:
        """`typed` is what stands on standard input; at a line with `kill_at` it is killed."""
        somebody = browser or self.browser()
        environment = {**self.shell.environment, "BROWSER": "true"}
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION", "SSH_TTY"):
            environment.pop(name, None)
        process = subprocess.Popen(
            [sys.executable, "-m", "portineria", *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.shell.folder,
            env=environment,
        )
        calls: list[threading.Thread] = []
        said: list[str] = []
        assert process.stdin is not None
        assert process.stderr is not None
        assert process.stdout is not None
        process.stdin.write(typed or "")
        process.stdin.close()
        for line in process.stderr:
            said.append(line)
            if kill_at and kill_at in line:
                os.kill(process.pid, signal.SIGKILL)
            page, typing = PAGE.search(line), CODE.search(line)
            given = (page[0],) if page else typing.groups() if typing else None
            if given is not None:
                calls.append(threading.Thread(target=somebody.go, args=given, daemon=True))
                calls[-1].start()
        self.out, self.err = process.stdout.read(), "".join(said)
        process.stdout.close()
        process.stderr.close()
        ended = process.wait(30)
        for call in calls:
            call.join(10)
        if code is not None:
            assert ended == code, f"{words}: {ended}\n{self.out}{self.err}"
        if "--json" in words and not kill_at:
            judged(self.out)
        return self.out
