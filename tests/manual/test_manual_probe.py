"""docs/probe.md: the conversation it shows is the one that is had."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "cli"))

from shell import Shell  # noqa: E402

pytestmark = pytest.mark.slow
PAGE = (ROOT / "docs" / "probe.md").read_text(encoding="utf-8")


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    found = Shell(tmp_path)
    try:
        yield found
    finally:
        found("lab", "down", code=None)


def test_the_conversation_of_the_page_is_had_word_for_word(shell: Shell) -> None:
    (block,) = re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL)
    _, up, asked = block.split("$ portineria ")
    shell(*shlex.split(up))
    command, _, wanted = asked.partition("\n")
    said = shell(*shlex.split(command), code=1)
    pattern = "\n".join(
        ".*".join(map(re.escape, line.split("…"))) for line in wanted.rstrip().splitlines()
    )
    assert re.fullmatch(pattern, said.rstrip()), said
