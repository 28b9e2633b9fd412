"""Standard output that is closed, full, or of another alphabet: real, so in a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = f"{sys.executable} -m portineria"
MUTE = {
    "closed": (">&-", "standard output is closed, so there is nobody to answer"),
    "full": (">/dev/full", "the answer could not be written: No space left on device"),
    "all closed": ("<&- >&-", "standard output is closed"),
}


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={**os.environ, "PORTINERIA_STATE": str(folder / "state"), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("words", ["schema", "--json look"])
@pytest.mark.parametrize("how", MUTE)
def test_an_answer_that_nobody_can_hear_is_told_on_standard_error(
    how: str, words: str, tmp_path: Path
) -> None:
    """An error that was to be JSON is told too: nothing is left unsaid."""
    redirected, why = MUTE[how]
    done = shell(f"{PROGRAM} {words} {redirected}", tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    if (how, words) == ("full", "--json look"):
        assert done.stderr.startswith("error: there is no profile")
    else:
        assert done.stderr.startswith(f"error: {why}")
        assert "where: standard output" in done.stderr
        assert "> /dev/null" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_question_is_not_asked_where_standard_input_is_closed(tmp_path: Path) -> None:
    done = shell(f"{PROGRAM} apply none.json <&-", tmp_path)
    assert (done.returncode, done.stderr.count("error: ")) == (2, 1)


def test_a_sign_that_the_terminal_lacks_is_escaped(tmp_path: Path) -> None:
    line = f"{PROGRAM} --json plan perché.yaml"
    done = shell(line, tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 2
    assert "\\u00e9" in done.stdout
    assert json.loads(done.stdout)["error"]["where"] == "perché.yaml"


def test_a_name_that_is_no_text_is_shown_escaped(tmp_path: Path) -> None:
    for words in ("plan", "--json plan"):
        done = shell(f"{PROGRAM} {words} $'per\\xe9.yaml'", tmp_path)
        assert done.returncode == 2
        assert "udce9" in done.stdout + done.stderr


def test_a_device_is_written_and_never_replaced(tmp_path: Path) -> None:
    """`--output /dev/stdout` must not put a file in its place, whoever runs it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    program = (
        "from portineria.cli.session import write_private; import sys;"
        "write_private(sys.argv[1], {'a': 1})"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(pipe)]) as writer:
        assert json.loads(pipe.read_text()) == {"a": 1}
    assert writer.returncode == 0
    assert pipe.is_fifo()
    link, kept = tmp_path / "link", tmp_path / "kept.json"
    link.symlink_to(kept)
    subprocess.run([sys.executable, "-c", program, str(link)], check=True)
    assert link.is_symlink()
    assert json.loads(kept.read_text()) == {"a": 1}
