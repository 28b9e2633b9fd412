"""One node process that carries out errands with packages from npm, a line each.

Starting node takes longer than most errands; the table has many.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

from clients.program import PATIENCE, Errand, Program, bare

FOLDER = Path(__file__).parent.parent / "node"
PACKAGES = FOLDER / "node_modules"


def node_program() -> Path:
    """Node comes from npm too: which one a machine has, if any, makes no difference.

    Not by the name in `.bin`, where npm 9 puts none for what is optional.
    """
    found = [*PACKAGES.glob("node-linux-*/bin/node")]
    assert len(found) == 1, f"make strangers installs Node and the packages: {found}"
    return found[0]


def with_node(path: str) -> str:
    """A PATH in which this Node comes first, for programs that look for one by its name."""
    return f"{node_program().parent}{os.pathsep}{path}"


class Node:
    def __init__(self, home: Path) -> None:
        self._home = home
        self._process = self._started()
        self._busy = False

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [node_program(), FOLDER / "clients.js"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=bare(self._home),
            cwd=self._home,
        )

    def ask(self, errand: Errand, deed: str = "fetch") -> dict[str, Any]:
        """The outcome of one errand."""
        self.begin(errand, deed)
        return self.answer()

    def begin(self, errand: Errand, deed: str) -> None:
        if self._busy:  # with what an earlier test gave up on: its answer is nobody's any more
            self._process.kill()
            self.close()
            self._process = self._started()
        self._busy = True
        asked = {**asdict(errand), "ca": str(errand.ca), "text": errand.text(), "deed": deed}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The next line that it says. Fails where none comes within PATIENCE seconds."""
        out = self._process.stdout
        assert out is not None
        ready, _, _ = select.select([out], [], [], PATIENCE)
        assert ready, "node said nothing"
        found: dict[str, Any] = json.loads(out.readline())
        self._busy = "done" not in found
        return found

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


class NodeProgram(Program):
    """A package from npm, used through `node/clients.js`."""

    def __init__(self, node: Node) -> None:
        self._node = node
