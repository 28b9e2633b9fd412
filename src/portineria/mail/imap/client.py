"""The client's end of IMAP (RFC 3501, RFC 9051): log in, EXAMINE INBOX, log out.

An accepted login proves little: some servers accept it and shut the mailbox at the first
command (dossier 1.10, 5.2), so the step that counts is OPEN.
"""

from __future__ import annotations

import re

from portineria.mail.conversation import (
    ONE_LINE,
    Conversation,
    Credential,
    Nobody,
    Password,
    Step,
    plain_text,
)
from portineria.mail.sasl import Proposal
from portineria.mail.transcript import label

MOST_LITERAL = 65_536  # octets of one literal inside an answer that nobody reads

_LITERAL = re.compile(rb"\{(\d{1,10})\}$")
_STATUS = re.compile(r"\* (OK|NO|BAD|BYE|PREAUTH)\b", re.IGNORECASE)


class ImapClient(Conversation):
    def __init__(
        self, credential: Credential | Nobody, *, starttls: bool, closer: bool = False
    ) -> None:
        super().__init__(credential, starttls=starttls, closer=closer)
        self._number = 0
        self._offered: tuple[str, ...] = ()
        self._literal = 0  # octets of a literal still to be passed over
        self._inside = False  # the next line continues an answer with a literal

    # --- lines ---

    def _read_piece(self) -> bytes | None:
        if self._literal:
            self._literal -= len(self._buffer.some(self._literal))
            if self._literal:
                return None
        return super()._read_piece()

    def _hear(self, line: bytes, shown: str) -> None:
        inside, self._inside = self._inside, False
        text = plain_text(line)
        if inside or (line.startswith(b"* ") and not _STATUS.match(text)):
            self._expect_literal(line)
        if inside:
            return
        if self._step is Step.GREETING:
            self._greeting(text, shown)
        elif text.startswith("* "):
            self._untagged(text, shown)
        elif text.startswith("+"):
            self._continuation()
        else:
            self._tagged(text, shown)

    def _expect_literal(self, line: bytes) -> None:
        found = _LITERAL.search(line)
        if found is None:
            return
        self._literal, self._inside = int(found[1]), True
        if self._literal > MOST_LITERAL:
            self._break("the server sent a literal too long to be passed over")

    def _greeting(self, text: str, shown: str) -> None:
        found = _STATUS.match(text)
        word = found[1].upper() if found else ""
        if word == "OK":
            self._answer(True, text, shown)
            self._greet_again()
        elif word == "BYE":
            self._answer(False, text, shown)
            self._finish()
        else:
            self._break("this is not the greeting of an IMAP server that asks for a login")

    def _untagged(self, text: str, shown: str) -> None:
        words = text.split()
        word = words[1].upper() if len(words) > 1 else ""
        if word == "CAPABILITY":
            self._offered = tuple(item.upper() for item in words[2:])
        elif word == "BYE" and self._step is not Step.GOODBYE:
            self._answer(False, text, shown)
            self._finish()

    def _continuation(self) -> None:
        if self._step is Step.LOGIN:
            self._challenged()
        else:
            self._break("the server asks for more where nothing was promised")

    def _tagged(self, text: str, shown: str) -> None:
        tag, _, rest = text.partition(" ")
        word = rest.partition(" ")[0].upper()
        if tag != f"A{self._number}" or word not in {"OK", "NO", "BAD"}:
            self._break("this is not an answer to our command")
            return
        self._decided(word == "OK", text, shown)

    # --- steps ---

    def _decided(self, ok: bool, text: str, shown: str) -> None:
        match self._step:
            case Step.CAPABILITY:
                self._capabilities(ok, text, shown)
            case Step.STARTTLS:
                self._tls(ok, text, shown)
            case Step.LOGIN:
                self._logged_in(ok, text, shown)
            case Step.AFTER:
                self._note_offered(self._offered, after=True)
                self._open()
            case Step.OPEN:
                self._answer(ok, text, shown)
                self._leave()
            case _:
                self._finish()

    def _greet_again(self) -> None:
        self._offered = ()
        self._step = Step.CAPABILITY
        self._command("CAPABILITY")

    def _capabilities(self, ok: bool, text: str, shown: str) -> None:
        offered = " ".join(self._offered)
        self._note_offered(self._offered)
        if not ok:
            self._answer(False, text, shown)
            self._leave()
        elif self._starttls:
            self._step = Step.STARTTLS
            if "STARTTLS" in self._offered:
                self._command("STARTTLS")
            else:
                self._answer(False, offered, self.transcript.shown(offered))
                self._leave()
        else:
            self._log_in(offered)

    def _tls(self, ok: bool, text: str, shown: str) -> None:
        self._answer(ok, text, shown)
        if ok:
            self._want_tls()
        else:
            self._leave()

    def _log_in(self, offered: str) -> None:
        shown = self.transcript.shown(offered)
        by_login = isinstance(self._credential, Password) and "LOGINDISABLED" not in self._offered
        proposal = next(
            (way for name, way in self._proposals().items() if f"AUTH={name}" in self._offered),
            None,
        )
        self._answer(by_login or proposal is not None, offered, shown)
        if by_login:
            self._step = Step.LOGIN
            self._login()
        elif proposal is not None:
            self._step = Step.LOGIN
            self._authenticate(proposal)
        else:
            self._leave()

    def _login(self) -> None:
        """LOGIN with quoted strings, or with literals where they cannot hold it (not ASCII)."""
        user, password = self._credential.user, self._credential.secret.reveal()
        if (user + password).isascii():
            self._command(f"LOGIN {_quote(user)} ", _quote(password).encode())
            return
        name, secret = user.encode(), password.encode()
        self._pending.append((name + f" {{{len(secret)}}}".encode(), "<literal>"))
        self._pending.append((secret, label(self._kind, secret)))
        self._command(f"LOGIN {{{len(name)}}}")

    def _authenticate(self, proposal: Proposal) -> None:
        """RFC 9051 6.2.2; the initial response of RFC 4959 only where the line stays short."""
        command = f"AUTHENTICATE {proposal.mechanism}"
        first = proposal.step(0)
        length = len(f"A{self._number + 1} {command} ") + len(first) + 2
        if proposal.opens and "SASL-IR" in self._offered and length <= ONE_LINE:
            self._queue(proposal, begin=1)
            self._command(f"{command} ", first)
        else:
            self._queue(proposal)
            self._command(command)

    def _logged_in(self, ok: bool, text: str, shown: str) -> None:
        self._answer(ok, text, shown)
        if not ok:
            self._leave()
        elif self._closer:
            self._offered, self._step = (), Step.AFTER
            self._command("CAPABILITY")
        else:
            self._open()

    def _open(self) -> None:
        self._step = Step.OPEN
        self._command("EXAMINE INBOX")

    def _say_goodbye(self) -> None:
        self._command("LOGOUT")

    def _command(self, text: str, secret: bytes | None = None) -> None:
        self._number += 1
        if secret is None:
            self._send(f"A{self._number} {text}")
        else:
            self._send_secret(f"A{self._number} {text}", secret)


def _quote(text: str) -> str:
    """A quoted string (RFC 9051 section 9) of printable ASCII."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
