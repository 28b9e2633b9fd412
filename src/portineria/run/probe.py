"""A real login, and what its answer means.

The probe speaks to a mail server as a client would: greeting, capabilities, TLS, login, and
for IMAP and POP the first look at the mailbox, because a shut mailbox may show only there. It
sends no mail. Its answer is yes or no only if the server said so in words that are understood;
everything else (a cut, a time-out, an untrusted certificate, a throttle, an unknown text) is
*could not tell*, with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol as Port
from typing import assert_never, runtime_checkable

from portineria.clock import Clock
from portineria.fault import Fault, NetworkFault
from portineria.fault import NotTrusted as Untrusted
from portineria.mail.conversation import (
    Answered,
    Broken,
    Conversation,
    Credential,
    Finished,
    Step,
    TlsWanted,
)
from portineria.mail.imap.client import ImapClient
from portineria.mail.pop.client import PopClient
from portineria.mail.smtp.client import SmtpClient
from portineria.mail.transcript import Line, Side
from portineria.policy.refusals import CallerKind, Reading, Stage, read, read_token_error
from portineria.policy.verdict import Answer
from portineria.run.ports import Dial, Stream
from portineria.tenant.mailbox import Protocol

PATIENCE = 120.0  # seconds for a whole conversation; a single wait is bounded by the stream


class Cut(NetworkFault):
    """The way to the mail server is broken. Raised by Dial and Stream."""


class NotReached(Cut):
    """No connection: name unknown, refused, no route, or the source address is not ours."""


class NotTrusted(Cut, Untrusted):
    """The server's certificate or name is not trusted; nothing was said to it."""


class TimedOut(Cut):
    """A wait was longer than the stream allows."""


class Tls(StrEnum):
    IMPLICIT = "implicit"
    STARTTLS = "starttls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One login to try.

    `mailbox` is the one in question, as it is reported; `credential.user` is what is sent, the
    same address unless a person's own name opens a shared mailbox. `source` is the local
    address to speak from. Raises ValueError if the credential cannot be sent (control
    characters).
    """

    protocol: Protocol
    host: str
    port: int
    tls: Tls
    mailbox: str
    credential: Credential = field(repr=False)
    caller: CallerKind
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a real conversation said.

    `stage` is the last one reached, `line` the server's deciding words as they may be shown,
    `reading` what they mean (None where the server said nothing), `because` a whole clause
    for people. `seconds` is the length of the conversation; `tls` the version spoken, if known.
    """

    protocol: Protocol
    mailbox: str
    caller: CallerKind
    server: str
    answer: Answer
    because: str
    stage: Stage
    line: str
    reading: Reading | None
    transcript: tuple[Line, ...]
    seconds: float
    tls: str | None


@runtime_checkable
class Encrypted(Port):
    """A stream that can tell its TLS version, "" before the handshake."""

    @property
    def tls_version(self) -> str: ...


async def probe(dial: Dial, clock: Clock, ask: Ask) -> Probe:
    """Try one login. Never raises for what a server or network does; that is in the answer."""
    attempt = _Attempt(ask, clock)
    try:
        stream = await dial(ask.host, ask.port, tls=ask.tls is Tls.IMPLICIT, source=ask.source)
    except Cut as cut:
        attempt.cut(cut)
        return attempt.result()
    try:
        await attempt.converse(stream)
    except Cut as cut:
        attempt.cut(cut)
    finally:
        await stream.close()
    return attempt.result()


def no_token(fault: Fault, protocol: Protocol, mailbox: str, caller: CallerKind) -> Probe | None:
    """The token endpoint's refusal as the answer it is; None where its code is not known.

    Conditional Access, consent and disabled accounts stop OAuth there, before any mail server.
    """
    code = str(fault.evidence.get("code", "")).removeprefix("AADSTS")
    reading = read_token_error(int(code), caller) if code.isdecimal() else None
    if reading is None or not reading.known:
        return None
    return Probe(
        protocol=protocol,
        mailbox=mailbox,
        caller=caller,
        server=fault.where,
        answer=reading.answer,
        because=reading.meaning,
        stage=Stage.SIGN_IN,
        line=f"AADSTS{code}: no token",
        reading=reading,
        transcript=(),
        seconds=0.0,
        tls=None,
    )


@dataclass(frozen=True, slots=True)
class _Verdict:
    answer: Answer
    because: str
    stage: Stage
    line: str = ""
    reading: Reading | None = None


_STAGES = {
    Step.GREETING: Stage.GREETING,
    Step.CAPABILITY: Stage.CAPABILITY,
    Step.STARTTLS: Stage.TLS,
    Step.LOGIN: Stage.AUTH,
    Step.OPEN: Stage.FIRST_COMMAND,
    Step.GOODBYE: Stage.FIRST_COMMAND,
}


