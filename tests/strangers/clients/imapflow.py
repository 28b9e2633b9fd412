"""imapflow from npm."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from clients.node import NodeProgram
from clients.program import Errand, Outcome, Own


class Imapflow(NodeProgram):
    name = "imapflow"
    speaks = frozenset({"imap"})
    own = MappingProxyType(
        {
            ("imap", "password"): Own("Login is disabled"),
            ("imap", "clear"): Own("Unsupported authentication mechanism"),
        }
    )

    def go(self, errand: Errand, folder: Path) -> Outcome:
        answer = self._node.ask(errand)
        return Outcome(answer["done"], answer["shown"], answer.get("fetched", ""))
