"""The demo as a stranger runs it: in an empty folder, with nothing but the program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest

from published import judged

pytestmark = pytest.mark.slow

TWO_MINUTES = 120
FORGETFUL = ("--weather", "accepts-and-forgets")


class Told(NamedTuple):
    code: int
    document: dict[str, Any]
    left_behind: list[str]
    still_running: list[str]


def demo(*words: str) -> Told:
    """The demo's answer, the files it left in the home folder, and processes of its session."""
    with TemporaryDirectory() as folder:
        home = {"HOME": folder, "PORTINERIA_STATE": f"{folder}/state"}
        with subprocess.Popen(
            [sys.executable, "-m", "portineria", "demo", "--json", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, **home},
            start_new_session=True,
        ) as process:
            try:
                out, _ = process.communicate(timeout=TWO_MINUTES)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        left = [str(path.relative_to(folder)) for path in Path(folder).rglob("*")]
        return Told(process.returncode, judged(out), left, session(process.pid))


def session(leader: int) -> list[str]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == leader and fields[0] != "Z":
            found.append(stat.parent.name)
    return found


def test_the_story_ends_with_every_promise_kept_on_the_wire() -> None:
    told = demo()
    assert told.code == 0, told.document
    rows = told.document["rows"]
    assert {one["verdict"] for one in rows} == {"kept"}
    assert {one["wire"] for one in rows if one["promised"] == "open"} == {"yes"}
    assert {one["wire"] for one in rows if one["promised"] == "refused"} == {"no"}
    assert {one["protocol"] for one in rows} == {"imap", "pop", "smtp"}
    one_password_gets_in_and_from_one_network(rows)
    assert told.document["window"]["requests"] >= 5
    assert told.document["window"]["seconds"] > 0
    assert (told.still_running, told.left_behind) == ([], [])


def one_password_gets_in_and_from_one_network(rows: list[dict[str, Any]]) -> None:
    passwords = [one for one in rows if one["caller"] == "basic"]
    inside = [one for one in passwords if one["wire"] == "yes"]
    assert [one["mailbox"].partition("@")[0] for one in inside] == ["scan"]
    assert any(one["mailbox"] == inside[0]["mailbox"] for one in passwords if one not in inside)
    assert len({one["mailbox"] for one in passwords}) > 3


def test_under_a_service_that_accepts_and_forgets_it_fails_and_names_the_row() -> None:
    told = demo(*FORGETFUL)
    assert told.code == 1
    (broken,) = (one for one in told.document["rows"] if one["verdict"] == "broken")
    assert (broken["promised"], broken["wire"]) == ("open", "no")
    assert broken["mailbox"] in told.document["stopped"]
    assert (told.still_running, told.left_behind) == ([], [])
