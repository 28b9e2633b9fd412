"""One conversation on its way to a verdict; the first verdict stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol as Port
from typing import assert_never, runtime_checkable

from portineria.clock import Clock
from portineria.mail.conversation import (
    Answered,
    Broken,
    Conversation,
    Finished,
    Nobody,
    Step,
    TlsWanted,
)
from portineria.mail.imap.client import ImapClient
from portineria.mail.pop.client import PopClient
from portineria.mail.smtp.client import SmtpClient
from portineria.mail.transcript import Line, Side
from portineria.policy.refusals import Reading, Stage, read, read_standard
from portineria.policy.verdict import Answer
from portineria.run.asking import Ask, Probe, Tls, Trouble
from portineria.run.cuts import Cut, NotTrusted, TimedOut, TlsFailed
from portineria.run.mistaken import IN_CLEAR, SILENT, advice_for
from portineria.run.ports import Stream
from portineria.run.tlsfacts import Shown, TlsFacts
from portineria.tenant.mailbox import Protocol

FIRST, LAST = 60, 20  # lines of a conversation that are shown; what lies between is counted


@runtime_checkable
class Encrypted(Port):
    """A stream that can tell its TLS version, "" before the handshake."""

    @property
    def tls_version(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    answer: Answer
    because: str
    stage: Stage
    line: str = ""
    reading: Reading | None = None
    trouble: Trouble | None = None
    advice: str = ""


_LET_IN = "the server let us in"
_IN = {
    Step.SENDER: "the server let us in and takes this sender; no recipient was named, nothing sent"
}
_STAGES = {
    Step.GREETING: Stage.GREETING,
    Step.CAPABILITY: Stage.CAPABILITY,
    Step.STARTTLS: Stage.TLS,
    Step.LOGIN: Stage.AUTH,
    Step.AFTER: Stage.FIRST_COMMAND,
    Step.OPEN: Stage.FIRST_COMMAND,
    Step.SENDER: Stage.MAIL,
    Step.GOODBYE: Stage.FIRST_COMMAND,
}


class Attempt:
    """`converse` over a stream, `cut` where the network failed, then `result`."""

    def __init__(self, ask: Ask, clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._began = clock.tick()
        self._client = _client(ask)
        self._stage = Stage.CONNECT
        self._verdict: Verdict | None = None
        self._tls: str | None = None
        self._facts: TlsFacts | None = None
        self._notes: list[Line] = []
        self._ended = False
        self._line: tuple[int, float] = (0, self._began)
        """How many lines were heard, and when the last one was whole."""

    async def converse(self, stream: Stream) -> None:
        """Raises Cut."""
        self._stage = Stage.GREETING
        self._line = (0, self._clock.tick())
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
        by_tls = isinstance(cut, NotTrusted | TlsFailed)
        self.decide(
            Verdict(
                Answer.UNKNOWN,
                cut.why,
                Stage.TLS if by_tls else self._stage,
                trouble=Trouble.TLS if by_tls else Trouble.NETWORK,
                advice=self._advice(cut),
            )
        )
        self._notes.append(Line(Side.NOTE, cut.why))

    def decide(self, verdict: Verdict) -> None:
        if self._verdict is None:
            self._verdict = verdict

    def result(self) -> Probe:
        verdict = self._verdict or Verdict(
            Answer.UNKNOWN, "the conversation ended without an answer", self._stage
        )
        return Probe(
            protocol=self._ask.protocol,
            mailbox=self._ask.mailbox,
            caller=self._ask.caller,
            server=self._ask.server,
            answer=verdict.answer,
            because=verdict.because,
            stage=verdict.stage,
            line=verdict.line,
            reading=verdict.reading,
            transcript=_shortened((*self._client.transcript.lines, *self._notes)),
            seconds=self._clock.tick() - self._began,
            tls=self._tls,
            trouble=verdict.trouble,
            advice=verdict.advice,
            facts=self._facts,
            offered=dict(self._client.offered),
            dropped=self._client.dropped,
        )

    # --- inside ---

    async def _send(self, stream: Stream) -> None:
        data = self._client.take()
        if data:
            await stream.write(data)

    async def _receive(self, stream: Stream) -> None:
        now, patience = self._clock.tick(), self._ask.patience
        heard, since = self._line
        if self._client.heard != heard:
            self._line = (self._client.heard, now)
        elif now - since > patience.line:
            raise TimedOut(f"the server did not end a line within {patience.line:g} seconds")
        if now - self._began > patience.whole:
            raise TimedOut(f"the conversation took more than {patience.whole:g} seconds")
        data = await stream.read()
        if data:
            self._client.receive(data)
        else:
            self._ended = True
            self._client.eof()

    def _ends(self, event: Answered | Broken | Finished) -> bool:
        match event:
            case Answered():
                self._answered(event)
                return False
            case Broken(step=step, why=why):
                trouble = Trouble.NETWORK if self._ended else Trouble.PROTOCOL
                advice = advice_for(self._first_line(), self._ask.protocol)
                self.decide(
                    Verdict(Answer.UNKNOWN, why, _STAGES[step], trouble=trouble, advice=advice)
                )
                return True
            case Finished():
                return True
        assert_never(event)

    def _answered(self, event: Answered) -> None:
        self._stage = _STAGES[event.step]
        if event.ok and event.step is not self._client.last:
            return
        if isinstance(self._ask.credential, Nobody) and event.step is Step.CAPABILITY:
            because = "there is nothing to log in with; the server was looked at and left"
            self.decide(Verdict(Answer.UNKNOWN, because, self._stage, trouble=Trouble.CREDENTIAL))
            return
        self.decide(self._judged(event))

    def _judged(self, event: Answered) -> Verdict:
        reader = read_standard if self._ask.foreign else read
        reading = reader(self._ask.protocol, self._ask.caller, self._stage, event.line)
        trouble = Trouble.SERVICE if reading.temporary else None
        if event.ok:
            answer, because, trouble = Answer.YES, _IN.get(event.step, _LET_IN), None
        elif event.step is Step.STARTTLS:
            answer, trouble = Answer.UNKNOWN, Trouble.TLS
            because = "the server offers no TLS here, and nothing is said without it"
        elif reading.passed:
            answer, because = Answer.UNKNOWN, "the server refused in words that mean consent"
        else:
            answer, because = reading.answer, reading.meaning
        return Verdict(answer, because, self._stage, event.shown, reading, trouble)

    def _advice(self, cut: Cut) -> str:
        if isinstance(cut, TlsFailed) and cut.clear and self._ask.tls is Tls.IMPLICIT:
            return IN_CLEAR
        in_clear = self._ask.tls is Tls.STARTTLS and self._stage is Stage.GREETING
        if isinstance(cut, TimedOut) and in_clear and not self._first_line():
            return SILENT
        return cut.try_

    def _first_line(self) -> str:
        lines = self._client.transcript.lines
        return next((line.text for line in lines if line.side is Side.SERVER), "")

    def _note_tls(self, stream: Stream) -> None:
        if isinstance(stream, Encrypted):
            self._tls = stream.tls_version or self._tls
        if isinstance(stream, Shown):
            self._facts = stream.tls_facts or self._facts


def _shortened(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """A flood is not kept: hundreds of these are held until the last one ends."""
    if len(lines) <= FIRST + LAST:
        return lines
    left_out = Line(Side.NOTE, f"({len(lines) - FIRST - LAST} more lines)")
    return (*lines[:FIRST], left_out, *lines[-LAST:])


def _client(ask: Ask) -> Conversation:
    starttls = ask.tls is Tls.STARTTLS
    match ask.protocol:
        case Protocol.IMAP:
            return ImapClient(ask.credential, starttls=starttls, closer=ask.closer)
        case Protocol.POP:
            return PopClient(ask.credential, starttls=starttls, closer=ask.closer)
        case Protocol.SMTP:
            sender = ask.mailbox if ask.closer else ""
            return SmtpClient(ask.credential, starttls=starttls, sender=sender)
    assert_never(ask.protocol)