class _Attempt:
    """One conversation on its way to a verdict; the first verdict stands."""

    def __init__(self, ask: Ask, clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._began = clock.tick()
        self._client = _client(ask)
        self._stage = Stage.CONNECT
        self._verdict: _Verdict | None = None
        self._tls: str | None = None
        self._notes: list[Line] = []

    async def converse(self, stream: Stream) -> None:
        self._stage = Stage.GREETING
        self._note_tls(stream)
        while True:
            event = self._client.next_event()
            await self._send(stream)
            if event is None:
                await self._receive(stream)
            elif isinstance(event, TlsWanted):
                self._stage = Stage.TLS
                await stream.start_tls()
                self._note_tls(stream)
                self._client.tls_started()
            elif self._ends(event):
                return

    def cut(self, cut: Cut) -> None:
        """The network failed: it decides only if nothing was decided before."""
        stage = Stage.TLS if isinstance(cut, NotTrusted) else self._stage
        self._decide(_Verdict(Answer.UNKNOWN, cut.why, stage))
        self._notes.append(Line(Side.NOTE, cut.why))

    def result(self) -> Probe:
        verdict = self._verdict or _Verdict(
            Answer.UNKNOWN, "the conversation ended without an answer", self._stage
        )
        return Probe(
            protocol=self._ask.protocol,
            mailbox=self._ask.mailbox,
            caller=self._ask.caller,
            server=f"{self._ask.host}:{self._ask.port}",
            answer=verdict.answer,
            because=verdict.because,
            stage=verdict.stage,
            line=verdict.line,
            reading=verdict.reading,
            transcript=(*self._client.transcript.lines, *self._notes),
            seconds=self._clock.tick() - self._began,
            tls=self._tls,
        )

    async def _send(self, stream: Stream) -> None:
        data = self._client.take()
        if data:
            await stream.write(data)

    async def _receive(self, stream: Stream) -> None:
        if self._clock.tick() - self._began > PATIENCE:
            raise TimedOut(f"the conversation took more than {PATIENCE:.0f} seconds")
        data = await stream.read()
        if data:
            self._client.receive(data)
        else:
            self._client.eof()

    def _ends(self, event: Answered | Broken | Finished) -> bool:
        match event:
            case Answered():
                self._answered(event)
                return False
            case Broken(step=step, why=why):
                self._decide(_Verdict(Answer.UNKNOWN, why, _STAGES[step]))
                return True
            case Finished():
                return True
        assert_never(event)

    def _answered(self, event: Answered) -> None:
        self._stage = _STAGES[event.step]
        last = Step.LOGIN if self._ask.protocol is Protocol.SMTP else Step.OPEN
        if event.ok and event.step is not last:
            return
        reading = read(self._ask.protocol, self._ask.caller, self._stage, event.line)
        if event.ok:
            answer, because = Answer.YES, "the server let us in"
        else:
            answer, because = _refusal(event.step, reading)
        self._decide(_Verdict(answer, because, self._stage, event.shown, reading))

    def _decide(self, verdict: _Verdict) -> None:
        if self._verdict is None:
            self._verdict = verdict

    def _note_tls(self, stream: Stream) -> None:
        if isinstance(stream, Encrypted):
            self._tls = stream.tls_version or self._tls


def _refusal(step: Step, reading: Reading) -> tuple[Answer, str]:
    """What a no at this step tells. A no before the login is about this server, not the
    mailbox, except where the catalogue knows it as a refusal."""
    if step is Step.STARTTLS:
        return Answer.UNKNOWN, "the server offers no TLS here, and nothing is said without it"
    if reading.answer is Answer.NO:
        return Answer.NO, reading.meaning
    if reading.passed:
        return Answer.UNKNOWN, "the server refused in words that mean consent"
    return Answer.UNKNOWN, reading.meaning


def _client(ask: Ask) -> Conversation:
    starttls = ask.tls is Tls.STARTTLS
    match ask.protocol:
        case Protocol.IMAP:
            return ImapClient(ask.credential, starttls=starttls)
        case Protocol.POP:
            return PopClient(ask.credential, starttls=starttls)
        case Protocol.SMTP:
            return SmtpClient(ask.credential, starttls=starttls)
    assert_never(ask.protocol)


__all__ = [
    "PATIENCE",
    "Ask",
    "Cut",
    "NotReached",
    "NotTrusted",
    "Probe",
    "TimedOut",
    "Tls",
    "probe",
]
