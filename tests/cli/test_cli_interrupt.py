"""Ctrl-C at any time, and a reader that goes away, on a tenant that takes a while."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from portineria.cli.labs import control
from portineria.cli.loop import run

pytestmark = pytest.mark.slow

MAILBOXES = 400
POLICY = """
tenant: contoso.onmicrosoft.com
everyone_else: {imap: off, pop: off}
"""


class Desk:
    """An administrator's folder, and commands that are started in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "PORTINERIA_STATE": str(folder / "state"),
            "PORTINERIA_PROFILE": "lab",
        }
        (folder / "policy.yaml").write_text(POLICY)

    def start(self, *words: str) -> Command:
        return Command(self, words)

    def done(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "portineria", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


class Command:
    """One that runs. Its standard output is a pipe that nobody reads until it is asked for."""

    def __init__(self, desk: Desk, words: tuple[str, ...]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "portineria", *words],
            cwd=desk.folder,
            env=desk.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        self._listener = Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self.said.extend(self.process.stderr)

    def interrupted_at(self, text: str, then: float = 0.0) -> int:
        """Wait until it says `text`, press Ctrl-C `then` seconds later, and give its exit code."""
        end = time.monotonic() + 60
        while not any(text in line for line in self.said):
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end
            time.sleep(0.01)
        time.sleep(then)
        self.process.send_signal(signal.SIGINT)
        return self.ended()

    def ended(self) -> int:
        code = self.process.wait(timeout=60)
        self._listener.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return code


@pytest.fixture(scope="module", autouse=True)
def heard() -> Iterator[None]:
    """Whoever runs the tests in the background of a script has Ctrl-C ignored and hands it on."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    up = desk.done("lab", "up", "--detach", "--json", "--mailboxes", str(MAILBOXES))
    assert up.returncode == 0, up.stdout
    try:
        body = {"name": "fair", "overrides": {"latency": 0.02, "page": 50}}
        control(json.loads(up.stdout), "POST", "/weather", body)
        yield desk
    finally:
        desk.done("lab", "down")


@pytest.mark.parametrize("text", ["mailboxes (Exchange", "switches of mailboxes", "accounts"])
def test_ctrl_c_while_the_tenant_is_read_says_so_and_no_more(desk: Desk, text: str) -> None:
    command = desk.start("look")
    assert command.interrupted_at(text) == 130
    assert command.said[-1] == "interrupted\n"
    assert "Traceback" not in "".join(command.said)


def test_ctrl_c_while_the_answer_is_printed(desk: Desk) -> None:
    """Nobody reads, so the answer waits in the pipe, half of it said."""
    command = desk.start("look", "--json")
    assert command.interrupted_at("authentication policies of mailboxes", then=2.0) == 130
    assert command.said[-1] == "interrupted\n"
    assert "Traceback" not in "".join(command.said)


def test_ctrl_c_at_the_very_beginning(desk: Desk) -> None:
    """Whatever is being imported just then."""
    for delay in (0.15, 0.25, 0.35, 0.45):
        command = desk.start("look")
        time.sleep(delay)
        command.process.send_signal(signal.SIGINT)
        assert command.ended() in (130, -signal.SIGINT)
        assert "portineria" not in "".join(command.said).replace("interrupted", "")


def test_a_reader_that_has_enough_is_no_error(desk: Desk) -> None:
    command = desk.start("look", "--mailboxes")
    assert command.process.stdout is not None
    assert command.process.stdout.readline().startswith("Tenant ")
    command.process.stdout.close()
    code = command.process.wait(timeout=60)
    command._listener.join()
    assert code == 130
    assert "Traceback" not in "".join(command.said)
    assert "Exception" not in "".join(command.said)


def test_whoever_interrupts_a_run_is_told_how_it_is_finished(desk: Desk) -> None:
    made = desk.done("plan", "--output", "plan.json", "--accept", "blast-radius")
    assert made.returncode == 0, made.stderr
    command = desk.start("apply", "plan.json", "--yes")
    assert command.interrupted_at("changes ", then=0.3) == 130
    (journal,) = (desk.folder / "state" / "runs").glob("*/journal.jsonl")
    run_id = journal.parent.name
    told = f"run {run_id} rests where it was: portineria apply --resume {run_id}\n"
    assert command.said[-3:] == [told, "\n", "interrupted\n"]
    kinds = [json.loads(line)["kind"] for line in journal.read_text().splitlines()]
    assert kinds.count("outcome") <= kinds.count("promise") < MAILBOXES
    assert kinds[-1] in ("promise", "outcome")


def test_ctrl_c_during_work_that_does_not_wait_comes_out_all_the_same() -> None:
    """Planning ten thousand mailboxes takes seconds in which the event loop has no turn."""
    finished: list[int] = []

    async def busy() -> int:
        signal.raise_signal(signal.SIGINT)
        finished.append(sum(range(1000)))
        return 1

    with pytest.raises(KeyboardInterrupt):
        run(busy())
    assert finished
