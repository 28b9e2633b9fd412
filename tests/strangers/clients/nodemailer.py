"""nodemailer from npm: AUTH XOAUTH2 in one line, initial response included."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from clients.node import NodeProgram
from clients.program import Errand, Outcome, Own


class Nodemailer(NodeProgram):
    name = "nodemailer"
    speaks = frozenset({"smtp"})
    own = MappingProxyType(
        {("smtp", "clear"): Own("530 5.7.57 Client not authenticated to send mail.")}
    )

    def go(self, errand: Errand, folder: Path) -> Outcome:
        answer = self._node.ask(errand)
        return Outcome(answer["done"], answer["shown"])
