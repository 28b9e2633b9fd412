"""One node process that carries out errands with packages from npm, a line each.

Starting node takes longer than most errands; the table has many.
"""

from __future__ import annotations

import json
import select
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

from clients.program import PATIENCE, Errand, Program, bare

FOLDER = Path(__file__).parent.parent / "node"


class Node:
    def __init__(self, home: Path) -> None:
        program = shutil.which("node")
        assert program is not None, "node is needed"
        assert (FOLDER / "node_modules").is_dir(), "make strangers installs the packages"
        self._process = subprocess.Popen(
            [program, str(FOLDER / "clients.js")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=bare(home),
            cwd=home,
        )

    def ask(self, errand: Errand, deed: str = "fetch") -> dict[str, Any]:
        """The outcome of one errand."""
        self.begin(errand, deed)
        return self.answer()

    def begin(self, errand: Errand, deed: str) -> None:
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
