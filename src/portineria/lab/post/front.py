"""One conversation: octets in, octets out, whatever carries them.

A front owns a mail machine and answers its events in the service's words. `open` gives the
greeting; `receive` everything to be sent in return, after whatever waiting the service does.
What the service says unasked goes to `push`, which whoever carries the conversation sets; by
`drain` the carrier may take what is ready and give back what it leaves, so that a client that
sends many commands at once does not make us hold all answers.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from portineria.lab.post.bearer import Bearer, Permission, read
from portineria.lab.post.office import PostOffice
from portineria.lab.post.refusals import Refused, TokenRefused
from portineria.lab.post.sentences import Session
from portineria.mail.events import Event, Login
from portineria.mail.machine import Machine
from portineria.mail.sasl import TokenOffered

# Google's form; every capture of Exchange Online fails without it (dossier 5.1).
CHALLENGE = json.dumps(
    {"status": "401", "schemes": "Bearer", "scope": "https://outlook.office.com/"},
    separators=(",", ":"),
).encode()


def _nowhere(_octets: bytes) -> None:
    pass


async def _keep(octets: bytes) -> bytes:
    return octets


class Front(ABC):
    """`address` is the peer's, as Conditional Access will see it."""

    face = ""
    permission: Permission

    def __init__(self, office: PostOffice, session: Session, machine: Machine, address: str):
        self.office = office
        self.session = session
        self.address = address
        self._machine = machine
        self.push: Callable[[bytes], None] = _nowhere
        self.drain: Callable[[bytes], Awaitable[bytes]] = _keep

    @property
    def closed(self) -> bool:
        """The conversation is over: send what was returned, then close."""
        return self._machine.closed

    @property
    def shaking(self) -> bool:
        """A TLS handshake is to follow what was returned; then call `tls_started`."""
        return self._machine.shaking

    def tls_started(self) -> None:
        self._machine.tls_started()

    async def open(self) -> bytes:
        self._machine.start()
        return self._machine.take()

    async def receive(self, data: bytes) -> bytes:
        """Everything to be sent, but for what was handed to `drain` between two commands."""
        self._machine.receive(data)
        answer = b""
        while (event := self._machine.next_event()) is not None:
            await self._on(event)
            answer = await self.drain(answer + self._machine.take())
        return answer + self._machine.take()

    def close(self) -> None:
        """The connection is gone. Nothing to do here for most protocols."""
        return

    def expire(self) -> bytes:
        """The client was silent for too long: the last words to it."""
        if sentence := self._silent():
            self._machine.hang_up(sentence)
        return self._machine.take()

    def _silent(self) -> str:
        """What a client hears that was silent for too long; nothing for most."""
        return ""

    @abstractmethod
    async def _on(self, event: Event) -> None:
        """Answer one event."""

    # --- what the three protocols have in common ---

    def _push(self) -> None:
        """Send what the machine has to say, now."""
        if octets := self._machine.take():
            self.push(octets)

    def _read_token(self, offered: TokenOffered) -> Bearer:
        """Raises TokenRefused."""
        office = self.office
        return read(office.wire(), office.read_token, offered.token.reveal(), self.permission)

    def _refuse_login(self, event: Login, refusal: Refused, sentence: str) -> None:
        explain = self.office.weather().reading("xoauth2-failure") == "challenge"
        bad_token = isinstance(refusal, TokenRefused) and isinstance(event.offered, TokenOffered)
        self._note("auth", event, refusal.gate, sentence)
        self._machine.refuse(sentence, challenge=CHALLENGE if explain and bad_token else None)

    def _accept_login(self, event: Login, sentence: str, client: str = "") -> None:
        self._note("auth", event, "", sentence, client)
        self._machine.accept(sentence)

    def _note(self, step: str, login: Login, gate: str, said: str, client: str = "") -> None:
        """`gate` is empty for a yes. The sentence is kept as a template, without its stamp."""
        self.office.record(
            {
                "at": self.office.world.clock.now().isoformat(),
                "face": self.face,
                "step": step,
                "mechanism": login.offered.mechanism,
                "user": login.offered.user,
                "client": client,
                "address": self.address,
                "outcome": "refused" if gate else "accepted",
                "gate": gate,
                "said": said,
            }
        )
