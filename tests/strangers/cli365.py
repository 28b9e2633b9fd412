"""CLI for Microsoft 365 in an enclave: its commands, and a browser for its device codes."""

from __future__ import annotations

import http.client
import json
import re
import ssl
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from clients.node import FOLDER, PACKAGES, with_node
from enclave import Enclave
from signing_in import Person

PROGRAM = PACKAGES / ".bin" / "m365"
SECONDS = 120.0
"""For one start of the program on a busy machine; it takes three on a quiet one."""
SETTINGS = {"disableTelemetry": True, "prompt": False}
CODE = re.compile(r"open the page (?P<page>\S+) and enter the code (?P<code>\S+) ")

Command = tuple[str, dict[str, Any]]
"""A command's name and its options."""


@dataclass(frozen=True, slots=True)
class Answers:
    """By the name that the test gave to each command."""

    by_name: dict[str, dict[str, Any]]

    def __getitem__(self, name: str) -> Any:
        """What a command said, as data. A refusal fails."""
        answer = self.by_name[name]
        assert "refused" not in answer, answer
        return answer["said"]

    def refusal(self, name: str) -> str:
        """What a command was refused with; "" where it was not."""
        return str(self.by_name[name].get("refused", ""))

    def log(self, name: str) -> str:
        """What a refused command wrote down, with the option `debug`."""
        return str(self.by_name[name].get("log", ""))


@dataclass(slots=True)
class M365:
    """The program with a home of its own, in which it keeps who is signed in.

    Its settings are as `m365 cli config set` writes them: no telemetry, no questions.
    """

    inside: Enclave
    name: str
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        home = self.inside.folder / self.name
        settings = home / ".config" / "configstore" / "cli-m365-config.json"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps(SETTINGS))
        self.environment |= {"HOME": str(home), "CLIMICROSOFT365_NOUPDATE": "1"}
        self.environment["PATH"] = with_node(self.inside.environment["PATH"])

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """One command line."""
        return self.inside.run(PROGRAM, *words, timeout=SECONDS, environment=self.environment)

    def sign_in(self, app: dict[str, str]) -> dict[str, Any]:
        """`login` by secret; what it says about the connection."""
        done = self.run("login", "--authType", "secret", *self.application(app))
        assert done.returncode == 0, self.inside.story(done.stderr)
        return dict(json.loads(done.stdout))

    def application(self, app: dict[str, str]) -> tuple[str, ...]:
        words = ("--appId", app["client_id"], "--tenant", self.inside.info["tenant"])
        return (*words, "--secret", app["client_secret"]) if "client_secret" in app else words

    def sign_in_by_code(self, client_id: str, upn: str) -> tuple[dict[str, Any], list[str]]:
        """`login` by device code, with a person at a browser; and the pages that were seen."""
        said = self.inside.folder / f"{self.name}.said"
        words = ("login", "--authType", "deviceCode", *self.application({"client_id": client_id}))
        login = self.inside.start(PROGRAM, *words, output=said, environment=self.environment)
        try:
            shown = self._code(said, login)
            person = Person(self.inside, upn, Wires(self.inside))
            person.go(shown["page"], shown["code"])
            assert login.wait(SECONDS) == 0, self.inside.story(said.read_text())
        finally:
            self.inside.stop(login)
        text = said.read_text()
        return dict(json.loads(text[text.index("{") :])), person.seen

    def answers(self, **commands: Command) -> Answers:
        """What each command said, or was refused with; all in one start of the program."""
        done = self.inside.run(
            "node",
            FOLDER / "cli365_commands.mjs",
            stdin=json.dumps(list(commands.values())),
            timeout=SECONDS,
            environment=self.environment,
        )
        assert done.returncode == 0, self.inside.story(done.stderr)
        return Answers(dict(zip(commands, json.loads(done.stdout), strict=True)))

    def _code(self, said: Path, login: subprocess.Popen[bytes]) -> re.Match[str]:
        end = time.monotonic() + SECONDS
        while login.poll() is None and time.monotonic() < end:
            found = CODE.search(said.read_text())
            if found is not None:
                return found
            time.sleep(0.05)
        raise AssertionError(self.inside.story("no code:", said.read_text()))


@dataclass(slots=True)
class Wires(httpx2.BaseTransport):
    """A browser's connections, each opened inside the enclave."""

    inside: Enclave

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.host
        trust = ssl.create_default_context(cafile=self.inside.info["ca"])
        talk = http.client.HTTPConnection(host, timeout=30)
        talk.sock = trust.wrap_socket(
            self.inside.connect(host, request.url.port or 443), server_hostname=host
        )
        try:
            sent = dict(request.headers)
            talk.request(request.method, request.url.raw_path.decode(), request.read(), sent)
            answer = talk.getresponse()
            return httpx2.Response(
                answer.status, headers=answer.getheaders(), content=answer.read()
            )
        finally:
            talk.close()


def ids(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Each row's id, sorted: none twice and none missing is seen by comparing."""
    return sorted(row["id"] for row in rows)
