"""The client's end of POP3 (RFC 1939, 2449, 2595, 5034): log in, STAT, QUIT.

An accepted login proves little: a mailbox that is shut to POP shows only at the first command
(dossier 5.3), so the step that counts is OPEN. SASL always takes two lines here: the initial
response of RFC 5034 is refused by the servers this is made for (dossier 5.3).
"""

from __future__ import annotations

from portineria.mail.conversation import (
    Conversation,
    Credential,
    Nobody,
    Password,
    Step,
    plain_text,
)


class PopClient(Conversation):
    def __init__(
        self, credential: Credential | Nobody, *, starttls: bool, closer: bool = False
    ) -> None:
        super().__init__(credential, starttls=starttls, closer=closer)
        self._offered: list[str] | None = []
        """Lines of CAPA in upper case; None where the server knows no CAPA (RFC 2449 5)."""
        self._listing: list[str] | None = None
        """The answer to CAPA as far as it has come."""
        self._named = False  # USER was sent and PASS was not

    def _hear(self, line: bytes, shown: str) -> None:
        text = plain_text(line)
        if self._listing is not None:
            self._listed(self._listing, text)
        elif text.startswith("+OK"):
            self._decided(True, text, shown)
        elif text.startswith("-ERR"):
            self._decided(False, text, shown)
        elif text.startswith("+") and self._step is Step.LOGIN:
            self._challenged()
        else:
            self._break("this is not the answer of a POP3 server")

    def _decided(self, ok: bool, text: str, shown: str) -> None:
        match self._step:
            case Step.GREETING:
                self._greeted(ok, text, shown)
            case Step.CAPABILITY | Step.AFTER:
                self._capabilities(ok)
            case Step.STARTTLS:
                self._tls(ok, text, shown)
            case Step.LOGIN:
                self._logged_in(ok, text, shown)
            case Step.OPEN:
                self._answer(ok, text, shown)
                self._leave()
            case _:
                self._finish()

    def _greeted(self, ok: bool, text: str, shown: str) -> None:
        self._answer(ok, text, shown)
        if ok:
            self._greet_again()
        else:
            self._leave()

    def _greet_again(self) -> None:
        self._step = Step.CAPABILITY
        self._send("CAPA")

    def _capabilities(self, ok: bool) -> None:
        if ok:
            self._listing = []
        else:
            self._offered = None
            self._asked()

    def _listed(self, lines: list[str], text: str) -> None:
        if text == ".":
            self._offered, self._listing = lines, None
            self._asked()
        else:
            lines.append(text.upper())

    def _asked(self) -> None:
        if self._step is Step.AFTER:
            self._note_offered(self._offered or (), after=True)
            self._open()
            return
        self._note_offered(self._offered or ())
        if not self._starttls:
            self._log_in()
            return
        self._step = Step.STARTTLS
        if self._offered is None or "STLS" in self._offered:
            self._send("STLS")
        else:
            offered = " ".join(self._offered)
            self._answer(False, offered, self.transcript.shown(offered))
            self._leave()

    def _tls(self, ok: bool, text: str, shown: str) -> None:
        self._answer(ok, text, shown)
        if ok:
            self._want_tls()
        else:
            self._leave()

    def _log_in(self) -> None:
        offered = " ".join(self._offered or [])
        by_user = isinstance(self._credential, Password) and self._offers("USER")
        names = [name for name in self._proposals() if self._offers_sasl(name)]
        self._answer(by_user or bool(names), offered, self.transcript.shown(offered))
        if by_user:
            self._step = Step.LOGIN
            self._named = True
            self._send(f"USER {self._credential.user}")
        elif names:
            self._step = Step.LOGIN
            self._queue(self._proposals()[names[0]])
            self._send(f"AUTH {names[0]}")
        else:
            self._leave()

    def _offers(self, capability: str) -> bool:
        return self._offered is None or capability in self._offered

    def _offers_sasl(self, mechanism: str) -> bool:
        if self._offered is None:
            return True
        sasl = (line.split() for line in self._offered)
        return any(words[:1] == ["SASL"] and mechanism in words for words in sasl)

    def _logged_in(self, ok: bool, text: str, shown: str) -> None:
        if ok and self._named:
            self._named = False
            self._send_secret("PASS ", self._credential.secret.reveal().encode())
            return
        self._answer(ok, text, shown)
        if not ok:
            self._leave()
        elif self._closer:
            self._step = Step.AFTER
            self._send("CAPA")
        else:
            self._open()

    def _open(self) -> None:
        self._step = Step.OPEN
        self._send("STAT")

    def _say_goodbye(self) -> None:
        self._send("QUIT")
