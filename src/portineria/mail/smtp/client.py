"""The client's end of SMTP submission (RFC 5321, 3207, 4954): log in and leave.

Nothing is mailed: an accepted AUTH is what there is to know. Who looks closer also asks by MAIL
FROM whether the sender would be taken, and leaves before any recipient: no message can come of it.
"""

from __future__ import annotations

import re

from portineria.mail.conversation import (
    ONE_LINE,
    Conversation,
    Credential,
    Nobody,
    Step,
    plain_text,
)
from portineria.mail.sasl import Proposal

OUR_NAME = "[127.0.0.1]"  # a host without a name says its address (RFC 5321 4.1.4)

_NAME = re.compile(r"[!-~]+")
_ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
_REPLY = re.compile(r"(\d{3})(?:([ -])(.*))?$", re.DOTALL)


class SmtpClient(Conversation):
    """`name` is said in EHLO; some servers want a host name there (dossier 5.5, 501 5.5.4).

    With `sender`, an address, MAIL FROM is the last step; one that is not plain ASCII is not tried.
    """

    last = Step.LOGIN

    def __init__(
        self,
        credential: Credential | Nobody,
        *,
        starttls: bool,
        closer: bool = False,
        name: str = OUR_NAME,
        sender: str = "",
    ) -> None:
        super().__init__(credential, starttls=starttls, closer=closer)
        if not _NAME.fullmatch(name):
            raise ValueError("the name said in EHLO is one printable word")
        self._name = name
        self._reply: list[str] = []
        self._code = ""
        self._words: dict[str, list[str]] = {}
        self._sender = sender if _ADDRESS.fullmatch(sender) else ""
        if self._sender:
            self.last = Step.SENDER

    def _hear(self, line: bytes, shown: str) -> None:
        found = _REPLY.match(plain_text(line))
        if found is None or (self._reply and found[1] != self._code):
            self._break("this is not the answer of an SMTP server")
            return
        self._code = found[1]
        self._reply.append(found[3] or "")
        if found[2] == "-":
            return
        lines, self._reply = self._reply, []
        text = f"{self._code} {' '.join(lines)}".strip()
        self._decided(text, lines)

    def _decided(self, text: str, lines: list[str]) -> None:
        match self._step:
            case Step.GREETING:
                self._greeted(text)
            case Step.CAPABILITY:
                self._capabilities(text, lines)
            case Step.STARTTLS:
                self._tls(text)
            case Step.LOGIN:
                self._logged_in(text)
            case Step.SENDER:
                self._answer(self._code == "250", text, self.transcript.shown(text))
                self._leave()
            case _:
                self._finish()

    def _told(self, ok: bool, text: str) -> None:
        self._answer(ok, text, self.transcript.shown(text))
        if not ok:
            self._leave()

    def _greeted(self, text: str) -> None:
        ok = self._code == "220"
        self._told(ok, text)
        if ok:
            self._greet_again()

    def _greet_again(self) -> None:
        self._step = Step.CAPABILITY
        self._send(f"EHLO {self._name}")

    def _capabilities(self, text: str, lines: list[str]) -> None:
        if self._code != "250":
            self._told(False, text)
            return
        # Some servers still write AUTH= (before RFC 2554).
        words = (line.upper().replace("AUTH=", "AUTH ", 1).split() for line in lines[1:])
        self._words = {word[0]: word[1:] for word in words if word}
        self._note_offered(lines[1:])
        if not self._starttls:
            self._log_in(" ".join(lines[1:]))
            return
        self._step = Step.STARTTLS
        if "STARTTLS" in self._words:
            self._send("STARTTLS")
        else:
            self._told(False, " ".join(lines[1:]))

    def _tls(self, text: str) -> None:
        ok = self._code == "220"
        self._told(ok, text)
        if ok:
            self._want_tls()

    def _log_in(self, offered: str) -> None:
        mechanisms = self._words.get("AUTH", [])
        ways = [way for name, way in self._proposals().items() if name in mechanisms]
        self._told(bool(ways), offered)
        if ways:
            self._step = Step.LOGIN
            self._authenticate(ways[0])

    def _authenticate(self, proposal: Proposal) -> None:
        """RFC 4954 section 4; the initial response only where the line stays short."""
        command = f"AUTH {proposal.mechanism}"
        first = proposal.step(0)
        if proposal.opens and len(command) + len(first) + 3 <= ONE_LINE:
            self._queue(proposal, begin=1)
            self._send_secret(f"{command} ", first)
        else:
            self._queue(proposal)
            self._send(command)

    def _logged_in(self, text: str) -> None:
        if self._code == "334":
            self._challenged()
            return
        ok = self._code == "235"
        self._told(ok, text)
        if ok and self._sender:
            self._step = Step.SENDER
            self._send(f"MAIL FROM:<{self._sender}>")
        elif ok:
            self._leave()

    def _say_goodbye(self) -> None:
        self._send("QUIT")
